//! What every backend of leases has to do.

use mainstay_supervisors::registry::{Lease, LeaseBackend, LeaseLost};
use mainstay_supervisors::{Listener, Process, RegisterError, RegistryEvent};

use super::within;

type Backend = dyn LeaseBackend<String, u32>;

/// Asserts that an empty backend with unique keys does what users of [`LeaseBackend`] rely on. The processes are alive;
/// they are killed, and nothing is left in the backend in the end.
///
/// # Panics
///
/// If it does not.
pub async fn lease_backend_conforms(backend: &Backend, processes: [Process; 4]) {
    let [a, b, c, d] = processes;
    let mut events = backend.watch();
    a_claim_is_found_and_keeps_others_out(backend, &a, &b, &mut events).await;
    a_released_lease_is_lost_and_its_key_is_free(backend, &a, &b, &mut events).await;
    the_end_of_a_process_ends_its_leases(backend, &a, &b, &mut events).await;
    a_lost_lease_cannot_harm_a_successor(backend, &b, &c, &mut events).await;
    the_dead_can_claim_nothing(backend, &b, &mut events).await;
    of_many_claims_one_wins(backend, &c, &d).await;
}

async fn claim(
    backend: &Backend,
    process: &Process,
    key: &str,
) -> Result<Box<dyn Lease>, RegisterError> {
    within(backend.claim(process, key.to_owned(), 1)).await
}

async fn holder(backend: &Backend, key: &str) -> Option<Process> {
    within(backend.find(&key.to_owned())).await
}

async fn next(events: &mut Events) -> (&'static str, String, Process) {
    match within(events.recv()).await.expect("the backend is there") {
        RegistryEvent::Registered { key, process, .. } => ("registered", key, process),
        RegistryEvent::Unregistered { key, process } => ("unregistered", key, process),
        RegistryEvent::Expired { key, process } => ("expired", key, process),
        other => panic!("{other:?}"),
    }
}

type Events = Listener<String, u32>;

async fn a_claim_is_found_and_keeps_others_out(
    backend: &Backend,
    a: &Process,
    b: &Process,
    events: &mut Events,
) {
    assert_eq!(holder(backend, "x").await, None);
    let lease = claim(backend, a, "x").await.expect("it is free");
    assert_eq!(within(lease.renew()).await, Ok(()));
    assert_eq!(holder(backend, "x").await.as_ref(), Some(a));
    assert_eq!(
        next(events).await,
        ("registered", "x".to_owned(), a.clone())
    );
    for other in [b, a] {
        let refused = claim(backend, other, "x").await.expect_err("it is taken");
        assert_eq!(refused, RegisterError::AlreadyRegistered(a.clone()));
    }
    assert!(within(lease.release()).await);
    assert_eq!(
        next(events).await,
        ("unregistered", "x".to_owned(), a.clone())
    );
}

async fn a_released_lease_is_lost_and_its_key_is_free(
    backend: &Backend,
    a: &Process,
    b: &Process,
    events: &mut Events,
) {
    let lease = claim(backend, a, "x").await.expect("it is free");
    assert!(within(lease.release()).await);
    assert_eq!(within(lease.renew()).await, Err(LeaseLost));
    assert!(!within(lease.release()).await);
    let other = claim(backend, b, "x").await.expect("it is free");
    assert!(!within(lease.release()).await);
    assert_eq!(holder(backend, "x").await.as_ref(), Some(b));
    assert!(within(other.release()).await);
    assert_eq!(holder(backend, "x").await, None);
    for (what, who) in [
        ("registered", a),
        ("unregistered", a),
        ("registered", b),
        ("unregistered", b),
    ] {
        assert_eq!(next(events).await, (what, "x".to_owned(), who.clone()));
    }
}

async fn the_end_of_a_process_ends_its_leases(
    backend: &Backend,
    a: &Process,
    b: &Process,
    events: &mut Events,
) {
    let one = claim(backend, a, "x").await.expect("it is free");
    let two = claim(backend, a, "y").await.expect("it is free");
    let others = claim(backend, b, "z").await.expect("it is free");
    for (key, who) in [("x", a), ("y", a), ("z", b)] {
        assert_eq!(
            next(events).await,
            ("registered", key.to_owned(), who.clone())
        );
    }
    a.kill();
    within(a.ended()).await;
    let mut gone =
        [next(events).await, next(events).await].map(|(what, key, who)| (what, key, who == *a));
    gone.sort();
    assert_eq!(
        gone,
        [
            ("expired", "x".to_owned(), true),
            ("expired", "y".to_owned(), true)
        ]
    );
    for (key, lease) in [("x", &one), ("y", &two)] {
        assert_eq!(holder(backend, key).await, None);
        assert_eq!(within(lease.renew()).await, Err(LeaseLost));
    }
    assert_eq!(within(others.renew()).await, Ok(()));
    assert!(within(others.release()).await);
    assert_eq!(
        next(events).await,
        ("unregistered", "z".to_owned(), b.clone())
    );
}

async fn a_lost_lease_cannot_harm_a_successor(
    backend: &Backend,
    b: &Process,
    c: &Process,
    events: &mut Events,
) {
    let lost = claim(backend, b, "x").await.expect("it is free");
    b.kill();
    within(b.ended()).await;
    let held = within(async {
        loop {
            match claim(backend, c, "x").await {
                Ok(lease) => return lease,
                // A backend on another machine may hear of the end a moment later.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    assert!(!within(lost.release()).await);
    assert_eq!(within(lost.renew()).await, Err(LeaseLost));
    assert_eq!(within(held.renew()).await, Ok(()));
    assert_eq!(holder(backend, "x").await.as_ref(), Some(c));
    assert!(within(held.release()).await);
    for (what, who) in [
        ("registered", b),
        ("expired", b),
        ("registered", c),
        ("unregistered", c),
    ] {
        assert_eq!(next(events).await, (what, "x".to_owned(), who.clone()));
    }
}

async fn the_dead_can_claim_nothing(backend: &Backend, dead: &Process, events: &mut Events) {
    let refused = claim(backend, dead, "x").await.expect_err("it is dead");
    assert_eq!(refused, RegisterError::Dead);
    assert_eq!(holder(backend, "x").await, None);
    assert!(events.try_recv().is_err());
}

async fn of_many_claims_one_wins(backend: &Backend, c: &Process, d: &Process) {
    let claims = async {
        tokio::join!(
            claim(backend, c, "x"),
            claim(backend, d, "x"),
            claim(backend, c, "x"),
            claim(backend, d, "x"),
        )
    };
    let (one, two, three, four) = within(claims).await;
    let won: Vec<_> = [one, two, three, four].into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
    for process in [c, d] {
        process.kill();
        within(process.ended()).await;
    }
    assert_eq!(holder(backend, "x").await, None);
}
