//! What operators see of cleanups.

use std::sync::atomic::Ordering;
use std::time::Duration;

use mainstay_specs::{CleanupClass, ServiceName};
use serde::Serialize;

use super::event::RoundOutcome;
use super::plan::Known;
use super::relief::Relief;
use crate::memory::stats::{maybe_milliseconds, milliseconds};

/// What has come of cleanups. As JSON, times are in milliseconds, in fields that end in `_ms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CleanupStats {
    /// How many requests there were.
    pub requests: u64,
    /// How many of them were one with another.
    pub coalesced: u64,
    /// How many of them could not be met: there is no strategy, or none that is allowed.
    pub refused: u64,
    /// How many wait now.
    pub waiting: u64,
    /// Whether a round goes on.
    pub running: bool,
    /// How many rounds were begun.
    pub rounds: u64,
    /// How many of them have relieved the pressure.
    pub relieved: u64,
    /// How many have freed what they were to free.
    pub target_met: u64,
    /// How many were not enough.
    pub missed: u64,
    /// How many bytes all runs have freed, by what the allocator says; 0 if it says nothing.
    pub freed: u64,
    /// What the last round that is over came to.
    pub last_outcome: Option<RoundOutcome>,
    /// How long it took.
    #[serde(rename = "last_took_ms", serialize_with = "maybe_milliseconds")]
    pub last_took: Option<Duration>,
    /// All strategies, in the order in which they were registered.
    pub strategies: Vec<StrategyStats>,
}

/// What has come of the runs of one strategy. As JSON, times are in milliseconds, in fields that end in `_ms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StrategyStats {
    /// Whose memory it frees.
    pub service: ServiceName,
    /// Its class.
    pub class: CleanupClass,
    /// Whether a run goes on; also one that is late, cannot be dropped as it blocks, and is not waited for any more.
    pub running: bool,
    /// For how much longer it rests.
    #[serde(rename = "rests_ms", serialize_with = "milliseconds")]
    pub rests: Duration,
    /// How many runs were begun and are over.
    pub runs: u64,
    /// How many of them have failed.
    pub failed: u64,
    /// How many have panicked.
    pub panicked: u64,
    /// How many took too long.
    pub timed_out: u64,
    /// How many bytes they have freed, by what the allocator says.
    pub freed: u64,
    /// How many bytes they say to have freed.
    pub told: u64,
    /// How many things they say have gone.
    pub entries: u64,
}

impl StrategyStats {
    fn of(known: &Known, now: Duration) -> Self {
        let tally = known.tally;
        Self {
            service: known.service.clone(),
            class: known.class,
            running: known.is_running(),
            rests: known.rests_until().saturating_sub(now),
            runs: tally.runs,
            failed: tally.failed,
            panicked: tally.panicked,
            timed_out: tally.timed_out,
            freed: tally.freed,
            told: tally.told,
            entries: tally.entries,
        }
    }
}

impl Relief {
    pub(crate) fn stats(&self) -> CleanupStats {
        let (now, counts) = (self.now(), &self.counts);
        let read = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        self.with(|planner, last| CleanupStats {
            requests: read(&counts.requests),
            coalesced: read(&counts.coalesced),
            refused: read(&counts.refused),
            waiting: planner.waiting() as u64,
            running: planner.is_in_round(),
            rounds: read(&counts.rounds),
            relieved: read(&counts.relieved),
            target_met: read(&counts.target_met),
            missed: read(&counts.missed),
            freed: read(&counts.freed),
            last_outcome: last.map(|last| last.outcome),
            last_took: last.map(|last| last.took),
            strategies: planner
                .strategies()
                .map(|(_, known)| StrategyStats::of(known, now))
                .collect(),
        })
    }
}
