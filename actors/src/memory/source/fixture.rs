//! Machines made of files, for tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) const MIB: u64 = 1 << 20;

/// A machine made of files; it goes when this is dropped.
pub(crate) struct Machine(PathBuf);

impl Machine {
    /// With these groups, mounted there.
    pub(crate) fn new(cgroup: &str, mountinfo: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("mainstay-machine-{}-{nth}", std::process::id());
        let machine = Self(std::env::temp_dir().join(name));
        machine.write("proc/self/cgroup", cgroup);
        machine.write("proc/self/mountinfo", mountinfo);
        machine
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// A group of version 2, by megabytes.
    pub(crate) fn group(&self, folder: &str, used: u64, inactive: u64, max: &str, high: &str) {
        let write = |name: &str, text: &str| self.write(&format!("{folder}/{name}"), text);
        write("memory.current", &format!("{}\n", used * MIB));
        let stat = format!("anon 1\nfile 2\ninactive_file {}\n", inactive * MIB);
        write("memory.stat", &stat);
        write("memory.max", &format!("{max}\n"));
        write("memory.high", &format!("{high}\n"));
    }

    /// A group of version 1, by megabytes; without a limit it has the highest number of pages there is.
    pub(crate) fn old_group(&self, folder: &str, used: u64, inactive: u64, max: Option<u64>) {
        let write = |name: &str, text: &str| self.write(&format!("{folder}/{name}"), text);
        write("memory.usage_in_bytes", &format!("{}\n", used * MIB));
        // What is of the group alone is there too, and is not what counts.
        let stat = format!("inactive_file 0\ntotal_inactive_file {}\n", inactive * MIB);
        write("memory.stat", &stat);
        let max = max.map_or(9_223_372_036_854_771_712, |max| max * MIB);
        write("memory.limit_in_bytes", &format!("{max}\n"));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
