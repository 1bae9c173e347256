//! What is written is read as the same.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use std::num::NonZeroUsize;

use mainstay_specs::{
    AlertRule, AlertsSpec, Algorithm, AnyKind, Args, Aspect, AutoShutdown, Backend, Backoff,
    ChildId, ChildSpec, ChildType, CircuitBreakersSpec, CircuitConfig, CoDel, Comparison,
    ConfigServerSpec, ConnectionPoolsSpec, EventBackendSpec, EventStoreSpec, EventsSpec, HalfOpen,
    HttpSpec, Inherit, KeyStrategy, LeaseMax, NamedPool, NamespaceName, NamespaceSpec, NoData,
    NodeChild, NodeSpec, OnFull, OnMissingKey, OnSelfDeadlock, OnUnavailable, OpenTime, PoolConfig,
    PoolHealth, PoolSource, ProbeExpiry, RateLimitConfig, RateLimitersSpec, RedisBackend, Restart,
    ServiceName, ServicesSpec, Severity, Shutdown, Strategy as Restarting, SupervisorFlags,
    TelemetrySpec, TimeWindow, TripRules, WindowStart,
};
use proptest::option;
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[^/\\p{Cc}\\s]{1,20}",
        "[\"'\\\\#()\\[\\]{}🙂é]{1,6}"
    ]
    .prop_filter("a name", |text| NamespaceName::new(text).is_ok())
}

fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (1_u64..100_000).prop_map(Duration::from_millis),
        (1_u64..u64::from(u32::MAX), 0_u32..1_000_000_000).prop_map(|(s, n)| Duration::new(s, n)),
    ]
}

fn flags() -> impl Strategy<Value = SupervisorFlags> {
    let strategy = prop::sample::select(vec![
        Restarting::OneForOne,
        Restarting::OneForAll,
        Restarting::RestForOne,
    ]);
    let auto = prop::sample::select(vec![
        AutoShutdown::AnySignificant,
        AutoShutdown::AllSignificant,
    ]);
    (strategy, any::<u32>(), span(), auto).prop_map(|(strategy, intensity, period, auto)| {
        SupervisorFlags::new(strategy)
            .intensity(intensity, period)
            .auto_shutdown(auto)
    })
}

fn backoff() -> impl Strategy<Value = Backoff> {
    (span(), span(), 1.0..1e9_f64, 0.0..=1.0_f64, span()).prop_map(
        |(a, b, factor, jitter, reset)| {
            Backoff::new(a.min(b), a.max(b))
                .factor(factor)
                .jitter(jitter)
                .reset_after(reset)
        },
    )
}

fn shutdown() -> impl Strategy<Value = Shutdown> {
    prop_oneof![
        Just(Shutdown::BrutalKill),
        Just(Shutdown::Infinity),
        span().prop_map(Shutdown::Timeout)
    ]
}

/// A child spec whose id will be replaced by one that is unique.
fn child_spec() -> impl Strategy<Value = ChildSpec> {
    let restart = prop::sample::select(vec![
        Restart::Permanent,
        Restart::Transient,
        Restart::Temporary,
    ]);
    let types = prop::sample::select(vec![ChildType::Worker, ChildType::Supervisor]);
    let id = name().prop_map(|name| ChildId::new(name).expect("a name"));
    (
        id,
        restart,
        option::of(shutdown()),
        types,
        any::<bool>(),
        option::of(backoff()),
    )
        .prop_map(
            |(id, restart, shutdown, child_type, significant, backoff)| {
                let mut spec = ChildSpec::new(id).restart(restart).child_type(child_type);
                spec.shutdown = shutdown;
                spec.significant = significant && restart != Restart::Permanent;
                spec.backoff = backoff;
                spec
            },
        )
}

