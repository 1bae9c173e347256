//! Errors as the traces write them.

use mainstay_supervisors::{CallError, SpecError, StartError, SupervisorError};
use serde_json::{Value, json};

use super::directory::Directory;
use super::reasons::reason_text;
use crate::replay::scenario::Kind;

/// The result of a call that was refused or has no answer.
pub(super) fn refusal(error: &SupervisorError, kind: Kind, directory: &Directory) -> Value {
    let term = match error {
        SupervisorError::NotFound => json!("not_found"),
        SupervisorError::Running => json!("running"),
        SupervisorError::Restarting => json!("restarting"),
        SupervisorError::AlreadyStarted(process) => {
            json!(["already_started", directory.term(process)])
        }
        SupervisorError::AlreadyPresent => json!("already_present"),
        SupervisorError::MaxChildren => json!("max_children"),
        SupervisorError::NoIds => json!("simple_one_for_one"),
        SupervisorError::Spec(error) => spec_fault(error),
        SupervisorError::StartFailed(error) => json!({"start_failed": start_failed(error, kind)}),
        SupervisorError::Call(error) => return no_answer(error),
        other => json!(format!("unexpected: {other}")),
    };
    json!({"error": term})
}

/// The result of a call that nobody answered.
pub(super) fn no_answer(error: &CallError) -> Value {
    match error {
        CallError::NoProcess => json!({"exit": "noproc"}),
        CallError::Exited(reason) => json!({"exit": reason_text(reason)}),
        other => json!({"exit": format!("unexpected: {other}")}),
    }
}

/// Why a child of a supervisor of this kind did not start.
pub(super) fn start_failed(error: &StartError, kind: Kind) -> Value {
    match (error, kind) {
        (StartError::Panicked(panic), Kind::Dynamic) => json!([panic.message(), "stack"]),
        (StartError::Panicked(panic), _) => json!(["EXIT", [panic.message(), "stack"]]),
        (StartError::Exited(reason), Kind::Dynamic) => json!(bare(&reason_text(reason))),
        (StartError::Exited(reason), _) => json!(["EXIT", bare(&reason_text(reason))]),
        _ => start_error(error),
    }
}

/// What a supervisor, or the start function of a child, returned for an error.
pub(super) fn start_error(error: &StartError) -> Value {
    match error {
        StartError::Failed(failure) => json!(failure.to_string()),
        StartError::Child { id, error } => {
            // Of a partition the id is a number. Nothing else in the traces has digits only for an id.
            let id = match id.as_str().parse::<u64>() {
                Ok(number) => json!(number),
                Err(_) => json!(id.as_str()),
            };
            let inner = start_failed(error, Kind::Supervisor);
            json!(["shutdown", ["failed_to_start_child", id, inner]])
        }
        StartError::Spec(SpecError::ZeroPeriod) => {
            json!(["supervisor_data", ["invalid_period", 0]])
        }
        StartError::Spec(SpecError::Templates(ids)) => {
            let specs = ids.iter().map(|id| json!({"spec": id.as_str()}));
            json!(["bad_start_spec", {"list": specs.collect::<Vec<_>>()}])
        }
        StartError::Spec(fault) => json!(["start_spec", spec_fault(fault)]),
        other => json!(format!("unexpected: {other}")),
    }
}

/// What is wrong with a specification.
pub(super) fn spec_fault(fault: &SpecError) -> Value {
    let bad_combination = |a: Value, b: Value| json!(["bad_combination", {"list": [a, b]}]);
    match fault {
        SpecError::DuplicateId(id) => json!(["duplicate_child_name", id.as_str()]),
        SpecError::SignificantUnderNever(_) => bad_combination(
            json!(["auto_shutdown", "never"]),
            json!(["significant", true]),
        ),
        SpecError::SignificantPermanent(_) => bad_combination(
            json!(["restart", "permanent"]),
            json!(["significant", true]),
        ),
        other => json!(format!("unexpected: {other}")),
    }
}

/// The term in `error:X`.
fn bare(reason: &str) -> &str {
    reason.strip_prefix("error:").unwrap_or(reason)
}
