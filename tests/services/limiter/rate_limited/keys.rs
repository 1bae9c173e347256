//! Whose calls are counted together.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mainstay::rate_limited;
use mainstay_actors::limiter::{Limiter, RateKey, RateLimitError};
use mainstay_supervisors::specs::{OnMissingKey, RateLimitConfig};

use super::{Wrong, left, minutely};
use crate::limiter::support::{alone, name, seconds};

#[rate_limited(limiter = limiter, key = Ip(address))]
fn by_ip(limiter: &Limiter, address: IpAddr) -> Result<(), Wrong> {
    Ok(())
}

#[rate_limited(limiter = limiter, key = Ip(peer))]
fn by_peer(limiter: &Limiter, peer: &Option<SocketAddr>) -> Result<(), Wrong> {
    Ok(())
}

#[rate_limited(limiter = limiter, key = User(&user))]
fn by_user(limiter: &Limiter, user: String) -> Result<String, Wrong> {
    Ok(user)
}

#[rate_limited(limiter = limiter, key = User(user))]
fn by_user_if_any(limiter: &Limiter, user: Option<&str>) -> Result<(), Wrong> {
    Ok(())
}

#[rate_limited(limiter = limiter, key = ApiKey(key))]
fn by_api_key(limiter: &Limiter, key: &str) -> Result<(), Wrong> {
    Ok(())
}

#[rate_limited(limiter = limiter, key = Custom("tenant", number.to_le_bytes()))]
async fn by_tenant(limiter: &Limiter, number: u32) -> Result<(), Wrong> {
    Ok(())
}

#[rate_limited(limiter = limiter, key = key)]
async fn by_key(limiter: &Limiter, key: RateKey<'_>) -> Result<(), Wrong> {
    Ok(())
}

#[rate_limited(limiter = limiter, key = *number)]
fn by_number(limiter: &Limiter, number: &u64) -> Result<(), Wrong> {
    Ok(())
}

#[allow(non_snake_case)]
fn User(text: &str) -> RateKey<'_> {
    RateKey::custom("user", text.as_bytes())
}

#[rate_limited(limiter = limiter, key = self::User(text))]
fn by_another_user(limiter: &Limiter, text: &str) -> Result<(), Wrong> {
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn each_strategy_counts_for_itself() {
    let limiter = minutely(2);
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for last in [false, true] {
        assert_eq!(by_ip(&limiter, address), Ok(()));
        assert_eq!(by_user(&limiter, "42".to_owned()), Ok("42".to_owned()));
        assert_eq!(by_api_key(&limiter, "42"), Ok(()));
        assert_eq!(by_tenant(&limiter, 42).await, Ok(()));
        assert_eq!(by_key(&limiter, RateKey::from("42")).await, Ok(()));
        assert_eq!(by_number(&limiter, &42), Ok(()));
        assert_eq!(by_another_user(&limiter, "42"), Ok(()));
        let remaining = u32::from(!last);
        for key in [
            RateKey::ip(address),
            RateKey::user("42"),
            RateKey::api_key("42"),
            RateKey::custom("tenant", &42_u32.to_le_bytes()),
            RateKey::from("42"),
            RateKey::id(42),
            RateKey::custom("user", b"42"),
        ] {
            assert_eq!(left(&limiter, key), remaining, "{key:?}");
        }
    }
    assert!(by_ip(&limiter, address).is_err());
    assert!(by_user(&limiter, "42".to_owned()).is_err());
    assert!(by_tenant(&limiter, 42).await.is_err());
    assert_eq!(by_user(&limiter, "43".to_owned()), Ok("43".to_owned()));
    assert_eq!(by_tenant(&limiter, 43).await, Ok(()));
    assert_eq!(limiter.stats().keys, 9);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_known_by_its_address_whatever_its_port() {
    let limiter = minutely(2);
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    let other = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 7, 7, 7, 7);
    assert_eq!(by_peer(&limiter, &Some((v6, 1).into())), Ok(()));
    assert_eq!(by_peer(&limiter, &Some((other, 2).into())), Ok(()));
    assert!(by_ip(&limiter, v6.into()).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_key_is_treated_as_the_limiter_says() {
    let config = || RateLimitConfig::fixed_window(1, seconds(60));
    let missing = RateLimitError::MissingKey {
        policy: name("api"),
    };
    let refuses = alone(config());
    for _ in 0..2 {
        let refused = by_user_if_any(&refuses, None);
        assert_eq!(refused, Err(Wrong::Limited(missing.clone())));
        assert_eq!(
            by_peer(&refuses, &None),
            Err(Wrong::Limited(missing.clone()))
        );
    }
    assert_eq!(by_user_if_any(&refuses, Some("ada")), Ok(()));
    let shares = alone(config().on_missing_key(OnMissingKey::Share));
    assert_eq!(by_user_if_any(&shares, None), Ok(()));
    assert!(by_peer(&shares, &None).is_err());
    let admits = alone(config().on_missing_key(OnMissingKey::Admit));
    for _ in 0..5 {
        assert_eq!(by_user_if_any(&admits, None), Ok(()));
    }
}
