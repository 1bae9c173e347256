//! What an answer is to callers.

use std::time::Duration;

use mainstay_specs::ServiceName;

use super::super::admission::Admission;
use super::super::error::{RateLimitError, RateLimitExceeded};
use super::super::method::{Look, Mark, Ratio};
use super::super::stats::RateLimitStatus;
use super::super::taken::{Source, Taken};
use super::answer::{Known, Left};
use super::question::Part;

/// Whether a limiter lets a call through.
pub(super) fn outcome(
    name: &ServiceName,
    part: &Part,
    known: &Known,
    raw: u64,
) -> Result<Admission, RateLimitError> {
    let limit = part.policy.limit;
    match known.taken(&part.policy, part.cost, raw) {
        Ok(left) if known.may() => Ok(admission(left, limit, COUNTED)),
        _ if part.shadow => {
            let left = known.look(&part.policy, raw);
            Ok(admission(left, limit, Source::NOWHERE))
        }
        result => Err(RateLimitError::Exceeded(RateLimitExceeded {
            policy: name.clone(),
            limit,
            retry_after: Duration::from_micros(result.err().unwrap_or(1)),
        })),
    }
}

/// Of a key. Which one, and since when, is known there and not here.
const COUNTED: Source = Source::key(1);

fn admission(left: Left, limit: u32, source: Source) -> Admission {
    Admission::of(Taken {
        look: Look {
            left: Ratio::whole(u64::from(left.left)),
            full_in: Ratio::whole(left.full_in.saturating_mul(1000)),
            mark: Mark::of(0),
        },
        limit,
        source,
    })
}

/// What a key has left of which nothing was taken.
pub(super) fn status(part: &Part, known: &Known, raw: u64) -> RateLimitStatus {
    let left = known.look(&part.policy, raw);
    told(part, left, known.taken(&part.policy, 1, raw).err())
}

/// What a key has left after what was asked for was taken.
pub(super) fn after_taking(part: &Part, known: &Known, raw: u64) -> RateLimitStatus {
    let Ok(left) = known.taken(&part.policy, part.cost, raw) else {
        return status(part, known, raw);
    };
    let wait = known.more_in(&part.policy, part.cost, raw);
    told(part, left, wait.filter(|_| left.left == 0))
}

fn told(part: &Part, left: Left, wait: Option<u64>) -> RateLimitStatus {
    let wait = wait.filter(|_| !part.shadow);
    RateLimitStatus {
        limit: part.policy.limit,
        remaining: left.left,
        limited: wait.is_some(),
        retry_after: wait.map(Duration::from_micros),
        reset_after: Duration::from_micros(left.full_in),
    }
}
