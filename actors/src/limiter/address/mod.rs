//! The address of a client, as proxies that are trusted tell it.
//!
//! Whoever sends a request may write into it what it likes; only what a trusted proxy has added is worth anything, and proxies add
//! at the end. So everything is read from the end: nothing that stands further to the front, however broken, has any effect.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`client_ip`], the rule |
//! | `proxies.rs` | [`TrustedProxies`], [`ForwardedHeader`]: who is trusted to write what |
//! | `entries.rs` | what stands in the headers, from the end |
//! | `node.rs` | an address as it is written in them |
//! | `error.rs` | [`NoClientIp`], [`TrustedProxiesError`] |
//! | `tests.rs` | attacks |

mod entries;
mod error;
mod node;
mod proxies;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use http::HeaderMap;

use entries::Entries;
pub use error::{NoClientIp, TrustedProxiesError};
use proxies::Rule;
pub use proxies::{ForwardedHeader, TrustedProxies};

/// Whose request it is: the address of the client, which is the peer of the connection, or what trusted proxies say. An IPv4
/// address that is written as IPv6 is the IPv4 address.
///
/// With [networks](TrustedProxies::networks): from the peer on towards the front of the header, the first address that is of no
/// trusted proxy. If all are trusted, the one furthest to the front: a proxy's own request is the proxy's.
///
/// With [hops](TrustedProxies::hops): what the outermost of so many proxies has added, whatever the addresses are.
///
/// ```
/// use std::net::IpAddr;
///
/// use http::HeaderMap;
/// use mainstay_actors::limiter::{TrustedProxies, client_ip};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let trusted = TrustedProxies::networks(["10.0.0.0/8"])?;
/// let peer: IpAddr = "10.0.0.7".parse()?;
/// let mut headers = HeaderMap::new();
/// // The client has written the first, and the proxy has added the second.
/// headers.insert("x-forwarded-for", "127.0.0.1, 203.0.113.9".parse()?);
///
/// let client: IpAddr = "203.0.113.9".parse()?;
/// assert_eq!(client_ip(Some(peer), &headers, &trusted), Ok(client));
/// // Nobody else is believed.
/// let stranger: IpAddr = "198.51.100.1".parse()?;
/// assert_eq!(client_ip(Some(stranger), &headers, &trusted), Ok(stranger));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`NoClientIp`] if the peer is not known and is needed, or what a trusted proxy has added is missing or is no address. Nothing
/// is guessed then.
pub fn client_ip(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &TrustedProxies,
) -> Result<IpAddr, NoClientIp> {
    let entries = Entries::new(headers, trusted.written_to());
    let peer = peer
        .map(|peer| peer.to_canonical())
        .ok_or(NoClientIp::NoPeer);
    match trusted.rule() {
        Rule::Nobody | Rule::Hops(0) => peer,
        Rule::Hops(hops) => by_hops(entries, *hops),
        Rule::Networks(_) => by_networks(peer?, entries, trusted),
    }
}

fn by_hops(mut entries: Entries<'_>, expected: u8) -> Result<IpAddr, NoClientIp> {
    let header = entries.header().name();
    let place = usize::from(expected);
    let passed = entries.by_ref().take(place - 1).count();
    let Some(entry) = entries.next() else {
        // No more than there were expected.
        let found = u8::try_from(passed).unwrap_or(expected);
        return Err(NoClientIp::TooFew {
            header,
            expected,
            found,
        });
    };
    entry.ok_or(NoClientIp::Unreadable { header, place })
}

fn by_networks(
    peer: IpAddr,
    entries: Entries<'_>,
    trusted: &TrustedProxies,
) -> Result<IpAddr, NoClientIp> {
    let header = entries.header().name();
    let mut client = peer;
    for (nth, entry) in entries.enumerate() {
        if !trusted.trusts(client) {
            break;
        }
        let place = nth + 1;
        client = entry.ok_or(NoClientIp::Unreadable { header, place })?;
    }
    Ok(client)
}
