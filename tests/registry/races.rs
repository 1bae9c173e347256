//! Many at once, on several threads.

use std::collections::HashMap;

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{
    Child, DynamicSupervisor, Process, RegisterError, Registry, RegistryEvent, Supervisor,
};
use mainstay_tests::probe::{Bed, within};

use crate::idle;

type Names = Registry<u32, u32>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_registrants_exactly_one_wins() {
    let bed = Bed::new();
    let processes: [Process; 32] = idle(&bed).await;
    let names = Names::default();
    for key in 0..100 {
        let racing: Vec<_> = processes
            .iter()
            .map(|process| {
                let (names, process) = (names.clone(), process.clone());
                tokio::spawn(async move { names.register(&process, key, 0).map(|_| process) })
            })
            .collect();
        let mut winners = Vec::new();
        let mut told = Vec::new();
        for result in racing {
            match within(result).await.expect("no panic") {
                Ok(winner) => winners.push(winner),
                Err(RegisterError::AlreadyRegistered(owner)) => told.push(owner),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(winners.len(), 1);
        assert!(told.iter().all(|owner| *owner == winners[0]));
        assert_eq!(names.whereis(&key), winners.pop());
    }
    bed.end().await;
    assert_eq!((names.count(), names.stats().processes), (0, 0));
}

/// A process that waits for its end, made new each time.
async fn fresh(supervisor: &mainstay_supervisors::SupervisorRef) -> Process {
    let child = Child::task("a", |_| std::future::pending::<()>()).restart(Restart::Temporary);
    let started = within(supervisor.start_child(child))
        .await
        .expect("it starts");
    started.process().expect("it runs").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_registration_that_races_with_the_end_holds_no_longer_than_the_process() {
    let bed = Bed::new();
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    let names = Names::default();
    for key in 0..1000 {
        let process = fresh(&supervisor).await;
        let (victim, registrant, registry) = (process.clone(), process.clone(), names.clone());
        let kill = tokio::spawn(async move { victim.kill() });
        let register =
            tokio::spawn(async move { registry.register(&registrant, key, 0).map(drop) });
        within(kill).await.expect("no panic");
        match within(register).await.expect("no panic") {
            Ok(()) | Err(RegisterError::Dead) => {}
            Err(other) => panic!("{other:?}"),
        }
        within(process.ended()).await;
        assert_eq!(names.whereis(&key), None);
    }
    let stats = names.stats();
    assert_eq!((stats.entries, stats.keys, stats.processes), (0, 0, 0));
    assert_eq!(stats.registered_total, stats.expired_total);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dying_registrant_never_keeps_a_living_one_out() {
    // It was put in first and found to be dead only then; meanwhile the key was taken.
    let bed = Bed::new();
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    let living = fresh(&supervisor).await;
    let dead = fresh(&supervisor).await;
    crate::kill(&dead).await;
    let names = Names::default();
    let (registry, stop) = (
        names.clone(),
        std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)),
    );
    let stopped = std::sync::Arc::clone(&stop);
    let nuisance = tokio::task::spawn_blocking(move || {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            match registry.register(&dead, 0, 0) {
                Err(RegisterError::Dead) => {}
                Err(RegisterError::AlreadyRegistered(owner)) => assert_ne!(owner, dead),
                other => panic!("{other:?}"),
            }
        }
    });
    for _ in 0..20_000 {
        names
            .register(&living, 0, 0)
            .expect("only the dead were there")
            .release();
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    within(nuisance).await.expect("no panic");
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_follows_the_events_knows_who_is_there() {
    // Events were told after the lock was given back, so that a successor could be told before its predecessor's end.
    let bed = Bed::new();
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    for _ in 0..100 {
        let names = Names::default();
        let mut events = names.listen();
        let mut racing = Vec::new();
        for _ in 0..4 {
            let (supervisor, names) = (supervisor.clone(), names.clone());
            racing.push(tokio::spawn(async move {
                for turn in 0..10_u32 {
                    let process = fresh(&supervisor).await;
                    let held = names.register(&process, turn % 2, turn);
                    if let (Ok(held), 1) = (held, turn % 3) {
                        held.release();
                    }
                    process.kill();
                }
            }));
        }
        for race in racing {
            within(race).await.expect("no panic");
        }
        // The figures are taken under the lock of those who change them.
        within(async {
            while names.stats().processes > 0 {
                tokio::task::yield_now().await
            }
        })
        .await;
        let mut owners = HashMap::new();
        while let Ok(event) = events.try_recv() {
            match event {
                RegistryEvent::Registered { key, process, .. } => {
                    assert_eq!(owners.insert(key, process), None);
                }
                RegistryEvent::Unregistered { key, process }
                | RegistryEvent::Expired { key, process } => {
                    assert_eq!(owners.remove(&key), Some(process));
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(owners.is_empty(), "{owners:?}");
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_always_see_a_holder_that_is_being_replaced_or_nobody() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let names = Names::default();
    let reader = {
        let (names, a, b) = (names.clone(), a.clone(), b.clone());
        tokio::task::spawn_blocking(move || {
            for _ in 0..200_000 {
                if let Some(process) = names.whereis(&0) {
                    assert!(process == a || process == b);
                }
                for (process, value) in names.lookup(&0) {
                    assert_eq!(value, u32::from(process == b));
                }
            }
        })
    };
    while !reader.is_finished() {
        for (process, value) in [(&a, 0), (&b, 1)] {
            names
                .register(process, 0, value)
                .expect("it is free")
                .release();
        }
        tokio::task::yield_now().await;
    }
    within(reader).await.expect("no panic");
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_named_child_finds_its_name_free_at_every_restart() {
    let bed = Bed::new();
    let namespace = within(bed.runtime.namespace("test"))
        .await
        .expect("it starts");
    let child = Child::task("a", |_| async { Err::<(), _>("no disk") });
    let tree = Supervisor::one_for_one()
        .intensity(1000, crate::secs(60))
        .child(child.name(crate::name("service")));
    let inner = Child::supervisor("inner", tree).restart(Restart::Temporary);
    within(namespace.start_child(inner))
        .await
        .expect("it starts");
    let mut log = bed.log();
    let lines = log.until("exited test/children/inner: shutdown").await;
    assert!(
        !lines.iter().any(|line| line.starts_with("start error")),
        "{lines:?}"
    );
    assert!(lines.contains(&"started test/children/inner/a again 1000".to_owned()));
    assert_eq!(namespace.services(), []);
    bed.end().await;
}
