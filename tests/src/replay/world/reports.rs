//! What supervisors report, as the traces write it: `[kind, supervisor path, child id or key, reason]`.

use mainstay_specs::ChildId;
use mainstay_supervisors::{EventKind, Process};
use serde_json::{Value, json};

use super::directory::Directory;
use super::reasons::reason_text;
use super::terms::start_failed;

/// A report of a supervisor; none for other events.
pub(super) fn report(kind: &EventKind, directory: &Directory) -> Option<Value> {
    let reporter = kind.process();
    let path = directory.reporter(reporter);
    let sup = path.unwrap_or_else(|| format!("unknown supervisor {reporter}"));
    let name = |child, process| child_name(directory, &sup, child, process);
    let report = match kind {
        EventKind::ChildTerminated {
            child,
            process,
            reason,
            ..
        } => {
            let child = name(child, Some(process));
            json!(["child_terminated", sup, child, reason_text(reason)])
        }
        EventKind::StartError {
            child, last, error, ..
        } => {
            let child = name(child, last.as_ref());
            let term = start_failed(error, directory.kind(&sup));
            json!(["start_error", sup, child, term])
        }
        EventKind::ShutdownError {
            child,
            process: Some(process),
            reason,
            count: 1,
            ..
        } => {
            let child = name(child, Some(process));
            json!(["shutdown_error", sup, child, reason_text(reason)])
        }
        // One report stands for all children that ended so.
        EventKind::ShutdownError {
            child,
            process: None,
            reason,
            count,
            ..
        } => {
            let child = name(child, None);
            json!(["shutdown_error", sup, child, reason_text(reason), count])
        }
        EventKind::GaveUp { child, last, .. } => {
            let child = name(child, last.as_ref());
            json!(["shutdown", sup, child, "reached_max_restart_intensity"])
        }
        EventKind::Started { .. } | EventKind::Exited { .. } => return None,
        other => json!(format!("unexpected: {other:?}")),
    };
    Some(report)
}

/// What the traces call the child of a report: where it has, or had, a process, by that alone. Id and process of a
/// report have to belong together, and the process to the supervisor.
fn child_name(
    directory: &Directory,
    sup: &str,
    child: &ChildId,
    process: Option<&Process>,
) -> String {
    let Some(process) = process else {
        return child.to_string();
    };
    let path = directory.name(process).map(|name| name.path);
    let place = path.as_deref().and_then(|path| path.rsplit_once('/'));
    match place {
        Some((parent, key)) if parent == sup && process.id() == child => key.to_owned(),
        _ => format!("{child}, with the process {process} of {path:?}"),
    }
}
