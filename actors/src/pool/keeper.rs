//! The keeper: carries out what a pool decides, and tells what happens.
//!
//! A supervised task and not an actor: nobody has anything to ask of it, the cell calls it by a bell. All it knows is in the cell: a
//! successor finds the same connections, the same queue, and whom it has to watch. While there is none, leases are taken and given
//! back as ever; what has to be connected or closed waits for the next one. But what is left of a pool that was closed waits for nobody:
//! it is dropped, without a goodbye.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_supervisors::{Process, StopToken};
use tokio::time::{Instant, sleep_until, timeout};

use super::borrower::Borrower;
use super::close::{close, mend};
use super::connect::{connect, take};
use super::core::Notices;
use super::manager::ConnectionPool;
use super::premises::Premises;
use super::signals::Deed;
use super::upkeep::{Follow, Loan, Starts, Watch};
use super::work::{ConnectTicket, Work};

pub(crate) async fn keep<P: ConnectionPool>(premises: Arc<Premises<P>>, stop: StopToken) {
    let cell = Arc::clone(&premises.cell);
    // The one before may still be about to end: what it does as it goes must not undo what this one does.
    let _sole = tokio::select! {
        biased;
        () = stop.stopped() => return,
        sole = timeout(OVERLAP_MAX, premises.keeping.lock()) => sole,
    };
    let _attendance = cell.attend();
    premises.tell_started();
    let mut keeper = Keeper::new(Arc::clone(&premises));
    keeper.keep_until(stop.stopped()).await;
    // Otherwise it may be that only the processes are started anew.
    if premises.is_ending() {
        cell.close();
        keeper.keep_until(cell.drained()).await;
        keeper.tell_end();
    }
    premises.report();
}

/// For how long a keeper waits for the one before to end. Only one that blocks its thread takes longer.
const OVERLAP_MAX: Duration = Duration::from_secs(5);

struct Keeper<P: ConnectionPool> {
    premises: Arc<Premises<P>>,
    starts: Starts,
    watch: Watch,
    follow: Follow,
    report_at: Instant,
}

impl<P: ConnectionPool> Keeper<P> {
    fn new(premises: Arc<Premises<P>>) -> Self {
        let starters = Arc::clone(&premises);
        let starter = Arc::new(move || starters.tasks());
        Self {
            starts: Starts::new(starter, premises.cell.name.clone()),
            watch: Watch::new(),
            follow: Follow::default(),
            report_at: Instant::now() + premises.report_every(),
            premises,
        }
    }

    async fn keep_until(&mut self, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        let cell = Arc::clone(&self.premises.cell);
        loop {
            let due = self.turn();
            tokio::select! {
                biased;
                () = &mut end => return self.tell_end(),
                () = self.starts.run() => {}
                process = self.watch.next() => self.reclaim(&process),
                () = self.follow.changed() => self.premises.heed_breaker(),
                () = cell.called() => {}
                () = cell.drained(), if self.premises.has_end_to_tell() => {}
                () = until(due) => {}
                () = sleep_until(self.report_at) => {
                    self.premises.report();
                    self.report_at = Instant::now() + self.premises.report_every();
                }
            }
        }
    }

    /// Does what there is to do. When there is more, without a call.
    fn turn(&mut self) -> Option<Instant> {
        let cell = Arc::clone(&self.premises.cell);
        self.follow.turn_to(&self.premises.circuit, &cell);
        self.premises.give_up_overdue();
        let Work {
            notices,
            connects,
            closes,
            mends,
            watch,
            due_in,
        } = cell.work();
        let due = due_in.and_then(|time| Instant::now().checked_add(time));
        self.tell(&notices);
        self.watch.add(&cell, watch);
        // From here on each is held by its ticket: should this be killed meanwhile, none of them takes up room.
        for ticket in closes {
            self.starts.push_with(ticket, close);
        }
        for ticket in mends {
            // No async closure: the compiler goes in circles over it where it optimises.
            self.starts.push_with(ticket, |ticket| async move {
                mend(ticket).await;
            });
        }
        for ticket in connects {
            self.connect(ticket);
        }
        self.tell_end();
        due.into_iter().chain(self.premises.overdue().due()).min()
    }

    /// Starts an attempt to connect. If as many have not ended as may be made at a time, though the pool does not count them any more,
    /// it is made later: each may block a thread.
    fn connect(&mut self, ticket: ConnectTicket<P>) {
        let config = self.premises.cell.config.load_full();
        if !self.premises.overdue().has_room(config.connects_max) {
            return ticket.withdraw();
        }
        let desk = Arc::new(Mutex::new(Some(ticket)));
        self.premises.overdue().add(&desk, config.connect_timeout);
        let task = connect(Arc::clone(&self.premises), Arc::clone(&desk));
        // One that is not begun has not failed.
        self.starts.push_or(task, move || {
            if let Some(ticket) = take(&desk) {
                ticket.withdraw();
            }
        });
    }

    /// Takes back what a process had that has ended.
    fn reclaim(&self, process: &Process) {
        let cell = &self.premises.cell;
        let taken = cell.borrower_died(process.pid());
        let loans: Vec<_> = taken
            .iter()
            .map(|holder| Loan::of_ended(cell, holder, process))
            .collect();
        if !loans.is_empty() {
            cell.tell(&Deed::Reclaimed(&loans));
        }
    }

    fn tell(&self, notices: &Notices<Borrower>) {
        let cell = &self.premises.cell;
        for holder in &notices.warned {
            cell.tell(&Deed::LeaseWarned(&Loan::of(cell, holder)));
        }
        for holder in &notices.revoked {
            if cell.is_closed() {
                self.premises.cut_off.fetch_add(1, Ordering::Relaxed);
            }
            cell.tell(&Deed::Revoked(&Loan::of(cell, holder)));
        }
        if let Some(who) = &notices.deadlock {
            let borrower = who.borrower.map(|borrower| cell.label(borrower));
            self.premises.pass_over_deadlocks(&cell.figures().0);
            cell.tell(&Deed::SelfDeadlock {
                borrower: borrower.as_deref(),
                taken_at: who.at,
            });
        }
    }

    /// Tells that the pool was closed and nothing is left, once.
    fn tell_end(&self) {
        let (premises, cell) = (&self.premises, &self.premises.cell);
        if cell.is_drained() && Premises::<P>::is_first(&premises.told_drained) {
            premises.report();
            let revoked = premises.cut_off.load(Ordering::Relaxed);
            cell.tell(&Deed::Drained { revoked });
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
