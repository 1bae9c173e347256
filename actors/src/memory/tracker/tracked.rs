//! Which processes are tracked.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_specs::ServiceName;
use mainstay_supervisors::{Pid, Process};

use super::super::cell::lock;
use super::super::error::MemoryError;
use super::footprint::MemoryFootprint;
use super::growth::{Growth, MemoryGrowth};
use super::report::ProcessMemoryEntry;
use super::sample::MemorySample;

/// What the cell keeps of it: an entry for each tracked incarnation, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Tracker(Mutex<BTreeMap<Pid, Tracked>>);

/// One incarnation of a process.
#[derive(Clone, Debug)]
struct Tracked {
    process: Process,
    service: ServiceName,
    footprint: Option<Arc<dyn MemoryFootprint>>,
    growth: Arc<Mutex<Growth>>,
}

/// When it is looked, and over how much time growth is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) now: Duration,
    pub(crate) window: Duration,
}

impl Tracker {
    /// Tracks a process under this name: one entry, however often. `footprint` replaces what it had before, if there is one.
    pub(crate) fn track(
        &self,
        process: &Process,
        service: ServiceName,
        footprint: Option<Arc<dyn MemoryFootprint>>,
        max: u32,
    ) -> Result<(), MemoryError> {
        let mut tracked = lock(&self.0);
        if tracked.len() >= max as usize && !tracked.contains_key(&process.pid()) {
            drop(tracked);
            self.sweep();
            tracked = lock(&self.0);
            if tracked.len() >= max as usize {
                return Err(MemoryError::TooManyTracked { service, max });
            }
        }
        // After its end there is nothing to be tracked. One that ends from here on is swept out with the next look.
        if !process.is_alive() {
            return Ok(());
        }
        let before = match tracked.entry(process.pid()) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.service = service;
                footprint.and_then(|footprint| known.footprint.replace(footprint))
            }
            Entry::Vacant(place) => {
                place.insert(Tracked {
                    process: process.clone(),
                    service,
                    footprint,
                    growth: Arc::default(),
                });
                None
            }
        };
        drop(tracked);
        // Without the lock: it is the application's own.
        drop(before);
        Ok(())
    }

    pub(crate) fn untrack(&self, process: &Process) -> bool {
        let gone = lock(&self.0).remove(&process.pid());
        gone.is_some()
    }

    /// Lets go of those that have ended.
    pub(crate) fn sweep(&self) {
        let mut tracked = lock(&self.0);
        let ended: Vec<Pid> = tracked
            .values()
            .filter(|tracked| !tracked.process.is_alive())
            .map(|tracked| tracked.process.pid())
            .collect();
        let gone: Vec<Tracked> = ended.iter().filter_map(|pid| tracked.remove(pid)).collect();
        drop(tracked);
        drop(gone);
    }

    /// What each of them holds that has not ended, measured now.
    pub(crate) fn entries(&self, look: Look) -> Vec<ProcessMemoryEntry> {
        self.sweep();
        let tracked: Vec<Tracked> = lock(&self.0).values().cloned().collect();
        let entries = tracked.iter().map(|tracked| tracked.entry(look));
        // One that has ended during the look is measured by half.
        entries
            .zip(&tracked)
            .filter(|(_, tracked)| tracked.process.is_alive())
            .map(|(entry, _)| entry)
            .collect()
    }

    /// What a process holds, whether it is tracked or not.
    pub(crate) fn sample(&self, process: &Process) -> MemorySample {
        let footprint = lock(&self.0)
            .get(&process.pid())
            .and_then(|tracked| tracked.footprint.clone());
        sample(process, footprint.as_deref())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

impl Tracked {
    fn entry(&self, look: Look) -> ProcessMemoryEntry {
        let sample = sample(&self.process, self.footprint.as_deref());
        ProcessMemoryEntry {
            growth: self.grown(&sample, look),
            ..ProcessMemoryEntry::new(&self.process, self.service.clone(), sample, look.now)
        }
    }

    fn grown(&self, sample: &MemorySample, look: Look) -> Option<MemoryGrowth> {
        let bytes = sample.bytes()?;
        lock(&self.growth).note(bytes, look.now, look.window)
    }
}

/// The footprint first: who keeps what others have allocated knows better than the allocator.
pub(super) fn sample(process: &Process, footprint: Option<&dyn MemoryFootprint>) -> MemorySample {
    let said = footprint.map(|footprint| {
        // What a panic leaves half done is the footprint's own.
        catch_unwind(AssertUnwindSafe(|| footprint.footprint_bytes()))
    });
    match said {
        Some(Ok(Some(bytes))) => MemorySample::Footprint { bytes },
        Some(Err(panic)) => MemorySample::Failed {
            error: text_of(&*panic),
        },
        Some(Ok(None)) | None => match process.heap_bytes() {
            Some(bytes) => MemorySample::Heap { bytes },
            None => MemorySample::NotMeasured,
        },
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic whose payload is not a text")
        .to_owned()
}