fn args() -> impl Strategy<Value = Args> {
    prop_oneof![
        Just(Args::default()),
        prop::collection::btree_map(".{0,8}", any::<i64>(), 0..4)
            .prop_map(|map| Args::from_value(&map).expect("RON")),
        prop::collection::vec(
            option::of(any::<f64>().prop_filter("equal", |n| n.is_finite())),
            0..4
        )
        .prop_map(|list| Args::from_value(&list).expect("RON")),
        Just(
            Args::from_ron(
                "Thing /* ( */ (a: \"\\\"\", b: r#\"\"\"#, c: 'x', d: '\\'', e: b\"z\")"
            )
            .expect("RON")
        ),
    ]
}

fn worker() -> impl Strategy<Value = NodeChild> {
    (child_spec(), ".{0,8}", args())
        .prop_map(|(spec, kind, args)| NodeChild::worker(spec, kind).args(args))
}

fn child() -> impl Strategy<Value = NodeChild> {
    worker().prop_recursive(4, 24, 4, |inner| {
        (child_spec(), flags(), prop::collection::vec(inner, 0..4)).prop_map(
            |(spec, flags, children)| NodeChild::supervisor(spec, flags, distinct(children)),
        )
    })
}

/// Makes ids unique, and each child depend on the one before it.
fn distinct(children: Vec<NodeChild>) -> Vec<NodeChild> {
    let mut before: Option<ChildId> = None;
    let numbered = children.into_iter().enumerate().map(|(n, mut child)| {
        let id: String = child.spec.id.as_str().chars().take(20).collect();
        child.spec.id = ChildId::new(format!("{n}{id}")).expect("a name");
        child.spec.name = ServiceName::new(format!("service {n}")).ok();
        child.spec.mailbox_limit = NonZeroUsize::new(n);
        child.spec.depends_on = before.replace(child.spec.id.clone()).into_iter().collect();
        child
    });
    numbered.collect()
}

fn services() -> impl Strategy<Value = ServicesSpec> {
    let server = (
        option::of("[^/\\\\\0]{1,9}"),
        1..u32::MAX,
        1..u64::MAX,
        1..=128_u32,
    )
        .prop_map(|(file, subscribers, bytes, depth)| {
            let mut server = ConfigServerSpec::default()
                .initial(Args::from_ron("(a: {\"b\": [1]})").expect("RON"))
                .subscribers_max(subscribers)
                .bytes_max(bytes)
                .depth_max(depth);
            server.file = file.map(Into::into);
            server
        });
    let all = (
        option::of(server),
        option::of(telemetry()),
        option::of(circuit_breakers()),
        option::of(rate_limiters()),
        option::of(connection_pools()),
        option::of(event_store()),
    );
    all.prop_map(|(server, telemetry, breakers, limiters, pools, store)| {
        let mut services = ServicesSpec::default();
        services.connection_pools = pools;
        // The pool that the store is to live on has to be there.
        if let Some(pool) = store.as_ref().and_then(pool_of) {
            let mut pools = services.connection_pools.take().unwrap_or_default();
            pools.pools.retain(|other| other.name != pool.name);
            services.connection_pools = Some(pools.pool(pool));
        }
        services.event_store = store;
        services.config_server = server;
        services.telemetry = telemetry;
        services.circuit_breakers = breakers;
        services.rate_limiters = limiters;
        services
    })
}

fn pool_of(store: &EventStoreSpec) -> Option<NamedPool> {
    let (name, source) = match &store.backend {
        EventBackendSpec::Sqlite { pool, .. } => (pool.clone()?, PoolSource::sqlite("a.db")),
        EventBackendSpec::Postgres { pool, .. } => {
            (pool.clone()?, PoolSource::postgres("postgres://u@h/d"))
        }
        _ => return None,
    };
    Some(NamedPool::new(name, source))
}

