//! The end of other people's code.

use std::fmt;
use std::thread;

use super::event::Event;
use super::handler::Call;
use super::{nesting, panic};

/// What a handler calls, until it is dropped with care.
///
/// The last to let go of a handler that was detached may be somebody who emits, and was telling it of an event at that moment. Its
/// destructor is not theirs to wait for: it runs on another thread then. Nowhere does a panic of it go on.
pub(super) struct Remains(Option<Call>);

impl Remains {
    pub(super) const fn of(call: Call) -> Self {
        Self(Some(call))
    }

    pub(super) fn call(&self, event: &Event) {
        if let Some(call) = &self.0 {
            call(event);
        }
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        let Some(call) = self.0.take() else { return };
        if nesting::is_emitting() {
            elsewhere(call);
        } else {
            panic::guard(|| drop(call));
        }
    }
}

/// Drops it on a thread for what blocks, or on one of its own. Where there is none to be had it is dropped here after all.
fn elsewhere(call: Call) {
    let bury = move || panic::guard(|| drop(call));
    // What is not run is dropped, and with it what it holds.
    let spawn = || match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(bury)),
        Err(_) => drop(thread::Builder::new().spawn(bury)),
    };
    panic::guard(spawn);
}

impl fmt::Debug for Remains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remains")
    }
}
