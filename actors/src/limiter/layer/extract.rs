//! Finding in a request whose it is.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use http::HeaderName;
use http::header::AUTHORIZATION;

use super::head::RequestHead;

/// Finds in a request whose it is.
pub trait Extract: Send + Sync {
    /// What tells clients apart; `None`, or an empty text, for a request of nobody in particular. It is never kept or shown, only
    /// a digest of it.
    fn extract<'r>(&'r self, request: RequestHead<'r>) -> Option<Cow<'r, str>>;
}

/// By the value of a header, such as an API key.
///
/// A header that is there more than once tells nothing: which of them whoever comes after goes by, nobody knows. Neither does one
/// that is not of visible ASCII characters.
///
/// A key that nobody has checked is worth nothing as a limit: each that a client makes up has one of its own. Where this comes
/// before authentication, limit addresses as well.
#[derive(Clone, Debug)]
pub struct ByHeader {
    name: HeaderName,
    bearer: bool,
}

impl ByHeader {
    /// By this header, as it is.
    #[must_use]
    pub const fn new(name: HeaderName) -> Self {
        Self {
            name,
            bearer: false,
        }
    }

    /// By the token of `Authorization: Bearer` (RFC 6750), however the word is written.
    #[must_use]
    pub const fn bearer() -> Self {
        Self {
            name: AUTHORIZATION,
            bearer: true,
        }
    }
}

impl Extract for ByHeader {
    fn extract<'r>(&'r self, request: RequestHead<'r>) -> Option<Cow<'r, str>> {
        let mut values = request.headers.get_all(&self.name).iter();
        let value = values.next()?.to_str().ok()?.trim();
        if values.next().is_some() {
            return None;
        }
        if !self.bearer {
            return Some(value.into());
        }
        let (scheme, token) = value.split_once(' ')?;
        let token = token.trim();
        scheme.eq_ignore_ascii_case("bearer").then(|| token.into())
    }
}

/// By what a layer further out has put into the request as an extension, such as who was authenticated.
///
/// ```
/// use mainstay_actors::limiter::ByExtension;
///
/// #[derive(Clone)]
/// struct User {
///     name: String,
/// }
///
/// let by_user = ByExtension::new(|user: &User| &user.name);
/// # drop(by_user);
/// ```
pub struct ByExtension<T, F> {
    tell: F,
    of: PhantomData<fn(&T)>,
}

impl<T, F> ByExtension<T, F>
where
    F: for<'r> Fn(&'r T) -> &'r str,
{
    /// By what is told of an extension of this type. A request without one is of nobody in particular.
    #[must_use]
    pub const fn new(tell: F) -> Self {
        Self {
            tell,
            of: PhantomData,
        }
    }
}

impl<T, F> Extract for ByExtension<T, F>
where
    T: Send + Sync + 'static,
    F: for<'r> Fn(&'r T) -> &'r str + Send + Sync,
{
    fn extract<'r>(&'r self, request: RequestHead<'r>) -> Option<Cow<'r, str>> {
        let extension = request.extensions.get::<T>()?;
        Some((self.tell)(extension).into())
    }
}

impl<T, F> fmt::Debug for ByExtension<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ByExtension")
            .field(&std::any::type_name::<T>())
            .finish()
    }
}

/// By what a function finds: see [`by_request`].
pub struct ByRequest<F>(F);

/// By what a function finds in a request.
///
/// ```
/// use mainstay_actors::limiter::by_request;
///
/// let by_host = by_request(|request| request.uri.host().map(Into::into));
/// # drop(by_host);
/// ```
#[must_use]
pub const fn by_request<F>(find: F) -> ByRequest<F>
where
    F: for<'r> Fn(RequestHead<'r>) -> Option<Cow<'r, str>>,
{
    ByRequest(find)
}

impl<F> Extract for ByRequest<F>
where
    F: for<'r> Fn(RequestHead<'r>) -> Option<Cow<'r, str>> + Send + Sync,
{
    fn extract<'r>(&'r self, request: RequestHead<'r>) -> Option<Cow<'r, str>> {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for ByRequest<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByRequest").finish_non_exhaustive()
    }
}
