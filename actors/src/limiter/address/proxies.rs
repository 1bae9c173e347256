//! Who is trusted to say whose request it is.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::error::TrustedProxiesError;

/// The header that proxies write the addresses of their clients to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`: addresses, with or without ports.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239): the parameter `for` of each element.
    Forwarded,
}

impl ForwardedHeader {
    /// Its name, as it is looked for.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

/// Which proxies are trusted to say whose requests they pass on, and where they say it.
///
/// Only one header is ever read, that which the proxies are known to write. A proxy passes on what it does not write itself: where it
/// writes `X-Forwarded-For`, any `Forwarded` is the client's own.
///
/// ```
/// use mainstay_actors::limiter::{ForwardedHeader, TrustedProxies};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let balancers = TrustedProxies::networks(["10.1.0.0/16", "2001:db8:1::/48", "192.0.2.7"])?;
/// let two_in_front = TrustedProxies::hops(2).header(ForwardedHeader::Forwarded);
/// # drop((balancers, two_in_front));
/// let wrong = TrustedProxies::networks(["0.0.0.0/0"]).unwrap_err();
/// assert!(wrong.to_string().contains("which is everybody"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxies {
    rule: Rule,
    header: ForwardedHeader,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Nobody,
    Networks(Vec<IpNet>),
    Hops(u8),
}

/// The most networks: each is compared with, for each address that is looked at.
const NETWORKS_MAX: usize = 1024;

impl Default for TrustedProxies {
    /// Nobody.
    fn default() -> Self {
        Self::none()
    }
}

impl TrustedProxies {
    /// Nobody is trusted: the client is the peer of the connection, and no header is read.
    #[must_use]
    pub const fn none() -> Self {
        Self::by(Rule::Nobody)
    }

    /// So many proxies stand in front, each of which adds one address; 0 for none. For proxies whose addresses are not known, where
    /// nobody can come to this server but through them: whoever can, says who it is. More than that many addresses do no harm.
    #[must_use]
    pub const fn hops(proxies: u8) -> Self {
        Self::by(Rule::Hops(proxies))
    }

    /// Proxies with an address in one of these networks, such as `10.0.0.0/8` or `2001:db8::/32`, or with one of these addresses. A
    /// client with such an address can say that it is any other.
    ///
    /// # Errors
    ///
    /// [`TrustedProxiesError`]: something is no network, or is everybody, or there are more than 1,024.
    pub fn networks<N: AsRef<str>>(
        networks: impl IntoIterator<Item = N>,
    ) -> Result<Self, TrustedProxiesError> {
        let mut list = Vec::new();
        for network in networks {
            if list.len() == NETWORKS_MAX {
                return Err(TrustedProxiesError::TooMany { max: NETWORKS_MAX });
            }
            list.push(network_of(network.as_ref())?);
        }
        Ok(Self::by(Rule::Networks(list)))
    }

    const fn by(rule: Rule) -> Self {
        Self {
            rule,
            header: ForwardedHeader::XForwardedFor,
        }
    }

    /// Sets the header that they write to. Default: `X-Forwarded-For`.
    #[must_use]
    pub const fn header(mut self, header: ForwardedHeader) -> Self {
        self.header = header;
        self
    }

    pub(super) const fn written_to(&self) -> ForwardedHeader {
        self.header
    }

    pub(super) const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Whether an address, in its shortest form, is that of a proxy in one of the networks.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        match &self.rule {
            Rule::Networks(list) => list.iter().any(|network| network.contains(&address)),
            Rule::Nobody | Rule::Hops(_) => false,
        }
    }
}

fn network_of(text: &str) -> Result<IpNet, TrustedProxiesError> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    let network = address.or_else(|_| text.parse::<IpNet>());
    let network = network.map_err(|_| TrustedProxiesError::NoNetwork(text.to_owned()))?;
    if network.trunc() != network {
        return Err(TrustedProxiesError::BeyondPrefix {
            expected: network.trunc().to_string(),
            found: text.to_owned(),
        });
    }
    let network = canonical(network);
    if network.prefix_len() == 0 {
        return Err(TrustedProxiesError::Everybody(text.to_owned()));
    }
    Ok(network)
}

/// A network of IPv4 addresses that are written as IPv6 is that of the IPv4 addresses.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else {
        return network;
    };
    let mapped = v6_to_v4(v6);
    mapped.map_or(network, IpNet::V4)
}

fn v6_to_v4(network: Ipv6Net) -> Option<Ipv4Net> {
    let address = network.addr().to_ipv4_mapped()?;
    let prefix = network.prefix_len().checked_sub(96)?;
    Ipv4Net::new(address, prefix).ok()
}
