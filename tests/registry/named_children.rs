//! Children that are registered by their specs.

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{
    Child, Namespace, NamespaceError, NamespacePlan, RegisterError, StartError, StopToken,
    Supervisor, SupervisorError, current,
};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, id, order, within};

use crate::name;

async fn namespace(bed: &Bed) -> Namespace {
    within(bed.runtime.namespace("test"))
        .await
        .expect("it starts")
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_child_can_have_a_name() {
    let bed = Bed::new();
    let namespace = namespace(&bed).await;
    let task = Child::task(
        "task",
        |stop: StopToken| async move { stop.stopped().await },
    );
    for child in [
        Probe::new().child("actor"),
        task,
        Child::supervisor("supervisor", Supervisor::one_for_one()),
    ] {
        let called = child.spec().id.to_string();
        let started = within(namespace.start_child(child.name(name(&called)))).await;
        let started = started.expect("it starts");
        assert_eq!(namespace.whereis(&called).as_ref(), started.process());
    }
    let names: Vec<_> = namespace
        .services()
        .into_iter()
        .map(|service| service.0)
        .collect();
    assert_eq!(names, ["actor", "supervisor", "task"].map(name));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_there_when_the_start_is_complete_and_not_before() {
    let bed = Bed::new();
    let namespace = namespace(&bed).await;
    let notes = Notes::new();
    let (seen, names) = (notes.clone(), namespace.clone());
    let probe = Probe::new().pre_start(move |_| {
        seen.add(format!("starting: {}", names.whereis("service").is_some()));
        async { Ok(()) }
    });
    within(namespace.start_child(probe.child("a").name(name("service"))))
        .await
        .expect("it starts");
    assert_eq!(notes.all(), ["starting: false"]);
    assert!(namespace.whereis("service").is_some());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_goes_to_the_successor() {
    let bed = Bed::new();
    let namespace = namespace(&bed).await;
    let child = Probe::new().child("a").name(name("service"));
    within(namespace.start_child(child))
        .await
        .expect("it starts");
    let before = namespace.whereis("service").expect("it is registered");
    order(&before, Order::fail("no disk"));
    within(before.ended()).await;
    bed.log().until("started test/children/a again 1").await;
    let after = namespace.whereis("service").expect("it is registered");
    assert_ne!(before, after);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_fails_the_start_and_leaves_its_owner_alone() {
    let bed = Bed::new();
    let namespace = namespace(&bed).await;
    let child = |id| Probe::new().child(id).name(name("service"));
    within(namespace.start_child(child("a")))
        .await
        .expect("it starts");
    let owner = namespace.whereis("service").expect("it is registered");
    let error = within(namespace.start_child(child("b")))
        .await
        .expect_err("it is taken");
    let SupervisorError::StartFailed(StartError::Register { name: taken, error }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(taken, name("service"));
    assert_eq!(error, RegisterError::AlreadyRegistered(owner.clone()));
    assert_eq!(namespace.whereis("service"), Some(owner.clone()));
    assert!(owner.is_alive());
    within(namespace.stop_child(&id("a")))
        .await
        .expect("it runs");
    within(namespace.start_child(child("b")))
        .await
        .expect("it is free");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_children_with_one_name_cannot_both_start() {
    let bed = Bed::new();
    let child = |id| Probe::new().child(id).name(name("service"));
    let plan = NamespacePlan::new().service(child("a")).child(child("b"));
    let started = within(bed.runtime.start_namespace(ns("test"), plan)).await;
    let Err(NamespaceError::Start { error, .. }) = started else {
        panic!("{started:?}")
    };
    let text = error.to_string();
    let expected = r#"child children: child b: the name "service": already registered by test/a #"#;
    assert!(text.starts_with(expected), "{text}");
    bed.assert_empty();
    bed.end().await;
}

fn ns(text: &str) -> mainstay_supervisors::specs::NamespaceName {
    mainstay_supervisors::specs::NamespaceName::new(text).expect("a name")
}

#[tokio::test(start_paused = true)]
async fn a_name_needs_a_namespace() {
    let bed = Bed::new();
    let child = Probe::new().child("a").name(name("service"));
    let error = bed.try_start(Supervisor::one_for_one().child(child)).await;
    let text = r#"child a: the name "service": there is no namespace to register it in"#;
    assert_eq!(error.expect_err("it cannot start").to_string(), text);
    bed.assert_empty();
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_name_in_two_namespaces_is_two_names() {
    let bed = Bed::new();
    let mut found = Vec::new();
    let mut kept = Vec::new();
    for text in ["one", "two"] {
        let namespace = within(bed.runtime.namespace(text))
            .await
            .expect("it starts");
        let child = Probe::new().child("a").name(name("service"));
        within(namespace.start_child(child))
            .await
            .expect("it starts");
        found.push(namespace.whereis("service").expect("it is registered"));
        kept.push(namespace);
    }
    assert_ne!(found[0], found[1]);
    let path = |index: usize| found[index].path();
    assert_eq!([path(0), path(1)], ["one/children/a", "two/children/a"]);
    crate::kill(&found[0]).await;
    assert_eq!(kept[1].whereis("service").as_ref(), Some(&found[1]));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_child_that_ends_as_soon_as_it_has_started_has_started_and_holds_nothing() {
    let bed = Bed::new();
    let namespace = namespace(&bed).await;
    for turn in 0..300 {
        let child = Child::task(format!("a{turn}"), |_| async {}).name(name("service"));
        let started = within(namespace.start_child(child.restart(Restart::Temporary))).await;
        let process = started
            .expect("it starts")
            .process()
            .expect("it ran")
            .clone();
        assert_eq!(
            within(process.ended()).await,
            mainstay_supervisors::ExitReason::Normal
        );
        assert_eq!(namespace.whereis("service"), None);
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_may_register_more_names_of_its_own() {
    let bed = Bed::new();
    let namespace = namespace(&bed).await;
    let probe = Probe::new().pre_start(move |_| async {
        let me = current().expect("a process");
        let namespace = me.namespace().expect("it lives in one");
        namespace.register(name("second"), &me)?;
        Ok(())
    });
    let child = probe
        .child("a")
        .name(name("first"))
        .restart(Restart::Temporary);
    within(namespace.start_child(child))
        .await
        .expect("it starts");
    let process = namespace.whereis("first").expect("it is registered");
    assert_eq!(namespace.whereis("second"), Some(process.clone()));
    assert_eq!(
        namespace.registry().keys(&process),
        ["second", "first"].map(name)
    );
    crate::kill(&process).await;
    assert_eq!(namespace.services(), []);
    bed.end().await;
}
