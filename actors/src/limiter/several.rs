//! Several limits at once: all of them let a call through, or none takes anything.

use std::sync::Arc;

use super::admission::Admission;
use super::cell::{Cell, look_on, too_costly};
use super::digest::Digest;
use super::error::RateLimitError;
use super::handle::Limiter;
use super::key::RateKey;
#[cfg(any(feature = "tower", feature = "redis"))]
use super::reservation::Reservation;
use super::table::{Counts, Guard, Shard};
use super::taken::{Refused, Source, Taken};

/// What one limiter is asked for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ask<'a> {
    /// The limiter.
    pub limiter: &'a Limiter,
    /// Whose call it is.
    pub key: Option<RateKey<'a>>,
    /// What it costs there.
    pub cost: u32,
}

impl<'a> Ask<'a> {
    /// Asks for a call that costs 1.
    #[must_use]
    pub fn new(limiter: &'a Limiter, key: impl Into<Option<RateKey<'a>>>) -> Self {
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

/// Lets a call through if all of these limiters do, and takes from all of them at the same moment; otherwise it takes from none.
/// The admissions are in the order of what was asked. The same limiter, and the same key, may be asked more than once.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::limiter::{Ask, Limiter, RateKey, check_all};
/// use mainstay_specs::{RateLimitConfig, ServiceName};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let minute = Duration::from_secs(60);
/// let each = Limiter::new(ServiceName::new("each")?, RateLimitConfig::fixed_window(10, minute))?;
/// let all = Limiter::new(ServiceName::new("all")?, RateLimitConfig::fixed_window(1, minute))?;
/// let call = |user| check_all(&[Ask::new(&each, RateKey::user(user)), Ask::new(&all, RateKey::global())]);
///
/// assert!(call("ada").is_ok());
/// assert!(call("grace").is_err());
/// assert_eq!(each.status(RateKey::user("grace"))?.expect("there is a key").remaining, 10);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Of those that refuse, the one after which the call makes sense again last: what cannot be had by waiting comes first, then
/// the longest wait.
pub fn check_all(asked: &[Ask<'_>]) -> Result<Vec<Admission>, RateLimitError> {
    let admission = |taken: Option<(Digest, Taken)>| match taken {
        Some((_, taken)) => Admission::of(taken),
        None => Admission::free(),
    };
    let claims: Result<Vec<_>, _> = asked.iter().map(Claim::of).collect();
    let taken = take_claims(&claims?)?;
    Ok(taken.into_iter().map(admission).collect())
}

/// What one limiter is asked for, of a key that only its digest is known of; none if there is no key and none is needed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim<'a> {
    pub(super) limiter: &'a Limiter,
    pub(super) digest: Option<Digest>,
    pub(super) cost: u32,
}

impl<'a> Claim<'a> {
    fn of(ask: &Ask<'a>) -> Result<Self, RateLimitError> {
        Ok(Self {
            limiter: ask.limiter,
            digest: ask.limiter.cell().digest(ask.key)?,
            cost: ask.cost,
        })
    }
}

/// As [`check_all`], of a call that may not count in the end.
#[cfg(feature = "tower")]
pub(super) fn reserve_all(asked: &[Ask<'_>]) -> Result<Vec<Reservation>, RateLimitError> {
    let claims: Result<Vec<_>, _> = asked.iter().map(Claim::of).collect();
    reserve_claims(&claims?)
}

/// The same, where keys are known already.
#[cfg(any(feature = "tower", feature = "redis"))]
pub(super) fn reserve_claims(claims: &[Claim<'_>]) -> Result<Vec<Reservation>, RateLimitError> {
    let taken = take_claims(claims)?;
    let each = claims.iter().zip(taken);
    let reservation = |(claim, taken): (&Claim<'_>, _)| {
        Reservation::new(claim.limiter.clone(), taken, claim.cost)
    };
    Ok(each.map(reservation).collect())
}

/// What was taken, in the order of what was asked; nothing of what costs nothing or needs no key.
fn take_claims(claims: &[Claim<'_>]) -> Result<Vec<Option<(Digest, Taken)>>, RateLimitError> {
    let places = claims.iter().enumerate();
    let parts: Vec<Part<'_>> = places
        .filter_map(|(nth, claim)| Part::of(nth, claim, claim.digest?))
        .collect();
    let taken = take_all(&parts);
    let taken = taken.map_err(|(part, refused)| {
        let Part { cell, cost, .. } = parts[part];
        cell.error(refused, cost)
    })?;
    let mut all = vec![None; claims.len()];
    for (part, taken) in parts.iter().zip(taken) {
        all[part.nth] = Some((part.digest, taken));
    }
    Ok(all)
}

/// One of those that take something.
#[derive(Clone, Copy)]
struct Part<'a> {
    nth: usize,
    cell: &'a Arc<Cell>,
    digest: Digest,
    cost: u32,
    shard: usize,
}

impl<'a> Part<'a> {
    fn of(nth: usize, claim: &Claim<'a>, digest: Digest) -> Option<Self> {
        let cell = claim.limiter.cell();
        (claim.cost > 0).then(|| Part {
            nth,
            cell,
            digest,
            cost: claim.cost,
            shard: cell.table.shard_of(digest),
        })
    }

    /// The order in which locks are taken, by everybody who takes more than one.
    fn order(&self) -> (usize, usize) {
        (Arc::as_ptr(self.cell).addr(), self.shard)
    }
}

/// What has to be undone if another refuses.
enum Undo {
    State(usize, Vec<u64>),
    Crowd(Taken),
    Nothing,
}

type Locks<'a> = Vec<((usize, usize), Guard<'a, Shard>)>;

/// Takes all, or says which refuses and why.
fn take_all(parts: &[Part<'_>]) -> Result<Vec<Taken>, (usize, Refused)> {
    let held_up = |(nth, part): (usize, &Part<'_>)| {
        let refused = part.cell.held_up(part.digest, part.cost)?;
        Some((nth, refused))
    };
    if let Some(refused) = parts.iter().enumerate().find_map(held_up) {
        return Err(refused);
    }
    let mut locks = lock_all(parts);
    // All get their slots before any is looked for, as new ones push others aside.
    for part in parts {
        let shard = of(&mut locks, part);
        let at = shard.at(part.cell.clock.now(), part.digest.tag);
        part.cell.table.seat(shard, at);
    }
    let counts: Vec<Counts> = locks.iter().map(|lock| lock.1.counts).collect();
    let mut done: Vec<(Undo, Taken)> = Vec::with_capacity(parts.len());
    let mut worst: Option<(usize, Refused)> = None;
    for (nth, part) in parts.iter().enumerate() {
        match take_one(of(&mut locks, part), part) {
            Ok(taken) => done.push(taken),
            Err(refused) => {
                let worse = worst.is_none_or(|(_, worst)| rank(refused) > rank(worst));
                worst = if worse { Some((nth, refused)) } else { worst };
                done.push((Undo::Nothing, Taken::NOTHING));
            }
        }
    }
    let Some(worst) = worst else {
        return Ok(done.into_iter().map(|(_, taken)| taken).collect());
    };
    for (part, (undo, _)) in parts.iter().zip(done).rev() {
        undo_one(of(&mut locks, part), part, undo);
    }
    for ((_, shard), before) in locks.iter_mut().zip(counts) {
        // None of them has let anything through.
        shard.counts.admitted = before.admitted;
        shard.counts.shadowed = before.shadowed;
    }
    Err(worst)
}

/// How little sense another try makes.
const fn rank(refused: Refused) -> (u8, u64) {
    match refused {
        Refused::TooCostly { .. } => (2, 0),
        Refused::Full => (1, 0),
        Refused::Limited { wait, .. } => (0, wait),
    }
}

/// Locks the shards of all, each once, in order.
fn lock_all<'a>(parts: &[Part<'a>]) -> Locks<'a> {
    for Part {
        cell,
        digest,
        shard,
        ..
    } in parts
    {
        if cell.table.is_full() && !cell.table.knows(*digest) {
            cell.table.make_room(cell.clock.now(), *shard);
        }
    }
    let mut ordered: Vec<&Part<'a>> = parts.iter().collect();
    ordered.sort_by_key(|part| part.order());
    ordered.dedup_by_key(|part| part.order());
    let lock = |part: &&Part<'a>| (part.order(), part.cell.table.lock(part.shard));
    ordered.iter().map(lock).collect()
}

fn of<'l>(locks: &'l mut Locks<'_>, part: &Part<'_>) -> &'l mut Shard {
    let place = locks.binary_search_by_key(&part.order(), |lock| lock.0);
    // All are locked.
    &mut locks[place.unwrap_or(0)].1
}

