//! The metrics store as a whole.

mod asking;
mod bounds;
mod crash;
mod exports;
mod measuring;
mod recording;
mod soak;
mod support;
