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
