//! Several equal children, and a key that chooses one of them.

use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;
use std::time::Duration;

use mainstay_specs::{ChildId, Strategy, SupervisorFlags};
use rustc_hash::FxHasher;

use super::error::SpecError;
use super::handle::SupervisorRef;
use super::table::ChildState;
use super::{Blueprint, Supervisor};
use crate::process::Process;
use crate::start::Child;

/// A supervisor to be, of `n` children with the ids `0` to `n-1`, all from one spec: Elixir's `PartitionSupervisor`.
///
/// It spreads what would be one busy process over several, by key: see [`PartitionRef::route`]. The usual child is a
/// [`DynamicSupervisor`](super::DynamicSupervisor), so that slow starts do not wait for each other.
#[derive(Clone, Debug)]
#[must_use = "a supervisor does nothing until it is started"]
pub struct PartitionSupervisor {
    flags: SupervisorFlags,
    partitions: usize,
    child: Child,
}

impl PartitionSupervisor {
    /// One partition for each core, one_for_one, three restarts allowed within five seconds. The id of `child` is not used.
    pub fn new(child: Child) -> Self {
        let partitions = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let flags = SupervisorFlags::default().intensity(3, Duration::from_secs(5));
        Self {
            flags,
            partitions,
            child,
        }
    }

    /// Sets how many partitions there are; at least one.
    pub const fn partitions(mut self, partitions: usize) -> Self {
        self.partitions = partitions;
        self
    }

    /// Sets which partitions a failed one takes along.
    pub const fn strategy(mut self, strategy: Strategy) -> Self {
        self.flags.strategy = strategy;
        self
    }

    /// Allows `restarts` within `period`, over all partitions together; one more ends the supervisor.
    pub fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.flags = self.flags.intensity(restarts, period);
        self
    }
}

impl From<PartitionSupervisor> for Blueprint {
    fn from(partition: PartitionSupervisor) -> Self {
        let Some(partitions) = NonZeroUsize::new(partition.partitions) else {
            return SpecError::NoPartitions.into();
        };
        let spec = partition.child.spec();
        if spec.name.is_some() {
            return SpecError::NamedPartition(spec.id.clone()).into();
        }
        let numbered = |number: usize| {
            // A number is a name.
            let id = ChildId::new(number.to_string()).unwrap_or_else(|_| spec.id.clone());
            partition.child.clone().with_id(id)
        };
        Supervisor::new(partition.flags.clone())
            .children((0..partitions.get()).map(numbered))
            .partitioned(partitions)
            .into()
    }
}

/// The handle of a running [`PartitionSupervisor`]: made from its [`SupervisorRef`].
#[derive(Clone, Debug)]
pub struct PartitionRef {
    supervisor: SupervisorRef,
    partitions: NonZeroUsize,
}

impl PartitionRef {
    /// Takes a running supervisor as a partition supervisor; `None` if it is none.
    #[must_use]
    pub fn new(supervisor: SupervisorRef) -> Option<Self> {
        let partitions = supervisor.hub().partitions?;
        Some(Self {
            supervisor,
            partitions,
        })
    }

    /// How many partitions there are.
    #[must_use]
    pub const fn partitions(&self) -> usize {
        self.partitions.get()
    }

    /// The supervisor.
    #[must_use]
    pub const fn supervisor(&self) -> &SupervisorRef {
        &self.supervisor
    }

    /// The partition of an integer: `|key| mod n`, as in Elixir.
    ///
    /// `None` while that partition has no process: between its end and its restart, or for good if it is not restarted.
    #[must_use]
    pub fn route_integer(&self, key: i64) -> Option<Process> {
        let modulus = u64::try_from(self.partitions.get()).unwrap_or(u64::MAX);
        self.partition(usize::try_from(key.unsigned_abs() % modulus).unwrap_or(0))
    }

    /// The partition of any key, by its hash. Which one it is may differ between versions of this crate.
    #[must_use]
    pub fn route<K: Hash + ?Sized>(&self, key: &K) -> Option<Process> {
        let mut hasher = FxHasher::default();
        key.hash(&mut hasher);
        let modulus = u64::try_from(self.partitions.get()).unwrap_or(u64::MAX);
        self.partition(usize::try_from(hasher.finish() % modulus).unwrap_or(0))
    }

    fn partition(&self, number: usize) -> Option<Process> {
        let table = self.supervisor.hub().table();
        let key = table.key_of(&ChildId::new(number.to_string()).ok()?)?;
        match &table.get(key)?.state {
            ChildState::Running(process) if process.is_alive() => Some(process.clone()),
            _ => None,
        }
    }
}
