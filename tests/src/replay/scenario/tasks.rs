//! Task supervisor scenarios.

use mainstay_specs::Restart;
use serde::Deserialize;
use serde_json::Value;

/// The task supervisor of a scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// The most tasks it takes.
    pub max_children: Option<usize>,
    /// Restarts allowed within five seconds; Elixir's default is three.
    pub max_restarts: Option<u32>,
}

/// What is done.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the operations and their fields are those of the README, section 12"
)]
pub enum TaskOp {
    SpawnCaller {
        caller: String,
        #[serde(default)]
        trap_exit: bool,
    },
    StartChild {
        task: String,
        #[serde(default = "temporary")]
        restart: Restart,
    },
    Async {
        caller: String,
        task: String,
    },
    AsyncNolink {
        caller: String,
        task: String,
    },
    Finish {
        task: String,
        value: Value,
    },
    Crash {
        task: String,
        reason: String,
    },
    Restarted {
        task: String,
    },
    Await {
        caller: String,
        task: String,
        timeout: Timeout,
    },
    Yield {
        caller: String,
        task: String,
        timeout: Timeout,
    },
    Shutdown {
        caller: String,
        task: String,
        timeout: Timeout,
    },
    Children,
    TerminateChild {
        task: String,
    },
    KillCaller {
        caller: String,
    },
    Stop,
}

const fn temporary() -> Restart {
    Restart::Temporary
}

/// How long to wait for a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Timeout {
    /// So many milliseconds.
    Millis(u64),
    /// Not at all.
    Word(BrutalKill),
}

/// The word for not waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrutalKill {
    /// The word.
    BrutalKill,
}

/// What has to come of a step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskExpect {
    /// The answer.
    pub result: Value,
    /// Who ended, sorted.
    #[serde(default)]
    pub events: Vec<Value>,
}
