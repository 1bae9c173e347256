//! The keeper: minds the times of the breakers of a namespace.
//!
//! A supervised task and not an actor: nobody has anything to ask of it, so it takes no messages. Breakers call it by leaving
//! themselves with the [`Post`](super::post::Post). All it knows is in the breakers: a successor looks at each of them once and
//! knows as much.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use mainstay_supervisors::{Namespace, RegistryEvent, StopToken};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use super::cell::Cell;
use super::circuits::Circuits;

pub(crate) async fn keep(circuits: Arc<Circuits>, namespace: Namespace, stop: StopToken) {
    let presence = Presence::begin(circuits);
    let post = &presence.circuits.post;
    let mut names = Some(namespace.registry().listen());
    let mut agenda = Agenda::default();
    agenda.look_at_all(&presence.circuits.cells());
    look_at_followed(&presence.circuits, &namespace);
    loop {
        let look = tokio::select! {
            biased;
            () = stop.stopped() => return,
            () = post.called() => true,
            look = changed(&mut names, &presence.circuits) => look,
            () = agenda.next() => false,
        };
        agenda.look_at_all(&post.take_waiting());
        agenda.look_at_due();
        if look {
            look_at_followed(&presence.circuits, &namespace);
        }
    }
}

type Names =
    mainstay_supervisors::Listener<mainstay_specs::ServiceName, mainstay_supervisors::Metadata>;

/// Waits for a change of the names in the namespace; says whether somebody follows whoever it is about.
async fn changed(names: &mut Option<Names>, circuits: &Circuits) -> bool {
    let Some(listener) = names else {
        return std::future::pending().await;
    };
    match listener.recv().await {
        Ok(RegistryEvent::Registered { key, .. }) => {
            let followers = circuits.post.followers();
            followers.iter().any(|(name, _)| *name == key)
        }
        Ok(_) => false,
        Err(RecvError::Lagged(_)) => true,
        Err(RecvError::Closed) => {
            *names = None;
            false
        }
    }
}

/// Shows each breaker that follows somebody the present incarnation of that.
fn look_at_followed(circuits: &Circuits, namespace: &Namespace) {
    for (name, cell) in circuits.post.followers() {
        if let Some(process) = namespace.whereis(name.as_str()) {
            cell.seen(process.pid());
        }
    }
}

/// That there is a keeper, for as long as it lasts. Ends with it however it ends, so that no breaker relies on it any more.
struct Presence {
    circuits: Arc<Circuits>,
}

impl Presence {
    fn begin(circuits: Arc<Circuits>) -> Self {
        circuits.post.set_kept(true);
        Self { circuits }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.circuits.post.set_kept(false);
        // Those that wait for it would wait for ever.
        self.circuits.post.take_waiting();
        for cell in self.circuits.cells() {
            cell.unmind();
        }
    }
}

/// Which breaker is to be looked at when.
#[derive(Default)]
struct Agenda {
    by_time: BTreeMap<(Instant, usize), Weak<Cell>>,
    /// The times of those that have one, by address.
    times: HashMap<usize, Instant>,
}

impl Agenda {
    fn look_at_all(&mut self, cells: &[Arc<Cell>]) {
        let minds = !cells.is_empty() && time_flows();
        for cell in cells {
            self.look_at(cell, minds);
        }
    }

    /// Lets what is due happen, and notes when there will be more.
    fn look_at(&mut self, cell: &Arc<Cell>, minds: bool) {
        let address = Arc::as_ptr(cell).addr();
        if let Some(time) = self.times.remove(&address) {
            self.by_time.remove(&(time, address));
        }
        if let Some(wake) = cell.tick(minds) {
            let time = cell.epoch.instant(wake);
            self.times.insert(address, time);
            self.by_time.insert((time, address), Arc::downgrade(cell));
        }
    }

    fn look_at_due(&mut self) {
        let now = Instant::now();
        let mut due = Vec::new();
        while let Some(entry) = self
            .by_time
            .first_entry()
            .filter(|entry| entry.key().0 <= now)
        {
            let (_, address) = *entry.key();
            self.times.remove(&address);
            due.extend(entry.remove().upgrade());
        }
        self.look_at_all(&due);
    }

    /// Waits until there is something to look at.
    async fn next(&self) {
        match self.by_time.first_key_value() {
            Some((&(time, _), _)) => sleep_until(time).await,
            None => std::future::pending().await,
        }
    }
}

/// Whether tokio's clock runs with the world's. In a test it may stand still, and be put on by any amount between two calls:
/// then nobody is to rely on a timer, as it would fire after the calls that come first.
fn time_flows() -> bool {
    let (before, began) = (Instant::now(), std::time::Instant::now());
    while began.elapsed() < Duration::from_micros(1) {
        std::hint::spin_loop();
    }
    Instant::now() > before
}
