//! The keeper: carries out one change after the other.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainstay_supervisors::{Namespace, current};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::ConfigError;
use super::cell::Cell;
use super::claim::Claim;
use super::error::LoadError;
use super::event::{Change, ConfigEvent, Reload, Reset};
use super::handle::service_name;
use super::recording::Recording;
use super::rules::Plan;
use super::snapshot::{Snapshot, Update};

pub(crate) struct Keeper;

/// As often as gauges are sampled.
const BEAT: Duration = Duration::from_secs(1);

/// What an incarnation of the keeper starts with.
pub(crate) struct Start {
    pub(crate) namespace: Namespace,
    pub(crate) cell: Arc<Cell>,
    /// The plan to go by, if it is not the one the cell has already.
    pub(crate) plan: Option<Arc<Plan>>,
    /// Where use is recorded.
    pub(crate) beats: Option<Beats>,
}

/// Sends a message each second while it is there.
pub(crate) struct Beats {
    recording: Arc<Recording>,
    timer: JoinHandle<()>,
}

impl Drop for Beats {
    fn drop(&mut self) {
        self.timer.abort();
    }
}

pub(crate) enum Message {
    /// A second has passed.
    Beat,
    Update(Update, Ticket<Change>),
    Reset(Ticket<Reset>),
    /// Go by this plan from now on.
    Renew(Arc<Plan>, Ticket<Option<Reload>>),
}

/// The way back to whoever made a request.
pub(crate) struct Ticket<T> {
    pub(crate) reply: RpcReplyPort<Result<T, ConfigError>>,
    pub(crate) claim: Claim,
}

impl<T> Ticket<T> {
    /// Carries the request out, unless it was withdrawn.
    fn serve(self, carry_out: impl FnOnce() -> Result<T, ConfigError>) {
        if self.claim.take() {
            let outcome = carry_out();
            // Nobody is told if the asker has left meanwhile.
            self.reply.send(outcome).ok();
        }
    }
}

impl Actor for Keeper {
    type Msg = Message;
    type State = Start;
    type Arguments = Start;

    async fn pre_start(
        &self,
        actor: ActorRef<Message>,
        mut start: Start,
    ) -> Result<Start, ActorProcessingErr> {
        let myself = current().ok_or("a config server runs as a supervised process only")?;
        let registered = start.namespace.register(service_name(), &myself);
        registered.map_err(LoadError::Register)?;
        // From here on nobody else keeps this cell, until this process has ended.
        if let Some(plan) = &start.plan {
            start
                .cell
                .adopt(start.cell.current().under(Arc::clone(plan)));
        }
        start.cell.set_started(Instant::now());
        let recording = Recording::in_namespace(&start.namespace);
        start.beats = recording.map(|recording| Beats {
            recording,
            timer: actor.send_interval(BEAT, || Message::Beat),
        });
        Ok(start)
    }

    /// Nothing is awaited in here, so that a kill comes before a change or after it.
    async fn handle(
        &self,
        _myself: ActorRef<Message>,
        message: Message,
        state: &mut Start,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Beat => state.note_hit_rate(),
            Message::Update(update, ticket) => ticket.serve(|| state.update(update)),
            Message::Reset(ticket) => ticket.serve(|| Ok(state.reset())),
            Message::Renew(plan, ticket) => ticket.serve(|| state.renew(&plan)),
        }
        Ok(())
    }
}

impl Start {
    fn note_hit_rate(&self) {
        if let Some(beats) = &self.beats {
            beats.recording.note_hit_rate();
        }
    }

    fn update(&self, update: Update) -> Result<Change, ConfigError> {
        let now = self.cell.current();
        let (next, change) = now.update(update, SystemTime::now())?;
        self.commit(next, &ConfigEvent::Updated(change.clone()));
        Ok(change)
    }

    fn reset(&self) -> Reset {
        let (next, reset) = self.cell.current().reset(SystemTime::now());
        self.commit(next, &ConfigEvent::Reset(reset.clone()));
        reset
    }

    fn renew(&self, plan: &Arc<Plan>) -> Result<Option<Reload>, ConfigError> {
        let (next, reload) = self.cell.current().reload(plan, SystemTime::now())?;
        match &reload {
            Some(reload) => self.commit(next, &ConfigEvent::Reloaded(reload.clone())),
            None => self.cell.adopt(next),
        }
        Ok(reload)
    }

    fn commit(&self, next: Snapshot, event: &ConfigEvent) {
        self.cell.commit(next, event);
        let namespace = self.namespace.name().as_str();
        // Values are left out: they may be secrets.
        match event {
            ConfigEvent::Updated(change) => {
                tracing::info!(namespace, path = %change.path, version = change.version, "configuration updated");
            }
            ConfigEvent::Reset(reset) => {
                tracing::info!(
                    namespace,
                    changes = reset.changes.len(),
                    version = reset.version,
                    "configuration reset"
                );
            }
            ConfigEvent::Reloaded(reload) => {
                tracing::info!(
                    namespace,
                    changes = reload.changes.len(),
                    version = reload.version,
                    "configuration follows another start"
                );
            }
        }
    }
}
