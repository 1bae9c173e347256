//! A stable reference: to whoever holds a name when a message is sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use mainstay_specs::ServiceName;
use ractor::{ActorRef, ActorStatus, Message, MessagingErr, RpcReplyPort};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::call::CallError;
use crate::namespace::{Metadata, ServiceRegistry};
use crate::process::{Mailbox, Process};
use crate::registry::Entry;

/// How long a caller whose request was dropped unanswered waits for the process to turn out to be dying, and how long
/// one waits for an answer before it watches for the end as well.
const GRACE: Duration = Duration::from_millis(50);

struct Resolved<M> {
    entry: Arc<Entry<Metadata>>,
    actor: ActorRef<M>,
    /// If its messages are counted.
    mailbox: Option<Arc<Mailbox>>,
}

impl<M> Resolved<M> {
    /// A message is about to be sent, if there is room for it.
    #[inline]
    fn admit(&self) -> Result<(), CallError> {
        let Some(mailbox) = &self.mailbox else {
            return Ok(());
        };
        let admitted = mailbox.admit();
        if admitted.is_err() {
            self.entry.process.life().tell_refused();
        }
        admitted
    }

    /// It was not sent.
    fn withdraw(&self) {
        if let Some(mailbox) = &self.mailbox {
            mailbox.withdraw();
        }
    }
}

/// A reference to whoever holds a name in a namespace when a message is sent. It survives restarts of the process, and
/// of the namespace's services; cheap to clone.
///
/// It remembers whom it found last and asks the registry again when that registration has ended, so that a send costs
/// about what a plain `ActorRef` costs. Share it by reference or clone it for each task: clones remember separately.
pub struct ServiceRef<M> {
    registry: ServiceRegistry,
    name: ServiceName,
    last: ArcSwapOption<Resolved<M>>,
}

impl<M: Message> ServiceRef<M> {
    pub(crate) fn new(registry: ServiceRegistry, name: ServiceName) -> Self {
        Self {
            registry,
            name,
            last: ArcSwapOption::empty(),
        }
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &ServiceName {
        &self.name
    }

    /// Whoever holds the name now.
    #[must_use]
    pub fn process(&self) -> Option<Process> {
        self.registry.whereis(&self.name)
    }

    /// Sends a message and waits for nothing.
    ///
    /// # Errors
    ///
    /// [`CallError::NoProcess`] while nobody holds the name, for instance during a restart; [`CallError::Refused`] when
    /// the mailbox has a limit and is full; [`CallError::Shut`] while it takes no messages; [`CallError::WrongType`]. The message is dropped then. That it was sent does
    /// not mean that it will be handled: a process that ends drops what is queued.
    pub fn cast(&self, message: M) -> Result<(), CallError> {
        let mut message = message;
        loop {
            let last = self.last.load();
            let resolved = match &*last {
                Some(resolved) if resolved.entry.is_current() => resolved,
                _ => {
                    drop(last);
                    self.resolve()?;
                    continue;
                }
            };
            resolved.admit()?;
            message = match resolved.actor.send_message(message) {
                Ok(()) => return Ok(()),
                Err(error) => {
                    resolved.withdraw();
                    refused(error)?
                }
            };
            // It is ending: its name is about to be freed. Only a successor is worth another try.
            if self
                .registry
                .entry(&self.name)
                .is_none_or(|entry| Arc::ptr_eq(&entry, &resolved.entry))
            {
                return Err(CallError::NoProcess);
            }
            self.last.store(None);
        }
    }

    /// Sends a request and waits for its answer, at most for `limit`.
    ///
    /// ```text
    /// let total = counter.call(CounterMessage::Get, Duration::from_secs(1)).await?;
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`cast`](Self::cast); [`CallError::Exited`] with the reason if the process ends before it answers;
    /// [`CallError::Timeout`]; [`CallError::CallingSelf`]; [`CallError::NoReply`].
    ///
    /// Cancel safety: a request whose future was dropped may still be carried out; its answer is dropped.
    pub async fn call<T, F>(&self, request: F, limit: Duration) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: FnOnce(RpcReplyPort<T>) -> M,
    {
        let resolved = self.resolved()?;
        if crate::process::is_current(&resolved.entry.process) {
            return Err(CallError::CallingSelf);
        }
        let (process, deadline) = (&resolved.entry.process, deadline(limit));
        resolved.admit()?;
        let (reply, mut answer) = oneshot::channel();
        match resolved.actor.send_message(request((reply, limit).into())) {
            Ok(()) => {}
            Err(MessagingErr::InvalidActorType) => return Err(CallError::WrongType),
            // It is ending, and takes nothing more.
            Err(_) => {
                resolved.withdraw();
                return Err(ended(process, deadline, limit).await);
            }
        }
        // A mailbox that is being dropped may have missed the request, also one that came before the end was to be seen
        // when others send at the same time. It would keep it for as long as this reference is there, so only the end of
        // the process tells. Watching for that costs something, and most answers come soon.
        let stopping = resolved.actor.get_status() >= ActorStatus::Stopping;
        if !(process.life().is_ending() || stopping) {
            let soon = deadline.min(Instant::now() + GRACE);
            match timeout_at(soon, &mut answer).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(_)) => return Err(dropped(process, deadline, limit).await),
                Err(_) => {}
            }
        }
        let either = answer_or_end(answer, process, (deadline, limit));
        let late = Err(CallError::Timeout(limit));
        timeout_at(deadline, either).await.unwrap_or(late)
    }

    fn resolved(&self) -> Result<Arc<Resolved<M>>, CallError> {
        match self.last.load_full() {
            Some(resolved) if resolved.entry.is_current() => Ok(resolved),
            _ => self.resolve(),
        }
    }

    fn resolve(&self) -> Result<Arc<Resolved<M>>, CallError> {
        let entry = self
            .registry
            .entry(&self.name)
            .ok_or(CallError::NoProcess)?;
        let cell = match entry.process.actor_cell() {
            Some(cell) => cell,
            None if entry.process.is_alive() => return Err(CallError::WrongType),
            None => return Err(CallError::NoProcess),
        };
        if cell.is_message_type_of::<M>() == Some(false) {
            return Err(CallError::WrongType);
        }
        let resolved = Arc::new(Resolved {
            mailbox: entry.process.life().mailbox(),
            entry,
            actor: cell.into(),
        });
        self.last.store(Some(Arc::clone(&resolved)));
        Ok(resolved)
    }
}

