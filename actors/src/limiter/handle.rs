//! The handle.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{Fault, NamespaceName, RateLimitConfig, ServiceName, SpecPath};
use tokio::time::{Instant, sleep};

use super::admission::Admission;
use super::cell::Cell;
use super::clock::{Clock, ManualClock};
use super::digest::Digest;
use super::error::{RateLimitError, RegisterLimiterError};
use super::key::RateKey;
use super::line::{Entered, Ticket};
use super::reservation::Reservation;
use super::stats::{LimiterStats, RateLimitStatus};
use super::taken::Fast;

/// A rate limiter: a handle, cheap to clone.
///
/// It lets so much through in each window of time for each key, as its [configuration](RateLimitConfig) says, exactly. No call
/// through it sends a message or allocates memory for a key that is known; the lock of a part of the keys is held for some tens of
/// nanoseconds.
///
/// Its state belongs to the namespace: it survives every crash of the keeper. After the end of the namespace it goes on working for
/// whoever still holds it.
///
/// Keys are never kept, only digests of them. There are no more than the configuration allows: idle ones go, and a new one that
/// finds no room is treated as `on_full` says. Nobody's limit is ever reset for the sake of another.
///
/// Time is that of the processor's own counter. In tests, with tokio's clock paused *before the limiter is made* or with the
/// feature `test-util`, it is tokio's; or a [`ManualClock`].
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::limiter::{Limiter, RateKey};
/// use mainstay_specs::{RateLimitConfig, ServiceName};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = RateLimitConfig::token_bucket(2, Duration::from_secs(60));
/// let limiter = Limiter::new(ServiceName::new("login")?, config)?;
///
/// assert_eq!(limiter.check(RateKey::user("ada"))?.remaining(), Some(1));
/// assert!(limiter.check(RateKey::user("ada")).is_ok());
/// let refused = limiter.check(RateKey::user("ada")).unwrap_err();
/// assert!(refused.retry_after().is_some_and(|time| time <= Duration::from_secs(30)));
/// assert!(limiter.check(RateKey::user("grace")).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Limiter {
    cell: Arc<Cell>,
}

impl Limiter {
    /// A limiter that stands alone, outside of any namespace: idle keys go when room is needed, and no sooner.
    ///
    /// # Errors
    ///
    /// [`RegisterLimiterError::Config`].
    pub fn new(name: ServiceName, config: RateLimitConfig) -> Result<Self, RegisterLimiterError> {
        Self::born(name, None, config)
    }

    /// As [`new`](Self::new), with a clock that is put on by hand. Whoever [waits](Self::wait) looks again when tokio's clock says
    /// so, and not when this one is put on.
    ///
    /// # Errors
    ///
    /// [`RegisterLimiterError::Config`].
    pub fn with_clock(
        name: ServiceName,
        config: RateLimitConfig,
        clock: &ManualClock,
    ) -> Result<Self, RegisterLimiterError> {
        Self::of(name, None, config, || Clock::Manual(clock.clone()))
    }

    pub(super) fn born(
        name: ServiceName,
        namespace: Option<NamespaceName>,
        config: RateLimitConfig,
    ) -> Result<Self, RegisterLimiterError> {
        Self::of(name, namespace, config, Clock::start)
    }

    fn of(
        name: ServiceName,
        namespace: Option<NamespaceName>,
        config: RateLimitConfig,
        clock: impl FnOnce() -> Clock,
    ) -> Result<Self, RegisterLimiterError> {
        config.validate().map_err(RegisterLimiterError::Config)?;
        here(&config)?;
        let cell = Arc::new(Cell::new(name, namespace, config, clock()));
        Ok(Self { cell })
    }

    #[inline]
    pub(super) const fn cell(&self) -> &Arc<Cell> {
        &self.cell
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.cell.name
    }