fn take_one(shard: &mut Shard, part: &Part<'_>) -> Result<(Undo, Taken), Refused> {
    let at = shard.at(0, part.digest.tag);
    if part.cost > shard.terms.dearest {
        return too_costly(shard).map(|taken| (Undo::Nothing, taken));
    }
    let Some(slot) = shard.find(part.digest.tag) else {
        let taken = part.cell.without_seat(shard, at, part.cost, true)?;
        return Ok((Undo::Crowd(taken), taken));
    };
    let before = shard.state(slot).to_vec();
    let limit = shard.terms.limit;
    match shard.take(slot, at, part.cost) {
        Ok(look) => {
            shard.counts.admitted += 1;
            let source = Source::key(shard.epoch());
            let taken = Taken {
                look,
                limit,
                source,
            };
            Ok((Undo::State(slot, before), taken))
        }
        Err(_) if shard.terms.shadow => Ok((Undo::Nothing, look_on(shard, slot, at))),
        Err(wait) => {
            shard.counts.refused += 1;
            Err(Refused::Limited { wait, limit })
        }
    }
}

fn undo_one(shard: &mut Shard, part: &Part<'_>, undo: Undo) {
    match undo {
        Undo::State(slot, before) => {
            shard.state_mut(slot).copy_from_slice(&before);
        }
        Undo::Crowd(taken) => {
            if let Some(version) = taken.source.version_of_crowd() {
                let (now, mark) = (shard.at(0, 0).now, taken.look.mark);
                let table = &part.cell.table;
                table.refund_crowd(now, version, mark, part.cost);
            }
        }
        Undo::Nothing => {}
    }
}
