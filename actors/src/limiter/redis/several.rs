//! Several limits of one server at once: all of them let a call through, or none takes anything.

use super::super::admission::Admission;
use super::super::error::RateLimitError;
use super::super::key::RateKey;
use super::super::reservation::Reservation;
use super::limiter::RedisLimiter;
use super::turn::{Refusals, Turn};
use super::verdict::decide_all;

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
    let turn = |ask: &RedisAsk<'_>| ask.limiter.turn(ask.key, ask.cost);
    let turns: Result<Vec<Turn>, _> = asked.iter().map(turn).collect();
    let verdict = decide_all(&turns?, Refusals::Count).await?;
    if let Some(error) = verdict.refusal() {
        return Err(error);
    }
    verdict.held.into_iter().for_each(Reservation::keep);
    verdict.each.into_iter().map(|said| said.outcome).collect()
}
