//! Rate limiters.
#![allow(dead_code)]
mod clock;
mod digest;
mod key;
mod method;
mod table;
pub use key::RateKey;
