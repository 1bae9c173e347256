//! What is done to a tree, and what has to come of it.

use mainstay_specs::AutoShutdown;
use serde::Deserialize;
use serde_json::Value;

use super::{Child, OnTerminate, Outcome, Reason};

/// What is done.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    /// The root is started, linked to a parent.
    Start,
    /// A worker exits by itself, or is killed.
    ExitChild {
        /// Which.
        path: String,
        /// With what.
        reason: Reason,
    },
    /// A supervisor is killed.
    KillSup {
        /// Which.
        path: String,
    },
    /// A supervisor is asked to stop, and waited for.
    StopSup {
        /// Which.
        path: String,
        /// With what.
        reason: Reason,
    },
    /// The root's parent sends it an exit signal.
    ParentExit {
        /// Which.
        reason: Reason,
    },
    /// An unrelated process sends an exit signal.
    StrangerExit {
        /// To whom.
        path: String,
        /// Which.
        reason: Reason,
    },
    /// Time passes.
    Sleep {
        /// How much.
        ms: u64,
    },
    /// A blocked start attempt goes on.
    Release {
        /// Of this path.
        path: String,
    },
    /// A child is added.
    StartChild(Box<StartChild>),
    /// A child is stopped.
    TerminateChild {
        /// Where.
        sup: String,
        /// By name.
        id: Option<Id>,
        /// By process.
        pid: Option<Pid>,
    },
    /// A stopped child is started.
    RestartChild {
        /// Where.
        sup: String,
        /// Which.
        id: Id,
    },
    /// A stopped child is forgotten.
    DeleteChild {
        /// Where.
        sup: String,
        /// Which.
        id: Id,
    },
    /// The specification of a child is asked for.
    GetChildspec {
        /// Where.
        sup: String,
        /// By name.
        id: Option<Id>,
        /// By process.
        pid: Option<Pid>,
    },
    /// The children are listed.
    WhichChildren {
        /// Where.
        sup: String,
    },
    /// The children are counted.
    CountChildren {
        /// Where.
        sup: String,
    },
    /// Specifications are checked.
    CheckChildspecs {
        /// Which.
        children: Vec<Child>,
        /// For a supervisor with this setting.
        auto_shutdown: Option<AutoShutdown>,
    },
    /// A key is routed.
    Route {
        /// Where.
        sup: String,
        /// Which.
        key: i64,
    },
}

/// A child that is added.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartChild {
    /// Where.
    pub sup: String,
    /// What; by default a permanent worker.
    pub child: Option<Child>,
    /// Its name in the trace, where children have no ids.
    pub key: Option<String>,
    /// Its own arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// What the first start attempts come to, where children have no ids.
    #[serde(default)]
    pub starts: Vec<Outcome>,
    /// What all later ones come to.
    pub starts_rest: Option<Outcome>,
    /// How it reacts to a stop.
    pub on_terminate: Option<OnTerminate>,
}

/// What a child is called in a call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A name.
    Text(String),
    /// A partition.
    Number(u64),
}

impl Id {
    /// The name as it stands in paths.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Which process a call is about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Pid {
    /// One of the tree.
    Process(ProcessName),
    /// A living process that is no child.
    Stranger(Stranger),
}

/// The word for a process that is no child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stranger {
    /// The word.
    Stranger,
}

/// A process of the trace: the one that a start attempt of a path produced.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessName {
    /// The names from the root down.
    pub path: String,
    /// The number of the start attempt.
    pub n: u32,
}

/// What has to come of a step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The answer.
    pub result: Value,
    /// Answers to calls of earlier steps.
    #[serde(default)]
    pub replies: Vec<Reply>,
    /// What the root is doing.
    pub root_state: Value,
    /// What happened.
    pub events: Vec<EventItem>,
    /// What supervisors reported.
    #[serde(default)]
    pub reports: Vec<Value>,
    /// The tree after the step.
    pub tree: Value,
}

impl Expect {
    /// How many events have to come, blocks opened up.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.events.iter().map(EventItem::count).sum()
    }

    /// Whether the call of the step has to be left waiting.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.result.get("pending") == Some(&Value::Bool(true))
    }
}

/// The late answer to a call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The step that called.
    pub step: usize,
    /// The answer.
    pub result: Value,
}

/// An event, or events whose order is free.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum EventItem {
    /// One event.
    Event(Vec<Value>),
    /// Sequences that may be interleaved in any way.
    Block {
        /// The sequences.
        any_order: Vec<Vec<Self>>,
    },
}

impl EventItem {
    fn count(&self) -> usize {
        match self {
            Self::Event(_) => 1,
            Self::Block { any_order } => any_order.iter().flatten().map(Self::count).sum(),
        }
    }
}
