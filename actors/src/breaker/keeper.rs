//! The keeper: minds the times of the breakers of a namespace.
//!
//! A supervised task and not an actor: nobody has anything to ask of it, so it takes no messages. Breakers call it by leaving
//! themselves with the [`Post`](super::post::Post). All it knows is in the breakers: a successor looks at each of them once and
//! knows as much, as those that it was to look at wait for it there.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use mainstay_specs::ServiceName;
use mainstay_supervisors::{Listener, Metadata, Namespace, RegistryEvent, StopToken};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use super::cell::Cell;
use super::post::Post;

pub(crate) async fn keep(post: Arc<Post>, namespace: Namespace, stop: StopToken) {
    let mut names = Some(namespace.registry().listen());
    let mut agenda = Agenda::of(post);
    agenda.post.look_at_followed(None);
    loop {
        agenda.look_at_waiting();
        agenda.look_at_due();
        tokio::select! {
            biased;
            () = stop.stopped() => return,
            () = agenda.post.called() => {}
            changed = changed(&mut names) => match changed {
                Changed::One(name) => agenda.post.look_at_followed(Some(&name)),
                Changed::Any => agenda.post.look_at_followed(None),
            },
            () = agenda.next() => {}
        }
    }
}

/// Who has got a new incarnation.
enum Changed {
    One(ServiceName),
    /// There were too many to hear of each.
    Any,
}

/// Waits until a name is taken.
async fn changed(names: &mut Option<Listener<ServiceName, Metadata>>) -> Changed {
    while let Some(listener) = names {
        match listener.recv().await {
            Ok(RegistryEvent::Registered { key, .. }) => return Changed::One(key),
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return Changed::Any,
            Err(RecvError::Closed) => *names = None,
        }
    }
    std::future::pending().await
}

impl Post {
    /// Has those that follow this name, or anybody, look for the present incarnation.
    fn look_at_followed(&self, name: Option<&ServiceName>) {
        let names = name.map_or_else(|| self.followers.names(), |name| vec![name.clone()]);
        for name in names {
            for cell in self.followers.of(&name).iter().filter_map(Weak::upgrade) {
                cell.look_at_followed();
            }
        }
    }
}

/// Which breaker is to be looked at when.
///
/// Ends with the keeper, however that ends: no breaker relies on it any more then, and all it knew of wait for its successor.
struct Agenda {
    post: Arc<Post>,
    by_time: BTreeMap<(Instant, usize), Weak<Cell>>,
    /// The times of those that have one, by address.
    times: HashMap<usize, Instant>,
}

impl Drop for Agenda {
    fn drop(&mut self) {
        for cell in self.by_time.values().filter_map(Weak::upgrade) {
            cell.unmind();
            self.post.attend(&cell);
        }
    }
}

impl Agenda {
    fn of(post: Arc<Post>) -> Self {
        Self {
            post,
            by_time: BTreeMap::new(),
            times: HashMap::new(),
        }
    }

    fn look_at_waiting(&mut self) {
        let waiting = self.post.take_waiting();
        self.look_at_all(&waiting, true);
    }

    fn look_at_all(&mut self, cells: &[Weak<Cell>], attended: bool) {
        let minds = !cells.is_empty() && self.relies_on_timers();
        // One at a time: nobody is to be kept from forgetting the others.
        for cell in cells.iter().filter_map(Weak::upgrade) {
            if attended {
                cell.is_attended();
            }
            self.look_at(&cell, minds);
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
            due.push(entry.remove());
        }
        self.look_at_all(&due, false);
    }

    fn relies_on_timers(&self) -> bool {
        #[cfg(test)]
        if self.post.relies.load(std::sync::atomic::Ordering::Relaxed) {
            return true;
        }
        time_flows()
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

#[cfg(all(test, not(mainstay_loom)))]
#[path = "keeper_tests.rs"]
mod tests;
