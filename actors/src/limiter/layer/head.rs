//! What is looked at of a request.

use http::{Extensions, HeaderMap, Method, Request, Uri};

/// All of a request but its body.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestHead<'r> {
    /// Its method.
    pub method: &'r Method,
    /// Where it goes to.
    pub uri: &'r Uri,
    /// Its headers: whatever the client has written.
    pub headers: &'r HeaderMap,
    /// What layers further out have put in, such as who has been authenticated.
    pub extensions: &'r Extensions,
}

impl<'r> RequestHead<'r> {
    /// That of a request.
    #[must_use]
    pub fn of<B>(request: &'r Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }
}
