//! Links between processes, and exit signals.

use std::sync::{Arc, Weak};

use tokio::sync::mpsc;

use super::{Life, Process, ProcessKind};
use crate::exit::ExitReason;

/// An exit signal, as a process that traps exits receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExitSignal {
    /// The linked process that ended; `None` for a signal sent with [`Process::exit`].
    pub from: Option<Process>,
    /// The reason it carries.
    pub reason: ExitReason,
}

/// The exit signals of a process that traps exits. Dropping it ends the trapping.
#[derive(Debug)]
pub struct ExitSignals(mpsc::UnboundedReceiver<ExitSignal>);

impl ExitSignals {
    /// The next signal; `None` once the process has ended, or somebody else traps its exits now.
    ///
    /// Cancel safety: no signal is lost when this is dropped.
    pub async fn next(&mut self) -> Option<ExitSignal> {
        self.0.recv().await
    }
}

/// What a process knows of its links. Weak, so that two linked processes do not keep each other's record.
#[derive(Default)]
pub(crate) struct Links {
    peers: Vec<Weak<Life>>,
    trap: Option<mpsc::UnboundedSender<ExitSignal>>,
}

impl Links {
    fn add(&mut self, peer: &Process) {
        self.remove(peer);
        self.peers.push(Arc::downgrade(&peer.0));
    }

    fn remove(&mut self, peer: &Process) {
        self.peers.retain(|other| {
            other.strong_count() > 0 && !std::ptr::eq(other.as_ptr(), Arc::as_ptr(&peer.0))
        });
    }

    /// Tells all linked processes of the end of this one.
    pub(crate) fn deliver(self, process: &Process, reason: &ExitReason) {
        for peer in self.peers.iter().filter_map(Weak::upgrade).map(Process) {
            peer.life().with_links(|links| links.remove(process));
            signal(&peer, Some(process.clone()), reason.clone());
        }
    }
}

pub(super) fn link(a: &Process, b: &Process) {
    if a == b {
        return;
    }
    for (from, to) in [(a, b), (b, a)] {
        if to.life().with_links(|links| links.add(from)).is_none() {
            let reason = to.life().last_reason();
            from.life().with_links(|links| links.remove(to));
            signal(from, Some(to.clone()), reason);
        }
    }
}

pub(super) fn unlink(a: &Process, b: &Process) {
    for (from, to) in [(a, b), (b, a)] {
        to.life().with_links(|links| links.remove(from));
    }
}

pub(super) fn trap(process: &Process) -> ExitSignals {
    let (tx, rx) = mpsc::unbounded_channel();
    let before = process.life().with_links(|links| links.trap.replace(tx));
    // Without the lock, as it wakes whoever reads the stream of before.
    drop(before);
    ExitSignals(rx)
}

/// Delivers an exit signal that does not come from the supervisor.
///
/// `Killed` from [`Process::exit`] kills; from a link it is a reason like another, as in OTP.
pub(super) fn signal(process: &Process, from: Option<Process>, reason: ExitReason) {
    if from.is_none() && matches!(reason, ExitReason::Killed) {
        return process.kill();
    }
    if process.kind() == ProcessKind::Supervisor {
        return; // It traps exits, and heeds those of its parent only, which come another way.
    }
    let trap = process
        .life()
        .with_links(|links| links.trap.clone())
        .flatten();
    let untrapped = match trap {
        Some(trap) => trap
            .send(ExitSignal { from, reason })
            .err()
            .map(|refused| refused.0.reason),
        None => Some(reason),
    };
    match untrapped {
        None | Some(ExitReason::Normal) => {}
        Some(reason) => process.life().kill(reason),
    }
}
