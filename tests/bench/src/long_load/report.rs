//! What came of it.

use std::fmt;
use std::process::ExitCode;

use super::kills::{Kills, Restarts};
use super::memory::{MIB, Sample, Samples};
use super::wrk::Asked;

/// By how many MiB resident memory may grow over the second half: see the docs of the program.
const GROWTH_MAX: f64 = 4.0;

pub(super) struct Report {
    pub(super) asked: Asked,
    pub(super) kills: Kills,
    pub(super) restarts: Restarts,
    pub(super) memory: Samples,
    pub(super) is_ready: bool,
    /// What had to be killed when the node was stopped.
    pub(super) left: Vec<String>,
}

impl Report {
    pub(super) fn exit_code(&self) -> ExitCode {
        if self.faults().is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// The rules that do not hold.
    fn faults(&self) -> Vec<String> {
        let asked = &self.asked;
        let mut faults = Vec::new();
        for (count, what) in [
            (asked.refused, "connections were refused"),
            (asked.broken, "connections broke off"),
            (asked.late, "requests were not answered in time"),
            (
                asked.unexplained(),
                "answers of 500 and more are explained by no guard",
            ),
        ] {
            if count > 0 {
                faults.push(format!("{count} {what}"));
            }
        }
        let growth = self.memory.growth(Sample::resident).mib;
        if growth > GROWTH_MAX {
            faults.push(format!(
                "memory has grown by {growth:.1} MiB over the second half"
            ));
        }
        if !self.is_ready {
            faults.push("the node is not ready again".to_owned());
        }
        let left = self.left.iter();
        faults.extend(left.map(|path| format!("{path} did not stop in time")));
        faults
    }
}

impl Report {
    fn memory_line(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        of: fn(&Sample) -> u64,
    ) -> fmt::Result {
        write!(f, "memory     {name}, MiB:")?;
        for sample in self.memory.all() {
            write!(
                f,
                " {}s {:.1}",
                sample.at.as_secs(),
                of(sample) as f64 / MIB
            )?;
        }
        let growth = self.memory.growth(of);
        writeln!(
            f,
            "\n           slope over the second half {:+.1} KiB/s, {:+.1} MiB in all",
            growth.kib_a_second, growth.mib
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = &self.asked;
        let rate = asked.requests as f64 / asked.took.as_secs_f64();
        let [p50, p99, longest] = asked.latency;
        writeln!(
            f,
            "requests   {} in {:.1?}, {rate:.0} a second; p50 {p50:.1?}, p99 {p99:.1?}, longest {longest:.1?}",
            asked.requests, asked.took
        )?;
        writeln!(
            f,
            "lost       {} connections refused, {} broken off, {} requests not answered in time",
            asked.refused, asked.broken, asked.late
        )?;
        for (kind, count) in &asked.answers {
            let guard = kind.guard.as_deref().map(|guard| format!(" by {guard}"));
            let code = kind.code.as_deref().map(|code| format!(" ({code})"));
            let (guard, code) = (guard.unwrap_or_default(), code.unwrap_or_default());
            writeln!(f, "answers    {count:>9} x {}{guard}{code}", kind.status)?;
        }
        writeln!(
            f,
            "unexplained {} answers of 500 and more without a guard",
            asked.unexplained()
        )?;
        let total: u64 = self.kills.by.values().sum();
        writeln!(
            f,
            "kills      {total}, and {} times there was nobody",
            self.kills.missed
        )?;
        for (kind, count) in &self.kills.by {
            writeln!(f, "           {count:>5} x {kind}")?;
        }
        let Restarts {
            restarted,
            failed_starts,
            gave_up,
        } = &self.restarts;
        let failed: u64 = failed_starts.values().sum();
        writeln!(f, "restarts   {restarted}, and {failed} starts that failed")?;
        for (why, count) in failed_starts {
            writeln!(f, "           {count:>5} x {why}")?;
        }
        for supervisor in gave_up {
            writeln!(f, "           gave up: {supervisor}")?;
        }
        self.memory_line(f, "resident", Sample::resident)?;
        self.memory_line(f, "live heap", Sample::live)?;
        for fault in self.faults() {
            writeln!(f, "FAULT      {fault}")?;
        }
        if self.faults().is_empty() {
            writeln!(f, "every rule holds")?;
        }
        Ok(())
    }
}