fn event_store() -> impl Strategy<Value = EventStoreSpec> {
    let pool = || name().prop_filter_map("a name", |name| ServiceName::new(name).ok());
    let backend = prop_oneof![
        Just(EventBackendSpec::Memory),
        Just(EventBackendSpec::sqlite_in_memory()),
        "[^\\x00]{1,20}".prop_map(EventBackendSpec::sqlite),
        pool().prop_map(EventBackendSpec::sqlite_pool),
        "[a-z:\"@]{0,9}"
            .prop_map(|user| EventBackendSpec::postgres(format!("postgres://{user}@db/x"))),
        pool().prop_map(EventBackendSpec::postgres_pool),
    ];
    let numbers = (1_u32..10_000, 1_000_000_u64..1 << 40, 2_u64..900_000);
    let times = (1_000_u64..1 << 40, 100_u64..3_600_000, 1_u64..600_000);
    (backend, option::of(pool()), numbers, times).prop_map(
        |(backend, node, (few, many, data), (age, interval, limit))| {
            let ms = Duration::from_millis;
            let mut spec = EventStoreSpec::default().backend(backend);
            spec.node = node;
            spec.max_events(many.min(1_000_000_000))
                .max_age(ms(age))
                .bytes_max(many)
                .prune_interval(ms(interval))
                .data_max(data)
                .batch_max(few)
                .group_max(few)
                .queue_max(few)
                .queue_bytes_max(many)
                .query_limit(few)
                .query_limit_max(few)
                .query_bytes_max(many)
                .queries_max(few)
                .subscribers_max(few)
                .backlog_max(few)
                .time_limit(ms(limit))
        },
    )
}

/// What a circuit breaker takes as a time.
fn time() -> impl Strategy<Value = Duration> {
    (1_000_000..u64::MAX / 1000).prop_map(Duration::from_nanos)
}

fn trip() -> impl Strategy<Value = TripRules> {
    let share = 0.01..=1.0_f64;
    let window = (1_u32..1000, time(), any::<bool>());
    (share, 1_u32..10_000, time(), window).prop_map(|(share, count, time, window)| {
        let rules = TripRules::default().failures(count, time);
        let rules = rules.consecutive_failures(count).failure_rate(share, 1);
        let rules = rules.combined_rate(share, 1).slow_rate(share, 1);
        let rules = rules.in_flight(count, time);
        match window {
            (calls, _, true) => rules.over_calls(calls),
            (_, length, false) => rules.over_time(length, 1),
        }
    })
}

fn circuit() -> impl Strategy<Value = CircuitConfig> {
    let simple = (1_u32..10_000, time(), option::of(time()), time());
    let half_open = (1_u32..1000, time(), any::<bool>());
    let open = (1.0..1e3_f64, 0.0..=1.0_f64, any::<bool>());
    (simple, option::of(trip()), half_open, open).prop_map(|(simple, trip, half, open)| {
        let mut config = CircuitConfig::default().failure_threshold(simple.0);
        config.reset_timeout = simple.1;
        config.call_timeout = simple.2;
        config.monitor_window = simple.3;
        config.slow_after = Some(half.1);
        config.trip = trip;
        let expiry = [ProbeExpiry::Failure, ProbeExpiry::Neutral][usize::from(half.2)];
        let half_open = HalfOpen::new(1, half.0).probe_deadline(half.1);
        config.half_open = half_open.expiry(expiry).inconclusive_max(half.0);
        let max = simple.1 * 2;
        config.open = OpenTime::default()
            .multiplier(open.0)
            .jitter(open.1)
            .max(max);
        config.open.eager = open.2;
        config
    })
}

fn circuit_breakers() -> impl Strategy<Value = CircuitBreakersSpec> {
    (option::of(circuit()), circuit(), 1_u32..1000).prop_map(|(config, default, max)| {
        let spec = CircuitBreakersSpec::default()
            .breakers_max(max)
            .keys_max(max);
        let spec = spec.default_config(default);
        let name = |text| ServiceName::new(text).expect("a name");
        match config {
            Some(config) => spec.breaker_with(name("db"), config),
            None => spec.breaker(name("cache")),
        }
    })
}

