//! The machine: what it has, and what is available.

use sysinfo::{MemoryRefreshKind, System};

use super::{Measured, without_headroom};

/// The machine, asked through `sysinfo`: of memory only, so that it opens no files that it keeps.
#[derive(Debug)]
pub(crate) struct Host(Result<System, String>);

/// How many bytes there are, and how many of them are available.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes {
    pub(crate) total: u64,
    pub(crate) available: u64,
}

impl Host {
    pub(crate) fn new() -> Self {
        Self(System::new().map_err(|error| error.to_string()))
    }

    /// What there is; `None` if the system does not say.
    pub(crate) fn read(&mut self) -> Result<Option<Bytes>, String> {
        let system = self.0.as_mut().map_err(|error| error.clone())?;
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let total = system.total_memory();
        Ok((total > 0).then(|| Bytes {
            total,
            available: system.available_memory().min(total),
        }))
    }
}

/// What of it is in use, with headroom left out.
pub(crate) fn measured(read: Result<Option<Bytes>, String>, headroom: f64) -> Measured {
    match read {
        Ok(Some(bytes)) => Measured::Bytes {
            used: bytes.total - bytes.available,
            limit: without_headroom(bytes.total, headroom),
        },
        Ok(None) => Measured::Absent,
        Err(error) => Measured::Failed(error),
    }
}
