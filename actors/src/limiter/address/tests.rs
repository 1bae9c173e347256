//! Who says who a client is, and who lies.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::*;

const PROXY: &str = "10.0.0.7";
const CLIENT: &str = "203.0.113.9";

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
        headers.append(*name, value);
    }
    headers
}

fn balancers() -> TrustedProxies {
    let networks = TrustedProxies::networks(["10.0.0.0/8", "2001:db8:1::/48"]);
    networks.expect("they are networks")
}

fn found(peer: &str, lines: &[(&'static str, &str)], trusted: &TrustedProxies) -> Found {
    client_ip(Some(ip(peer)), &headers(lines), trusted)
}

type Found = Result<IpAddr, NoClientIp>;

/// Behind one proxy that writes `X-Forwarded-For`.
fn behind(value: &str) -> Found {
    found(PROXY, &[("x-forwarded-for", value)], &balancers())
}

/// Behind one proxy that writes `Forwarded`.
fn forwarded(value: &str) -> Found {
    let trusted = balancers().header(ForwardedHeader::Forwarded);
    found(PROXY, &[("forwarded", value)], &trusted)
}

fn unreadable<T>(header: &'static str, place: usize) -> Result<T, NoClientIp> {
    Err(NoClientIp::Unreadable { header, place })
}

#[test]
fn nobody_is_believed_who_is_not_trusted() {
    let lies = [
        ("x-forwarded-for", CLIENT),
        ("forwarded", "for=203.0.113.9"),
        ("x-real-ip", CLIENT),
    ];
    assert_eq!(found(PROXY, &lies, &TrustedProxies::none()), Ok(ip(PROXY)));
    assert_eq!(found(PROXY, &lies, &TrustedProxies::hops(0)), Ok(ip(PROXY)));
    let stranger = "198.51.100.1";
    assert_eq!(found(stranger, &lies, &balancers()), Ok(ip(stranger)));
    let trusted = balancers().header(ForwardedHeader::Forwarded);
    assert_eq!(found(stranger, &lies, &trusted), Ok(ip(stranger)));
}

#[test]
fn the_client_is_the_last_that_no_trusted_proxy_is() {
    for (value, client) in [
        (CLIENT, CLIENT),
        // What stands before it was written by the client.
        ("1.1.1.1, 203.0.113.9", CLIENT),
        ("10.0.0.1, 127.0.0.1, 203.0.113.9", CLIENT),
        ("<script>, 203.0.113.9", CLIENT),
        ("\u{e9}\u{ff}, 203.0.113.9", CLIENT),
        // Other proxies between, also of IPv6.
        ("1.1.1.1, 203.0.113.9, 10.2.2.2, 2001:db8:1::5", CLIENT),
        // A proxy's own request, by way of another proxy.
        ("10.2.2.2", "10.2.2.2"),
        ("10.3.3.3,10.2.2.2", "10.3.3.3"),
        // Empty places are none.
        ("203.0.113.9, ,\t,", CLIENT),
        (" ,, 203.0.113.9 ", CLIENT),
        ("", PROXY),
        (",", PROXY),
        // With ports, as some proxies write.
        ("203.0.113.9:4711", CLIENT),
        ("[2001:db8:9::1]:4711", "2001:db8:9::1"),
        ("[2001:db8:9::1]", "2001:db8:9::1"),
        ("2001:db8:9::1", "2001:db8:9::1"),
        // The same address in another form is the same client.
        ("::ffff:203.0.113.9", CLIENT),
        ("[::ffff:cb00:7109]:1", CLIENT),
        ("203.0.113.9, ::ffff:10.2.2.2", CLIENT),
    ] {
        assert_eq!(behind(value), Ok(ip(client)), "{value}");
    }
}

#[test]
fn a_peer_in_another_form_is_the_same() {
    let lines = [("x-forwarded-for", CLIENT)];
    assert_eq!(
        found("::ffff:10.0.0.7", &lines, &balancers()),
        Ok(ip(CLIENT))
    );
    let mapped = TrustedProxies::networks(["::ffff:10.0.0.0/104"]).expect("a network");
    assert_eq!(found(PROXY, &lines, &mapped), Ok(ip(CLIENT)));
    assert_eq!(
        found("::ffff:192.0.2.1", &lines, &balancers()),
        Ok(ip("192.0.2.1"))
    );
}

#[test]
fn the_last_line_of_a_header_is_the_last_part_of_it() {
    let lines = [
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-for", "2.2.2.2, 203.0.113.9"),
        ("x-forwarded-for", ""),
        ("x-forwarded-for", "10.2.2.2"),
    ];
    assert_eq!(found(PROXY, &lines, &balancers()), Ok(ip(CLIENT)));
}

#[test]
fn what_a_trusted_proxy_added_and_is_no_address_is_not_guessed_at() {
    for value in [
        "unknown",
        "_hidden",
        "203.0.113.9, unknown",
        "203.0.113.9, 203.0.113.256",
        "203.0.113.09",
        "0xcb007109",
        "203.0.113.9:",
        "203.0.113.9:65536",
        "203.0.113.9:+1",
        "[2001:db8:9::1",
        "[203.0.113.9]",
        "2001:db8:9::1]",
        "[2001:db8:9::1]x",
        "fe80::1%eth0",
        "\"203.0.113.9\"",
        "203.0.113.9 10.2.2.2",
        "\u{661}.1.1.1",
    ] {
        assert_eq!(behind(value), unreadable("x-forwarded-for", 1), "{value}");
    }
    assert_eq!(
        behind("1.1.1.1, _x, 10.2.2.2"),
        unreadable("x-forwarded-for", 2)
    );
    assert_eq!(
        behind("unknown").expect_err("no address").to_string(),
        "expected an address in x-forwarded-for, found something else at place 1 from the end"
    );
}

#[test]
fn only_the_header_that_the_proxies_write_is_read() {
    // The proxy writes the one, and passes on the other.
    let lines = [
        ("forwarded", "for=1.1.1.1"),
        ("x-forwarded-for", CLIENT),
        ("x-real-ip", "1.1.1.1"),
        ("cf-connecting-ip", "1.1.1.1"),
    ];
    assert_eq!(found(PROXY, &lines, &balancers()), Ok(ip(CLIENT)));
    let lines = [
        ("x-forwarded-for", "1.1.1.1"),
        ("forwarded", "for=203.0.113.9"),
    ];
    let trusted = balancers().header(ForwardedHeader::Forwarded);
    assert_eq!(found(PROXY, &lines, &trusted), Ok(ip(CLIENT)));
}

#[test]
fn forwarded_is_read_as_rfc_7239_has_it() {
    for (value, client) in [
        ("for=203.0.113.9", CLIENT),
        ("For=\"203.0.113.9:4711\"", CLIENT),
        ("for=\"[2001:db8:9::1]:4711\";proto=https", "2001:db8:9::1"),
        ("for=\"203.0.113.9:_port\"", CLIENT),
        ("proto=https;by=10.0.0.7 ; FOR=203.0.113.9;", CLIENT),
        ("for=1.1.1.1, for=203.0.113.9", CLIENT),
        ("for=203.0.113.9, for=10.2.2.2", CLIENT),
        ("for=203.0.113.9;by=\"a, for=1.1.1.1\"", CLIENT),
        ("for=203.0.113.9;x=\"a\\\", for=1.1.1.1\"", CLIENT),
        ("for=203.0.113.9;x=\"a\\\\\"", CLIENT),
        ("", PROXY),
    ] {
        assert_eq!(forwarded(value), Ok(ip(client)), "{value}");
    }
    for value in [
        "for=unknown",
        "for=_hidden",
        "proto=https",
        "203.0.113.9",
        "for=203.0.113.9;for=1.1.1.1",
        "for=\"203.0.113.9",
        "for=203.0.113.9\"",
        "for = 203.0.113.9",
        "for=",
        "for",
    ] {
        assert_eq!(forwarded(value), unreadable("forwarded", 1), "{value}");
    }
}

#[test]
fn a_client_cannot_break_what_the_proxy_adds_behind_it() {
    for lie in [
        "for=\"",
        "for=\"1.1.1.1",
        "for=1.1.1.1;x=\"\\",
        "for=1.1.1.1;",
        "\"\"\"",
        "\\\"",
        ",,,;;;===",
    ] {
        let value = format!("{lie}, for=203.0.113.9;proto=http");
        assert_eq!(forwarded(&value), Ok(ip(CLIENT)), "{value}");
        let value = format!("{lie}, for=\"[2001:db8:9::1]\"");
        assert_eq!(forwarded(&value), Ok(ip("2001:db8:9::1")), "{value}");
    }
}

#[test]
fn by_hops_it_is_what_the_outermost_proxy_has_added() {
    let two = TrustedProxies::hops(2);
    let of = |value| found(PROXY, &[("x-forwarded-for", value)], &two);
    assert_eq!(of("203.0.113.9, 192.0.2.1"), Ok(ip(CLIENT)));
    assert_eq!(of("1.1.1.1, 203.0.113.9, 192.0.2.1"), Ok(ip(CLIENT)));
    assert_eq!(of("unknown, 203.0.113.9, _secret"), Ok(ip(CLIENT)));
    assert_eq!(
        of("203.0.113.9, unknown, 10.0.0.1"),
        unreadable("x-forwarded-for", 2)
    );
    for (value, found) in [("192.0.2.1", 1), ("", 0)] {
        let header = "x-forwarded-for";
        let expected = 2;
        let few = NoClientIp::TooFew {
            header,
            expected,
            found,
        };
        assert_eq!(of(value), Err(few));
    }
    let lines = headers(&[("x-forwarded-for", CLIENT)]);
    let one = TrustedProxies::hops(1);
    assert_eq!(client_ip(None, &lines, &one), Ok(ip(CLIENT)));
}

#[test]
fn without_a_peer_there_is_nobody_to_trust() {
    let lines = headers(&[("x-forwarded-for", CLIENT)]);
    for trusted in [TrustedProxies::none(), TrustedProxies::hops(0), balancers()] {
        assert_eq!(client_ip(None, &lines, &trusted), Err(NoClientIp::NoPeer));
    }
}

#[test]
fn networks_that_cannot_be_meant_are_refused() {
    for (text, told) in [
        (
            "10.0.0.0/33",
            "expected a network such as 10.0.0.0/8 or an address, found \"10.0.0.0/33\"",
        ),
        (
            "proxy.local",
            "expected a network such as 10.0.0.0/8 or an address, found \"proxy.local\"",
        ),
        (
            "10.1.2.3/8",
            "expected the network 10.0.0.0/8, found 10.1.2.3/8, which is an address in it",
        ),
        (
            "::/0",
            "expected a network, found ::/0, which is everybody: where the addresses of proxies are not known, trust in hops",
        ),
        (
            "::ffff:0:0/96",
            "expected a network, found ::ffff:0:0/96, which is everybody: where the addresses of proxies are not known, trust in hops",
        ),
    ] {
        let wrong = TrustedProxies::networks([text]).expect_err(text);
        assert_eq!(wrong.to_string(), told);
    }
    let many = || (0..=1024).map(|nth: u32| IpAddr::from(nth.to_be_bytes()).to_string());
    assert!(TrustedProxies::networks(many().take(1024)).is_ok());
    let wrong = TrustedProxies::networks(many());
    assert_eq!(wrong, Err(TrustedProxiesError::TooMany { max: 1024 }));
}

proptest! {
    #[test]
    fn nothing_that_a_client_writes_changes_what_the_proxy_says(
        lie in prop::collection::vec(prop_oneof![
            prop::sample::select(&b"\",;=\\ for.:[]109_"[..]),
            0x20_u8..=0x7e,
            0x80_u8..=0xff,
        ], 0..40),
    ) {
        for (header, added) in [
            (ForwardedHeader::XForwardedFor, ", 203.0.113.9"),
            (ForwardedHeader::Forwarded, ", for=203.0.113.9"),
            (ForwardedHeader::Forwarded, ",by=_p;for=\"203.0.113.9:1\""),
        ] {
            let value = [&lie[..], added.as_bytes()].concat();
            let mut headers = HeaderMap::new();
            headers.append(header.name(), HeaderValue::from_bytes(&value).expect("a value"));
            let networks = balancers().header(header);
            prop_assert_eq!(client_ip(Some(ip(PROXY)), &headers, &networks), Ok(ip(CLIENT)));
            let hops = TrustedProxies::hops(1).header(header);
            prop_assert_eq!(client_ip(None, &headers, &hops), Ok(ip(CLIENT)));
        }
    }
}
