//! The command line of the long load.

use std::time::Duration;

use crate::Outcome;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) seconds: u64,
    pub(super) connections: u64,
    /// How often something is killed.
    pub(super) kills: Duration,
    /// Decides what.
    pub(super) seed: u64,
}

impl Options {
    pub(super) fn parse(mut args: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut options = Self {
            seconds: 60,
            connections: 256,
            kills: Duration::from_millis(200),
            seed: 10,
        };
        while let Some(arg) = args.next() {
            let to = match arg.as_str() {
                "--seconds" => &mut options.seconds,
                "--connections" => &mut options.connections,
                "--seed" => &mut options.seed,
                "--kill-ms" => {
                    options.kills = Duration::from_millis(number(&arg, args.next())?);
                    continue;
                }
                _ => return Err(format!("expected {FLAGS}, found {arg:?}").into()),
            };
            *to = number(&arg, args.next())?;
        }
        Ok(options)
    }
}

fn number(flag: &str, found: Option<String>) -> Outcome<u64> {
    let found = found.unwrap_or_default();
    let number = found.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("expected a number from 1 after {flag}, found {found:?}").into())
}

const FLAGS: &str = "--seconds, --connections, --kill-ms or --seed";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Outcome<Options> {
        Options::parse(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn all_may_be_said_and_what_is_no_number_is_refused() {
        let options = parse("--seconds 5 --kill-ms 50 --seed 7 --connections 8").unwrap();
        assert_eq!((options.seconds, options.connections), (5, 8));
        assert_eq!(
            (options.kills, options.seed),
            (Duration::from_millis(50), 7)
        );
        for (wrong, told) in [
            (
                "--seconds 0",
                "expected a number from 1 after --seconds, found \"0\"",
            ),
            (
                "--seed",
                "expected a number from 1 after --seed, found \"\"",
            ),
        ] {
            assert_eq!(parse(wrong).unwrap_err().to_string(), told);
        }
        assert!(parse("--second 1").is_err());
    }
}
