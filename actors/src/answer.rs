//! What functions give that `#[protected]` and `#[rate_limited]` are for, and what a call comes to that is not made. To be used through
//! those.

use std::future::Future;

/// What such a function may return.
#[diagnostic::on_unimplemented(
    message = "`#[protected]` and `#[rate_limited]` are for functions that return a `Result`, not `{Self}`",
    label = "a call that is refused has to come to an error",
    note = "mark a method `#[unprotected]` or `#[unlimited]` to leave it as it is"
)]
pub trait Answer: Sized {
    /// Its error.
    type Error;

    /// It comes to this error.
    fn failed(error: Self::Error) -> Self;
}

impl<T, E> Answer for Result<T, E> {
    type Error = E;

    fn failed(error: E) -> Self {
        Err(error)
    }
}

/// The function's own error for what became of a call.
pub fn failed<R: Answer, W>(why: W) -> R
where
    R::Error: From<W>,
{
    R::failed(why.into())
}

/// The same, as the option `error` has it.
pub fn failed_by<R: Answer, W>(why: W, error: impl FnOnce(W) -> R::Error) -> R {
    R::failed(error(why))
}

/// What the fallback gives.
pub fn fall_back<R: Answer, W>(refusal: W, fallback: impl FnOnce(W) -> R) -> R {
    fallback(refusal)
}

/// What the future of the fallback gives.
pub async fn fall_back_async<R: Answer, W, F: Future<Output = R>>(
    refusal: W,
    fallback: impl FnOnce(W) -> F,
) -> R {
    fallback(refusal).await
}
