//! One round: which strategies it has run, what they have freed, and which is next.

use std::collections::BTreeSet;
use std::time::Duration;

use mainstay_specs::{CleanupClass, PressureLevel, ServiceName};

use super::super::event::{CleanupResult, RoundOutcome};
use super::super::request::{CleanupPriority, CleanupRequest};
use super::strategies::{Key, Known, RunEnd, Strategies};
use super::{Look, Order, Rules};

/// Why there is a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The level of pressure when it began.
    Pressure(PressureLevel),
    Request,
}

/// A round that has begun.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Began {
    pub(crate) round: u64,
    /// All services, if none.
    pub(crate) service: Option<ServiceName>,
    pub(crate) cause: Cause,
    pub(crate) priority: CleanupPriority,
    pub(crate) target: Option<u64>,
}

/// A round that is over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) round: u64,
    pub(crate) service: Option<ServiceName>,
    pub(crate) cause: Cause,
    pub(crate) priority: CleanupPriority,
    pub(crate) outcome: RoundOutcome,
    pub(crate) runs: u32,
    /// The highest class that was come to, if anything was run.
    pub(crate) class: Option<CleanupClass>,
    /// By what the allocator says, if it says anything.
    pub(crate) freed: Option<u64>,
    pub(crate) took: Duration,
}

/// What a round does next.
pub(super) enum Next {
    Run(Key),
    End(RoundOutcome),
}

/// From how many freed bytes on it is worth the while to give them back to the system: a hundredth of what a small container has.
const WORTH_TRIMMING: u64 = 1 << 20;

#[derive(Clone, Copy, Debug)]
struct Current {
    key: Key,
    class: CleanupClass,
    until: Duration,
}

#[derive(Debug)]
pub(super) struct Round {
    number: u64,
    service: Option<ServiceName>,
    cause: Cause,
    priority: CleanupPriority,
    target: Option<u64>,
    retention: Option<Duration>,
    urge: f64,
    began: Duration,
    tried: BTreeSet<Key>,
    /// What runs, and until when at most.
    current: Option<Current>,
    /// The class that was come to.
    class: Option<CleanupClass>,
    runs: u32,
    /// Some run did what it was to do.
    some_done: bool,
    freed: Option<u64>,
    /// Freed since memory was given back to the system: what the allocator says, or else the strategies.
    untrimmed: u64,
    /// Once it is decided what the round came to, memory is given back by those that have not done so since.
    closing: Option<(RoundOutcome, BTreeSet<Key>)>,
}

impl Round {
    fn new(number: u64, cause: Cause, priority: CleanupPriority, urge: f64, now: Duration) -> Self {
        Self {
            number,
            service: None,
            cause,
            priority,
            target: None,
            retention: None,
            urge,
            began: now,
            tried: BTreeSet::new(),
            current: None,
            class: None,
            runs: 0,
            some_done: false,
            freed: None,
            untrimmed: 0,
            closing: None,
        }
    }

    /// One of all services, because pressure is at this level.
    pub(super) fn of_level(
        number: u64,
        look: &Look,
        urge: f64,
        rules: &Rules,
        now: Duration,
    ) -> Self {
        let cause = Cause::Pressure(look.level);
        Self {
            // With nothing to go, as where pressure is simulated, the level alone tells when it is enough.
            target: look.over(rules.goal).filter(|bytes| *bytes > 0),
            ..Self::new(number, cause, look.level.into(), urge, now)
        }
    }

    pub(super) fn of_request(
        number: u64,
        request: CleanupRequest,
        level: PressureLevel,
        urge: f64,
        now: Duration,
    ) -> Self {
        let priority = request.priority.max(level.into());
        Self {
            service: request.service,
            target: request.target,
            retention: request.retention,
            ..Self::new(number, Cause::Request, priority, urge, now)
        }
    }

    /// Whether it does what this request asks for, and is about to or at it: then there is no need to do it once more.
    pub(super) fn serves(
        &self,
        request: &CleanupRequest,
        strategies: &Strategies,
        rules: &Rules,
    ) -> bool {
        let is_young = request
            .retention
            .is_none_or(|wished| self.retention.is_some_and(|kept| kept <= wished));
        self.closing.is_none()
            && self.priority >= request.priority
            && is_young
            && self.is_to_free(request.target)
            && (self.service == request.service || self.is_at(request, strategies, rules))
    }

    /// Whether it still has as much to free.
    fn is_to_free(&self, target: Option<u64>) -> bool {
        let left = self
            .target
            .map(|target| target.saturating_sub(self.freed.unwrap_or(0)));
        target.is_none_or(|target| left.is_some_and(|left| left >= target))
    }

    /// Whether it cleans all services, and this one just now: with all that a request of it alone would run. Before, it may end without
    /// having come to it; after, there may be something to clean again.
    fn is_at(&self, request: &CleanupRequest, strategies: &Strategies, rules: &Rules) -> bool {
        let service = request.service.as_ref();
        if self.service.is_some() || service.is_none() || request.target.is_some() {
            return false;
        }
        let current = self.current.and_then(|current| strategies.get(current.key));
        let is_at = current.is_some_and(|known| Some(&known.service) == service);
        let mildest = strategies.lowest(service).unwrap_or(rules.class_max);
        let mut asked = strategies.allowed(service, mildest);
        is_at && asked.all(|(key, _)| self.tried.contains(&key))
    }

