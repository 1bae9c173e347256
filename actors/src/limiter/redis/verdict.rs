//! What becomes of calls that are asked for together: all are let through, or nothing is taken for any.

use std::sync::Arc;

use super::super::admission::Admission;
use super::super::error::{RateLimitError, Unavailable};
use super::super::reservation::Reservation;
use super::super::stats::RateLimitStatus;
use super::decision::DecidedBy;
use super::grant::Grant;
use super::question::{Deed, Part, Question};
use super::read::{after_taking, outcome, status};
use super::turn::{Refusals, Turn};

/// What became of them.
#[derive(Debug)]
pub(in crate::limiter) struct Verdict {
    pub(super) by: DecidedBy,
    /// What was wrong with the server, if it has not decided.
    pub(super) why: Option<Unavailable>,
    /// In the order of the calls.
    pub(in crate::limiter) each: Vec<Said>,
    /// What was taken. Dropped, it goes back.
    pub(in crate::limiter) held: Vec<Reservation>,
}

/// What one limiter has said.
#[derive(Clone, Debug)]
pub(in crate::limiter) struct Said {
    /// Whether it lets the call through; not whether all do.
    pub(in crate::limiter) outcome: Result<Admission, RateLimitError>,
    /// What the key has left, if that is known.
    pub(in crate::limiter) status: Option<RateLimitStatus>,
}

impl Said {
    pub(super) const NOTHING: Self = Self {
        outcome: Ok(Admission::free()),
        status: None,
    };
}

impl Verdict {
    /// The refusal after which the calls make sense again last, if they are refused.
    pub(in crate::limiter) fn refusal(&self) -> Option<RateLimitError> {
        let refusals = self
            .each
            .iter()
            .filter_map(|said| said.outcome.as_ref().err());
        refusals.max_by_key(|error| error.retry_after()).cloned()
    }
}

/// Asks for all of these calls at once. The same key of a limiter may be asked for more than once: that is asking for it once, for all
/// of it.
///
/// # Errors
///
/// Nobody was asked: the limiters have no connection in common, or a key would cost more than it may.
///
/// Cancel safety: what is taken for calls that are dropped goes back.
pub(in crate::limiter) async fn decide_all(
    turns: &[Turn],
    refusals: Refusals,
) -> Result<Verdict, RateLimitError> {
    let plan = Plan::new(turns)?;
    let Some((_, first)) = plan.parts.first() else {
        return Ok(plan.verdict(DecidedBy::Nobody, &[], Vec::new()));
    };
    let parts = plan.parts.iter().map(|(part, _)| part.clone()).collect();
    let asked = first.link().ask(Question::new(Deed::Take, parts)).await;
    Ok(match asked {
        Ok(grant) => plan.read(grant, refusals),
        Err(why) => plan.alone(why, refusals),
    })
}

/// Those that take something, each key once.
pub(super) struct Plan<'t> {
    pub(super) parts: Vec<(Part, &'t Turn)>,
    /// Which part each of the calls goes by.
    places: Vec<Option<usize>>,
}

impl<'t> Plan<'t> {
    fn new(turns: &'t [Turn]) -> Result<Self, RateLimitError> {
        let mut plan = Self {
            parts: Vec::new(),
            places: Vec::new(),
        };
        for turn in turns {
            let (first, link) = (&turns[0], turn.link());
            if !Arc::ptr_eq(first.link(), link) {
                return Err(RateLimitError::NotTogether {
                    policy: first.cell.name.clone(),
                    other: turn.cell.name.clone(),
                });
            }
            let place = turn.part().map(|part| plan.place(turn, part));
            plan.places.push(place);
        }
        for (part, turn) in &mut plan.parts {
            let max = turn.terms.config.dearest();
            if part.cost > max && !part.shadow {
                turn.cell.refuse();
                return Err(turn.cell.too_costly(part.cost, max));
            }
            part.cost = part.cost.min(max);
        }
        Ok(plan)
    }

    fn place(&mut self, turn: &'t Turn, part: Part) -> usize {
        let same = |other: &(Part, &Turn)| other.0.key == part.key;
        if let Some(place) = self.parts.iter().position(same) {
            let cost = &mut self.parts[place].0.cost;
            *cost = cost.saturating_add(part.cost);
            return place;
        }
        self.parts.push((part, turn));
        self.parts.len() - 1
    }

    pub(super) fn verdict(&self, by: DecidedBy, parts: &[Said], held: Vec<Reservation>) -> Verdict {
        let of = |place: &Option<usize>| place.map_or(Said::NOTHING, |place| parts[place].clone());
        Verdict {
            by,
            why: None,
            each: self.places.iter().map(of).collect(),
            held,
        }
    }

    /// By the answer of the server.
    fn read(&self, grant: Grant, refusals: Refusals) -> Verdict {
        let answer = grant.answer();
        let all = grant.question().took(answer);
        let each = self.parts.iter().zip(&answer.parts);
        let said: Vec<Said> = each
            .map(|((part, turn), known)| {
                let status = match all && known.may() {
                    true => after_taking(part, known, answer.raw),
                    false => status(part, known, answer.raw),
                };
                Said {
                    outcome: outcome(&turn.cell.name, part, known, answer.raw),
                    status: Some(status),
                }
            })
            .collect();
        let shadowed = |nth: usize| self.parts[nth].0.shadow && !answer.parts[nth].may();
        self.count(&said, all, refusals, shadowed);
        let mut held = Vec::new();
        if all {
            let (admission, cost) = match (&said[..], &self.parts[..]) {
                ([one], [(part, _)]) => (one.outcome.clone(), part.cost),
                _ => (Ok(Admission::free()), 0),
            };
            let admission = admission.unwrap_or_else(|_| Admission::free());
            held.push(Reservation::there(grant, admission, cost));
        }
        self.verdict(DecidedBy::Server, &said, held)
    }

    pub(super) fn count(
        &self,
        said: &[Said],
        all: bool,
        refusals: Refusals,
        shadowed: impl Fn(usize) -> bool,
    ) {
        for (nth, ((_, turn), said)) in self.parts.iter().zip(said).enumerate() {
            match (all, &said.outcome) {
                (true, _) if shadowed(nth) => turn.cell.look_on(),
                (true, _) => turn.cell.admit(),
                (false, Err(_)) if refusals == Refusals::Count => turn.cell.refuse(),
                // Those that would have let it through have neither admitted nor refused it.
                (false, _) => {}
            }
        }
    }
}
