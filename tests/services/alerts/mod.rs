//! Alerts: rules that are looked at, and what comes of it.

mod crash;
mod firing;
mod loops;
mod muting;
mod rules;
mod support;
mod values;
