//! Rate limits around services that serve HTTP.

mod answers;
mod charging;
mod clients;
mod over_http;
mod readiness;
mod several;
mod shadow;
pub(super) mod support;
