//! Who starts the tasks of a pool.

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{ChildId, ChildSpec, ChildType, NamespaceName, PoolConfig, Restart};
use mainstay_supervisors::{
    Child, Namespace, NamespacePlan, Process, Runtime, TaskSupervisor, TaskSupervisorRef,
};

use super::Mock;
use crate::pool::manager::ConnectionSpec;
use crate::pool::premises::{Birth, Premises};
use crate::pool::signals::Signals;

async fn supervisor(namespace: &Namespace, id: &str) -> (Process, TaskSupervisorRef) {
    let mut spec = ChildSpec::new(ChildId::new(id).expect("a name"));
    (spec.child_type, spec.restart) = (ChildType::Supervisor, Restart::Temporary);
    let child = Child::from_start(spec, |cx| cx.start_supervisor(TaskSupervisor::new()));
    let started = namespace.start_child(child).await.expect("it starts");
    let process = started.process().expect("it runs").clone();
    let tasks = process.supervisor().expect("it is one");
    (process, tasks.into())
}

#[tokio::test(start_paused = true)]
async fn one_that_was_about_to_end_when_it_was_started_last_is_asked_for_nothing_any_more() {
    let runtime = Runtime::new();
    let name = NamespaceName::new("tasks").expect("a name");
    let started = runtime.start_namespace(name, NamespacePlan::new()).await;
    let namespace = started.expect("it starts");
    let birth = Birth {
        name: "db".parse().expect("a name"),
        config: PoolConfig::new(1),
        namespace: namespace.clone(),
        signals: Arc::new(Signals::new(&namespace, Duration::from_secs(10))),
    };
    let premises = Premises::new(birth, ConnectionSpec::new(Mock::default(), ()));
    let asked = || {
        let tasks = premises.tasks()?;
        Some(tasks.supervisor().process().pid())
    };
    assert_eq!(asked(), None);
    let (ours, tasks) = supervisor(&namespace, "ours").await;
    premises.add_tasks(tasks);
    let (before, tasks) = supervisor(&namespace, "before").await;
    premises.add_tasks(tasks);
    assert_eq!(asked(), Some(before.pid()));
    before.kill();
    before.ended().await;
    assert_eq!(asked(), Some(ours.pid()));
    ours.kill();
    ours.ended().await;
    assert_eq!(asked(), None);
    drop(premises);
    runtime.stop(Duration::from_secs(5)).await;
}
