//! Registry scenarios.

use serde::Deserialize;
use serde_json::Value;

/// The registry of a scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrySpec {
    /// Whether a key may have several entries.
    pub keys: Keys,
    /// In how many parts it is kept; entries of more than one are compared as a set.
    #[serde(default = "one")]
    pub partitions: usize,
    /// Whether somebody listens.
    #[serde(default)]
    pub listeners: bool,
}

const fn one() -> usize {
    1
}

/// Whether a key may have several entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    /// One.
    Unique,
    /// Any number.
    Duplicate,
}

/// What is done.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the operations and their fields are those of the README, section 11"
)]
pub enum RegistryOp {
    Spawn {
        proc: String,
    },
    Register {
        proc: String,
        key: Value,
        value: Value,
    },
    Unregister {
        proc: String,
        key: Value,
    },
    UnregisterMatch {
        proc: String,
        key: Value,
        value: Value,
    },
    Lookup {
        key: Value,
    },
    Match {
        key: Value,
        value: Value,
    },
    CountMatch {
        key: Value,
        value: Value,
    },
    Keys {
        proc: String,
    },
    Values {
        proc: String,
        key: Value,
    },
    Count,
    UpdateValue {
        proc: String,
        key: Value,
        add: i64,
    },
    Dispatch {
        key: Value,
    },
    RegisterName {
        proc: String,
        key: Value,
    },
    WhereisName {
        key: Value,
    },
    Send {
        key: Value,
        msg: Value,
    },
    PutMeta {
        key: Value,
        value: Value,
    },
    Meta {
        key: Value,
    },
    DeleteMeta {
        key: Value,
    },
    Exit {
        proc: String,
        reason: String,
    },
    StopRegistry,
}

/// What has to come of a step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryExpect {
    /// The answer.
    pub result: Value,
    /// What the listener received, sorted.
    #[serde(default)]
    pub listener: Vec<Value>,
    /// Which messages were received by whom.
    #[serde(default)]
    pub delivered: Vec<Value>,
}
