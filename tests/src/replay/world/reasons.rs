//! Exit reasons, between the words of the traces and ours.

use mainstay_supervisors::ExitReason;

use crate::replay::scenario::Reason;

/// Our reason for a reason of a step.
pub(in crate::replay) fn exit_reason(reason: &Reason) -> ExitReason {
    match reason {
        Reason::Normal => ExitReason::Normal,
        Reason::Shutdown => ExitReason::Shutdown,
        Reason::ShutdownWith(term) => ExitReason::shutdown_with(term.clone()),
        Reason::Error(term) => ExitReason::failed(term.clone()),
        Reason::Kill => ExitReason::Killed,
    }
}

/// A reason of ours as the traces write it.
pub(in crate::replay) fn reason_text(reason: &ExitReason) -> String {
    match reason {
        ExitReason::Normal => "normal".to_owned(),
        ExitReason::Shutdown => "shutdown".to_owned(),
        ExitReason::ShutdownWith(term) => format!("shutdown:{term}"),
        ExitReason::Killed => "killed".to_owned(),
        ExitReason::Failed(failure) => format!("error:{failure}"),
        // Nothing in a scenario panics while it runs; the text makes sure that it is seen if something does.
        ExitReason::Panicked(panic) => format!("panicked:{panic}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_steps_read_the_same_in_traces() {
        for text in ["normal", "shutdown", "shutdown:bye", "error:boom"] {
            let reason = Reason::try_from(text.to_owned()).unwrap();
            assert_eq!(reason_text(&exit_reason(&reason)), text);
        }
        assert_eq!(reason_text(&exit_reason(&Reason::Kill)), "killed");
    }
}