fn rate_limit() -> impl Strategy<Value = RateLimitConfig> {
    let algorithm = prop::sample::select(vec![
        Algorithm::TokenBucket,
        Algorithm::SlidingWindow,
        Algorithm::SlidingWindowApproximate,
        Algorithm::FixedWindow,
    ]);
    let key = prop::sample::select(vec![
        KeyStrategy::Global,
        KeyStrategy::ApiKey,
        KeyStrategy::Custom(ServiceName::new("tenant").expect("a name")),
    ]);
    let choices = (0..3_usize, key, any::<bool>(), option::of(redis()));
    // At most so many limits in one burst: a bucket has to fill within 100 years, and a window lasts one at most.
    let numbers = (1_u32..4096, option::of(1_u32..100), 1_u32..u32::MAX);
    let window = (1..31_622_400_000_000_000_u64).prop_map(Duration::from_nanos);
    (algorithm, numbers, window, choices).prop_map(|(algorithm, numbers, window, choices)| {
        let config = RateLimitConfig::new(algorithm, numbers.0, window).cost_max(1);
        let mut config = config.keys_max(numbers.2).bytes_max(1 << 40).key(choices.1);
        let burst = numbers.1.map(|times| times * numbers.0);
        config.burst_limit = burst.filter(|_| algorithm == Algorithm::TokenBucket);
        if let Some(redis) = choices.3 {
            config.window = Duration::from_micros(1 + config.window.as_secs());
            config.backend = Backend::redis(redis);
        }
        config
            .on_missing_key(
                [
                    OnMissingKey::Refuse,
                    OnMissingKey::Share,
                    OnMissingKey::Admit,
                ][choices.0],
            )
            .on_full([OnFull::Share, OnFull::Refuse, OnFull::Admit][choices.0])
            .on_change([Inherit::Keep, Inherit::Proportional, Inherit::Reset][choices.0])
            .window_start(
                [
                    WindowStart::PerKey,
                    WindowStart::Aligned,
                    WindowStart::FirstUse,
                ][choices.0],
            )
            .waiters_max(numbers.0)
            .shadow(choices.2)
    })
}

fn redis() -> impl Strategy<Value = RedisBackend> {
    let what = prop::sample::select(vec![
        OnUnavailable::Open,
        OnUnavailable::Closed,
        OnUnavailable::Local { one_of: 1 },
    ]);
    (what, 1_u32..u32::MAX, 1_u64..10_000).prop_map(|(what, number, time)| {
        let time = Duration::from_millis(time);
        RedisBackend::new("redis://10.0.0.5:6379/1", "sixteen bytes and more")
            .prefix("shop")
            .on_unavailable(what)
            .time_limit(time)
            .failures_max(number)
            .in_flight_max(number)
            .pauses(time, time * 2)
    })
}

fn rate_limiters() -> impl Strategy<Value = RateLimitersSpec> {
    (rate_limit(), 1_u32..1000).prop_map(|(config, max)| {
        let name = ServiceName::new("api").expect("a name");
        let spec = RateLimitersSpec::default().limiter(name, config);
        let every = Duration::from_millis(100 + u64::from(max));
        let spec = spec.limiters_max(max).sweep_every(every);
        spec.report_every(2 * every)
    })
}

