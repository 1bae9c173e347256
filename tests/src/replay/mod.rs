//! Replays supervision traces recorded from Erlang/OTP on our supervisors, and compares event for event.
//!
//! ```text
//! load ──▶ scenario ──▶ world (the real tree) ──▶ what was seen ──▶ matching ──▶ verdict
//!                         ▲ script, gates, log
//! ```
//!
//! To see how a scenario is read look at [`scenario`], for what counts as equal at [`matching`], for what the children
//! of a scenario do at [`script`], for what need not be as recorded at [`skip`].

pub mod answers;
pub mod command;
mod drive;
pub mod gates;
pub mod load;
pub mod log;
pub mod matching;
pub mod plan;
mod registry;
pub mod run;
pub mod scenario;
pub mod script;
pub mod skip;
mod supervision;
mod tasks;
pub mod verdict;
mod world;
