//! By the address of the client.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::Extensions;

use super::head::RequestHead;
use crate::limiter::RateKey;
use crate::limiter::address::{NoClientIp, TrustedProxies, client_ip};

type Peer = dyn Fn(&Extensions) -> Option<IpAddr> + Send + Sync;

/// By the address of the client, as [`client_ip`] finds it; of IPv6 by a prefix of it.
///
/// The peer of the connection has to be in the extensions of the request: as a [`SocketAddr`] or an [`IpAddr`], or where
/// [`peer`](Self::peer) says. axum puts it there with `into_make_service_with_connect_info::<SocketAddr>()`, as
/// `ConnectInfo<SocketAddr>`:
///
/// ```
/// use std::net::SocketAddr;
///
/// use mainstay_actors::limiter::{ByIp, TrustedProxies};
///
/// # #[derive(Clone)] struct ConnectInfo<T>(T); // axum's, which this crate does without
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let proxies = TrustedProxies::networks(["10.0.0.0/8"])?;
/// let by_ip = ByIp::new(proxies).v6_prefix(56).peer(|extensions| {
///     let peer = extensions.get::<ConnectInfo<SocketAddr>>();
///     peer.map(|peer| peer.0.ip())
/// });
/// # drop(by_ip);
/// # Ok(())
/// # }
/// ```
///
/// Clients behind a translator to IPv4 are as many as it has addresses: all of `64:ff9b::/96` (RFC 6052) are one network of 64 bits. Where
/// they come so, a `v6_prefix` of 128 tells them apart, and all other clients of IPv6 too far.
///
/// A request of which the client is not known has no key, and what becomes of it is said by the limiter's `on_missing_key`.
#[derive(Clone)]
pub struct ByIp {
    proxies: TrustedProxies,
    v6_prefix: Option<u8>,
    peer: Arc<Peer>,
}

impl Default for ByIp {
    /// By the peer of the connection, whatever headers say.
    fn default() -> Self {
        Self::new(TrustedProxies::none())
    }
}

impl ByIp {
    /// Behind these proxies.
    #[must_use]
    pub fn new(proxies: TrustedProxies) -> Self {
        Self {
            proxies,
            v6_prefix: None,
            peer: Arc::new(peer),
        }
    }

    /// Sets how many bits of an IPv6 address tell clients apart; more than 128 are 128, and with 0 all are one. Default: 64, the
    /// network that a client may choose its address from.
    #[must_use]
    pub const fn v6_prefix(mut self, bits: u8) -> Self {
        self.v6_prefix = Some(bits);
        self
    }

    /// Sets where the peer of the connection is found.
    #[must_use]
    pub fn peer(
        mut self,
        find: impl Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.peer = Arc::new(find);
        self
    }

    /// The address of the client.
    ///
    /// # Errors
    ///
    /// Those of [`client_ip`].
    pub fn client(&self, request: RequestHead<'_>) -> Result<IpAddr, NoClientIp> {
        client_ip(
            (self.peer)(request.extensions),
            request.headers,
            &self.proxies,
        )
    }

    pub(super) fn key(&self, request: RequestHead<'_>) -> Option<RateKey<'static>> {
        match self.client(request) {
            Ok(address) => Some(match self.v6_prefix {
                Some(bits) => RateKey::network(address, bits),
                None => RateKey::ip(address),
            }),
            Err(error) => {
                // As often as clients like.
                tracing::debug!(%error, "the client of a request is not known");
                None
            }
        }
    }
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let socket = extensions.get::<SocketAddr>().map(SocketAddr::ip);
    socket.or_else(|| extensions.get::<IpAddr>().copied())
}

impl fmt::Debug for ByIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByIp")
            .field("proxies", &self.proxies)
            .field("v6_prefix", &self.v6_prefix)
            .finish_non_exhaustive()
    }
}
