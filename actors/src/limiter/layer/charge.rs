//! Which requests count.

/// Says which requests count, once it is known what came of them. What was taken for one that does not goes back.
///
/// Any `Fn(&Result<Response, Error>) -> bool` is one. A request whose future is dropped or panics counts: who sends requests and
/// hangs up is to be limited all the same.
///
/// ```
/// use http::{Response, StatusCode};
/// use mainstay_actors::limiter::Charge;
///
/// // Only failed logins count.
/// let failures = |result: &Result<Response<()>, std::io::Error>| match result {
///     Ok(response) => response.status() == StatusCode::UNAUTHORIZED,
///     Err(_) => true,
/// };
/// assert!(!failures.counts(&Ok(Response::new(()))));
/// ```
pub trait Charge<T, E> {
    /// Whether a request counts that came to this.
    fn counts(&self, result: &Result<T, E>) -> bool;
}

impl<T, E, F: Fn(&Result<T, E>) -> bool> Charge<T, E> for F {
    fn counts(&self, result: &Result<T, E>) -> bool {
        self(result)
    }
}

/// Every request counts that was let through.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct EveryRequest;

impl<T, E> Charge<T, E> for EveryRequest {
    fn counts(&self, _: &Result<T, E>) -> bool {
        true
    }
}
