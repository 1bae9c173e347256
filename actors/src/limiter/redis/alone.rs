//! What becomes of calls without an answer of the server.

use mainstay_specs::{OnUnavailable, ServiceName};

use super::super::admission::Admission;
use super::super::error::{RateLimitError, Unavailable};
use super::super::reservation::Reservation;
use super::super::several::{Claim, reserve_claims};
use super::super::stats::RateLimitStatus;
use super::decision::DecidedBy;
use super::turn::{Refusals, Turn};
use super::verdict::{Plan, Said, Verdict};

/// What was decided without the server.
struct Alone {
    by: DecidedBy,
    said: Vec<Said>,
    held: Vec<Reservation>,
}

impl Plan<'_> {
    /// Without an answer: each limiter decides as it says. If one of them refuses such calls, they are refused; those that count for
    /// themselves then decide together.
    pub(super) fn alone(&self, why: Unavailable, refusals: Refusals) -> Verdict {
        self.parts.iter().for_each(|(_, turn)| turn.cell.miss());
        let alone = match self.parts.iter().position(|(_, turn)| turn.is_closed()) {
            Some(nth) => self.closed(nth, &why),
            None => self.by_those_here(&why),
        };
        let Alone { by, said, held } = alone;
        let all = said.iter().all(|said| said.outcome.is_ok());
        let shadowed = |nth: usize| {
            let (part, turn) = &self.parts[nth];
            let nowhere = said[nth].outcome.as_ref().is_ok_and(Admission::is_nowhere);
            let missed = nowhere && self.claim(nth).is_some();
            part.shadow && (turn.is_without_leave() || missed)
        };
        self.count(&said, all, refusals, shadowed);
        Verdict {
            why: Some(why),
            ..self.verdict(by, &said, held)
        }
    }

    /// This one refuses.
    fn closed(&self, nth: usize, why: &Unavailable) -> Alone {
        let mut said = vec![Said::NOTHING; self.parts.len()];
        said[nth].outcome = Err(self.parts[nth].1.cell.unavailable(why.clone()));
        let (by, held) = (DecidedBy::Closed, Vec::new());
        Alone { by, said, held }
    }

    fn by_those_here(&self, why: &Unavailable) -> Alone {
        let mut said = vec![Said::NOTHING; self.parts.len()];
        let claims = (0..self.parts.len()).filter_map(|nth| Some((nth, self.claim(nth)?)));
        let (here, claims): (Vec<_>, Vec<_>) = claims.unzip();
        if claims.is_empty() {
            let (by, held) = (DecidedBy::Open, Vec::new());
            return Alone { by, said, held };
        }
        let taken = reserve_claims(&claims);
        match &taken {
            Ok(taken) => {
                for (&nth, taken) in here.iter().zip(taken) {
                    said[nth].outcome = Ok(taken.admission());
                }
            }
            Err(error) => {
                let nth = self.refuser(&here, error);
                said[nth].outcome = Err(self.as_told(nth, error.clone(), why));
            }
        }
        for &nth in &here {
            said[nth].status = self.parts[nth].1.status_here();
        }
        let (by, held) = (DecidedBy::Local, taken.unwrap_or_default());
        Alone { by, said, held }
    }

    /// What is asked for here meanwhile.
    fn claim(&self, nth: usize) -> Option<Claim<'_>> {
        let (part, turn) = &self.parts[nth];
        Some(Claim {
            limiter: turn.terms.local.as_ref()?,
            digest: turn.keys.as_ref()?.here,
            cost: part.cost,
        })
    }

    /// Which of those has refused.
    fn refuser(&self, here: &[usize], error: &RateLimitError) -> usize {
        let named = |nth: &&usize| Some(&self.parts[**nth].1.cell.name) == policy_of(error);
        here.iter()
            .find(named)
            .or_else(|| here.first())
            .copied()
            .unwrap_or(0)
    }

    /// More than this machine's part, and not more than the limit: it has to wait for the server.
    fn as_told(&self, nth: usize, error: RateLimitError, why: &Unavailable) -> RateLimitError {
        match error {
            RateLimitError::TooCostly { .. } => self.parts[nth].1.cell.unavailable(why.clone()),
            error => error,
        }
    }
}

/// The limiter that refuses.
const fn policy_of(error: &RateLimitError) -> Option<&ServiceName> {
    match error {
        RateLimitError::Exceeded(exceeded) => Some(&exceeded.policy),
        RateLimitError::TooCostly { policy, .. } | RateLimitError::Full { policy, .. } => {
            Some(policy)
        }
        _ => None,
    }
}

impl Turn {
    /// Whether nothing lets it through without an answer.
    fn is_without_leave(&self) -> bool {
        self.terms.local.is_none() && self.terms.on_unavailable != OnUnavailable::Open
    }

    /// Whether it is refused without an answer.
    fn is_closed(&self) -> bool {
        // One that looks on refuses nobody.
        self.is_without_leave() && !self.terms.config.shadow
    }

    /// What its key has left of what is counted here.
    fn status_here(&self) -> Option<RateLimitStatus> {
        let local = self.terms.local.as_ref()?;
        Some(local.cell().status(self.keys.as_ref()?.here?))
    }
}
