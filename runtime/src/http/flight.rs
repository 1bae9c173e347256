//! One answer for all who ask for the same at the same time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use tokio::sync::watch;

/// An answer that is costly to make: while it is being made, whoever else asks for it waits for the same one.
///
/// It is made on a thread for what blocks, never on one that serves. However many ask, one is being made at a time; and it is made to its
/// end even if all who asked have gone away.
#[derive(Clone, Debug, Default)]
pub(super) struct Flight(Arc<Mutex<Option<Landing>>>);

/// Where the answer comes, once it is made.
type Landing = watch::Receiver<Option<Bytes>>;

/// Is dropped when the answer was made, or could not be.
struct Departure {
    flight: Flight,
    /// Until the answer was made.
    sender: Option<watch::Sender<Option<Bytes>>>,
}

impl Departure {
    /// First whoever asks from now on gets a newer answer, then this one is there.
    fn land(mut self, made: Bytes) {
        let sender = self.sender.take();
        self.flight.clear();
        if let Some(sender) = sender {
            sender.send_replace(Some(made));
        }
    }
}

impl Drop for Departure {
    /// Before the sender is dropped, which tells those who wait that there will be no answer: one who tries again starts anew.
    fn drop(&mut self) {
        // After an answer, what runs is not this.
        if self.sender.is_some() {
            self.flight.clear();
        }
    }
}

impl Flight {
    /// The answer that is being made, or that `make` makes now. `None` if it panicked, or the runtime is being shut down.
    ///
    /// Cancel safety: others who wait for the same are not troubled when this is dropped.
    pub(super) async fn join(
        &self,
        make: impl FnOnce() -> Bytes + Send + 'static,
    ) -> Option<Bytes> {
        let mut landing = self.board(make);
        let landed = landing.wait_for(Option::is_some).await.ok()?;
        landed.clone()
    }

    fn board(&self, make: impl FnOnce() -> Bytes + Send + 'static) -> Landing {
        let mut running = self.running();
        if let Some(landing) = &*running {
            return landing.clone();
        }
        let (sender, landing) = watch::channel(None);
        *running = Some(landing.clone());
        // Dropping it looks at what is running, should it be dropped unrun.
        drop(running);
        let flight = self.clone();
        let sender = Some(sender);
        let departure = Departure { flight, sender };
        tokio::task::spawn_blocking(move || departure.land(make()));
        landing
    }

    fn clear(&self) {
        *self.running() = None;
    }

    /// A poisoned lock is taken all the same: nothing under it panics.
    fn running(&self) -> MutexGuard<'_, Option<Landing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use futures_util::future::join_all;
    use futures_util::poll;

    use super::*;

    /// Makes answers, each when it is told to, and counts them.
    #[derive(Default)]
    struct Kitchen {
        flight: Flight,
        made: Arc<AtomicUsize>,
    }

    impl Kitchen {
        fn ask(
            &self,
            go: &Arc<Mutex<mpsc::Receiver<()>>>,
        ) -> impl Future<Output = Option<Bytes>> + use<> {
            let (made, go) = (Arc::clone(&self.made), Arc::clone(go));
            let flight = self.flight.clone();
            async move {
                let make = move || {
                    go.lock().unwrap().recv().unwrap();
                    let nth = made.fetch_add(1, Ordering::SeqCst) + 1;
                    Bytes::from(nth.to_string())
                };
                flight.join(make).await
            }
        }
    }

    fn gate() -> (mpsc::Sender<()>, Arc<Mutex<mpsc::Receiver<()>>>) {
        let (open, gate) = mpsc::channel();
        (open, Arc::new(Mutex::new(gate)))
    }

    #[tokio::test]
    async fn a_hundred_who_ask_at_the_same_time_get_one_answer() {
        let (kitchen, (open, gate)) = (Kitchen::default(), gate());
        let mut all = Box::pin(join_all((0..100).map(|_| kitchen.ask(&gate))));
        assert!(poll!(&mut all).is_pending());
        open.send(()).unwrap();
        let expected = vec![Some(Bytes::from("1")); 100];
        assert_eq!(all.await, expected);
        assert_eq!(kitchen.made.load(Ordering::SeqCst), 1);
        // Whoever asks later gets a newer one.
        open.send(()).unwrap();
        assert_eq!(kitchen.ask(&gate).await, Some(Bytes::from("2")));
    }

    #[tokio::test]
    async fn whoever_goes_away_takes_the_answer_from_nobody() {
        let (kitchen, (open, gate)) = (Kitchen::default(), gate());
        let mut first = Box::pin(kitchen.ask(&gate));
        assert!(poll!(&mut first).is_pending());
        let mut second = Box::pin(kitchen.ask(&gate));
        assert!(poll!(&mut second).is_pending());
        drop(first);
        open.send(()).unwrap();
        assert_eq!(second.await, Some(Bytes::from("1")));
        assert_eq!(kitchen.made.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_made_is_none_and_the_next_is_tried_anew() {
        let flight = Flight::default();
        assert_eq!(flight.join(|| panic!("as planned")).await, None);
        let made = flight.join(|| Bytes::from_static(b"fine")).await;
        assert_eq!(made, Some(Bytes::from_static(b"fine")));
    }
}
