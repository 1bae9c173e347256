//! Refusing wrong flags and specs before anything is started, in OTP's order.

use mainstay_specs::{AutoShutdown, ChildId, ChildSpec, Restart, SupervisorFlags, start_order};
use rustc_hash::FxBuildHasher;

use super::error::SpecError;
use super::table::Ids;
use crate::start::Child;

/// Children in the order they are started in.
pub(crate) struct InOrder {
    pub(crate) children: Vec<Child>,
    /// The key of each, by its place: from 1.
    pub(crate) ids: Ids,
}

/// Checks flags and children, and puts the children into the order they are started in: the one given, except that what
/// is depended on comes first.
pub(crate) fn in_start_order(
    flags: &SupervisorFlags,
    children: Vec<Child>,
) -> Result<InOrder, SpecError> {
    check_flags(flags)?;
    let mut ids = Ids::with_capacity_and_hasher(children.len(), FxBuildHasher);
    let mut any_depends = false;
    // Once through all of them: there may be more than a processor keeps close by.
    for (child, key) in children.iter().zip(1..) {
        let spec = child.spec();
        child.check_id()?;
        check_fields(flags, spec)?;
        if ids.insert(spec.id.clone(), key).is_some() {
            return Err(SpecError::DuplicateId(spec.id.clone()));
        }
        any_depends |= !spec.depends_on.is_empty();
    }
    let mut in_order = InOrder { children, ids };
    if any_depends {
        in_order.by_dependency()?;
    }
    Ok(in_order)
}

impl InOrder {
    fn by_dependency(&mut self) -> Result<(), SpecError> {
        let specs: Vec<&ChildSpec> = self.children.iter().map(Child::spec).collect();
        for spec in &specs {
            known_dependencies(spec, |id| self.ids.contains_key(id))?;
        }
        let order = start_order(&specs).map_err(SpecError::DependencyCycle)?;
        let children = order.into_iter().map(|place| self.children[place].clone());
        self.children = children.collect();
        let ids = self.children.iter().map(|child| child.spec().id.clone());
        self.ids = ids.zip(1..).collect();
        Ok(())
    }
}

fn known_dependencies(
    spec: &ChildSpec,
    is_known: impl Fn(&ChildId) -> bool,
) -> Result<(), SpecError> {
    match spec.depends_on.iter().find(|needs| !is_known(needs)) {
        Some(needs) => Err(SpecError::UnknownDependency {
            child: spec.id.clone(),
            needs: needs.clone(),
        }),
        None => Ok(()),
    }
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
    known_dependencies(spec, is_known)
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

pub(crate) fn check_fields(flags: &SupervisorFlags, spec: &ChildSpec) -> Result<(), SpecError> {
    if spec.significant && flags.auto_shutdown == AutoShutdown::Never {
        return Err(SpecError::SignificantUnderNever(spec.id.clone()));
    }
    if spec.significant && spec.restart == Restart::Permanent {
        return Err(SpecError::SignificantPermanent(spec.id.clone()));
    }
    check_backoff(spec)
}

pub(crate) fn check_backoff(spec: &ChildSpec) -> Result<(), SpecError> {
    if spec.backoff.is_none_or(|backoff| backoff.is_sound()) {
        Ok(())
    } else {
        Err(SpecError::Backoff(spec.id.clone()))
    }
}
