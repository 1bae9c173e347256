//! One group: version 1 or 2.

use std::path::Path;

use super::locate::Version;
use crate::memory::source::file::KeptFile;
use crate::memory::source::text::{keyed, limit, number};
use crate::memory::source::{Measured, without_headroom};

/// What the files of a version are called.
struct Names {
    usage: &'static str,
    max: &'static str,
    high: Option<&'static str>,
    /// What the kernel drops at once, in `memory.stat`.
    inactive: &'static str,
}

const TWO: Names = Names {
    usage: "memory.current",
    max: "memory.max",
    high: Some("memory.high"),
    inactive: "inactive_file",
};

const ONE: Names = Names {
    usage: "memory.usage_in_bytes",
    max: "memory.limit_in_bytes",
    high: None,
    // With those of the groups below, as the usage is.
    inactive: "total_inactive_file",
};

/// In version 1 this or more is no limit: the highest number of pages, for any size of a page.
const UNLIMITED: u64 = i64::MAX as u64 - (1 << 16);

/// One group, with its files open.
#[derive(Debug)]
pub(crate) struct Group {
    usage: KeptFile,
    stat: KeptFile,
    max: KeptFile,
    high: Option<KeptFile>,
    inactive: &'static str,
}

impl Group {
    /// `None` if memory is not counted in it, as in the root of version 2.
    pub(crate) fn open(folder: &Path, version: Version) -> Result<Option<Self>, String> {
        let names = match version {
            Version::One => ONE,
            Version::Two => TWO,
        };
        let open = |name: &str| KeptFile::open(&folder.join(name));
        let all = (open(names.usage)?, open("memory.stat")?, open(names.max)?);
        let (Some(usage), Some(stat), Some(max)) = all else {
            return Ok(None);
        };
        let high = names.high.map(open).transpose()?.flatten();
        Ok(Some(Self {
            usage,
            stat,
            max,
            high,
            inactive: names.inactive,
        }))
    }

    /// What is in use of the stricter of its limits; nothing if it has none.
    pub(crate) fn measure(&mut self, headroom: f64, host: Option<u64>) -> Result<Measured, String> {
        let is_limit = |limit: &u64| *limit < UNLIMITED && host.is_none_or(|host| *limit <= host);
        let max = read_limit(&mut self.max)?.filter(is_limit);
        let high = self.high.as_mut().map(read_limit).transpose()?.flatten();
        let max = max.map(|max| without_headroom(max, headroom));
        let Some(limit) = max.into_iter().chain(high.filter(is_limit)).min() else {
            return Ok(Measured::Absent);
        };
        let usage = number(self.usage.read()?);
        let usage = usage.ok_or_else(|| self.usage.wrong("a number of bytes"))?;
        let inactive = keyed(self.stat.read()?, self.inactive);
        let inactive = inactive.ok_or_else(|| {
            let expected = format!("a line `{} number`", self.inactive);
            self.stat.wrong(&expected)
        })?;
        Ok(Measured::Bytes {
            used: usage.saturating_sub(inactive),
            limit,
        })
    }
}

fn read_limit(file: &mut KeptFile) -> Result<Option<u64>, String> {
    let found = limit(file.read()?);
    found.ok_or_else(|| file.wrong("a number of bytes or `max`"))
}
