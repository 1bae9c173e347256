//! How a process is made known, and how its end is.

use std::sync::Arc;

use super::Process;
use super::life::{Measured, Phase, State};
use super::meter::Meter;
use super::panic::run_caught;
use super::watch::Watchers;
use crate::event::EventKind;
use crate::exit::{ExitReason, Panic};

impl Process {
    /// Makes the process known: from here on its end is shown as an event and told to its supervisor, unless that waits for
    /// it itself.
    ///
    /// If it has ended meanwhile, both are told now, in this order.
    pub(crate) fn announce(&self, restarts: u32) {
        let life = self.life();
        let mut state = life.lock();
        if let Some(meter) = state.meter() {
            drop(state);
            run_caught(|| meter.started(self, restarts));
            state = life.lock();
        }
        state.announced = true;
        let ended = state.phase == Phase::Ended;
        let last_word = if ended { state.last_word() } else { None };
        let process = self.clone();
        // Under the lock, so that the end cannot be published first.
        let recorded = life
            .events()
            .record(EventKind::Started { process, restarts }, || {});
        drop(state);
        recorded.tell();
        if ended && let Some(reason) = life.reason().cloned() {
            tell_end(last_word, &reason);
            let process = self.clone();
            life.events().publish(EventKind::Exited { process, reason });
            life.tell_owner();
        }
    }

    /// The end, in this order: a supervisor hands its children to the runtime and lets go of what their start functions
    /// hold; names are freed; the exit can be seen, and the event; those who wait; links; a supervisor's children; the
    /// supervisor above, which may start a successor at once.
    pub(super) fn finish(&self) {
        let life = self.life();
        life.charged.close();
        let mut state = life.lock();
        state.phase = Phase::Ending;
        let reason = resolve(&state);
        state.outcome = Some(reason.clone());
        let links = state.links.take();
        let cleanups = std::mem::take(&mut state.cleanups);
        let hub = state.hub.clone();
        let last_word = state.last_word();
        drop(state);

        // Before the exit can be seen and a root is forgotten, so that whoever waits for all, or lists all, finds those that
        // are left behind.
        let left = hub.map(|hub| hub.leave());
        for cleanup in cleanups {
            cleanup();
        }
        tell_end(last_word, &reason);
        let MadeKnown {
            watchers,
            tell_owner,
            last_word,
        } = self.make_known(&reason);
        // Only if its start was announced meanwhile.
        tell_end(last_word, &reason);
        watchers.wake();
        if let Some(links) = links {
            links.deliver(self, &reason);
        }
        if let Some(left) = left {
            left.tell(&reason);
        }
        if tell_owner {
            life.tell_owner();
        }
    }

    /// Makes the exit visible, and says what is to be done of it.
    fn make_known(&self, reason: &ExitReason) -> MadeKnown {
        let life = self.life();
        // Held to the end, so that a start which is announced meanwhile finds either all of this done or none.
        let mut state = life.lock();
        state.phase = Phase::Ended;
        // Set once: a process has one guard.
        let make_known = || drop(life.reason.set(reason.clone()));
        let recorded = state.announced.then(|| {
            let (process, reason) = (self.clone(), reason.clone());
            let event = EventKind::Exited { process, reason };
            life.events().record(event, make_known)
        });
        if recorded.is_none() {
            make_known();
        }
        // A handle, or an event, keeps nothing of an ended process: an actor's cell holds its channels.
        let control = state.control.take();
        let late = std::mem::take(&mut state.cleanups);
        let made_known = MadeKnown {
            watchers: std::mem::take(&mut state.watchers),
            tell_owner: state.announced && !state.expected,
            last_word: state.last_word(),
        };
        drop(state);
        drop(control);
        late.into_iter().for_each(|cleanup| cleanup());
        if let Some(recorded) = recorded {
            recorded.tell();
        }
        #[cfg(feature = "test-util")]
        life.faults.end();
        made_known
    }
}

/// What is left to do when an exit can be seen.
struct MadeKnown {
    /// Those who wait for it.
    watchers: Watchers,
    /// Its start was announced to its supervisor, which does not wait itself.
    tell_owner: bool,
    last_word: Option<LastWord>,
}

/// Who measured a process, and how many messages it has left unhandled.
type LastWord = (Arc<dyn Meter>, usize);

impl State {
    fn meter(&self) -> Option<Arc<dyn Meter>> {
        self.measured.as_ref()?.meter.clone()
    }

    /// Once, and only after the start was announced: who hears of no start hears of no end.
    fn last_word(&mut self) -> Option<LastWord> {
        if !self.announced {
            return None;
        }
        let Measured { meter, mailbox } = *self.measured.take()?;
        let unhandled = mailbox.map_or(0, |mailbox| mailbox.waiting());
        Some((meter?, unhandled))
    }
}

/// Without the lock.
fn tell_end(last_word: Option<LastWord>, reason: &ExitReason) {
    if let Some((meter, unhandled)) = last_word {
        // Dropped inside as well: this may be the last to hold it.
        run_caught(move || meter.ended(reason, unhandled));
    }
}

fn resolve(state: &State) -> ExitReason {
    if std::thread::panicking() && state.outcome.is_none() {
        let panic = Panic::new("a destructor panicked".to_owned(), None);
        return ExitReason::Panicked(panic);
    }
    let killed = || state.forced.clone().unwrap_or(ExitReason::Killed);
    state.outcome.clone().unwrap_or_else(killed)
}
