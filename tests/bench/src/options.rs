//! The command line of a group.

use std::time::Duration;

use crate::Outcome;

/// How long the rounds of one comparison go on.
const BUDGET: Duration = Duration::from_millis(2500);

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    filter: Option<String>,
    quick: bool,
    resident: Option<String>,
}

impl Options {
    /// Reads the arguments of this program.
    ///
    /// # Errors
    ///
    /// An argument that is not known.
    pub fn from_args() -> Outcome<Self> {
        Self::parse(std::env::args().skip(1))
    }

    fn parse(args: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut options = Self::default();
        let mut args = args;
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--bench" => {} // Cargo says so to every bench.
                "--quick" => options.quick = true,
                "--resident" => {
                    options.resident = Some(args.next().ok_or("--resident needs a side")?);
                }
                flag if flag.starts_with('-') => {
                    return Err(
                        format!("expected --quick or a part of a name, found {flag:?}").into(),
                    );
                }
                text => options.filter = Some(text.to_owned()),
            }
        }
        Ok(options)
    }

    /// Whether a comparison with these measures is asked for.
    #[must_use]
    pub fn selects(&self, names: &[&str]) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| names.iter().any(|name| name.contains(filter.as_str())))
    }

    /// How long the rounds of one comparison go on.
    #[must_use]
    pub const fn budget(&self) -> Duration {
        if self.quick { Duration::ZERO } else { BUDGET }
    }

    /// Set in the child process that measures the memory of one side.
    #[must_use]
    pub fn resident(&self) -> Option<&str> {
        self.resident.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Outcome<Options> {
        Options::parse(args.iter().map(ToString::to_string))
    }

    #[test]
    fn a_filter_selects_by_a_part_of_any_name() {
        let options = parse(&["--bench", "stop"]).unwrap();
        assert!(options.selects(&["start-10k", "stop-10k"]));
        assert!(!options.selects(&["call"]));
    }

    #[test]
    fn an_unknown_flag_is_refused() {
        let error = parse(&["--fast"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected --quick or a part of a name, found \"--fast\""
        );
    }
}
