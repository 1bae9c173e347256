//! What there is to choose from.

use serde::{Deserialize, Serialize};

use crate::ServiceName;

/// How is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Algorithm {
    /// A bucket of tokens that fills evenly, `limit` in each `window`, up to `burst_limit`. The cheapest: 8 bytes a key, 16 for
    /// a rate that does not come out even.
    #[default]
    TokenBucket,
    /// Never more than `limit` in any time as long as `window`, exactly: the instant of each unit is kept, 8 bytes each, and so
    /// the limit may be 4,096 at most.
    SlidingWindow,
    /// As a sliding window, from two counters: those of the window before count as far as they would still be in sight, had they
    /// come evenly. 16 bytes a key, any limit. In a time as long as `window`, up to twice the limit can pass if they did not.
    SlidingWindowApproximate,
    /// At most `limit` in each window; the windows follow each other. 16 bytes a key. Around the edge between two, up to twice
    /// the limit passes.
    FixedWindow,
}

/// Where the fixed windows of a key begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WindowStart {
    /// Each key's at a phase of its own, so that not everybody comes back at the same moment.
    #[default]
    PerKey,
    /// All keys' at the same moments, counted from when the limiter was made.
    Aligned,
    /// With the first use after a window has ended.
    FirstUse,
}

/// Whose requests are counted together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyStrategy {
    /// Everybody's.
    Global,
    /// Those of one client address.
    #[default]
    Ip,
    /// Those of one user.
    User,
    /// Those made with one API key.
    ApiKey,
    /// Those of one value of something else, which is called so.
    Custom(ServiceName),
}

/// What becomes of a request that has no key, such as one of nobody in particular where users are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnMissingKey {
    /// It is refused.
    #[default]
    Refuse,
    /// All of them share one limit.
    Share,
    /// It is admitted, and counts nowhere.
    Admit,
}

/// What becomes of a new key when there are as many as there may be, and none is idle of the few that are looked at. The others keep
/// their limits whatever is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnFull {
    /// All new keys share one limit until there is room. Whoever can keep as many keys busy as there may be makes all newcomers
    /// share: `keys_max` is to be more than one client can have.
    #[default]
    Share,
    /// It is refused.
    Refuse,
    /// It is admitted, and counts nowhere.
    Admit,
}

/// What keys take over when the limit changes while they are in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Inherit {
    /// What was used stays used, at most as much as may be used now: a raise by ten gives ten more at once.
    #[default]
    Keep,
    /// The share that was used stays used: who had used half, has used half.
    Proportional,
    /// All keys begin anew.
    Reset,
}