    /// What runs, and until when at most.
    pub(super) fn current(&self) -> Option<(Key, Duration)> {
        self.current.map(|current| (current.key, current.until))
    }

    pub(super) fn began(&self) -> Began {
        Began {
            round: self.number,
            service: self.service.clone(),
            cause: self.cause,
            priority: self.priority,
            target: self.target,
        }
    }

    pub(super) fn end(self, outcome: RoundOutcome, now: Duration) -> Ended {
        Ended {
            round: self.number,
            service: self.service,
            cause: self.cause,
            priority: self.priority,
            outcome,
            runs: self.runs,
            class: self.class,
            freed: self.freed,
            took: now.saturating_sub(self.began),
        }
    }

    pub(super) fn order(&mut self, key: Key, known: &Known, rules: &Rules, now: Duration) -> Order {
        let time_limit = known.time_limit.unwrap_or(rules.time_limit);
        self.current = Some(Current {
            key,
            class: known.class,
            until: now + time_limit,
        });
        let freed = self.freed.unwrap_or(0);
        let mut target = self.target.map(|target| target.saturating_sub(freed));
        match &mut self.closing {
            Some((_, left)) => {
                left.remove(&key);
                target = None;
            }
            None => {
                self.tried.insert(key);
                self.class = self.class.max(Some(known.class));
            }
        }
        Order {
            key,
            round: self.number,
            service: known.service.clone(),
            class: known.class,
            priority: self.priority,
            target,
            aggressiveness: self.urge.max(self.priority.aggressiveness()),
            retention: self.retention,
            time_limit,
        }
    }

    pub(super) fn finished(&mut self, key: Key, end: &RunEnd) {
        let Some(current) = self.current.take_if(|current| current.key == key) else {
            return;
        };
        self.runs += 1;
        self.some_done |= end.result == CleanupResult::Done;
        if current.class == CleanupClass::Trim {
            // What it gives back was not in use.
            self.untrimmed = 0;
            return;
        }
        if let Some(freed) = end.freed {
            self.freed = Some(self.freed.unwrap_or(0).saturating_add(freed));
        }
        let freed = end.freed.or(end.told).unwrap_or(0);
        self.untrimmed = self.untrimmed.saturating_add(freed);
    }

    /// Pressure may have got worse since it began.
    pub(super) fn see(&mut self, look: &Look, rules: &Rules) {
        if let Cause::Pressure(_) = self.cause
            && self.priority < look.level.into()
        {
            self.priority = look.level.into();
            self.target = self.target.max(look.over(rules.goal));
        }
    }

    /// What it does next.
    pub(super) fn next(
        &mut self,
        strategies: &Strategies,
        look: &Look,
        rules: &Rules,
        now: Duration,
    ) -> Next {
        if self.closing.is_none() {
            match self.outcome(strategies, look, rules, now) {
                Next::Run(key) => return Next::Run(key),
                Next::End(outcome) => self.close(outcome, strategies),
            }
        }
        let Some((outcome, left)) = &self.closing else {
            return Next::End(RoundOutcome::Missed);
        };
        let idle = left.iter().find(|key| {
            let known = strategies.get(**key);
            known.is_some_and(|known| !known.is_running())
        });
        idle.map_or(Next::End(*outcome), |key| Next::Run(*key))
    }

    /// What was freed is given back to the system, however lately that was done.
    fn close(&mut self, outcome: RoundOutcome, strategies: &Strategies) {
        let trims = strategies.allowed(None, CleanupClass::Trim);
        let left = if self.untrimmed >= WORTH_TRIMMING {
            trims.map(|(key, _)| key).collect()
        } else {
            BTreeSet::new()
        };
        self.closing = Some((outcome, left));
    }

    fn outcome(&self, strategies: &Strategies, look: &Look, rules: &Rules, now: Duration) -> Next {
        if self.runs > 0 {
            if let (Some(target), Some(freed)) = (self.target, self.freed)
                && freed >= target
            {
                return Next::End(RoundOutcome::TargetMet);
            }
            if matches!(self.cause, Cause::Pressure(_)) && look.ratio <= rules.goal {
                return Next::End(RoundOutcome::Relieved);
            }
        }
        let candidates = strategies.allowed(self.service.as_ref(), rules.class_max);
        let ready = candidates.filter(|(key, known)| {
            !self.tried.contains(key) && !known.is_running() && known.rests_until() <= now
        });
        let useful =
            ready.filter(|(_, known)| known.class != CleanupClass::Trim || self.may_trim(look));
        let next = useful.min_by_key(|(key, known)| (known.class, *key));
        let is_one_class = self.cause == Cause::Request && self.target.is_none();
        match next {
            Some((_, known))
                if is_one_class && self.class.is_some_and(|class| class < known.class) =>
            {
                Next::End(self.done())
            }
            Some((key, _)) => Next::Run(key),
            None if is_one_class => Next::End(self.done()),
            None => Next::End(RoundOutcome::Missed),
        }
    }

    const fn done(&self) -> RoundOutcome {
        if self.some_done {
            RoundOutcome::Done
        } else {
            RoundOutcome::Missed
        }
    }

    /// Whether giving memory back can do, where that is known.
    fn may_trim(&self, look: &Look) -> bool {
        match (look.retained(), self.target) {
            (Some(retained), Some(target)) => retained >= target,
            _ => true,
        }
    }
}
