//! Callers in a hurry.

use std::sync::Arc;
use std::time::Duration;

use mainstay_actors::EventStore;
use mainstay_actors::event_store::{EventBackend, StoreError};
use mainstay_supervisors::specs::EventStoreSpec;

use crate::support::{Bed, Gate, event, settle};

/// With the breakers that a store has.
async fn guarded(gate: &Arc<Gate>) -> Bed {
    let backend: Arc<dyn EventBackend> = Arc::<Gate>::clone(gate);
    Bed::with_child(EventStore::child_with(EventStoreSpec::memory(), backend)).await
}

#[tokio::test(start_paused = true)]
async fn one_who_does_not_wait_as_long_as_others_does_not_shut_the_store_off_for_them() {
    let gate = Gate::shut();
    let bed = guarded(&gate).await;
    let hasty = bed.store.clone().with_limit(Duration::from_millis(1));
    for _ in 0..20 {
        let error = hasty.store(event("e")).await.expect_err("it takes longer");
        assert!(matches!(error, StoreError::Timeout(_)), "{error}");
    }
    gate.let_pass(100);
    bed.store.store(event("e")).await.expect("it is stored");
    assert_eq!(bed.types().await.len(), 21);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_as_long_as_is_usual_do() {
    let gate = Gate::shut();
    let bed = guarded(&gate).await;
    let stores: Vec<_> = (0..5)
        .map(|_| {
            let store = bed.store.clone();
            tokio::spawn(async move { store.store(event("e")).await })
        })
        .collect();
    for store in stores {
        let error = store.await.expect("no panic").expect_err("it hangs");
        assert!(matches!(error, StoreError::Timeout(_)), "{error}");
    }
    let error = bed.store.store(event("e")).await.expect_err("it hangs");
    assert!(matches!(error, StoreError::CircuitOpen(_)), "{error}");
    gate.let_pass(100);
    settle().await;
    bed.end().await;
}
