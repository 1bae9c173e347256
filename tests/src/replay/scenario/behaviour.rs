//! What children do: outcomes of start functions, reactions to a stop, exit reasons. All are written as short texts.

use serde::Deserialize;

/// The outcome of one start attempt.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Outcome {
    /// Whether the attempt first blocks until it is released.
    pub gated: bool,
    /// What it does then.
    pub start: Start,
}

/// What a start function does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Starts the child.
    Ok,
    /// Starts the child and returns extra information with it.
    OkInfo(String),
    /// Starts nothing and says so.
    Ignore,
    /// Returns this error.
    Error(String),
    /// Raises this error: a panic.
    Raise(String),
    /// Exits with this reason.
    Exit(String),
}

impl Outcome {
    /// Starting the child at once.
    #[must_use]
    pub const fn ok() -> Self {
        Self {
            gated: false,
            start: Start::Ok,
        }
    }
}

impl TryFrom<String> for Outcome {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (gated, rest) = match text.strip_prefix("gate:") {
            Some(rest) => (true, rest),
            None => (false, text.as_str()),
        };
        let start = Start::parse(rest).ok_or_else(|| {
            format!("expected what a typed start function can do, found {text:?}")
        })?;
        Ok(Self { gated, start })
    }
}

impl Start {
    fn parse(text: &str) -> Option<Self> {
        let start = match text.split_once(':') {
            None if text == "ok" => Self::Ok,
            None if text == "ignore" => Self::Ignore,
            Some(("ok_info", info)) => Self::OkInfo(info.to_owned()),
            Some(("error", term)) => Self::Error(term.to_owned()),
            Some(("raise", term)) => Self::Raise(term.to_owned()),
            Some(("exit", term)) => Self::Exit(term.to_owned()),
            _ => return None,
        };
        Some(start)
    }
}

/// How a worker reacts to being told to stop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum OnTerminate {
    /// It ends at once.
    #[default]
    Prompt,
    /// It ends after this many milliseconds.
    Slow(u64),
    /// It does not end by itself.
    Hang,
    /// It ends at once with a reason of its own.
    Exit(Reason),
}

impl TryFrom<String> for OnTerminate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refused = || format!("expected prompt, slow:MS, hang or exit:REASON, found {text:?}");
        match text.split_once(':') {
            None if text == "prompt" => Ok(Self::Prompt),
            None if text == "hang" => Ok(Self::Hang),
            Some(("slow", ms)) => ms.parse().map(Self::Slow).map_err(|_| refused()),
            Some(("exit", reason)) => Reason::try_from(reason.to_owned()).map(Self::Exit),
            _ => Err(refused()),
        }
    }
}

/// An exit reason, as steps name it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Reason {
    /// A normal end.
    Normal,
    /// A stop.
    Shutdown,
    /// A stop, with something to say.
    ShutdownWith(String),
    /// Any other reason.
    Error(String),
    /// Killed from outside.
    Kill,
}

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "normal" => Ok(Self::Normal),
            None if text == "shutdown" => Ok(Self::Shutdown),
            None if text == "kill" => Ok(Self::Kill),
            Some(("shutdown", term)) => Ok(Self::ShutdownWith(term.to_owned())),
            Some(("error", term)) => Ok(Self::Error(term.to_owned())),
            _ => Err(format!(
                "expected normal, shutdown, shutdown:X, error:X or kill, found {text:?}"
            )),
        }
    }
}

/// What the init callback of a supervisor does instead of returning a specification.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// It says ignore.
    Ignore,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(text: &str) -> Result<Outcome, String> {
        Outcome::try_from(text.to_owned())
    }

    #[test]
    fn an_outcome_may_hide_behind_a_gate_and_its_term_may_hold_colons() {
        let gated = Outcome {
            gated: true,
            start: Start::Error("a:b".to_owned()),
        };
        assert_eq!(outcome("gate:error:a:b"), Ok(gated));
        assert_eq!(outcome("ok"), Ok(Outcome::ok()));
    }

    #[test]
    fn a_typed_start_function_cannot_return_garbage() {
        let refused = "expected what a typed start function can do, found \"return:oops\"";
        assert_eq!(outcome("return:oops"), Err(refused.to_owned()));
    }

    #[test]
    fn reactions_to_a_stop_are_read() {
        let read = |text: &str| OnTerminate::try_from(text.to_owned());
        assert_eq!(read("slow:30"), Ok(OnTerminate::Slow(30)));
        let fault = Reason::Error("fault".to_owned());
        assert_eq!(read("exit:error:fault"), Ok(OnTerminate::Exit(fault)));
        assert!(read("slow:soon").is_err());
        assert!(read("exit:maybe").is_err());
    }

    #[test]
    fn a_stop_may_carry_a_term() {
        let read = Reason::try_from("shutdown:bye".to_owned());
        assert_eq!(read, Ok(Reason::ShutdownWith("bye".to_owned())));
    }
}
