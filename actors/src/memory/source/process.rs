//! This process: the addresses that it has taken, of those it may take, and what it has resident.

use std::path::Path;

use super::file::KeptFile;
use super::text::{soft_limit, status_bytes};
use super::{Measured, without_headroom};

/// What of a process is read from `/proc`.
#[derive(Debug)]
pub(crate) struct ProcessFiles {
    status: Option<KeptFile>,
    limits: Option<KeptFile>,
    /// Why one could not be opened.
    fault: Option<String>,
}

impl ProcessFiles {
    pub(crate) fn new(root: &Path) -> Self {
        let open = |path: &str| KeptFile::open(&root.join(path));
        let mut fault = None;
        let mut opened = |path| {
            open(path)
                .map_err(|error| fault = Some(error))
                .ok()
                .flatten()
        };
        Self {
            status: opened("proc/self/status"),
            limits: opened("proc/self/limits"),
            fault,
        }
    }

    /// How many bytes are resident; `None` where the system does not say.
    pub(crate) fn resident(&mut self) -> Result<Option<u64>, String> {
        self.size("VmRSS")
    }

    /// The addresses that are taken, of those that may be.
    pub(crate) fn address_space(&mut self, headroom: f64) -> Measured {
        match self.addresses(headroom) {
            Ok(measured) => measured,
            Err(error) => Measured::Failed(error),
        }
    }

    fn addresses(&mut self, headroom: f64) -> Result<Measured, String> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let Some(limits) = &mut self.limits else {
            return Ok(Measured::Absent);
        };
        let limit = soft_limit(limits.read()?, "Max address space");
        let limit = limit.ok_or_else(|| limits.wrong("a line of `Max address space`"))?;
        let Some(limit) = limit else {
            return Ok(Measured::Absent);
        };
        let used = self.size("VmSize")?;
        Ok(used.map_or(Measured::Absent, |used| Measured::Bytes {
            used,
            limit: without_headroom(limit, headroom),
        }))
    }

    fn size(&mut self, key: &str) -> Result<Option<u64>, String> {
        let Some(status) = &mut self.status else {
            return Ok(None);
        };
        let size = status_bytes(status.read()?, key);
        let size = size.ok_or_else(|| status.wrong(&format!("a line `{key}: number kB`")))?;
        Ok(Some(size))
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;
    use crate::memory::source::fixture::{MIB, Machine};

    fn machine(limit: &str) -> Machine {
        let machine = Machine::new("", "");
        machine.write(
            "proc/self/status",
            "Name:\tx\nVmSize:\t  102400 kB\nVmRSS:\t  2048 kB\n",
        );
        let limits = format!(
            "Limit  Soft Limit  Hard Limit  Units\nMax address space  {limit}  unlimited  bytes\n"
        );
        machine.write("proc/self/limits", &limits);
        machine
    }

    #[test]
    fn the_address_space_counts_where_it_is_limited() {
        let limit = (250 * MIB).to_string();
        let mut files = ProcessFiles::new(machine(&limit).root());
        let expected = Measured::Bytes {
            used: 100 * MIB,
            limit: 200 * MIB,
        };
        assert_eq!(files.address_space(0.2), expected);
        assert_eq!(files.resident(), Ok(Some(2 * MIB)));
    }

    #[test]
    fn a_limit_that_is_set_while_the_process_runs_counts() {
        let machine = machine("unlimited");
        let mut files = ProcessFiles::new(machine.root());
        assert_eq!(files.address_space(0.0), Measured::Absent);
        machine.write(
            "proc/self/limits",
            "Max address space  209715200  unlimited  bytes\n",
        );
        assert_eq!(files.address_space(0.0).ratio(), Some(0.5));
    }

    #[test]
    fn without_proc_there_is_nothing_to_measure() {
        let machine = Machine::new("", "");
        let mut files = ProcessFiles::new(machine.root());
        assert_eq!(files.address_space(0.1), Measured::Absent);
        assert_eq!(files.resident(), Ok(None));
    }

    #[test]
    fn what_a_file_does_not_say_is_told_with_its_path() {
        let machine = machine("unlimited");
        let mut files = ProcessFiles::new(machine.root());
        machine.write("proc/self/limits", "nothing\n");
        let path = machine.root().join("proc/self/limits");
        let error = format!(
            "{}: expected a line of `Max address space`, found \"nothing\\n\"",
            path.display()
        );
        assert_eq!(files.address_space(0.1), Measured::Failed(error));
    }
}
