//! Catching panics with their place.
//!
//! Only the panic hook is told where a panic happened, and the hook is one for the whole program. Ours is put in front
//! of the one that is there, once; it notes the place for the thread that panics inside a supervised process and then
//! hands on to the one that was there before.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

use super::current;
use crate::exit::{ExitReason, Panic};

#[cfg(panic = "abort")]
compile_error!(
    "mainstay needs panic = \"unwind\": with panic = \"abort\" a panicking child ends the program, and no supervisor can restart it"
);

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Puts our hook in front of the present one, the first time it is called.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if current::is_inside() {
                let place = info.location().map(ToString::to_string);
                // Not borrowed anywhere while user code runs, so this never fails; a hook must not panic.
                PLACE.with(|cell| cell.try_borrow_mut().map(|mut slot| *slot = place).ok());
            }
            before(info);
        }));
    });
}

/// Why a process ended whose own code unwound with this payload, caught on this thread just now.
pub(super) fn reason_of(payload: Box<dyn Any + Send>) -> ExitReason {
    #[cfg(feature = "test-util")]
    let payload = match super::fault::thrown(payload) {
        Ok(reason) => return reason,
        Err(payload) => payload,
    };
    ExitReason::Panicked(caught(payload))
}

/// Runs code of the user's that has no way to fail: a destructor, a waker. A panic in it has been printed by the hook, and
/// must not keep the rest from being done.
pub(crate) fn run_caught(code: impl FnOnce()) {
    // What a panic leaves half done is the user's.
    catch_unwind(AssertUnwindSafe(code)).ok();
}

/// Drops something of the user's, as [`run_caught`] does.
pub(crate) fn drop_caught<T>(value: T) {
    run_caught(|| drop(value));
}

/// Makes a panic's payload, caught on this thread just now, into a [`Panic`].
pub(crate) fn caught(payload: Box<dyn Any + Send>) -> Panic {
    let location = PLACE.with(|cell| cell.borrow_mut().take());
    let message = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => (*text).to_owned(),
            Err(_) => "a panic whose payload is not a text".to_owned(),
        },
    };
    Panic::new(message, location)
}
