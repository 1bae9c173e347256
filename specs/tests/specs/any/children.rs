//! Children, and the flags of their supervisors.

use std::num::NonZeroUsize;

use mainstay_specs::{
    Args, AutoShutdown, Backoff, ChildId, ChildSpec, ChildType, NodeChild, Restart, RestartLimit,
    ServiceName, Shutdown, Strategy as Restarting, SupervisorFlags,
};
use proptest::option;
use proptest::prelude::*;

use super::{name, span};

pub(super) fn root_limit() -> impl Strategy<Value = RestartLimit> {
    (any::<u32>(), span()).prop_map(|(intensity, period)| RestartLimit::new(intensity, period))
}

pub(super) fn flags() -> impl Strategy<Value = SupervisorFlags> {
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

pub(super) fn backoff() -> impl Strategy<Value = Backoff> {
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

pub(super) fn args() -> impl Strategy<Value = Args> {
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

pub(super) fn worker() -> impl Strategy<Value = NodeChild> {
    (child_spec(), ".{0,8}", args())
        .prop_map(|(spec, kind, args)| NodeChild::worker(spec, kind).args(args))
}

pub(super) fn child() -> impl Strategy<Value = NodeChild> {
    worker().prop_recursive(4, 24, 4, |inner| {
        (child_spec(), flags(), prop::collection::vec(inner, 0..4)).prop_map(
            |(spec, flags, children)| NodeChild::supervisor(spec, flags, distinct(children)),
        )
    })
}

/// Makes ids unique, and each child depend on the one before it.
pub(super) fn distinct(children: Vec<NodeChild>) -> Vec<NodeChild> {
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
