//! Who holds how much.

use std::cmp::Reverse;
use std::time::Duration;

use mainstay_specs::ServiceName;
use mainstay_supervisors::{HeapUse, Pid, Process};
use serde::Serialize;

use super::growth::MemoryGrowth;
use super::sample::MemorySample;

/// One process, as it was when the report was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProcessMemoryEntry {
    /// Its path in the tree.
    pub process: String,
    /// The number of its incarnation.
    pub pid: Pid,
    /// What it is tracked as.
    pub service: ServiceName,
    /// How much it holds.
    pub sample: MemorySample,
    /// By how much it has grown; `None` at the first look, and of what is not measured.
    pub growth: Option<MemoryGrowth>,
    /// When it was measured, from when the memory manager was made on.
    #[serde(
        rename = "sampled_at_ms",
        serialize_with = "super::super::stats::milliseconds"
    )]
    pub sampled_at: Duration,
}

impl ProcessMemoryEntry {
    pub(super) fn new(
        process: &Process,
        service: ServiceName,
        sample: MemorySample,
        sampled_at: Duration,
    ) -> Self {
        Self {
            process: process.path(),
            pid: process.pid(),
            service,
            sample,
            growth: None,
            sampled_at,
        }
    }
}

/// Who holds how much memory, at one moment. As JSON, times are in milliseconds, in fields that end in `_ms`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MemoryReport {
    /// The processes, those that hold most first; those that are not measured last.
    pub entries: Vec<ProcessMemoryEntry>,
    /// What all of them hold that are measured. `None` if none is.
    pub total: Option<u64>,
    /// How many of them are not measured.
    pub not_measured: usize,
    /// What the allocator says of the program as a whole; `None` if it is none that counts.
    pub heap: Option<HeapUse>,
    /// When it was made, from when the memory manager was made on.
    #[serde(rename = "at_ms", serialize_with = "super::super::stats::milliseconds")]
    pub at: Duration,
}

impl MemoryReport {
    pub(super) fn new(
        mut entries: Vec<ProcessMemoryEntry>,
        heap: Option<HeapUse>,
        at: Duration,
    ) -> Self {
        // `None` is less than any number of bytes. A stable order, as they came oldest first.
        entries.sort_by_key(|entry| Reverse(entry.sample.bytes()));
        let measured = entries.iter().filter_map(|entry| entry.sample.bytes());
        let total = measured.reduce(u64::saturating_add);
        let is_measured = |entry: &&ProcessMemoryEntry| entry.sample.bytes().is_none();
        Self {
            not_measured: entries.iter().filter(is_measured).count(),
            total,
            entries,
            heap,
            at,
        }
    }

    /// The processes that hold most, at most so many, the largest first. Without those that are not measured.
    pub fn largest(&self, max: usize) -> impl Iterator<Item = &ProcessMemoryEntry> {
        let measured = self.entries.iter();
        measured
            .filter(|entry| entry.sample.bytes().is_some())
            .take(max)
    }

    /// The processes that have grown most, at most so many, the fastest first. Without those of which it is not known, and those that
    /// have not grown.
    #[must_use]
    pub fn growing(&self, max: usize) -> Vec<&ProcessMemoryEntry> {
        let grown = |entry: &&ProcessMemoryEntry| entry.growth.is_some_and(|grown| grown.bytes > 0);
        let mut growing: Vec<&ProcessMemoryEntry> = self.entries.iter().filter(grown).collect();
        growing.sort_by_key(|entry| Reverse(entry.growth.map(|grown| grown.bytes)));
        growing.truncate(max);
        growing
    }

    /// The entries of a service, the largest first.
    pub fn service<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ProcessMemoryEntry> {
        let entries = self.entries.iter();
        entries.filter(move |entry| entry.service.as_str() == name)
    }
}
