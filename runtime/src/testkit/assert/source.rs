//! What can be received from.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use mainstay_actors::config::{ConfigEvent, ConfigEvents, Lagged};
use mainstay_supervisors::registry::{Key, Listener, Value};
use mainstay_supervisors::{Delivery, EventStream, ExitSignal, ExitSignals, RegistryEvent};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::Receiving;

/// What [`assert_receive!`](crate::assert_receive) and [`refute_receive!`](crate::refute_receive) receive from: channels of
/// tokio and the streams of Mainstay.
pub trait Receive {
    /// What is received.
    type Item: fmt::Debug;

    /// Waits for the next item; `None` when no more will come.
    ///
    /// Nothing may be lost when the future is dropped.
    fn receive(&mut self) -> impl Future<Output = Option<Self::Item>>;

    /// What the macros are made of.
    #[doc(hidden)]
    fn receiving(&mut self, limit: Duration) -> Receiving<'_, Self>
    where
        Self: Sized,
    {
        Receiving::new(self, limit)
    }
}

impl<T: fmt::Debug> Receive for mpsc::Receiver<T> {
    type Item = T;

    async fn receive(&mut self) -> Option<T> {
        self.recv().await
    }
}

impl<T: fmt::Debug> Receive for mpsc::UnboundedReceiver<T> {
    type Item = T;

    async fn receive(&mut self) -> Option<T> {
        self.recv().await
    }
}

impl<T: fmt::Debug> Receive for oneshot::Receiver<T> {
    type Item = T;

    async fn receive(&mut self) -> Option<T> {
        if self.is_terminated() {
            return None;
        }
        self.await.ok()
    }
}

/// What was lost by being slow is an item too.
impl<T: fmt::Debug + Clone> Receive for broadcast::Receiver<T> {
    type Item = Result<T, RecvError>;

    async fn receive(&mut self) -> Option<Self::Item> {
        match self.recv().await {
            Err(RecvError::Closed) => None,
            item => Some(item),
        }
    }
}

/// What was lost by being slow is an item too.
impl<K: Key + fmt::Debug, V: Value + fmt::Debug> Receive for Listener<K, V> {
    type Item = Result<RegistryEvent<K, V>, RecvError>;

    async fn receive(&mut self) -> Option<Self::Item> {
        match self.recv().await {
            Err(RecvError::Closed) => None,
            item => Some(item),
        }
    }
}

impl Receive for EventStream {
    type Item = Delivery;

    async fn receive(&mut self) -> Option<Delivery> {
        self.next().await
    }
}

impl Receive for ExitSignals {
    type Item = ExitSignal;

    async fn receive(&mut self) -> Option<ExitSignal> {
        self.next().await
    }
}

impl Receive for ConfigEvents {
    type Item = Result<ConfigEvent, Lagged>;

    async fn receive(&mut self) -> Option<Self::Item> {
        self.next().await
    }
}
