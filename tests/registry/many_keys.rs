//! Many keys of one process, and many processes under one key: what one of them costs does not grow with the others.

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{
    Child, DynamicSupervisor, Keys, Process, Registration, Registry, StopToken,
};
use mainstay_tests::probe::{Bed, within};

use crate::{idle, kill};

const KEYS: u32 = 20_000;
const PROCESSES: u32 = 8_000;

async fn many(bed: &Bed) -> Vec<Process> {
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    let idle = |stop: StopToken| async move { stop.stopped().await };
    let child = Child::task("idle", idle).restart(Restart::Temporary);
    let mut processes = Vec::new();
    for _ in 0..PROCESSES {
        let started = within(supervisor.start_child(child.clone())).await;
        let started = started.expect("it starts");
        processes.push(started.process().expect("it runs").clone());
    }
    processes
}

fn keys_of(process: &Process, names: &Registry<u32, ()>) -> Vec<Registration<u32, ()>> {
    let register = |key| names.register(process, key, ()).expect("it is free");
    (0..KEYS).map(register).collect()
}

#[tokio::test(start_paused = true)]
async fn a_process_with_very_many_keys_ends() {
    for keys in [Keys::Unique, Keys::Duplicate] {
        let bed = Bed::new();
        let [a] = idle(&bed).await;
        let names = Registry::new(keys);
        let held = keys_of(&a, &names);
        assert_eq!(names.keys(&a), (0..KEYS).collect::<Vec<_>>());
        kill(&a).await;
        assert_eq!((names.count(), names.list().len()), (0, 0));
        assert_eq!(names.keys(&a), Vec::<u32>::new());
        assert!(!held.iter().any(Registration::is_current));
        assert_eq!(names.stats().expired_total, u64::from(KEYS));
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_lets_go_of_very_many_keys_one_by_one() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let names = Registry::new(Keys::Unique);
    // The oldest first, and then the youngest first.
    for held in keys_of(&a, &names) {
        assert!(held.release());
    }
    assert_eq!(names.count(), 0);
    keys_of(&a, &names);
    for key in (0..KEYS).rev() {
        names.unregister(&a, &key);
    }
    assert_eq!((names.count(), names.keys(&a)), (0, Vec::new()));
    kill(&a).await;
    assert_eq!(names.stats().expired_total, 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn very_many_processes_share_a_key_and_end() {
    let bed = Bed::new();
    let processes = many(&bed).await;
    let names = Registry::new(Keys::Duplicate);
    for process in &processes {
        names.register(process, "topic", ()).expect("it is shared");
    }
    let found = names
        .lookup(&"topic")
        .into_iter()
        .map(|(process, ())| process);
    assert!(found.eq(processes.iter().cloned()));
    for process in &processes {
        process.kill();
    }
    for process in &processes {
        within(process.ended()).await;
    }
    assert_eq!((names.count(), names.lookup(&"topic")), (0, Vec::new()));
    assert_eq!(names.stats().expired_total, u64::from(PROCESSES));
    bed.end().await;
}
