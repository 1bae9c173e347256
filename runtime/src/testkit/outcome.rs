//! What a test, or a callback of it, may return.

use std::fmt;

/// What a test, or a callback of it, may return: nothing, or a `Result<(), E>` whose error can be shown with [`Debug`](fmt::Debug).
#[diagnostic::on_unimplemented(
    message = "a test returns nothing or a `Result<(), E>` with `E: Debug`, not `{Self}`",
    label = "expected `()` or `Result<(), E>` with `E: Debug`"
)]
pub trait Outcome {
    /// Nothing, or the error as text.
    ///
    /// # Errors
    ///
    /// The error as `Debug` shows it.
    fn into_result(self) -> Result<(), String>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

/// For an `async` block that only panics: what a fn returns that never does so.
impl Outcome for <fn() -> ! as Returns>::Value {
    fn into_result(self) -> Result<(), String> {
        self
    }
}

/// Names `!`, which cannot be written as a type by itself.
#[doc(hidden)]
pub trait Returns {
    type Value;
}

impl<T> Returns for fn() -> T {
    type Value = T;
}

impl<E: fmt::Debug> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| format!("{error:?}"))
    }
}
