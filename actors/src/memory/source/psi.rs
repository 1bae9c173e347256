//! Pressure stall information: for which part of the last ten seconds tasks have waited for memory.

use std::path::{Path, PathBuf};

use super::Measured;
use super::file::KeptFile;
use super::text::stall;

/// The part of the time that *all* tasks waited which is the whole: the limit at which `systemd-oomd` kills unless told otherwise
/// (`DefaultMemoryPressureLimit=60%`).
const FULL: f64 = 0.6;

/// The own group's, or that of the machine.
#[derive(Debug, Default)]
pub(crate) struct Stalls {
    file: Option<KeptFile>,
    of: Option<PathBuf>,
    is_looked_for: bool,
}

impl Stalls {
    /// The larger of the part of the time that some task waited, and of that all did, of [`FULL`].
    ///
    /// Most machines have none, or have it turned off: then reading fails, and nothing is missing.
    pub(crate) fn measure(&mut self, root: &Path, group: Option<PathBuf>) -> Measured {
        if !self.is_looked_for || self.of != group {
            self.file = find(root, group.as_deref());
            self.of = group;
            self.is_looked_for = true;
        }
        let Some(file) = &mut self.file else {
            return Measured::Absent;
        };
        let Ok(text) = file.read() else {
            self.file = None;
            return Measured::Absent;
        };
        let some = stall(text, "some", "avg10");
        // Older kernels have no such line for a whole machine.
        let full = stall(text, "full", "avg10").unwrap_or(0.0);
        match some {
            Some(some) => Measured::Share(some.max(full / FULL).min(1.0)),
            None => Measured::Failed(file.wrong("a line `some avg10=number`")),
        }
    }
}

fn find(root: &Path, group: Option<&Path>) -> Option<KeptFile> {
    let own = group.map(|folder| folder.join("memory.pressure"));
    let machine = root.join("proc/pressure/memory");
    let open = |path: PathBuf| KeptFile::open(&path).ok().flatten();
    own.and_then(open).or_else(|| open(machine))
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;
    use crate::memory::source::fixture::Machine;

    fn psi(some: f64, full: f64) -> String {
        let line = |name: &str, share: f64| {
            format!("{name} avg10={share:.2} avg60=0.00 avg300=0.00 total=1\n")
        };
        line("some", some) + &line("full", full)
    }

    #[test]
    fn the_machine_s_counts_where_the_group_has_none() {
        let machine = Machine::new("", "");
        machine.write("proc/pressure/memory", &psi(20.0, 0.0));
        let mut stalls = Stalls::default();
        assert_eq!(stalls.measure(machine.root(), None), Measured::Share(0.2));
        let group = machine.root().join("group");
        machine.write("group/memory.pressure", &psi(40.0, 0.0));
        let own = stalls.measure(machine.root(), Some(group));
        assert_eq!(own, Measured::Share(0.4));
    }

    #[test]
    fn all_waiting_for_60_percent_of_the_time_is_the_whole() {
        let machine = Machine::new("", "");
        let mut stalls = Stalls::default();
        for (some, full, share) in [(50.0, 45.0, 0.75), (61.0, 60.0, 1.0), (99.0, 90.0, 1.0)] {
            machine.write("proc/pressure/memory", &psi(some, full));
            let Measured::Share(found) = stalls.measure(machine.root(), None) else {
                panic!("a share");
            };
            assert!((found - share).abs() < 1e-9, "{found}");
        }
    }

    #[test]
    fn without_it_nothing_is_missing() {
        let machine = Machine::new("", "");
        let mut stalls = Stalls::default();
        assert_eq!(stalls.measure(machine.root(), None), Measured::Absent);
    }

    #[test]
    fn what_it_does_not_say_is_told() {
        let machine = Machine::new("", "");
        machine.write("proc/pressure/memory", "full of nonsense\n");
        let measured = Stalls::default().measure(machine.root(), None);
        let path = machine.root().join("proc/pressure/memory");
        let error = format!(
            "{}: expected a line `some avg10=number`, found \"full of nonsense\\n\"",
            path.display()
        );
        assert_eq!(measured, Measured::Failed(error));
    }
}
