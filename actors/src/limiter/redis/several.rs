//! Several limits of one server at once: all of them let a call through, or none takes anything.

use std::sync::Arc;

use mainstay_specs::OnUnavailable;

use super::super::admission::Admission;
use super::super::error::{RateLimitError, Unavailable};
use super::super::key::RateKey;
use super::super::several::{Ask, check_all};
use super::limiter::RedisLimiter;
use super::question::{Deed, Part, Question};
use super::terms::Terms;

/// What one limiter is asked for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RedisAsk<'a> {
    /// The limiter.
    pub limiter: &'a RedisLimiter,
    /// Whose call it is.
    pub key: Option<RateKey<'a>>,
    /// What it costs there.
    pub cost: u32,
}

impl<'a> RedisAsk<'a> {
    /// Asks for a call that costs 1.
    #[must_use]
    pub fn new(limiter: &'a RedisLimiter, key: impl Into<Option<RateKey<'a>>>) -> Self {
        Self {
            limiter,
            key: key.into(),
            cost: 1,
        }
    }

    /// Sets what it costs.
    #[must_use]
    pub const fn cost(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }
}

/// Lets a call through if all of these limiters do, and takes from all of them at the same moment; otherwise it takes from none. One
/// round trip, and one script. The admissions are in the order of what was asked. The same key of a limiter may be asked for more than
/// once: that is asking for it once, for all of it.
///
/// They have to share a connection, as those of a namespace with the same backend do. In a cluster, all keys of a namespace are in
/// one slot, so that one script may touch them.
///
/// Without an answer, each limiter decides as its `on_unavailable` says: if one of them refuses such calls, this one is refused; those that
/// count for themselves then decide together.
///
/// # Errors
///
/// Of those that refuse, the one after which the call makes sense again last; [`RateLimitError::NotTogether`] if they do not share a
/// connection.
///
/// Cancel safety: what is taken for a call that is dropped goes back.
pub async fn check_all_redis(asked: &[RedisAsk<'_>]) -> Result<Vec<Admission>, RateLimitError> {
    let Some(first) = asked.first() else {
        return Ok(Vec::new());
    };
    let link = first.limiter.connection();
    let other = |ask: &&RedisAsk<'_>| !Arc::ptr_eq(link, ask.limiter.connection());
    if let Some(other) = asked.iter().find(other) {
        return Err(RateLimitError::NotTogether {
            policy: first.limiter.name().clone(),
            other: other.limiter.name().clone(),
        });
    }
    let plan = Plan::new(asked)?;
    if plan.parts.is_empty() {
        return Ok(vec![Admission::free(); asked.len()]);
    }
    let parts = plan.parts.iter().map(|part| part.0.clone()).collect();
    match link.ask(Question::new(Deed::Take, parts)).await {
        Ok(grant) => {
            let limiters: Vec<_> = plan.parts.iter().map(|part| part.1).collect();
            let outcomes = first.limiter.read_all(&limiters, &grant);
            if let Some(error) = worst(&outcomes) {
                count(&limiters, &outcomes);
                return Err(error);
            }
            grant.keep();
            count(&limiters, &outcomes);
            Ok(plan.admissions(&outcomes))
        }
        Err(why) => alone(asked, &plan, why),
    }
}

/// Those that take something, each key once.
struct Plan<'a> {
    parts: Vec<(Part, &'a RedisLimiter)>,
    /// Which part each of those that are asked goes by.
    places: Vec<Option<usize>>,
    terms: Vec<Arc<Terms>>,
}

impl<'a> Plan<'a> {
    fn new(asked: &[RedisAsk<'a>]) -> Result<Self, RateLimitError> {
        let mut plan = Self {
            parts: Vec::new(),
            places: Vec::new(),
            terms: Vec::new(),
        };
        for ask in asked {
            let terms = ask.limiter.terms();
            let digest = ask.limiter.digest(&terms, ask.key)?;
            let digest = digest.filter(|_| ask.cost > 0);
            let place = digest.map(|digest| plan.place(ask, terms.part(digest, ask.cost)));
            plan.places.push(place);
            plan.terms.push(terms);
        }
        // What was asked for more than once counts as a whole.
        for (place, terms) in plan.places.iter().zip(&plan.terms) {
            if let Some((part, limiter)) = place.map(|place| &plan.parts[place]) {
                limiter.affordable(terms, part.cost)?;
            }
        }
        Ok(plan)
    }

    fn place(&mut self, ask: &RedisAsk<'a>, part: Part) -> usize {
        let same = |other: &(Part, &RedisLimiter)| other.0.key == part.key;
        if let Some(place) = self.parts.iter().position(same) {
            let cost = &mut self.parts[place].0.cost;
            *cost = cost.saturating_add(part.cost);
            return place;
        }
        self.parts.push((part, ask.limiter));
        self.parts.len() - 1
    }

    fn admissions(&self, outcomes: &[Result<Admission, RateLimitError>]) -> Vec<Admission> {
        let of = |place: &Option<usize>| match place.map(|place| &outcomes[place]) {
            Some(Ok(admission)) => *admission,
            _ => Admission::free(),
        };
        self.places.iter().map(of).collect()
    }
}

/// The refusal after which the call makes sense again last.
fn worst(outcomes: &[Result<Admission, RateLimitError>]) -> Option<RateLimitError> {
    let refusals = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    refusals.max_by_key(|error| error.retry_after()).cloned()
}

fn count(limiters: &[&RedisLimiter], outcomes: &[Result<Admission, RateLimitError>]) {
    let all = outcomes.iter().all(Result::is_ok);
    for (limiter, outcome) in limiters.iter().zip(outcomes) {
        // Those that would have let it through have neither admitted nor refused it.
        if all || outcome.is_err() {
            limiter.count(all);
        }
    }
}

/// Without an answer.
fn alone<'a>(
    asked: &[RedisAsk<'a>],
    plan: &Plan<'_>,
    why: Unavailable,
) -> Result<Vec<Admission>, RateLimitError> {
    let all = asked.iter().zip(&plan.terms).zip(&plan.places).enumerate();
    let taking = all.filter(|(_, (_, place))| place.is_some());
    let taking: Vec<(usize, &RedisAsk<'a>, &Arc<Terms>)> = taking
        .map(|(nth, ((ask, terms), _))| (nth, ask, terms))
        .collect();
    taking.iter().for_each(|(_, ask, _)| ask.limiter.missed());
    for (_, ask, terms) in &taking {
        if terms.local.is_none() && terms.on_unavailable != OnUnavailable::Open {
            ask.limiter.count(false);
            return Err(ask.limiter.unavailable(why));
        }
    }
    let mut places = Vec::new();
    let mut asks = Vec::new();
    for (nth, ask, terms) in &taking {
        if let Some(local) = &terms.local {
            places.push(*nth);
            asks.push(Ask::new(local, ask.key).cost(ask.cost));
        }
    }
    let decided = check_all(&asks);
    let admitted = decided.is_ok();
    taking
        .iter()
        .for_each(|(_, ask, _)| ask.limiter.count(admitted));
    let mut admissions = vec![Admission::free(); asked.len()];
    for (nth, admission) in places.into_iter().zip(decided?) {
        admissions[nth] = admission;
    }
    Ok(admissions)
}
