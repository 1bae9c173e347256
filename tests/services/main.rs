//! The services of a namespace: what they do, and what they survive.

mod breaker;
mod config;
