//! Whose call it is, as the option `key` of `#[rate_limited]` says it.
//!
//! A strategy takes what it is about, and an `Option` of that: `None` is a call without a key.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use super::key::RateKey;

/// Everybody.
#[must_use]
pub const fn global() -> Option<RateKey<'static>> {
    Some(RateKey::global())
}

/// A client by its address.
pub fn ip(address: &(impl Address + ?Sized)) -> Option<RateKey<'static>> {
    address.address().map(RateKey::ip)
}

/// A user.
pub fn user(name: &(impl Text + ?Sized)) -> Option<RateKey<'_>> {
    name.text().map(RateKey::user)
}

/// An API key.
pub fn api_key(key: &(impl Text + ?Sized)) -> Option<RateKey<'_>> {
    key.text().map(RateKey::api_key)
}

/// Something else, which is called `strategy`.
pub fn custom<'a>(strategy: &'a str, value: &'a (impl Bytes + ?Sized)) -> Option<RateKey<'a>> {
    let value = value.bytes()?;
    Some(RateKey::custom(strategy, value))
}

/// A key as it is.
pub fn given(key: &(impl Key + ?Sized)) -> Option<RateKey<'_>> {
    key.key()
}

/// What `Ip(…)` takes.
#[diagnostic::on_unimplemented(
    message = "`Ip(…)` cannot take a `{Self}`",
    note = "expected an `IpAddr`, `Ipv4Addr`, `Ipv6Addr` or `SocketAddr`, or an `Option` of one"
)]
pub trait Address {
    /// The address, if there is one.
    fn address(&self) -> Option<IpAddr>;
}

/// What `User(…)` and `ApiKey(…)` take.
#[diagnostic::on_unimplemented(
    message = "`User(…)` and `ApiKey(…)` cannot take a `{Self}`",
    note = "expected a text such as `str` or `String`, or an `Option` of one; `Custom(\"user\", value)` takes bytes"
)]
pub trait Text {
    /// The text, if there is one.
    fn text(&self) -> Option<&str>;
}

/// What `Custom("…", …)` takes.
#[diagnostic::on_unimplemented(
    message = "`Custom(\"…\", …)` cannot take a `{Self}`",
    note = "expected a text such as `str` or `String`, bytes such as those of `number.to_le_bytes()`, or an `Option` of one"
)]
pub trait Bytes {
    /// The bytes, if there are any.
    fn bytes(&self) -> Option<&[u8]>;
}

/// What may be given as a key that is no strategy.
#[diagnostic::on_unimplemented(
    message = "`key` of `#[rate_limited]` cannot be a `{Self}`",
    note = "expected `Ip(…)`, `User(…)`, `ApiKey(…)`, `Custom(\"…\", …)`, `Global`, a `RateKey`, a text, a `u64`, an `IpAddr`, or an `Option` of one"
)]
pub trait Key {
    /// The key, if there is one.
    fn key(&self) -> Option<RateKey<'_>>;
}

/// Of references and options.
macro_rules! through {
    ($trait:ident, $method:ident, $output:ty) => {
        impl<T: $trait + ?Sized> $trait for &T {
            fn $method(&self) -> Option<$output> {
                (**self).$method()
            }
        }

        impl<T: $trait> $trait for Option<T> {
            fn $method(&self) -> Option<$output> {
                self.as_ref()?.$method()
            }
        }
    };
}

through!(Address, address, IpAddr);
through!(Text, text, &str);
through!(Bytes, bytes, &[u8]);
through!(Key, key, RateKey<'_>);

macro_rules! addresses {
    ($($address:ty: $of:expr),+) => {$(
        impl Address for $address {
            fn address(&self) -> Option<IpAddr> {
                let of: fn(&Self) -> IpAddr = $of;
                Some(of(self))
            }
        }
    )+};
}

addresses! {
    IpAddr: |address| *address,
    Ipv4Addr: |address| IpAddr::V4(*address),
    Ipv6Addr: |address| IpAddr::V6(*address),
    SocketAddr: Self::ip
}

macro_rules! texts {
    ($($text:ty),+) => {$(
        impl Text for $text {
            fn text(&self) -> Option<&str> {
                Some(self)
            }
        }

        impl Bytes for $text {
            fn bytes(&self) -> Option<&[u8]> {
                Some(self.as_bytes())
            }
        }

        impl Key for $text {
            fn key(&self) -> Option<RateKey<'_>> {
                let text: &str = self;
                Some(RateKey::from(text))
            }
        }
    )+};
}

texts!(str, String, Box<str>, Arc<str>, Cow<'_, str>);

impl Bytes for [u8] {
    fn bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl<const N: usize> Bytes for [u8; N] {
    fn bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl Bytes for Vec<u8> {
    fn bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl Key for RateKey<'_> {
    fn key(&self) -> Option<RateKey<'_>> {
        Some(*self)
    }
}

impl Key for IpAddr {
    fn key(&self) -> Option<RateKey<'_>> {
        Some(RateKey::ip(*self))
    }
}

impl Key for u64 {
    fn key(&self) -> Option<RateKey<'_>> {
        Some(RateKey::id(*self))
    }
}
