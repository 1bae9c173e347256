//! What the server answers, as types: to be parsed by whoever asks.

use std::collections::BTreeMap;

use mainstay_actors::metrics::Snapshot;
use mainstay_supervisors::TreeNode;
use serde::{Deserialize, Serialize};

/// What `GET /api/tree` answers.
///
/// ```json
/// {
///   "last_event": 12,
///   "roots": [
///     {
///       "id": "production", "pid": 4, "state": "running", "kind": "supervisor", "type": "supervisor",
///       "restarts": 0, "for_ms": 0, "strategy": "rest_for_one",
///       "children": [
///         {
///           "id": "children", "pid": 5, "state": "running", "kind": "supervisor", "type": "supervisor",
///           "restart": "permanent", "restarts": 0, "for_ms": 3021, "strategy": "one_for_one",
///           "children": [
///             {
///               "id": "clock", "pid": 6, "state": "running", "kind": "task", "type": "worker",
///               "restart": "permanent", "restarts": 2, "for_ms": 812
///             }
///           ]
///         }
///       ]
///     }
///   ]
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TreeReply {
    /// The number of the last event before the tree was looked at: the stream of events after it tells of all that has
    /// changed since, and perhaps of a little that is in the tree already.
    pub last_event: u64,
    /// All trees of the runtime, oldest first: the HTTP server's own, then the namespaces.
    pub roots: Vec<TreeNode>,
}

impl TreeReply {
    pub(super) const fn new(last_event: u64, roots: Vec<TreeNode>) -> Self {
        Self { last_event, roots }
    }
}

/// What `GET /api/metrics` answers.
///
/// ```json
/// {
///   "namespaces": {
///     "production": {
///       "began": "2027-01-02T03:04:05.000Z", "taken": "2027-01-02T03:14:05.000Z", "generation": 1,
///       "help": {"foundation.config_server.updates": "Changes of the configuration."},
///       "series": [
///         {
///           "name": "foundation.config_server.updates", "tags": {}, "kind": "counter", "unit": "count", "age_ms": 600000,
///           "total": 12
///         }
///       ]
///     }
///   }
/// }
/// ```
///
/// Beside its `age_ms`, a counter has its `total`, a gauge its `value` (null if it has none), and a histogram its `samples`: `count`, `sum`,
/// `min`, `max`, `avg`, `p50`, `p95`, `p99` since the series began, and its `buckets`, each as least value, greatest value and count. As many
/// of the samples as `unplaced` says are in no bucket, as the store had no room: they are in the count, the sum and the mean only. `help` has
/// what the families are described as, of those that are.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MetricsReply {
    /// What was recorded in each namespace that has a metrics store, by its name.
    pub namespaces: BTreeMap<String, Snapshot>,
}

/// What went wrong.
///
/// ```json
/// {"error":{"code":"not_found","message":"there is nothing at /api/trees","path":"/api/trees"}}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorReply {
    /// The error.
    pub error: ErrorDetail,
}

/// The parts of an [`ErrorReply`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorDetail {
    /// A word for programs.
    ///
    /// | code | status | |
    /// |---|---|---|
    /// | `bad_request` | 400 | the query, a header or the body cannot be read |
    /// | `unauthorized` | 401 | the token is missing or wrong |
    /// | `forbidden_host` | 403 | the `Host` does not name the loopback interface |
    /// | `not_updatable` | 403 | the configuration path may not be changed at run time |
    /// | `not_found` | 404 | no such route, namespace, configuration path or event |
    /// | `method_not_allowed` | 405 | the route is there, but not for this method |
    /// | `request_timeout` | 408 | the body was not sent in time |
    /// | `conflict` | 409 | the value has changed since the version that `If-Match` names; another event has the number; another reload is under way |
    /// | `payload_too_large` | 413 | the body is longer than [`BODY_MAX`](super::BODY_MAX), or has more events than a batch may |
    /// | `unsupported_media_type` | 415 | the body is not declared as `application/json` |
    /// | `invalid_value` | 422 | the value is not one that the configuration takes; an event is none |
    /// | `invalid_spec` | 422 | the file that the node is to go by is wrong, or takes a new node: see [`ReloadErrorReply`](super::ReloadErrorReply) |
    /// | `rate_limited` | 429 | the client has asked too often; `Retry-After` says when to come back |
    /// | `internal` | 500 | a defect of the node or of the application |
    /// | `reload_failed` | 500 | something that is in the file did not start: see [`ReloadErrorReply`](super::ReloadErrorReply) |
    /// | `not_ready` | 503 | see [`Readiness`](crate::Readiness), which stands beside the error |
    /// | `stopping` | 503 | the node is stopping |
    /// | `unavailable` | 503 | the service is down or has too much to do; come back later |
    /// | `circuit_open` | 503 | the service has failed, and is not asked until the time that `Retry-After` gives |
    /// | `memory_pressure` | 503 | memory is short; `Retry-After` says when to come back |
    /// | `deadline` | 503, 504 | the time for the request was up before it was begun; before it was answered |
    /// | `too_many_streams` | 503 | come back later |
    /// | `unknown_outcome` | 504 | whether the change was made is to be seen from the configuration; whether events were stored, from `GET /api/events` |
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// What it is about, where that is not the whole request: the path of a route or of a configuration value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}
