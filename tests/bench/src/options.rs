//! The command line of a group.

use std::path::{Path, PathBuf};
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
    baseline: Option<PathBuf>,
    save_baseline: Option<PathBuf>,
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
                "--baseline" => options.baseline = Some(path(&arg, args.next())?),
                "--save-baseline" => options.save_baseline = Some(path(&arg, args.next())?),
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

    /// The file with the baseline to compare with, of a group that has one.
    #[must_use]
    pub fn baseline(&self) -> Option<&Path> {
        self.baseline.as_deref()
    }

    /// The file to write the baseline to.
    #[must_use]
    pub fn save_baseline(&self) -> Option<&Path> {
        self.save_baseline.as_deref()
    }

    /// Set in the child process that measures the memory of one side.
    #[must_use]
    pub fn resident(&self) -> Option<&str> {
        self.resident.as_deref()
    }
}

/// From the root of the workspace, wherever cargo runs a bench.
fn path(flag: &str, given: Option<String>) -> Outcome<PathBuf> {
    let given = given.ok_or_else(|| format!("{flag} needs a file"))?;
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    Ok(Path::new(root).join(given))
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
    fn a_file_is_found_from_the_root_of_the_workspace() {
        let options = parse(&["--baseline", "tests/bench/Cargo.toml"]).unwrap();
        assert!(options.baseline().unwrap().is_file());
        assert_eq!(options.save_baseline(), None);
        let error = parse(&["--save-baseline"]).unwrap_err();
        assert_eq!(error.to_string(), "--save-baseline needs a file");
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
