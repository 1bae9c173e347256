//! The trees of scenarios: supervisors and children as they are written.

use mainstay_specs::{AutoShutdown, ChildType, Restart};
use serde::Deserialize;

use super::{Init, OnTerminate, Outcome};

/// A supervisor.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supervisor {
    /// Which of the supervisors it is.
    #[serde(default)]
    pub kind: Kind,
    /// Which children a failed one takes along.
    #[serde(default)]
    pub strategy: StrategyName,
    intensity: Option<u32>,
    /// The period over which restarts are counted, in seconds.
    #[serde(default = "five")]
    pub period_s: u64,
    /// Whether significant children end it.
    #[serde(default)]
    pub auto_shutdown: AutoShutdown,
    /// Children in start order; for `simple_one_for_one` the template.
    #[serde(default)]
    pub children: Vec<Child>,
    /// `dynamic`: the most children it takes.
    pub max_children: Option<usize>,
    /// `dynamic`: put before every child's own arguments.
    #[serde(default)]
    pub extra_args: Vec<String>,
    /// `partition`: how many.
    pub partitions: Option<usize>,
    /// `partition`: what each of them is.
    pub child: Option<Box<Child>>,
    /// What the init callback does instead of giving all this.
    pub init: Option<Init>,
}

const fn five() -> u64 {
    5
}

impl Supervisor {
    /// Restarts allowed within the period, with the default of its kind.
    #[must_use]
    pub fn intensity(&self) -> u32 {
        self.intensity.unwrap_or(match self.kind {
            Kind::Supervisor => 1,
            Kind::Dynamic | Kind::Partition => 3,
        })
    }
}

/// The kinds of supervisors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// OTP's.
    #[default]
    Supervisor,
    /// Elixir's for children that come and go.
    Dynamic,
    /// Elixir's for one child a partition.
    Partition,
}

/// OTP's strategies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategyName {
    /// Only the failed child.
    #[default]
    OneForOne,
    /// All children.
    OneForAll,
    /// The failed child and later ones.
    RestForOne,
    /// Only the failed one; all children are made after one template.
    SimpleOneForOne,
}

/// A child.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Child {
    /// Missing where the supervisor names its children itself.
    pub id: Option<String>,
    /// When it is started again.
    #[serde(default)]
    pub restart: Restart,
    /// How it is stopped; absent is the default of its type.
    pub shutdown: Option<ShutdownSpec>,
    /// Worker or supervisor, as declared.
    #[serde(default, rename = "type")]
    pub child_type: ChildType,
    /// Whether its end may end its supervisor.
    #[serde(default)]
    pub significant: bool,
    /// The supervisor that the child is; a worker otherwise.
    pub sup: Option<Supervisor>,
    /// What the first start attempts come to.
    #[serde(default)]
    pub starts: Vec<Outcome>,
    /// What all later ones come to.
    #[serde(default = "Outcome::ok")]
    pub starts_rest: Outcome,
    /// How the worker reacts to a stop; absent is [`OnTerminate::Prompt`].
    pub on_terminate: Option<OnTerminate>,
    /// `simple_one_for_one`: arguments before those of the step.
    #[serde(default)]
    pub args: Vec<String>,
}

impl Default for Child {
    fn default() -> Self {
        Self {
            id: None,
            restart: Restart::default(),
            shutdown: None,
            child_type: ChildType::default(),
            significant: false,
            sup: None,
            starts: Vec::new(),
            starts_rest: Outcome::ok(),
            on_terminate: None,
            args: Vec::new(),
        }
    }
}

/// How a child is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ShutdownSpec {
    /// `"brutal_kill"` or `"infinity"`.
    Word(ShutdownWord),
    /// Milliseconds.
    Millis(u64),
}

/// The shutdown settings that are words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShutdownWord {
    /// Killed at once.
    BrutalKill,
    /// Waited for without limit.
    Infinity,
}
