//! No guard holds a permit, a token, room or a connection for a call that is over, and each knows what became of it.

use std::convert::Infallible;

use mainstay::prelude::*;
use mainstay::testkit::{MockConnections, MockOp};
use mainstay_actors::limiter::{RateKey, RateLimiterRegistry};
use mainstay_actors::pool::{ConnectionPoolRegistry, PoolStats};
use mainstay_actors::protection::{Guard, ProtectionRegistry};
use mainstay_actors::{CircuitBreakerRegistry, MemoryManager};

use crate::load::{Clients, FAMILY, USERS};
use crate::node::name;

/// Nobody has a connection of a pool any more, or waits for one.
pub(super) fn pools(app: &Namespace) -> Vec<String> {
    let all = ConnectionPoolRegistry::of(app).stats();
    let used = all
        .iter()
        .filter(|it| it.leased + it.strays + it.waiting > 0);
    let line = |it: &PoolStats| {
        let (name, leased, strays, waiting) = (&it.name, it.leased, it.strays, it.waiting);
        format!(
            "the pool {name} is still used: {leased} leases, {strays} that were taken away, {waiting} borrowers that wait; {:?}",
            it.leases
        )
    };
    used.map(line).collect()
}

/// One call of each breaker, which closes it, whoever called last.
pub(super) async fn probe(app: &Namespace) -> Vec<String> {
    let mut faults = Vec::new();
    for breaker in CircuitBreakerRegistry::of(app).circuits() {
        let probed = breaker.execute(|| async { Ok::<_, Infallible>(()) }).await;
        let name = breaker.name();
        let refused = probed.err();
        faults.extend(refused.map(|error| format!("a probe of {name} was refused: {error}")));
    }
    faults
}

pub(super) fn faults(app: &Namespace, clients: &Clients) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |what: &str, found: u64, expected: u64| {
        if found != expected {
            faults.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    protection(app, clients, &mut check);
    limiters(app, clients, &mut check);
    breakers(app, &mut check);
    shelves(app, clients, &mut check);
    pool(app, clients, &mut check);
    let memory = MemoryManager::of(app).admission_stats();
    check("room in memory that is held", memory.reserved, 0);
    faults
}

fn protection(app: &Namespace, clients: &Clients, check: &mut impl FnMut(&str, u64, u64)) {
    let orders = ProtectionRegistry::of(app).protection("orders").unwrap();
    let counts = orders.stats().counts;
    let (tried, begun, ended) = clients.book.with(|pages| {
        let begun: u64 = pages.begun.values().sum();
        (pages.tried, begun, pages.ended)
    });
    let guards = [
        Guard::Deadline,
        Guard::Circuit,
        Guard::Memory,
        Guard::RateLimit,
        Guard::Pool,
    ];
    let refused: u64 = guards.iter().map(|guard| counts.refused(*guard)).sum();
    check("operations that run", counts.running(), 0);
    check(
        "operations that were begun, by their own count",
        counts.begun,
        begun,
    );
    check(
        "operations that have ended, by their own count",
        ended,
        begun,
    );
    check(
        "calls that were refused, went away or were begun",
        refused + counts.left + counts.begun,
        tried,
    );
}

fn limiters(app: &Namespace, clients: &Clients, check: &mut impl FnMut(&str, u64, u64)) {
    let limiters = RateLimiterRegistry::of(app);
    let quota = limiters.limiter("quota").unwrap();
    let quota = quota.local().unwrap();
    for user in USERS {
        let begun = clients.book.with(|pages| pages.begun.get(user).copied());
        let status = quota.status(RateKey::user(user)).unwrap().unwrap();
        let used = u64::from(clients.quota - status.remaining);
        check(
            &format!("tokens of {user} that are used"),
            used,
            begun.unwrap_or_default(),
        );
    }
    tickets(clients, check);
    for stats in limiters.stats() {
        check(
            &format!("callers that wait for {}", stats.name),
            stats.waiting,
            0,
        );
    }
}

/// There was never a full bucket, and one comes each 100 ms: so what is missing of a full one is what was given, less what has come since.
fn tickets(clients: &Clients, check: &mut impl FnMut(&str, u64, u64)) {
    let tickets = clients.book.with(|pages| pages.tickets);
    let tickets = tickets.expect("nobody waits any more");
    let accounted = (tickets.lasting + tickets.full_in).as_nanos();
    check(
        "tickets, in nanoseconds",
        u64::try_from(accounted).unwrap(),
        tickets.granted * 100_000_000,
    );
}

fn breakers(app: &Namespace, check: &mut impl FnMut(&str, u64, u64)) {
    for stats in CircuitBreakerRegistry::of(app).stats() {
        check(
            &format!("permits to probe {}", stats.name),
            stats.probes.len() as u64,
            0,
        );
        let is_closed = stats.state.to_string() == "closed";
        check(&format!("{} is closed", stats.name), is_closed.into(), 1);
    }
}

/// Each call through a breaker by key is counted once, however it went.
fn shelves(app: &Namespace, clients: &Clients, check: &mut impl FnMut(&str, u64, u64)) {
    let families = CircuitBreakerRegistry::of(app).families();
    let family = families.iter().find(|it| it.name().as_str() == FAMILY);
    let all = family.map(|it| it.stats()).unwrap_or_default();
    check("breakers by key", all.len() as u64, 4);
    let mut calls = 0;
    for stats in all {
        let key = stats.key.unwrap_or_default();
        let totals = stats.totals;
        calls += totals.successes + totals.failures + totals.cancelled + stats.rejected;
        let probes = stats.probes.len() as u64;
        check(&format!("permits to probe the shelf {key}"), probes, 0);
    }
    let called = clients.book.with(|pages| pages.shelves);
    check("calls through breakers by key", calls, called);
}

fn pool(app: &Namespace, clients: &Clients, check: &mut impl FnMut(&str, u64, u64)) {
    let pool = ConnectionPoolRegistry::of(app).pool::<MockConnections>(&name("db"));
    let stats = pool.unwrap().stats();
    check("connections that are lent", stats.leased.into(), 0);
    check("leases without an owner", stats.strays.into(), 0);
    check("borrowers that wait", stats.waiting.into(), 0);
    check("connections that are being mended", stats.mending.into(), 0);
    check("connections that are being closed", stats.closing.into(), 0);
    check("connections at least", u64::from(stats.live.min(2)), 2);
    check(
        "connections that are idle",
        stats.idle.into(),
        stats.live.into(),
    );
    let counts = clients.database.connections.counts();
    check("connections that are open", counts.open, stats.live.into());
    for op in MockOp::ALL {
        check(&format!("under way: {op:?}"), counts.of(op).under_way(), 0);
    }
}