fn pool_source() -> impl Strategy<Value = PoolSource> {
    prop_oneof![
        "[^\0:]{1,9}".prop_map(PoolSource::sqlite),
        "[a-z]{1,8}"
            .prop_map(|user| PoolSource::postgres(format!("postgres://{user}:secret@db:5432/app"))),
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
                        .failures_max(retries + 1),
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

fn connection_pools() -> impl Strategy<Value = ConnectionPoolsSpec> {
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

fn telemetry() -> impl Strategy<Value = TelemetrySpec> {
    let events = (1..u32::MAX, 1..=1_048_576_u32, 0..=3_600_000_u64).prop_map(
        |(listeners, queue, drain)| {
            EventsSpec::default()
                .handlers_max(listeners)
                .subscribers_max(listeners)
                .emitters_max(listeners)
                .backlog_max(queue)
                .queue_max(queue)
                .drain_max(Duration::from_millis(drain))
        },
    );
    let alerts =
        (prop::collection::vec(rule(), 0..4), 100..=3_600_000_u64).prop_map(|(rules, every)| {
            let mut alerts = AlertsSpec::default().every(Duration::from_millis(every));
            for (nth, mut rule) in rules.into_iter().enumerate() {
                rule.name = format!("{nth} {}", rule.name);
                alerts = alerts.rule(rule);
            }
            alerts
        });
    (events, alerts)
        .prop_map(|(events, alerts)| TelemetrySpec::default().events(events).alerts(alerts))
}

fn rule() -> impl Strategy<Value = AlertRule> {
    let aspect = prop_oneof![
        Just(Aspect::Avg),
        Just(Aspect::Rate),
        (0.0..=1.0).prop_map(Aspect::Quantile),
        Just(Aspect::RatioTo("a.b".parse().expect("a path"))),
    ];
    let threshold = any::<f64>().prop_filter("finite", |n| n.is_finite());
    (".{0,8}", aspect, threshold, any::<bool>(), 0..1_000_000_u64).prop_map(
        |(name, aspect, threshold, flag, ms)| {
            let comparison = if flag { Comparison::Gt } else { Comparison::Lt };
            let metric = "foundation.x".parse().expect("a pattern");
            let mut rule = AlertRule::new(name, metric, comparison, threshold)
                .aspect(aspect)
                .window(if flag {
                    TimeWindow::Minute
                } else {
                    TimeWindow::Day
                })
                .lasting(Duration::from_millis(ms))
                .severity(if flag {
                    Severity::Warning
                } else {
                    Severity::Critical
                })
                .no_data(if flag { NoData::Fire } else { NoData::Keep })
                .min_count(ms)
                .mute_while_draining(flag);
            rule.clear = flag.then_some(threshold);
            rule
        },
    )
}

fn http() -> impl Strategy<Value = HttpSpec> {
    (any::<IpAddr>(), any::<u16>(), ".{1,9}", any::<bool>()).prop_map(
        |(ip, port, token, enabled)| {
            let mut http = HttpSpec::new(SocketAddr::new(ip, port)).token(token);
            http.enabled = enabled;
            http
        },
    )
}

prop_compose! {
    fn namespace()(
        flags in flags(),
        services in services(),
        children in prop::collection::vec(child(), 0..4),
    ) -> NamespaceSpec {
        NamespaceSpec::new(NamespaceName::new("n").expect("a name"))
            .supervisor(flags)
            .services(services)
            .children(distinct(children))
    }
}

prop_compose! {
    pub(crate) fn node()(
        namespace in option::of(namespace()),
        http in option::of(http()),
        deadline in span(),
    ) -> NodeSpec {
        let mut node = NodeSpec::new().shutdown_deadline(deadline);
        node.namespaces.extend(namespace);
        node.http = http.unwrap_or_default();
        node
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_node_is_read_as_it_was_written(node in node()) {
        let text = node.to_ron();
        let read = NodeSpec::from_ron(&text, &AnyKind).map_err(|faults| faults.render("node.ron", &text));
        prop_assert_eq!(read, Ok(node));
    }
}

#[test]
fn what_is_as_by_default_is_left_out() {
    let clock = NodeChild::worker(ChildSpec::new(ChildId::new("clock").unwrap()), "ticker")
        .args(Args::from_ron("(every: \"1s\")").unwrap());
    let namespace = NamespaceSpec::new(NamespaceName::new("production").unwrap()).child(clock);
    assert_eq!(
        NodeSpec::new().namespace(namespace).to_ron(),
        "(
    namespaces: [
        (
            name: \"production\",
            children: [
                (
                    id: \"clock\",
                    kind: \"ticker\",
                    args: (every: \"1s\"),
                ),
            ],
        ),
    ],
    shutdown_deadline: \"30s\",
)"
    );
}

#[test]
fn the_deepest_tree_there_may_be_is_written_and_read() {
    let id = |text: &str| ChildId::new(text).unwrap();
    let mut tree = NodeChild::worker(ChildSpec::new(id("leaf")), "k");
    for _ in 0..63 {
        tree = NodeChild::supervisor(ChildSpec::new(id("s")), SupervisorFlags::default(), [tree]);
    }
    let node =
        NodeSpec::new().namespace(NamespaceSpec::new(NamespaceName::new("n").unwrap()).child(tree));
    assert_eq!(NodeSpec::from_ron(&node.to_ron(), &AnyKind), Ok(node));
}
