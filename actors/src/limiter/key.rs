//! Whose request it is.

use std::net::{IpAddr, Ipv6Addr};

use super::digest::{Digest, Secret};

/// Whose request it is: what is counted together. Borrowed, and never kept: a limiter keeps only a digest of it, made with a secret of
/// its own.
///
/// Keys of different kinds are different, whatever they say: the user `10.0.0.1` is not the address.
///
/// ```
/// use mainstay_actors::limiter::RateKey;
///
/// assert_ne!(RateKey::user("10.0.0.1"), RateKey::ip([10, 0, 0, 1]));
/// // A client has a whole network of IPv6 to choose its address from: 64 bits are what tells clients apart.
/// let one = RateKey::ip("2001:db8::1".parse::<std::net::IpAddr>().unwrap());
/// let other = RateKey::ip("2001:db8::2".parse::<std::net::IpAddr>().unwrap());
/// assert_eq!(one, other);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateKey<'a>(Parts<'a>);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Parts<'a> {
    Global,
    Anonymous,
    V4([u8; 4]),
    V6([u8; 16], u8),
    User(&'a [u8]),
    ApiKey(&'a [u8]),
    Id(u64),
    Text(&'a [u8]),
    Custom(&'a str, &'a [u8]),
}

/// How much of an address of IPv6 tells clients apart: a site is given at least so much (RFC 6177).
const V6_PREFIX: u8 = 64;

impl<'a> RateKey<'a> {
    /// Everybody.
    #[must_use]
    pub const fn global() -> Self {
        Self(Parts::Global)
    }

    /// All those without a key, where they share a limit.
    pub(crate) const fn anonymous() -> Self {
        Self(Parts::Anonymous)
    }

    /// A client by its address; of IPv6 the first 64 bits. An IPv4 address that is written as IPv6 is the IPv4 address.
    #[must_use]
    pub fn ip(address: impl Into<IpAddr>) -> Self {
        Self::network(address, V6_PREFIX)
    }

    /// As [`ip`](Self::ip), with so many bits of IPv6; more than 128 are 128.
    #[must_use]
    pub fn network(address: impl Into<IpAddr>, v6_prefix: u8) -> Self {
        match address.into().to_canonical() {
            IpAddr::V4(address) => Self(Parts::V4(address.octets())),
            IpAddr::V6(address) => {
                let prefix = v6_prefix.min(128);
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                let masked = Ipv6Addr::from_bits(address.to_bits() & mask);
                Self(Parts::V6(masked.octets(), prefix))
            }
        }
    }

    /// A user.
    #[must_use]
    pub const fn user(name: &'a str) -> Self {
        Self(Parts::User(name.as_bytes()))
    }

    /// An API key.
    #[must_use]
    pub const fn api_key(key: &'a str) -> Self {
        Self(Parts::ApiKey(key.as_bytes()))
    }

    /// Something with a number.
    #[must_use]
    pub const fn id(number: u64) -> Self {
        Self(Parts::Id(number))
    }

    /// Something else, which is called `strategy`.
    #[must_use]
    pub const fn custom(strategy: &'a str, value: &'a [u8]) -> Self {
        Self(Parts::Custom(strategy, value))
    }

    /// No two keys make the same message, as the last byte says how the rest is to be read.
    #[inline(always)]
    pub(crate) fn digest(&self, secret: Secret) -> Digest {
        match self.0 {
            Parts::Id(number) => secret.digest_number(number, 6),
            _ => self.digest_other(secret),
        }
    }

    #[inline]
    fn digest_other(&self, secret: Secret) -> Digest {
        match self.0 {
            Parts::Global => secret.digest(&[], &[], 0),
            Parts::Anonymous => secret.digest(&[], &[], 1),
            Parts::V4(octets) => secret.digest(&octets, &[], 2),
            Parts::V6(octets, prefix) => secret.digest(&octets, &[prefix], 3),
            Parts::User(name) => secret.digest(name, &[], 4),
            Parts::ApiKey(key) => secret.digest(key, &[], 5),
            Parts::Id(number) => secret.digest_number(number, 6),
            Parts::Text(text) => secret.digest(text, &[], 9),
            Parts::Custom(strategy, value) => {
                // The name is hashed first, so that its length need not be said.
                let name = secret.digest(strategy.as_bytes(), &[], 7);
                let mut front = [0; 16];
                front[..8].copy_from_slice(&name.place.to_le_bytes());
                front[8..].copy_from_slice(&name.tag.to_le_bytes());
                secret.digest(&front, value, 8)
            }
        }
    }
}

impl<'a> From<&'a str> for RateKey<'a> {
    /// A key of which nothing is said but what it is.
    fn from(text: &'a str) -> Self {
        Self(Parts::Text(text.as_bytes()))
    }
}

impl From<IpAddr> for RateKey<'_> {
    fn from(address: IpAddr) -> Self {
        Self::ip(address)
    }
}

impl From<u64> for RateKey<'_> {
    fn from(number: u64) -> Self {
        Self::id(number)
    }
}

/// Says what kind of key it is, and not which: keys are secrets, or say who somebody is.
impl std::fmt::Debug for RateKey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.0 {
            Parts::Global => "global",
            Parts::Anonymous => "anonymous",
            Parts::V4(_) | Parts::V6(..) => "ip",
            Parts::User(_) => "user",
            Parts::ApiKey(_) => "api_key",
            Parts::Id(_) => "id",
            Parts::Text(_) => "text",
            Parts::Custom(..) => "custom",
        };
        f.debug_tuple("RateKey").field(&kind).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_of_keys_can_be_taken_for_each_other() {
        let secret = Secret::random();
        let keys = [
            RateKey::global(),
            RateKey::anonymous(),
            RateKey::user(""),
            RateKey::user("42"),
            RateKey::api_key("42"),
            RateKey::from("42"),
            RateKey::custom("tenant", b"42"),
            RateKey::custom("tenant4", b"2"),
            RateKey::id(42),
            RateKey::ip([0, 0, 0, 42]),
            RateKey::ip(Ipv6Addr::from_bits(42 << 64)),
            RateKey::network(Ipv6Addr::from_bits(42 << 64), 56),
            RateKey::user(":_"),
            RateKey::user("$1"),
        ];
        let digests = keys.iter().map(|key| key.digest(secret));
        let digests: std::collections::HashSet<_> = digests.collect();
        assert_eq!(digests.len(), keys.len());
    }

    #[test]
    fn an_address_written_in_another_way_is_the_same() {
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().expect("an address");
        assert_eq!(RateKey::ip(mapped), RateKey::ip([10, 0, 0, 1]));
        let address: IpAddr = "2001:db8:1:2:3::4".parse().expect("an address");
        assert_ne!(RateKey::network(address, 255), RateKey::ip(address));
        assert_eq!(
            RateKey::network(address, 0),
            RateKey::network(Ipv6Addr::LOCALHOST, 0)
        );
    }

    #[test]
    fn what_a_key_says_is_not_shown() {
        let shown = format!("{:?}", RateKey::api_key("sesame"));
        assert_eq!(shown, "RateKey(\"api_key\")");
    }
}
