//! Refusing wrong flags and specs before anything is started, in OTP's order.

use std::collections::HashSet;

use mainstay_specs::{AutoShutdown, ChildId, ChildSpec, Restart, SupervisorFlags, start_order};
use rustc_hash::FxBuildHasher;

use super::error::SpecError;
use crate::start::Child;

/// Checks flags and children, and puts the children into the order they are started in: the one given, except that what
/// is depended on comes first.
pub(crate) fn in_start_order(
    flags: &SupervisorFlags,
    children: Vec<Child>,
) -> Result<Vec<Child>, SpecError> {
    check_flags(flags)?;
    let mut ids = HashSet::with_capacity_and_hasher(children.len(), FxBuildHasher);
    for child in &children {
        let spec = child.spec();
        child.check_id()?;
        check_fields(flags, spec)?;
        if !ids.insert(&spec.id) {
            return Err(SpecError::DuplicateId(spec.id.clone()));
        }
    }
    match dependency_order(&children, |id| ids.contains(id))? {
        None => Ok(children),
        Some(order) => {
            let ordered = order.into_iter().map(|place| children[place].clone());
            Ok(ordered.collect())
        }
    }
}

/// The places of the children in the order of their start; `None` if none depends on another.
fn dependency_order(
    children: &[Child],
    is_known: impl Fn(&ChildId) -> bool,
) -> Result<Option<Vec<usize>>, SpecError> {
    let specs: Vec<&ChildSpec> = children.iter().map(Child::spec).collect();
    if specs.iter().all(|spec| spec.depends_on.is_empty()) {
        return Ok(None);
    }
    for spec in &specs {
        known_dependencies(spec, &is_known)?;
    }
    let order = start_order(&specs).map_err(SpecError::DependencyCycle)?;
    Ok(Some(order))
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
