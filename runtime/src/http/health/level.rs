//! To whom how much is told.

use axum::http::{HeaderMap, header};
use mainstay_actors::health::Detail;
use mainstay_specs::HealthDetails;

use crate::http::access::presents;
use crate::http::router::App;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::http) enum Level {
    /// How the whole is, in one word.
    Status,
    /// How each service is, in one word each.
    Public,
    /// Everything.
    Full,
}

impl Level {
    /// What the spec says of whoever asks.
    pub(in crate::http) fn of(app: &App, headers: &HeaderMap) -> Self {
        let authorized = is_authorized(app, headers);
        match (app.settings.health_details, authorized) {
            (HealthDetails::Never, _) | (HealthDetails::Authorized, false) => Self::Status,
            (HealthDetails::Always, false) => Self::Public,
            (_, true) => Self::Full,
            // What a spec can say one day says nothing to those it does not know.
            (_, false) => Self::Status,
        }
    }

    /// What is told of services, if anything.
    pub(super) const fn detail(self) -> Option<Detail> {
        match self {
            Self::Status => None,
            Self::Public => Some(Detail::Public),
            Self::Full => Some(Detail::Full),
        }
    }
}

/// On a loopback address everybody is; whether the request is for the loopback interface was looked at before.
fn is_authorized(app: &App, headers: &HeaderMap) -> bool {
    app.settings.is_loopback() || presents(&app.settings.token, headers).is_ok()
}

/// Whether this may be asked for without the token on an address that others can reach: by whoever starts and stops containers, or sends them
/// work. A token that is presented and wrong is refused there, too.
pub(in crate::http) fn is_open(path: &str, headers: &HeaderMap) -> bool {
    let is_probe = matches!(path, "/livez" | "/readyz" | "/startupz" | "/health");
    let is_one = path.starts_with("/health/");
    (is_probe || is_one) && !headers.contains_key(header::AUTHORIZATION)
}
