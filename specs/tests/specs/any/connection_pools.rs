//! Pools of connections.

use std::time::Duration;

use mainstay_specs::{
    Args, CoDel, ConnectionPoolsSpec, LeaseMax, NamedPool, OnSelfDeadlock, PoolConfig, PoolHealth,
    PoolSource, PostgresReset, ServiceName, SqliteReset, SqliteSync,
};
use proptest::option;
use proptest::prelude::*;

use super::children::backoff;
use super::circuit_breakers::time;
use super::name;

fn pool_source() -> impl Strategy<Value = PoolSource> {
    prop_oneof![
        ("[^\0:]{1,9}", any::<bool>(), ".{0,9}").prop_map(|(path, checked, sql)| {
            let mut source = PoolSource::sqlite(path);
            if let PoolSource::Sqlite {
                synchronous,
                foreign_keys,
                setup,
                reset,
                ..
            } = &mut source
            {
                (*foreign_keys, *setup) = (checked, sql);
                *reset = SqliteReset::Settings;
                *synchronous = SqliteSync::Normal;
            }
            source
        }),
        ("[a-z]{1,8}", any::<bool>()).prop_map(|(user, all)| {
            let mut source = PoolSource::postgres(format!("postgres://{user}:secret@db:5432/app"));
            if let PoolSource::Postgres { reset, .. } = &mut source {
                *reset = match all {
                    true => PostgresReset::DiscardAll,
                    false => PostgresReset::Nothing,
                };
            }
            source
        }),
        Just(PoolSource::redis("unix:///run/redis.sock")),
        name().prop_map(|kind| {
            let args = Args::from_ron("(host: \"ldap.local\")").expect("RON");
            PoolSource::other(kind, args)
        }),
    ]
}

fn pool_config() -> impl Strategy<Value = PoolConfig> {
    let lease = (option::of(time()), any::<bool>()).prop_map(|(time, revoked)| {
        let max = LeaseMax::default();
        match time {
            Some(time) if revoked => max.warn(time).revoke(time * 2),
            Some(time) => max.warn(time),
            None => max,
        }
    });
    let numbers = (1..=65_536_u32, 0..=1000_u32, 0.0..=1.0_f64);
    let times = (time(), option::of(time()), option::of(time()));
    (numbers, times, lease, any::<bool>(), backoff()).prop_map(
        |((size, retries, share), (time, idle, keepalive), lease, whole, backoff)| {
            let config = PoolConfig::new(size)
                .min_size(size / 2)
                .max_retries(retries)
                .lifetime_jitter(share)
                .idle_timeout(idle)
                .max_lifetime(idle)
                .validate_after(keepalive)
                .keepalive(keepalive)
                .connect_timeout(time)
                .drain_timeout(time)
                .lease_max(lease)
                .health(
                    PoolHealth::default()
                        .interval(time)
                        .failures_max(retries.max(1)),
                );
            let waits = whole && backoff.max < time && backoff.min < time;
            let config = if waits {
                config.backoff(backoff)
            } else {
                config
            };
            match whole {
                true => config
                    .codel(CoDel::new(time, time * 2))
                    .on_self_deadlock(OnSelfDeadlock::Refuse),
                false => config,
            }
        },
    )
}

pub(super) fn connection_pools() -> impl Strategy<Value = ConnectionPoolsSpec> {
    let pools = prop::collection::vec((pool_source(), pool_config()), 0..3);
    (pools, 3_u32..1000).prop_map(|(pools, max)| {
        let every = Duration::from_millis(100 + u64::from(max));
        let spec = ConnectionPoolsSpec::default().pools_max(max);
        let spec = spec.report_every(every);
        pools
            .into_iter()
            .enumerate()
            .fold(spec, |spec, (nth, (source, config))| {
                let name = ServiceName::new(format!("pool{nth}")).expect("a name");
                spec.pool(NamedPool::new(name, source).config(config))
            })
    })
}
