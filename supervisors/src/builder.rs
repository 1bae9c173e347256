//! Making a runtime of which more is to be said.

use fastrand::Rng;

use crate::event::HISTORY;
use crate::runtime::Runtime;

/// Makes a [`Runtime`].
///
/// ```
/// use mainstay_supervisors::Runtime;
///
/// let runtime = Runtime::builder().history(100).seed(7).build();
/// assert_eq!(runtime.last_event(), 0);
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is made until it is built"]
pub struct RuntimeBuilder {
    history: usize,
    seed: Option<u64>,
}

impl Default for RuntimeBuilder {
    fn default() -> Self {
        Self {
            history: HISTORY,
            seed: None,
        }
    }
}

impl RuntimeBuilder {
    /// Sets how many events are kept for late and slow subscribers. Default: [`HISTORY`].
    pub const fn history(mut self, events: usize) -> Self {
        self.history = events;
        self
    }

    /// Sets what decides everything that is left to chance: by how much the waits before restarts are shortened, and what services
    /// ask [`Namespace::chance`](crate::Namespace::chance) for. What happens in the same order comes out the same with the same seed.
    /// Default: any.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Makes the runtime, as [`Runtime::new`] does.
    #[must_use]
    pub fn build(self) -> Runtime {
        let chance = self.seed.map_or_else(Rng::new, Rng::with_seed);
        Runtime::of(self.history, chance)
    }
}
