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

impl<E: fmt::Debug> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| format!("{error:?}"))
    }
}
