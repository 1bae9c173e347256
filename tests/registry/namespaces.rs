//! Namespaces: separate worlds that come and go whole.

use mainstay_supervisors::specs::{NamespaceName, Restart, RestartLimit, SupervisorFlags};
use mainstay_supervisors::{
    CHILDREN, CallError, ExitReason, Namespace, NamespaceError, NamespacePlan, SpecError,
    StartError, Started, SupervisorError,
};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, id, order, within};

use tokio::time::advance;

use crate::{name, secs};

fn ns(text: &str) -> NamespaceName {
    NamespaceName::new(text).expect("a name")
}

pub(crate) async fn get(bed: &Bed, text: &str) -> Namespace {
    within(bed.runtime.namespace(text))
        .await
        .expect("it starts")
}

async fn start(bed: &Bed, text: &str, plan: NamespacePlan) -> Namespace {
    within(bed.runtime.start_namespace(ns(text), plan))
        .await
        .expect("it starts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_who_ask_at_once_get_the_same_one() {
    let bed = Bed::new();
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let runtime = bed.runtime.clone();
            tokio::spawn(async move { runtime.namespace("test").await })
        })
        .collect();
    let mut namespaces = Vec::new();
    for ask in asking {
        namespaces.push(within(ask).await.expect("no panic").expect("it starts"));
    }
    assert!(
        namespaces
            .iter()
            .all(|namespace| *namespace == namespaces[0])
    );
    let lines = bed.log().take();
    assert_eq!(lines, ["started test/children", "started test"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_has_a_supervisor_for_the_children_of_the_application() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    assert_eq!(
        (namespace.name(), namespace.is_running()),
        (&ns("test"), true)
    );
    let children = namespace.children().expect("it runs");
    assert_eq!(children.process().path(), "test/children");
    assert_eq!(children.process().id(), &id(CHILDREN));
    let started = within(namespace.start_child(Probe::new().child("a"))).await;
    let process = started
        .expect("it starts")
        .process()
        .expect("it runs")
        .clone();
    assert_eq!(process.namespace(), Some(namespace.clone()));
    within(namespace.stop_child(&id("a")))
        .await
        .expect("it runs");
    let again = within(namespace.stop_child(&id("a"))).await;
    assert!(matches!(again, Err(SupervisorError::NotFound)), "{again:?}");
    let temporary = Probe::new().child("b").restart(Restart::Temporary);
    within(namespace.start_child(temporary))
        .await
        .expect("it starts");
    within(namespace.stop_child(&id("b")))
        .await
        .expect("it runs");
    assert_eq!(namespace.tree().expect("it runs").count(), 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_later_is_restarted_with_what_it_may_use() {
    let bed = Bed::new();
    let notes = Notes::new();
    let noting = |name: &'static str| Probe::noting(&notes, name).child(name);
    let plan = NamespacePlan::new()
        .service(noting("one"))
        .service(noting("two"))
        .child(noting("child"));
    let namespace = start(&bed, "test", plan).await;
    assert_eq!(notes.take(), ["start one", "start two", "start child"]);
    order(&bed.started("test/two"), Order::fail("no disk"));
    notes.until("start child").await;
    assert_eq!(notes.take(), ["stop child", "start two", "start child"]);
    order(&bed.started("test/children/child"), Order::fail("no disk"));
    notes.until("start child").await;
    assert_eq!(notes.take(), ["start child"]);
    within(namespace.stop(secs(9))).await;
    assert_eq!(notes.all(), ["stop child", "stop two", "stop one"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_application_says_how_its_children_are_supervised() {
    let bed = Bed::new();
    let flags = SupervisorFlags::default().intensity(0, secs(5));
    let plan = NamespacePlan::new()
        .children_flags(flags)
        .child(Probe::new().child("a"));
    let namespace = start(&bed, "test", plan).await;
    let before = namespace.children().expect("it runs");
    order(&bed.started("test/children/a"), Order::fail("no disk"));
    assert_eq!(within(before.process().ended()).await, ExitReason::Shutdown);
    bed.log().until("started test/children again 1").await;
    assert_ne!(namespace.children().expect("it runs"), before);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_says_how_often_its_root_may_restart_before_it_ends() {
    let bed = Bed::new();
    let plan = NamespacePlan::new()
        .children_flags(SupervisorFlags::default().intensity(0, secs(5)))
        .root_limit(RestartLimit::new(2, secs(3600)))
        .child(Probe::new().child("a"));
    let namespace = start(&bed, "test", plan).await;
    // Each time the supervisor of the children gives up, longer apart than by default a root counts.
    for nth in 1..=2 {
        order(&bed.started("test/children/a"), Order::fail("no disk"));
        bed.log()
            .until(&format!("started test/children again {nth}"))
            .await;
        advance(secs(1000)).await;
    }
    let root = namespace.root().expect("it runs");
    order(&bed.started("test/children/a"), Order::fail("no disk"));
    assert_eq!(within(root.process().ended()).await, ExitReason::Shutdown);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_root_of_one_that_runs_may_be_told_to_give_up_sooner() {
    let bed = Bed::new();
    let plan = NamespacePlan::new()
        .children_flags(SupervisorFlags::default().intensity(0, secs(5)))
        .child(Probe::new().child("a"));
    let namespace = start(&bed, "test", plan).await;
    order(&bed.started("test/children/a"), Order::fail("no disk"));
    bed.log().until("started test/children again 1").await;
    // What it has restarted before counts.
    let limit = RestartLimit::new(1, secs(60));
    within(namespace.set_root_limit(limit)).await.unwrap();
    let root = namespace.root().expect("it runs");
    let budget = root.budget();
    assert_eq!((budget.intensity, budget.period), (1, secs(60)));
    assert_eq!(budget.used, 1);
    order(&bed.started("test/children/a"), Order::fail("no disk"));
    assert_eq!(within(root.process().ended()).await, ExitReason::Shutdown);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_without_a_period_and_one_that_comes_after_the_end_change_nothing() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    let before = namespace.root().expect("it runs").budget();
    let wrong = RestartLimit::new(7, secs(0));
    let error = within(namespace.set_root_limit(wrong)).await;
    assert!(
        matches!(error, Err(SupervisorError::Spec(SpecError::ZeroPeriod))),
        "{error:?}"
    );
    assert_eq!(namespace.root().expect("it runs").budget(), before);
    within(namespace.stop(secs(9))).await;
    let late = RestartLimit::new(7, secs(60));
    let error = within(namespace.set_root_limit(late)).await;
    assert!(
        matches!(error, Err(SupervisorError::Call(CallError::NoProcess))),
        "{error:?}"
    );
    // Nor does one start by it.
    let plan = NamespacePlan::new().root_limit(wrong);
    let error = within(bed.runtime.start_namespace(ns("other"), plan)).await;
    assert!(
        matches!(
            error,
            Err(NamespaceError::Start {
                error: StartError::Spec(SpecError::ZeroPeriod),
                ..
            })
        ),
        "{error:?}"
    );
    assert_eq!(bed.runtime.find_namespace("other"), None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_runs_is_not_started_again() {
    let bed = Bed::new();
    let _namespace = get(&bed, "test").await;
    let again = within(
        bed.runtime
            .start_namespace(ns("test"), NamespacePlan::new()),
    )
    .await;
    let Err(NamespaceError::AlreadyRunning(running)) = again else {
        panic!("{again:?}")
    };
    assert_eq!(running, ns("test"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_start_leaves_nothing_and_can_be_started_again() {
    let bed = Bed::new();
    let notes = Notes::new();
    let bad = Probe::new().pre_start(|_| async { Err("no disk".into()) });
    let plan = NamespacePlan::new()
        .service(Probe::noting(&notes, "a").child("a"))
        .child(bad.child("bad"));
    let error = within(bed.runtime.start_namespace(ns("test"), plan)).await;
    let text = r#"the namespace "test" did not start: child children: child bad: no disk"#;
    assert_eq!(error.expect_err("it cannot start").to_string(), text);
    assert_eq!(notes.all(), ["start a", "stop a"]);
    bed.assert_empty();
    assert_eq!(bed.runtime.find_namespace("test"), None);
    assert!(get(&bed, "test").await.is_running());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_no_name_and_a_runtime_that_stops_start_none() {
    let bed = Bed::new();
    let error = within(bed.runtime.namespace("a/b")).await;
    assert!(matches!(error, Err(NamespaceError::Name(_))), "{error:?}");
    within(bed.runtime.stop(secs(1))).await;
    let error = within(bed.runtime.namespace("test")).await;
    let text = r#"the namespace "test" did not start: the runtime is stopping"#;
    assert_eq!(error.expect_err("it is too late").to_string(), text);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn those_that_run_are_found() {
    let bed = Bed::new();
    let (b, a) = (get(&bed, "b").await, get(&bed, "a").await);
    assert_eq!(bed.runtime.namespaces(), [a.clone(), b.clone()]);
    assert_eq!(bed.runtime.find_namespace("b"), Some(b.clone()));
    assert_eq!(bed.runtime.find_namespace("c"), None);
    within(b.stop(secs(9))).await;
    assert_eq!(bed.runtime.namespaces(), [a]);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thousands_live_side_by_side_and_leave_nothing() {
    let bed = Bed::new();
    let starting: Vec<_> = (0..2000)
        .map(|number: u32| {
            let runtime = bed.runtime.clone();
            tokio::spawn(async move {
                let namespace = runtime.namespace(format!("n{number}")).await?;
                let child = Probe::new().child("a").name(name("service"));
                let started = namespace.start_child(child).await;
                assert!(
                    matches!(started, Ok(Started::Process { .. })),
                    "{started:?}"
                );
                Ok::<_, NamespaceError>(namespace)
            })
        })
        .collect();
    let mut namespaces = Vec::new();
    for start in starting {
        namespaces.push(within(start).await.expect("no panic").expect("it starts"));
    }
    assert_eq!(bed.runtime.namespaces().len(), 2000);
    for namespace in &namespaces {
        let process = namespace.whereis("service").expect("it is registered");
        assert_eq!(process.path(), format!("{}/children/a", namespace.name()));
        assert_eq!(namespace.stats().entries, 1);
    }
    drop(namespaces.split_off(1000));
    bed.end().await;
    assert!(
        namespaces
            .iter()
            .all(|namespace| namespace.stats().entries == 0)
    );
}
