//! Connection pools of which every part ends at random.

mod chance;
mod refused;
#[path = "../services/pool/support.rs"]
#[allow(
    dead_code,
    reason = "what else it has is for the tests of single traits of pools"
)]
mod support;
mod together;
mod uses;
