//! All sources, one pass.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::ServiceName;

use super::group::Groups;
use super::host::{Host, measured};
use super::process::ProcessFiles;
use super::psi::Stalls;
use super::{CustomSources, Measured, NAMES};
use crate::memory::reading::{Facts, SourceReading};
use crate::memory::terms::Terms;

/// What one pass has found.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) sources: Vec<SourceReading>,
    pub(crate) facts: Facts,
}

/// Who is asked for a sample.
#[derive(Debug)]
pub(crate) struct Sources {
    custom: Arc<CustomSources>,
    system: Option<System>,
}

impl Sources {
    /// Of this process.
    pub(crate) const fn new(custom: Arc<CustomSources>) -> Self {
        Self {
            custom,
            system: None,
        }
    }

    /// Asks all of them. `last` is what they said before.
    pub(crate) fn measure(
        &mut self,
        terms: &Terms,
        last: &[SourceReading],
        now: Duration,
    ) -> Sample {
        let mut pass = Pass::default();
        if terms.setup.by_hand {
            self.system = None;
        } else {
            let system = self
                .system
                .get_or_insert_with(|| System::new(Path::new("/")));
            system.measure(terms, &mut pass);
        }
        measure_heap(terms, &mut pass);
        self.measure_custom(terms, now, &mut pass);
        let reading = |(name, measured): (ServiceName, Measured)| {
            let last = last.iter().find(|last| last.name == name);
            measured.reading(name, last)
        };
        Sample {
            sources: pass.measured.into_iter().map(reading).collect(),
            facts: pass.facts,
        }
    }

    fn measure_custom(&self, terms: &Terms, now: Duration, pass: &mut Pass) {
        let spec = terms.spec();
        let patience = spec.check_interval * spec.stale_after;
        for custom in self.custom.all() {
            let measured = custom.read(now, patience, terms.setup.by_hand);
            pass.measured.push((custom.name.clone(), measured));
        }
    }
}

fn measure_heap(terms: &Terms, pass: &mut Pass) {
    match terms.live_bytes() {
        Ok(live) => pass.facts.heap = live,
        Err(error) => return pass.put("allocator", Measured::Failed(error)),
    }
    let spec = terms.spec();
    let limit = spec
        .heap_budget
        .or(spec.budget)
        .or_else(|| pass.strictest());
    let measured = pass.facts.heap.zip(limit);
    let measured = measured.map(|(used, limit)| Measured::Bytes { used, limit });
    pass.put("allocator", measured.unwrap_or(Measured::Absent));
}

/// What a pass has found so far.
#[derive(Debug, Default)]
struct Pass {
    measured: Vec<(ServiceName, Measured)>,
    facts: Facts,
}

impl Pass {
    fn put(&mut self, name: &'static str, measured: Measured) {
        debug_assert!(NAMES.contains(&name));
        // A name is not empty, short, and without `/` and white space: these are.
        let name = ServiceName::new(name).expect("a name");
        self.measured.push((name, measured));
    }

    /// The smallest limit of those that count bytes.
    fn strictest(&self) -> Option<u64> {
        let limits = self
            .measured
            .iter()
            .filter_map(|(_, measured)| match measured {
                Measured::Bytes { limit, .. } => Some(*limit),
                Measured::Share(_) | Measured::Absent | Measured::Failed(_) => None,
            });
        limits.min()
    }
}

/// What the operating system knows.
#[derive(Debug)]
struct System {
    /// Where its files are: `/`, but for fixtures.
    root: PathBuf,
    groups: Groups,
    process: ProcessFiles,
    stalls: Stalls,
    host: Host,
}

impl System {
    fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            groups: Groups::new(root),
            process: ProcessFiles::new(root),
            stalls: Stalls::default(),
            host: Host::new(),
        }
    }

    fn measure(&mut self, terms: &Terms, pass: &mut Pass) {
        let spec = terms.spec();
        let host = self.host.read();
        let bytes = host.clone().ok().flatten();
        let total = bytes.map(|bytes| bytes.total);
        pass.facts.host_total = total;
        pass.facts.host_available = bytes.map(|bytes| bytes.available);
        pass.put("container", self.groups.measure(spec.headroom, total));
        pass.put("address_space", self.process.address_space(spec.headroom));
        pass.put("host", measured(host, spec.headroom));
        let resident = self.process.resident();
        pass.facts.resident = resident.clone().ok().flatten();
        if let Some(limit) = spec.budget {
            pass.put("budget", budget(resident, limit));
        }
        if spec.psi {
            let group = self.groups.folder();
            pass.put("psi", self.stalls.measure(&self.root, group));
        }
    }
}

fn budget(resident: Result<Option<u64>, String>, limit: u64) -> Measured {
    match resident {
        Ok(Some(used)) => Measured::Bytes { used, limit },
        Ok(None) => Measured::Absent,
        Err(error) => Measured::Failed(error),
    }
}