    /// Lets a call through that costs 1, or refuses it. A call without a key is treated as `on_missing_key` says.
    ///
    /// While others [wait](Self::wait) for the key, all calls of it are refused: they come after those.
    ///
    /// # Errors
    ///
    /// [`RateLimitError::Exceeded`], [`RateLimitError::MissingKey`], [`RateLimitError::Full`]. Nothing was taken then.
    #[inline(always)]
    pub fn check<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
    ) -> Result<Admission, RateLimitError> {
        self.check_n(key, 1)
    }

    /// Lets a call through that costs so much, or refuses it. One that costs nothing is let through, and nothing is taken for it.
    ///
    /// # Errors
    ///
    /// Those of [`check`](Self::check); [`RateLimitError::TooCostly`] if it costs more than a call may.
    #[inline(always)]
    pub fn check_n<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
    ) -> Result<Admission, RateLimitError> {
        // First of all, as the processor can make the digest while it reads the clock, but not the other way round.
        let now = self.cell.clock.now();
        let Some(digest) = self.cell.digest(key.into())? else {
            return Ok(Admission::free());
        };
        if cost == 0 {
            return Ok(Admission::free());
        }
        self.admit(now, digest, cost)
    }

    /// As [`check_n`](Self::check_n), of a key of which the digest is known.
    pub(super) fn check_digest(
        &self,
        digest: Option<Digest>,
        cost: u32,
    ) -> Result<Admission, RateLimitError> {
        match digest.filter(|_| cost > 0) {
            Some(digest) => self.admit(self.cell.clock.now(), digest, cost),
            None => Ok(Admission::free()),
        }
    }

    #[inline(never)]
    fn admit(&self, now: u64, digest: Digest, cost: u32) -> Result<Admission, RateLimitError> {
        match self.cell.take_fast(now, digest, cost) {
            Fast::Taken(taken) => Ok(Admission::of(taken)),
            Fast::Refused(refused) => Err(self.cell.error(refused, cost)),
            Fast::No => self.admit_any(now, digest, cost),
        }
    }

    #[inline(never)]
    fn admit_any(&self, now: u64, digest: Digest, cost: u32) -> Result<Admission, RateLimitError> {
        match self.cell.take(now, digest, cost) {
            Ok(taken) => Ok(Admission::of(taken)),
            Err(refused) => Err(self.cell.error(refused, cost)),
        }
    }

    /// Takes so much for a call that is yet to be made, and goes back if it is not.
    ///
    /// # Errors
    ///
    /// Those of [`check_n`](Self::check_n).
    pub fn reserve<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
    ) -> Result<Reservation, RateLimitError> {
        let digest = self.cell.digest(key.into())?;
        self.reserve_digest(digest, cost)
    }

    /// As [`reserve`](Self::reserve), of a key of which the digest is known.
    pub(super) fn reserve_digest(
        &self,
        digest: Option<Digest>,
        cost: u32,
    ) -> Result<Reservation, RateLimitError> {
        let take = |digest: Digest| {
            let taken = self.cell.take(self.cell.clock.now(), digest, cost);
            taken.map(|taken| (digest, taken))
        };
        let taken = digest.filter(|_| cost > 0).map(take).transpose();
        let taken = taken.map_err(|refused| self.cell.error(refused, cost))?;
        Ok(Reservation::new(self.clone(), taken, cost))
    }

    /// Waits until a call that costs so much may be made. Whoever came first for the key goes first, whatever it costs.
    ///
    /// # Errors
    ///
    /// At once: [`RateLimitError::TooCostly`], [`RateLimitError::MissingKey`], [`RateLimitError::Full`], and
    /// [`RateLimitError::QueueFull`] if as many wait as may. Later only if the configuration changes meanwhile, or if the key was
    /// forgotten as idle in the very moment in which its turn came, and finds no room again.
    ///
    /// # Panics
    ///
    /// If it has to wait outside of a tokio runtime with time.
    ///
    /// Cancel safety: the place in the queue is lost when this is dropped, and whatever was granted to it goes back.
    pub async fn wait<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
    ) -> Result<Admission, RateLimitError> {
        let digest = self.cell.digest(key.into());
        self.wait_until(digest?, cost, None).await
    }

    /// As [`wait`](Self::wait), no longer than `within`. If that is known not to be enough, it does not wait at all.
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait), and [`RateLimitError::TooLate`].
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
    ///
    /// Cancel safety: as that of [`wait`](Self::wait).
    pub async fn wait_for<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
        cost: u32,
        within: Duration,
    ) -> Result<Admission, RateLimitError> {
        let digest = self.cell.digest(key.into());
        self.wait_until(digest?, cost, Some(within)).await
    }

    pub(super) async fn wait_until(
        &self,
        digest: Option<Digest>,
        cost: u32,
        within: Option<Duration>,
    ) -> Result<Admission, RateLimitError> {
        let Some(digest) = digest.filter(|_| cost > 0) else {
            return Ok(Admission::free());
        };
        match self.cell.enter(digest, cost, within)? {
            Entered::Now(taken) => Ok(Admission::of(taken)),
            Entered::Waiting(ticket) => self.stand_in_line(&ticket, cost, within).await,
        }
    }

    async fn stand_in_line(
        &self,
        ticket: &Ticket,
        cost: u32,
        within: Option<Duration>,
    ) -> Result<Admission, RateLimitError> {
        let began = Instant::now();
        loop {
            let time = match ticket.turn() {
                Ok(Ok(taken)) => return Ok(Admission::of(taken)),
                Ok(Err(refused)) => return Err(self.cell.error(refused, cost)),
                Err(time) => time,
            };
            let left = within.map(|within| within.saturating_sub(began.elapsed()));
            if let Some(within) = within.filter(|_| left == Some(Duration::ZERO)) {
                return Err(self.cell.too_late(time, within));
            }
            tokio::select! {
                biased;
                () = ticket.called() => {}
                () = sleep(left.map_or(time, |left| left.min(time))) => {}
            }
        }
    }

    /// What a key has left; nothing is taken, and the key is not kept for it. Those who wait for it are not looked at, nor whether
    /// there is room for a key that is new. None for a call without a key that is let through.
    ///
    /// # Errors
    ///
    /// [`RateLimitError::MissingKey`].
    pub fn status<'a>(
        &self,
        key: impl Into<Option<RateKey<'a>>>,
    ) -> Result<Option<RateLimitStatus>, RateLimitError> {
        let digest = self.cell.digest_to_look(key.into())?;
        Ok(digest.map(|digest| self.cell.status(digest)))
    }

    /// Lets a key begin anew.
    ///
    /// # Errors
    ///
    /// [`RateLimitError::MissingKey`].
    pub fn reset<'a>(&self, key: impl Into<Option<RateKey<'a>>>) -> Result<(), RateLimitError> {
        let digest = self.cell.digest_to_look(key.into())?;
        digest
            .into_iter()
            .for_each(|digest| self.cell.reset(digest));
        Ok(())
    }

    /// Goes by another configuration from now on, which says itself what keys take over from this one. Each call goes by the
    /// one or by the other; keys go over one part after another.
    ///
    /// # Errors
    ///
    /// [`RegisterLimiterError::Config`], [`RegisterLimiterError::Algorithm`], [`RegisterLimiterError::TooManyBytes`]; nothing is
    /// changed then.
    pub fn reconfigure(&self, config: RateLimitConfig) -> Result<(), RegisterLimiterError> {
        config.validate().map_err(RegisterLimiterError::Config)?;
        here(&config)?;
        self.cell.reconfigure(config)
    }

    /// What it goes by.
    #[must_use]
    pub fn config(&self) -> Arc<RateLimitConfig> {
        self.cell.config()
    }

    /// Everything there is to know about it, but for what its keys are.
    #[must_use]
    pub fn stats(&self) -> LimiterStats {
        self.cell.stats()
    }
}

/// Whether the counts are to be in this process, as they are here.
fn here(config: &RateLimitConfig) -> Result<(), RegisterLimiterError> {
    if config.backend.is_local() {
        return Ok(());
    }
    let message = if cfg!(feature = "redis") {
        "expected none: a limiter whose counts are in a Redis is a RedisLimiter"
    } else {
        "expected none: this program was built without the feature `redis`"
    };
    let path = SpecPath::root().field("backend").field("redis");
    let fault = Fault::new(message).at(path);
    Err(RegisterLimiterError::Config(fault.into()))
}
