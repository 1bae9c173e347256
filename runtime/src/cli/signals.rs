//! The signals that ask the program to end, and the watch over its end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::watch;

use super::exit::Exit;
use super::print;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

/// Signals are caught from when this is made.
#[derive(Clone, Debug)]
pub(super) struct Signals {
    first: watch::Receiver<Option<Signal>>,
    deadline: Arc<watch::Sender<Duration>>,
    ending: Arc<watch::Sender<bool>>,
}

impl Signals {
    /// The first signal asks for an orderly end. From then on, or from when one [begins](Self::begin_end) without, the program ends by
    /// force: at a second signal, or when the orderly end takes longer than `deadline` and the time it takes to kill the rest.
    ///
    /// A thread of its own sees to that, since code that never awaits may keep all others busy.
    pub(super) fn watch(deadline: Duration) -> io::Result<Self> {
        let (told, first) = watch::channel(None);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let inside = runtime.enter();
        let caught = caught()?;
        drop(inside);
        let thread = std::thread::Builder::new().name("signals".to_owned());
        let (deadline, latest) = watch::channel(deadline);
        let (ending, begun) = watch::channel(false);
        thread.spawn(move || runtime.block_on(keep_watch(caught, told, latest, begun)))?;
        Ok(Self {
            first,
            deadline: Arc::new(deadline),
            ending: Arc::new(ending),
        })
    }

    /// An orderly end begins that no signal has asked for; no matter if one has.
    pub(super) fn begin_end(&self) {
        self.ending.send_replace(true);
    }

    /// The orderly end may take this long from now on; no matter once it has begun.
    pub(super) fn set_deadline(&self, deadline: Duration) {
        self.deadline.send_replace(deadline);
    }

    /// Waits for the first signal; at once if it has come.
    pub(super) async fn first(&mut self) -> Signal {
        match self
            .first
            .wait_for(Option::is_some)
            .await
            .map(|first| *first)
        {
            Ok(Some(signal)) => signal,
            // The thread never ends before the program.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}

async fn keep_watch(
    mut caught: Caught,
    told: watch::Sender<Option<Signal>>,
    deadline: watch::Receiver<Duration>,
    mut ending: watch::Receiver<bool>,
) {
    let first = tokio::select! {
        first = caught.next() => Some(first),
        Ok(_) = ending.wait_for(|it| *it) => None,
    };
    let deadline = *deadline.borrow();
    let second = async {
        let first = match first {
            Some(first) => first,
            None => caught.next().await,
        };
        print::status(format_args!(
            "{}: stopping within {deadline:?}; once more to end at once",
            first.name()
        ));
        told.send_replace(Some(first));
        caught.next().await
    };
    let by_force = tokio::select! {
        second = second => Exit::Signal(second.number()),
        () = tokio::time::sleep(deadline.saturating_add(KILLING)) => {
            let why = "something could not be stopped, nor killed: code that never awaits";
            // Without a signal it ends because it has failed.
            print::error(first.map_or(Exit::Failure, |_| Exit::Killed), why)
        }
    };
    std::process::exit(by_force.number().into());
}

/// How long killing may take after the deadline.
const KILLING: Duration = Duration::from_secs(2);

/// Signals that ask for an end, from when [`caught`] was called.
#[cfg(unix)]
pub(super) struct Caught {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

/// Catches signals; inside of a tokio runtime.
#[cfg(unix)]
pub(super) fn caught() -> io::Result<Caught> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Caught {
        interrupt: signal(SignalKind::interrupt())?,
        terminate: signal(SignalKind::terminate())?,
    })
}

#[cfg(unix)]
impl Caught {
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = self.interrupt.recv() => Signal::Interrupt,
            Some(()) = self.terminate.recv() => Signal::Terminate,
            else => std::future::pending().await,
        }
    }
}

#[cfg(windows)]
pub(super) struct Caught(tokio::signal::windows::CtrlC);

#[cfg(windows)]
pub(super) fn caught() -> io::Result<Caught> {
    Ok(Caught(tokio::signal::windows::ctrl_c()?))
}

#[cfg(windows)]
impl Caught {
    pub(super) async fn next(&mut self) -> Signal {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}
