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
