//! Borrowers, and who uses which connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use mainstay_actors::pool::{Lease, PoolError};
use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{Child, Namespace};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::support::{Driver, Pool, millis};

/// For how long a borrower waits.
pub(super) const PATIENCE: Duration = millis(500);

/// Nobody uses one two at a time, whatever was taken away from whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses(Arc<Mutex<HashMap<u64, Arc<AtomicBool>>>>);

impl Uses {
    fn of(&self, number: u64) -> Arc<AtomicBool> {
        let mut uses = self.0.lock().expect("nobody panics");
        Arc::clone(uses.entry(number).or_default())
    }
}

type Left = Arc<Mutex<Vec<Lease<Driver>>>>;

/// What those share who borrow.
#[derive(Clone)]
pub(super) struct Borrowers {
    pub(super) pool: Pool,
    uses: Uses,
    /// What those have left who have died without giving it back.
    left: Left,
    pub(super) ended: Arc<AtomicBool>,
    /// What a use takes at least.
    pub(super) unit: Duration,
    /// How much later than its time is up a borrower may be told, where that can be said.
    pub(super) late: Option<Duration>,
}

impl Borrowers {
    pub(super) fn new(pool: &Pool, unit: Duration, late: Option<Duration>) -> Self {
        Self {
            pool: pool.clone(),
            uses: Uses::default(),
            left: Left::default(),
            ended: Arc::default(),
            unit,
            late,
        }
    }

    /// Borrows once, and gives it back in one way or another.
    async fn borrow(&self, way: u64) -> Result<(), PoolError> {
        let begun = Instant::now();
        let lease = self.pool.checkout_within(PATIENCE).await;
        if let Some(late) = self.late {
            assert!(begun.elapsed() <= PATIENCE + late, "{:?}", begun.elapsed());
        }
        let lease = lease?;
        let used = self.uses.of(lease.number);
        assert!(!used.swap(true, Ordering::SeqCst), "two have one");
        sleep(self.unit * way as u32).await;
        used.store(false, Ordering::SeqCst);
        match way {
            0 => lease.discard(),
            1 => drop(lease.detach()),
            _ => drop(lease),
        }
        Ok(())
    }

    /// Twelve plain tasks, and one process after the other that dies with what it has.
    pub(super) fn start(&self, namespace: &Namespace) -> JoinSet<()> {
        let mut borrowers = JoinSet::new();
        for nth in 0..12 {
            borrowers.spawn(self.clone().borrow_again_and_again(nth));
        }
        let namespace = namespace.clone();
        borrowers.spawn(self.clone().die_again_and_again(namespace));
        borrowers
    }

    fn left(&self) -> MutexGuard<'_, Vec<Lease<Driver>>> {
        self.left.lock().expect("nobody panics")
    }

    /// Whether all that the dead have left was taken away.
    pub(super) fn has_nothing_of_the_dead(&self) -> bool {
        self.left().iter().all(Lease::is_revoked)
    }

    /// Drops what the dead have left.
    pub(super) fn clear_away(&self) {
        let left = std::mem::take(&mut *self.left());
        drop(left);
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    async fn borrow_again_and_again(self, nth: u64) {
        let mut turn = nth;
        while !self.has_ended() {
            // Whoever is refused, or whose lease was taken away, asks again, after a pause: it may be refused at once.
            if self.borrow(turn % 9).await.is_err() {
                sleep(self.unit).await;
            }
            turn += 1;
        }
    }

    async fn die_again_and_again(self, namespace: Namespace) {
        let mut nth = 0;
        while !self.has_ended() {
            nth += 1;
            let borrowers = self.clone();
            let child = Child::task(format!("borrower-{nth}"), move |_| {
                borrowers.clone().die(nth)
            });
            let started = namespace
                .start_child(child.restart(Restart::Temporary))
                .await;
            sleep(self.unit * 20).await;
            if let Some(process) = started.ok().as_ref().and_then(|started| started.process()) {
                process.kill();
            }
        }
    }

    async fn die(self, nth: u64) {
        self.borrow(2).await.ok();
        let lease = self.pool.checkout_within(millis(200)).await;
        match nth % 3 {
            0 => self.left().extend(lease),
            1 => panic!("as it should"),
            _ => std::future::pending::<()>().await,
        }
    }
}
