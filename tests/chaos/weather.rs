//! What else is done to the node: outages of the database, scarce memory, changed settings.

use std::fmt;
use std::time::Duration;

use mainstay::testkit::MockConnections;
use mainstay_actors::limiter::RateLimiterRegistry;
use mainstay_actors::pool::ConnectionPoolRegistry;
use mainstay_actors::protection::ProtectionRegistry;
use mainstay_actors::{CircuitBreakerRegistry, MemoryManager};
use mainstay_supervisors::Namespace;
use mainstay_supervisors::specs::PressureLevel;
use tokio::time::{Instant, sleep_until};

use crate::database::{Database, Fares};
use crate::node::name;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// The database fares like this from now on.
    Database(Fares),
    /// Memory is as scarce as this for so many seconds.
    Memory(PressureLevel, u64),
    /// The pool has from now on so many connections at most.
    Pool(u32),
    /// The breaker `db` opens after so many failures.
    Breaker(u32),
    /// The limiter `api` lets through so many in ten seconds.
    Limiter(u32),
    /// A call of `orders` has so many milliseconds.
    Deadline(u64),
}

/// What is done when.
#[derive(Clone, Debug)]
pub(crate) struct Weather(Vec<(Duration, Act)>);

/// What was set last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) pool: u32,
    pub(crate) breaker: u32,
    pub(crate) limiter: u32,
    pub(crate) deadline: Duration,
}

impl Default for Settings {
    /// As the spec has them.
    fn default() -> Self {
        Self {
            pool: 6,
            breaker: 5,
            limiter: 100,
            deadline: Duration::from_secs(3),
        }
    }
}

impl Weather {
    /// The same for the same seed; fair at the end.
    pub(crate) fn of(seed: u64, lasting: Duration) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed.wrapping_add(77));
        let mut at = Duration::ZERO;
        let mut acts = Vec::new();
        loop {
            at += Duration::from_millis(chance.u64(500..8_000));
            if at >= lasting {
                break;
            }
            acts.push((at, act(&mut chance)));
        }
        acts.push((lasting, Act::Database(Fares::Well)));
        Self(acts)
    }

    /// Does it all, and gives what was set last.
    pub(crate) async fn carry_out(self, app: Namespace, database: Database) -> Settings {
        let begun = Instant::now();
        let mut settings = Settings::default();
        for (at, act) in self.0 {
            sleep_until(begun + at).await;
            settings.become_so(act);
            carry_out(act, &app, &database);
        }
        settings
    }
}

fn act(chance: &mut fastrand::Rng) -> Act {
    match chance.u8(0..10) {
        0..3 => Act::Database(Fares::Well),
        3..5 => Act::Database(Fares::ALL[chance.usize(0..4)]),
        5 => {
            let levels = [
                PressureLevel::Medium,
                PressureLevel::High,
                PressureLevel::Critical,
            ];
            Act::Memory(levels[chance.usize(0..3)], chance.u64(1..15))
        }
        6 => Act::Pool(chance.u32(2..9)),
        7 => Act::Breaker(chance.u32(2..10)),
        8 => Act::Limiter(chance.u32(20..200)),
        _ => Act::Deadline(chance.u64(500..4_000)),
    }
}

impl Settings {
    const fn become_so(&mut self, act: Act) {
        match act {
            Act::Pool(max) => self.pool = max,
            Act::Breaker(count) => self.breaker = count,
            Act::Limiter(limit) => self.limiter = limit,
            Act::Deadline(millis) => self.deadline = Duration::from_millis(millis),
            Act::Database(_) | Act::Memory(..) => {}
        }
    }

    /// What the node says that it goes by.
    pub(crate) fn found(app: &Namespace) -> Self {
        let pool = ConnectionPoolRegistry::of(app).pool::<MockConnections>(&name("db"));
        let breaker = CircuitBreakerRegistry::of(app).circuit("db").unwrap();
        let limiter = RateLimiterRegistry::of(app).limiter("api").unwrap();
        let orders = ProtectionRegistry::of(app).protection("orders").unwrap();
        Self {
            pool: pool.unwrap().config().max_size,
            breaker: breaker.config().failure_threshold,
            limiter: limiter.local().unwrap().config().limit,
            deadline: orders.stats().config.deadline.unwrap(),
        }
    }
}

fn carry_out(act: Act, app: &Namespace, database: &Database) {
    match act {
        Act::Database(fares) => database.set(fares),
        Act::Memory(level, seconds) => {
            let memory = MemoryManager::of(app);
            memory
                .simulate_pressure(level, Duration::from_secs(seconds))
                .unwrap();
        }
        Act::Pool(max) => {
            let pool = ConnectionPoolRegistry::of(app).pool::<MockConnections>(&name("db"));
            pool.unwrap().resize(2, max).unwrap();
        }
        Act::Breaker(count) => {
            let breaker = CircuitBreakerRegistry::of(app).circuit("db").unwrap();
            let config = breaker.config().as_ref().clone();
            breaker
                .reconfigure(config.failure_threshold(count))
                .unwrap();
        }
        Act::Limiter(limit) => {
            let limiter = RateLimiterRegistry::of(app).limiter("api").unwrap();
            let limiter = limiter.local().unwrap();
            let mut config = limiter.config().as_ref().clone();
            config.limit = limit;
            limiter.reconfigure(config).unwrap();
        }
        Act::Deadline(millis) => {
            let orders = ProtectionRegistry::of(app).protection("orders").unwrap();
            let config = orders
                .stats()
                .config
                .deadline(Duration::from_millis(millis));
            orders.reconfigure(&config).unwrap();
        }
    }
}

impl fmt::Display for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut acts = self.0.iter();
        acts.try_for_each(|(at, act)| writeln!(f, "  {:.3}s {act:?}", at.as_secs_f64()))
    }
}
