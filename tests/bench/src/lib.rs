//! Comparisons with peers: ours and theirs interleaved in one run, so that a noisy machine is noisy for both.
//!
//! ```text
//! cargo bench -p mainstay-bench --bench tree                  all of a group, under a minute
//! cargo bench -p mainstay-bench --bench tree -- restart       those whose name contains the text
//! cargo bench -p mainstay-bench --bench tree -- --quick       does it run at all
//! ```
//!
//! Each result is a line `ratio <name> <ours/peer> target <t>`, after a line with the medians it is made of. Nothing is
//! asserted about time; look at the ratios, not at the nanoseconds.
//!
//! | file | holds |
//! |---|---|
//! | `contest.rs` | [`Contest`]: rounds in turn, medians, the two lines |
//! | `options.rs` | the command line |
//! | `flavour.rs` | the tokio runtimes that sides run on |
//! | `worker.rs` | the actor that ours and ractor's sides have in common |
//! | `resident.rs` | what a side keeps in memory |
//! | `by_hand.rs` | a supervisor as one writes it by hand with ractor |
//! | `in_kameo.rs` | the same actor and its supervisor in kameo |
//! | `tree/`, `registry.rs`, `instrument.rs`, `metrics/`, `breaker/`, `limiter/`, `pool/`, `events.rs`, `memory/`, `health/`, `success/` | the groups |
//! | `long_load/` | load on a node whose actors are killed: the program `long_load` |

pub mod breaker;
mod by_hand;
mod contest;
pub mod events;
mod flavour;
pub mod health;
mod in_kameo;
pub mod instrument;
pub mod limiter;
pub mod long_load;
pub mod memory;
pub mod metrics;
mod options;
pub mod pool;
pub mod registry;
mod resident;
pub mod success;
pub mod tree;
mod worker;

use std::error::Error;
use std::process::ExitCode;

pub use contest::Contest;
pub use flavour::Flavour;
pub use options::Options;

/// What a step of a comparison comes to. A fault ends the run with a line that says what it was.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// One comparison of a group: the names of what it measures, and how it is run.
pub type Comparison = (&'static [&'static str], fn(&Options) -> Outcome<()>);

/// Runs those comparisons of a group that the command line asks for.
#[must_use]
pub fn run(options: &Options, group: &[Comparison]) -> ExitCode {
    for (names, compare) in group {
        if !options.selects(names) {
            continue;
        }
        if let Err(error) = compare(options) {
            eprintln!("{}: {error}", names.join(", "));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
