//! The probes of a half-open breaker.

use mainstay_specs::{HalfOpen, ProbeExpiry};

/// A half-open generation. It goes by the configuration it began with.
#[derive(Debug)]
pub(super) struct Probation<H> {
    rules: HalfOpen,
    /// In the order in which they were admitted, which is that of their deadlines.
    probes: Vec<Probe<H>>,
    next: u64,
    succeeded: u32,
    failed: u32,
    /// How many told nothing.
    neutral: u64,
}

/// A probe that is out.
#[derive(Debug)]
pub(crate) struct Probe<H> {
    number: u64,
    /// When it was admitted.
    pub(crate) since: u64,
    /// When its permit is taken from it.
    pub(crate) deadline: u64,
    /// Who it is.
    pub(crate) holder: H,
}

/// What the probes say, as of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Undecided,
    /// Still undecided, and so many have told nothing that somebody should know.
    Inconclusive(u64),
    Close,
    Reopen,
}

impl<H> Probation<H> {
    pub(super) const fn new(rules: HalfOpen) -> Self {
        Self {
            rules,
            probes: Vec::new(),
            next: 0,
            succeeded: 0,
            failed: 0,
            neutral: 0,
        }
    }

    /// Whether another may be admitted: those that are out and those that told something are never more than the permits.
    pub(super) fn has_room(&self) -> bool {
        let out = u32::try_from(self.probes.len()).unwrap_or(u32::MAX);
        out + self.succeeded + self.failed < self.rules.permits
    }

    pub(super) fn admit(&mut self, now: u64, holder: H) -> u64 {
        let number = self.next;
        self.next += 1;
        let deadline = u64::try_from(self.rules.probe_deadline.as_nanos()).unwrap_or(u64::MAX);
        self.probes.push(Probe {
            number,
            since: now,
            deadline: now.saturating_add(deadline),
            holder,
        });
        number
    }

    /// When the next permit is taken from its probe.
    pub(super) fn due(&self) -> Option<u64> {
        self.probes.first().map(|probe| probe.deadline)
    }

    /// Takes the permit of this probe back; false if it does not have it any more.
    pub(super) fn give_back(&mut self, number: u64) -> bool {
        let place = self.probes.iter().position(|probe| probe.number == number);
        place.map(|place| self.probes.remove(place)).is_some()
    }

    /// Takes what a probe came to: whether it was good, or nothing.
    pub(super) fn settle(&mut self, good: Option<bool>) -> Verdict {
        match good {
            Some(true) => self.succeeded += 1,
            Some(false) => self.failed += 1,
            None => return self.inconclusive(),
        }
        if self.succeeded >= self.rules.successes {
            Verdict::Close
        } else if self.failed > self.rules.permits - self.rules.successes {
            Verdict::Reopen
        } else {
            Verdict::Undecided
        }
    }

    fn inconclusive(&mut self) -> Verdict {
        self.neutral += 1;
        if self
            .neutral
            .is_multiple_of(u64::from(self.rules.inconclusive_max))
        {
            Verdict::Inconclusive(self.neutral)
        } else {
            Verdict::Undecided
        }
    }

    /// Takes the permit from the probe that has had it longest, if it is due.
    pub(super) fn expire(&mut self, now: u64) -> Verdict {
        if self.due().is_none_or(|due| due > now) {
            return Verdict::Undecided;
        }
        self.probes.remove(0);
        match self.rules.expiry {
            ProbeExpiry::Neutral => self.settle(None),
            _ => self.settle(Some(false)),
        }
    }

    pub(super) fn probes(&self) -> &[Probe<H>] {
        &self.probes
    }
}
