//! What else is done to the node: outages of the database, scarce memory, changed settings, other specs.

use std::fmt;
use std::time::Duration;

use mainstay::prelude::*;
use mainstay::testkit::MockConnections;
use mainstay_actors::health::HealthAggregator;
use mainstay_actors::limiter::RateLimiterRegistry;
use mainstay_actors::pool::ConnectionPoolRegistry;
use mainstay_actors::protection::ProtectionRegistry;
use mainstay_actors::{CircuitBreakerRegistry, MemoryManager, MetricsStore};
use mainstay_supervisors::specs::PressureLevel;
use tokio::time::{Instant, sleep_until};

use crate::causes::Tree;
use crate::database::{Database, Fares};
use crate::load::Clients;
use crate::node::name;
use crate::reloads::{Change, Reloads};
use crate::strikes::Struck;
use crate::wanted::Wanted;

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
    /// The node is to go by a spec with these changes, some of which may be none; at once, or while something is struck.
    Reload([Option<Change>; CHANGES_MAX], bool),
}

/// How much is changed at a time.
const CHANGES_MAX: usize = 3;

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
    pub(crate) connect: u32,
    pub(crate) series: u32,
    pub(crate) initial: u32,
    pub(crate) healths: u32,
}

impl From<&Wanted> for Settings {
    /// As the spec has them.
    fn from(wanted: &Wanted) -> Self {
        Self {
            pool: wanted.pool,
            breaker: wanted.breaker,
            limiter: wanted.limiter,
            deadline: Duration::from_millis(wanted.deadline),
            connect: wanted.connect,
            series: wanted.series,
            initial: wanted.initial,
            healths: wanted.healths,
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
        be_critical_once(&mut acts);
        acts.push((lasting, Act::Database(Fares::Well)));
        Self(acts)
    }

    /// Does it all, and gives what was set last, and what the spec has become.
    pub(crate) async fn carry_out(
        self,
        node: &Node,
        tree: &Tree,
        clients: &Clients,
        struck: &Struck,
    ) -> (Settings, Wanted, Reloads) {
        let app = node.namespace("app").unwrap();
        let begun = Instant::now();
        let mut chance = clients.chance(400);
        let mut wanted = Wanted::of(clients.quota);
        let mut settings = Settings::from(&wanted);
        let mut reloads = Reloads::default();
        for (at, act) in self.0 {
            sleep_until(begun + at).await;
            settings.become_so(act);
            if let Act::Reload(changes, at_a_blow) = act {
                if at_a_blow {
                    struck.blow(&mut chance).await;
                }
                let (changes, old) = (changes.into_iter().flatten(), wanted);
                let changes: Vec<Change> = changes.collect();
                reloads.carry_out(&changes, node, tree, &mut wanted).await;
                settings.follow(&old, &wanted);
            } else {
                carry_out(act, &app, &clients.database);
            }
        }
        (settings, wanted, reloads)
    }
}

/// The longest scarcity is a critical one, as only of that callers are sure to be refused: chance alone leaves it out now and then.
fn be_critical_once(acts: &mut [(Duration, Act)]) {
    let scarcities = acts.iter_mut().filter_map(|(_, act)| match act {
        Act::Memory(level, seconds) => Some((level, *seconds)),
        _ => None,
    });
    if let Some((level, _)) = scarcities.max_by_key(|(_, seconds)| *seconds) {
        *level = PressureLevel::Critical;
    }
}

fn act(chance: &mut fastrand::Rng) -> Act {
    match chance.u8(0..14) {
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
        9 => Act::Deadline(chance.u64(500..4_000)),
        _ => {
            let mut changes = [None; CHANGES_MAX];
            let count = chance.usize(1..=CHANGES_MAX);
            changes[..count].fill_with(|| Some(Change::by(chance)));
            Act::Reload(changes, chance.bool())
        }
    }
}

impl Settings {
    const fn become_so(&mut self, act: Act) {
        match act {
            Act::Pool(max) => self.pool = max,
            Act::Breaker(count) => self.breaker = count,
            Act::Limiter(limit) => self.limiter = limit,
            Act::Deadline(millis) => self.deadline = Duration::from_millis(millis),
            Act::Database(_) | Act::Memory(..) | Act::Reload(..) => {}
        }
    }

    /// What another spec has otherwise is so from then on, whatever was set by hand.
    fn follow(&mut self, old: &Wanted, new: &Wanted) {
        let (old, new) = (Self::from(old), Self::from(new));
        let follow = |now: &mut u32, old: u32, new: u32| {
            if old != new {
                *now = new;
            }
        };
        follow(&mut self.pool, old.pool, new.pool);
        follow(&mut self.breaker, old.breaker, new.breaker);
        follow(&mut self.limiter, old.limiter, new.limiter);
        if old.deadline != new.deadline {
            self.deadline = new.deadline;
        }
        follow(&mut self.connect, old.connect, new.connect);
        follow(&mut self.series, old.series, new.series);
        follow(&mut self.initial, old.initial, new.initial);
        follow(&mut self.healths, old.healths, new.healths);
    }

    /// What the node says that it goes by.
    pub(crate) fn found(app: &Namespace) -> Self {
        let pool = ConnectionPoolRegistry::of(app).pool::<MockConnections>(&name("db"));
        let breaker = CircuitBreakerRegistry::of(app).circuit("db").unwrap();
        let limiter = RateLimiterRegistry::of(app).limiter("api").unwrap();
        let orders = ProtectionRegistry::of(app).protection("orders").unwrap();
        let connect = CircuitBreakerRegistry::of(app).circuit("connect").unwrap();
        let metrics = MetricsStore::in_namespace(app).unwrap();
        let config = ConfigServer::in_namespace(app).unwrap();
        let health = HealthAggregator::in_namespace(app).unwrap();
        Self {
            pool: pool.unwrap().config().max_size,
            breaker: breaker.config().failure_threshold,
            limiter: limiter.local().unwrap().config().limit,
            deadline: orders.stats().config.deadline.unwrap(),
            connect: connect.config().failure_threshold,
            series: u32::try_from(metrics.status().series_max).unwrap(),
            initial: config.get_as("reloaded").unwrap(),
            healths: health.spec().history_max,
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
        Act::Reload(..) => unreachable!("it takes a node"),
    }
}

impl fmt::Display for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut acts = self.0.iter();
        acts.try_for_each(|(at, act)| writeln!(f, "  {:.3}s {act:?}", at.as_secs_f64()))
    }
}