/// Gives the message back, unless it could never be taken.
fn refused<M>(error: MessagingErr<M>) -> Result<M, CallError> {
    match error {
        MessagingErr::SendErr(message) => Ok(message),
        MessagingErr::ChannelClosed => Err(CallError::NoProcess),
        MessagingErr::InvalidActorType => Err(CallError::WrongType),
    }
}

/// When the time is up; about a century from now for a limit that no clock can hold.
fn deadline(limit: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(limit)
        .unwrap_or_else(|| now + Duration::from_secs(100 * 365 * 24 * 3600))
}

/// Why a request was dropped unanswered. A process that is ending drops requests a moment before its end is known.
async fn dropped(process: &Process, deadline: Instant, limit: Duration) -> CallError {
    let grace = Instant::now() + GRACE;
    match timeout_at(grace.min(deadline), process.ended()).await {
        Ok(reason) => CallError::Exited(reason),
        Err(_) if process.is_stopping() => ended(process, deadline, limit).await,
        Err(_) => CallError::NoReply,
    }
}

async fn answer_or_end<T>(
    answer: oneshot::Receiver<T>,
    process: &Process,
    (deadline, limit): (Instant, Duration),
) -> Result<T, CallError> {
    tokio::select! {
        biased;
        answer = answer => match answer {
            Ok(answer) => Ok(answer),
            Err(_) => Err(dropped(process, deadline, limit).await),
        },
        reason = process.ended() => Err(CallError::Exited(reason)),
    }
}

/// The end of a process that is ending, if it comes in time.
async fn ended(process: &Process, deadline: Instant, limit: Duration) -> CallError {
    match timeout_at(deadline, process.ended()).await {
        Ok(reason) => CallError::Exited(reason),
        Err(_) => CallError::Timeout(limit),
    }
}

impl<M> Clone for ServiceRef<M> {
    fn clone(&self) -> Self {
        Self {
            registry: self.registry.clone(),
            name: self.name.clone(),
            last: ArcSwapOption::new(self.last.load_full()),
        }
    }
}

impl<M> fmt::Debug for ServiceRef<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServiceRef").field(&self.name).finish()
    }
}
