//! Refusing wrong flags and specs before anything is started, in OTP's order.

use std::collections::HashMap;

use mainstay_specs::{AutoShutdown, ChildId, ChildSpec, Restart, SupervisorFlags};

use super::error::SpecError;
use crate::start::Child;

/// Checks flags and children, and puts the children into the order they are started in: the one given, except that what
/// is depended on comes first.
pub(crate) fn in_start_order(
    flags: &SupervisorFlags,
    children: Vec<Child>,
) -> Result<Vec<Child>, SpecError> {
    check_flags(flags)?;
    let mut places = HashMap::with_capacity(children.len());
    for (place, child) in children.iter().enumerate() {
        let spec = child.spec();
        child.check_id()?;
        check_fields(flags, spec)?;
        if places.insert(spec.id.clone(), place).is_some() {
            return Err(SpecError::DuplicateId(spec.id.clone()));
        }
    }
    if children
        .iter()
        .all(|child| child.spec().depends_on.is_empty())
    {
        return Ok(children);
    }
    let mut visit = Visit {
        children: &children,
        places: &places,
        order: Vec::new(),
        marks: vec![Mark::New; children.len()],
    };
    for place in 0..children.len() {
        visit.place(place, &mut Vec::new())?;
    }
    let order = visit.order;
    Ok(order
        .into_iter()
        .map(|place| children[place].clone())
        .collect())
}

/// Checks a child that is added to those that are there.
pub(crate) fn check_one(
    flags: &SupervisorFlags,
    child: &Child,
    is_known: impl Fn(&ChildId) -> bool,
) -> Result<(), SpecError> {
    let spec = child.spec();
    child.check_id()?;
    check_fields(flags, spec)?;
    match spec.depends_on.iter().find(|needs| !is_known(needs)) {
        Some(needs) => Err(SpecError::UnknownDependency {
            child: spec.id.clone(),
            needs: needs.clone(),
        }),
        None => Ok(()),
    }
}

/// The spec with defaults filled in, as `get_childspec` shows it.
pub(crate) fn filled_in(spec: &ChildSpec) -> ChildSpec {
    let mut spec = spec.clone();
    spec.shutdown = Some(spec.effective_shutdown());
    spec
}

pub(crate) const fn check_flags(flags: &SupervisorFlags) -> Result<(), SpecError> {
    if flags.period.is_zero() {
        Err(SpecError::ZeroPeriod)
    } else {
        Ok(())
    }
}

fn check_fields(flags: &SupervisorFlags, spec: &ChildSpec) -> Result<(), SpecError> {
    if spec.significant && flags.auto_shutdown == AutoShutdown::Never {
        return Err(SpecError::SignificantUnderNever(spec.id.clone()));
    }
    if spec.significant && spec.restart == Restart::Permanent {
        return Err(SpecError::SignificantPermanent(spec.id.clone()));
    }
    check_backoff(spec)
}

pub(crate) fn check_backoff(spec: &ChildSpec) -> Result<(), SpecError> {
    let sound = spec.backoff.is_none_or(|backoff| {
        backoff.min <= backoff.max && backoff.factor >= 1.0 && (0.0..=1.0).contains(&backoff.jitter)
    });
    if sound {
        Ok(())
    } else {
        Err(SpecError::Backoff(spec.id.clone()))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

/// A walk along the dependencies, depth first.
struct Visit<'a> {
    children: &'a [Child],
    places: &'a HashMap<ChildId, usize>,
    order: Vec<usize>,
    marks: Vec<Mark>,
}

impl Visit<'_> {
    fn place(&mut self, place: usize, path: &mut Vec<usize>) -> Result<(), SpecError> {
        match self.marks[place] {
            Mark::Done => return Ok(()),
            Mark::Open => return Err(self.cycle(place, path)),
            Mark::New => self.marks[place] = Mark::Open,
        }
        path.push(place);
        let spec = self.children[place].spec();
        for needs in &spec.depends_on {
            let Some(needed) = self.places.get(needs).copied() else {
                return Err(SpecError::UnknownDependency {
                    child: spec.id.clone(),
                    needs: needs.clone(),
                });
            };
            self.place(needed, path)?;
        }
        path.pop();
        self.marks[place] = Mark::Done;
        self.order.push(place);
        Ok(())
    }

    fn cycle(&self, place: usize, path: &[usize]) -> SpecError {
        let from = path.iter().position(|other| *other == place).unwrap_or(0);
        let round = path[from..].iter().chain([&place]);
        SpecError::DependencyCycle(
            round
                .map(|place| self.children[*place].spec().id.clone())
                .collect(),
        )
    }
}
