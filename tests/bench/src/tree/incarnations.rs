//! The workers that crash, as their caller sees them: all sides say alike when an incarnation has started.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;

use super::message::{each, total};
use crate::Outcome;
use crate::in_kameo::{self, KameoRef};
use crate::worker::{WorkerMessage, WorkerRef};

/// How a worker is made to crash.
#[derive(Clone, Copy)]
pub(super) enum Crash {
    Error,
    Panic,
}

/// A reference to a worker, of any side.
pub(super) trait Crashing: Send + Sized + 'static {
    /// Has it crash, and waits for nothing.
    fn crash(&self, crash: Crash) -> impl Future<Output = Outcome<()>> + Send;

    /// Calls it.
    fn ask(&self) -> impl Future<Output = Outcome<()>> + Send;
}

impl Crashing for WorkerRef {
    async fn crash(&self, crash: Crash) -> Outcome<()> {
        Ok(self.cast(match crash {
            Crash::Error => WorkerMessage::Fail,
            Crash::Panic => WorkerMessage::Panic,
        })?)
    }

    async fn ask(&self) -> Outcome<()> {
        total(self, None).await.map(drop)
    }
}

impl Crashing for KameoRef {
    async fn crash(&self, crash: Crash) -> Outcome<()> {
        match crash {
            Crash::Error => self.tell(in_kameo::Fail).await?,
            Crash::Panic => self.tell(in_kameo::Panic).await?,
        }
        Ok(())
    }

    async fn ask(&self) -> Outcome<()> {
        in_kameo::total(self).await.map(drop)
    }
}

/// The present worker, and where its successors are told of.
pub(super) struct Incarnations<R> {
    present: R,
    births: UnboundedReceiver<R>,
    /// How many are restarted together.
    together: usize,
}

/// Shared with the task that runs a round.
pub(super) type Shared<R> = Arc<Mutex<Incarnations<R>>>;

impl<R: Crashing> Incarnations<R> {
    /// Waits until the first ones have started.
    pub(super) async fn new(
        mut births: UnboundedReceiver<R>,
        together: usize,
    ) -> Outcome<Shared<R>> {
        let present = last_of(&mut births, together).await?;
        Ok(Arc::new(Mutex::new(Self {
            present,
            births,
            together,
        })))
    }

    /// One crash after the other, each until all have started anew and one has answered; nanoseconds a crash.
    pub(super) async fn round(shared: Shared<R>, crash: Crash, crashes: u32) -> Outcome<[f64; 1]> {
        let mut this = shared.lock().await;
        let Self {
            present,
            births,
            together,
        } = &mut *this;
        let began = Instant::now();
        for _ in 0..crashes {
            present.crash(crash).await?;
            *present = last_of(births, *together).await?;
            present.ask().await?;
        }
        Ok([each(began, crashes)])
    }
}

async fn last_of<R>(births: &mut UnboundedReceiver<R>, count: usize) -> Outcome<R> {
    let mut last = None;
    for _ in 0..count {
        last = births.recv().await;
    }
    last.ok_or_else(|| "a worker was not started again".into())
}
