//! The planner in a world that is made up.
//!
//! | file | holds |
//! |---|---|
//! | `world.rs` | a world: memory, strategies, and time that passes only when something is run or waited for |
//! | `rounds.rs` | what one round does |
//! | `pacing.rs` | when rounds begin |
//! | `properties.rs` | what holds whatever happens |

mod pacing;
mod properties;
mod rounds;
mod world;
