//! What tests that run programs share.
//!
//! | file | holds |
//! |---|---|
//! | `folder.rs` | where programs make what they make |
//! | `process.rs` | a program that runs, and is not waited for without end |

mod folder;
mod process;

pub(crate) use folder::folder;
pub(crate) use process::{Ended, Process};
