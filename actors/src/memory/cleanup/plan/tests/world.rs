//! A world: memory, strategies, and time that passes only when something is run or waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_specs::{CleanupClass, PressureLevel, ServiceName};

use super::super::super::event::{CleanupResult, RoundOutcome};
use super::super::super::request::{CleanupPriority, CleanupRequest, Requested};
use super::super::{Ended, Key, Known, Look, Order, Planner, Rules, RunEnd, Step};

pub(super) const MIB: u64 = 1 << 20;

/// What there is of memory.
pub(super) const LIMIT: u64 = 1000 * MIB;

pub(super) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn service(name: &str) -> ServiceName {
    ServiceName::new(name).expect("a name")
}

/// What a strategy does when it is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Doing {
    /// How many bytes it can free, at each run.
    pub(super) frees: u64,
    pub(super) tells: Option<u64>,
    pub(super) takes: Duration,
    pub(super) result: CleanupResult,
}

impl Doing {
    pub(super) const fn frees(bytes: u64) -> Self {
        Self {
            frees: bytes,
            tells: Some(bytes),
            takes: Duration::from_millis(10),
            result: CleanupResult::Done,
        }
    }

    pub(super) const fn takes(mut self, time: Duration) -> Self {
        self.takes = time;
        self
    }

    pub(super) const fn tells(mut self, bytes: u64) -> Self {
        self.tells = Some(bytes);
        self
    }

    pub(super) const fn ends(mut self, result: CleanupResult) -> Self {
        self.result = result;
        self
    }
}

/// A run that was done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Did {
    pub(super) order: Order,
    pub(super) at: Duration,
    pub(super) until: Duration,
    /// How pressure was when it was ordered.
    pub(super) look: Look,
}

pub(super) struct World {
    pub(super) planner: Planner,
    pub(super) now: Duration,
    doings: BTreeMap<Key, Doing>,
    /// In use.
    pub(super) live: u64,
    /// Taken from the system: never less than is in use.
    pub(super) used: u64,
    /// Whether what is in use is measured.
    pub(super) is_measured: bool,
    /// A level that is made up, with its share.
    pub(super) simulated: Option<(PressureLevel, f64)>,
    /// What is free is kept by the allocator until it is trimmed, all but this.
    pub(super) pinned: u64,
    pub(super) did: Vec<Did>,
    pub(super) ended: Vec<(Duration, Ended)>,
}

pub(super) fn rules() -> Rules {
    Rules {
        is_enabled: true,
        class_max: CleanupClass::Rebuildable,
        min_interval: secs(10),
        pause_max: secs(300),
        time_limit: secs(5),
        warning: 0.7,
        goal: 0.75,
    }
}

impl World {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            planner: Planner::new(rules),
            now: Duration::ZERO,
            doings: BTreeMap::new(),
            live: 100 * MIB,
            used: 100 * MIB,
            is_measured: true,
            simulated: None,
            pinned: 0,
            did: Vec::new(),
            ended: Vec::new(),
        }
    }

    pub(super) fn strategy(&mut self, name: &str, class: CleanupClass, doing: Doing) -> Key {
        let known = Known::new(service(name), class, Duration::ZERO, None);
        let key = self.planner.add(known);
        self.doings.insert(key, doing);
        key
    }

    pub(super) fn set_doing(&mut self, key: Key, doing: Doing) {
        self.doings.insert(key, doing);
    }

    /// So many bytes are in use from now on, and at least as many are taken from the system.
    pub(super) fn use_bytes(&mut self, live: u64) {
        self.live = live;
        self.used = self.used.max(live);
    }

    pub(super) fn look(&self) -> Look {
        let measured = self.used as f64 / LIMIT as f64;
        let (level, ratio) = self
            .simulated
            .unwrap_or_else(|| (level(measured), measured));
        let is_real = self.simulated.is_none();
        Look {
            level,
            ratio,
            used: is_real.then_some(self.used),
            limit: is_real.then_some(LIMIT),
            live: self.is_measured.then_some(self.live),
        }
    }

    pub(super) fn request(&mut self, name: &str, priority: CleanupPriority) -> Requested {
        let request = CleanupRequest::of(service(name)).priority(priority);
        self.planner.request(request, self.now)
    }

    /// Lets so much time pass, and does all there is to do meanwhile.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(wake) = self.do_all(end) {
            if wake >= end {
                break;
            }
            assert!(wake > self.now, "it waits for what has been");
            self.now = wake;
        }
        self.now = self.now.max(end);
    }

    /// Does all there is to do now, as long as the time is before `end`, and says until when there is nothing.
    fn do_all(&mut self, end: Duration) -> Option<Duration> {
        for _ in 0..10_000 {
            let look = self.look();
            match self.planner.step(self.now, &look) {
                Step::Begin(_) => {}
                Step::Run(order) => self.run(order, look),
                Step::End(ended) => self.ended.push((self.now, ended)),
                Step::Wait(until) => return Some(until.unwrap_or(end)),
            }
            if self.now >= end {
                return None;
            }
        }
        panic!("it never comes to rest");
    }

    fn run(&mut self, order: Order, look: Look) {
        let doing = self.doings[&order.key];
        let (at, key) = (self.now, order.key);
        self.now += doing.takes;
        let before = self.live;
        if order.class == CleanupClass::Trim {
            self.used = self.used.min(self.live + self.pinned);
        }
        self.live -= doing.frees.min(self.live);
        if self.pinned == 0 && order.class != CleanupClass::Trim {
            self.used -= (before - self.live).min(self.used);
        }
        let until = self.now;
        self.did.push(Did {
            order,
            at,
            until,
            look,
        });
        self.planner.gone(key);
        let end = RunEnd {
            result: doing.result,
            took: doing.takes,
            freed: self.is_measured.then(|| before - self.live),
            told: doing.tells,
            entries: 1,
        };
        self.planner.finished(key, self.now, &end);
    }

    /// Which services were cleaned, in order.
    pub(super) fn cleaned(&self) -> Vec<&str> {
        let did = self.did.iter();
        did.map(|did| did.order.service.as_str()).collect()
    }

    pub(super) fn outcomes(&self) -> Vec<RoundOutcome> {
        self.ended.iter().map(|(_, ended)| ended.outcome).collect()
    }
}

pub(super) fn level(ratio: f64) -> PressureLevel {
    match ratio {
        ratio if ratio >= 0.9 => PressureLevel::Critical,
        ratio if ratio >= 0.8 => PressureLevel::High,
        ratio if ratio >= 0.7 => PressureLevel::Medium,
        _ => PressureLevel::Low,
    }
}
