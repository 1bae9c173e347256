//! Schedules as text, and back.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{ChaosKind, Schedule, Strike};

/// A text that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the schedule: expected {expected}, found {found:?}")]
#[non_exhaustive]
pub struct ScheduleError {
    /// Counted from 1.
    pub line: usize,
    /// What should be there.
    pub expected: &'static str,
    /// What is there.
    pub found: String,
}

const HEADING: &str = "`chaos, seed` and a number";
const TIME: &str = "a time such as `0.250000s`";
const KIND: &str = "`kill`, `crash`, `fail`, `hang` or `fail_next_start`";
const TARGET: &str = "a time, a kind and a target";

impl fmt::Display for ChaosKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, micros) = (self.at.as_secs(), self.at.subsec_micros());
        write!(f, "{secs}.{micros:06}s {} {}", self.kind, self.target)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "chaos, seed {}", self.seed)?;
        let mut strikes = self.strikes.iter();
        strikes.try_for_each(|strike| writeln!(f, "  {strike}"))
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let lines = text.lines().enumerate();
        let mut lines = lines.filter(|(_, line)| !line.trim().is_empty());
        let (nth, first) = lines.next().unwrap_or_default();
        let seed = first.trim().strip_prefix("chaos, seed ");
        let seed = seed.and_then(|seed| seed.parse().ok());
        let seed = seed.ok_or_else(|| wrong(nth, HEADING, first))?;
        let strikes: Result<Vec<Strike>, ScheduleError> =
            lines.map(|(nth, line)| strike(nth, line.trim())).collect();
        Ok(Self {
            seed,
            strikes: strikes?,
        })
    }
}

fn wrong(nth: usize, expected: &'static str, found: &str) -> ScheduleError {
    ScheduleError {
        line: nth + 1,
        expected,
        found: found.trim().to_owned(),
    }
}

fn strike(nth: usize, line: &str) -> Result<Strike, ScheduleError> {
    let mut parts = line.splitn(3, ' ');
    let (Some(at), Some(kind), Some(target)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong(nth, TARGET, line));
    };
    let kinds = ChaosKind::ALL.iter().copied();
    Ok(Strike {
        at: time(at).ok_or_else(|| wrong(nth, TIME, at))?,
        kind: { kinds }
            .find(|known| known.as_str() == kind)
            .ok_or_else(|| wrong(nth, KIND, kind))?,
        target: target.to_owned(),
    })
}

/// Seconds, and six digits behind the point.
fn time(text: &str) -> Option<Duration> {
    let (secs, micros) = text.strip_suffix('s')?.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(secs) || !digits(micros) || micros.len() != 6 {
        return None;
    }
    let micros: u32 = micros.parse().ok()?;
    Some(Duration::new(secs.parse().ok()?, micros * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_read_back() {
        let strike = |secs, micros: u32, kind, target: &str| Strike {
            at: Duration::new(secs, micros * 1000),
            kind,
            target: target.to_owned(),
        };
        let schedule = Schedule {
            seed: u64::MAX,
            strikes: vec![
                strike(0, 1, ChaosKind::Kill, "worker"),
                strike(0, 250_000, ChaosKind::Crash, "shop/pool/a b"),
                strike(3, 0, ChaosKind::Fail, "ä"),
                strike(3, 999_999, ChaosKind::Hang, "worker"),
                strike(u64::MAX, 0, ChaosKind::FailNextStart, "worker"),
            ],
        };
        assert_eq!(schedule.to_string().parse(), Ok(schedule));
    }

    #[test]
    fn it_may_be_pasted_with_white_space_around() {
        let text = "\n    chaos, seed 7\n\n      0.100000s kill worker\n  ";
        let schedule: Schedule = text.parse().expect("a schedule");
        assert_eq!((schedule.seed, schedule.strikes.len()), (7, 1));
    }

    #[test]
    fn what_is_none_is_refused_with_its_line_and_what_was_expected() {
        let fault = |text: &str| text.parse::<Schedule>().unwrap_err().to_string();
        let heading = "line 1 of the schedule: expected `chaos, seed` and a number, found";
        assert_eq!(fault(""), format!("{heading} \"\""));
        assert_eq!(
            fault("chaos, seed x"),
            format!("{heading} \"chaos, seed x\"")
        );
        for at in [
            "1s",
            "0.1s",
            "+1.000000s",
            "0.000000",
            ".000000s",
            "-1.000000s",
        ] {
            let text = fault(&format!("chaos, seed 1\n{at} kill worker"));
            assert_eq!(
                text,
                format!(
                    "line 2 of the schedule: expected a time such as `0.250000s`, found {at:?}"
                )
            );
        }
        assert_eq!(
            fault("chaos, seed 1\n\n  0.100000s shout worker"),
            "line 3 of the schedule: expected `kill`, `crash`, `fail`, `hang` or `fail_next_start`, found \"shout\""
        );
        assert_eq!(
            fault("chaos, seed 1\n0.100000s kill"),
            "line 2 of the schedule: expected a time, a kind and a target, found \"0.100000s kill\""
        );
    }
}
