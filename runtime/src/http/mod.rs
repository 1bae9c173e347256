//! The HTTP face of a node.
//!
//! | request | answer |
//! |---|---|
//! | `GET /livez` | 200 or 503: whether the node gets on, as its [watchdog](crate::Liveness) has found |
//! | `GET /startupz` | 200 once the node has booted, and all checks of the kind `startup` were healthy |
//! | `GET /readyz` | 200 or 503: a [`Readiness`](crate::Readiness) |
//! | `GET /health` | 200 or 503: how all that is looked after fares, in one namespace or several |
//! | `GET /health/{name}` | the same, of one service or one group |
//! | `GET /api/tree` | the live tree: a [`TreeReply`]; with `Accept: text/plain`, a picture of it |
//! | `GET /api/tree/events` | a server-sent event stream of [`TreeEvent`]s |
//! | `GET /metrics` | the metrics of all namespaces, for Prometheus: as OpenMetrics if `Accept` prefers it, else as text |
//! | `GET /api/metrics` | the same as JSON: a [`MetricsReply`] |
//! | `GET /api/spec` | the spec that the node goes by, without its secrets ([`ShownSpec`](mainstay_specs::ShownSpec)): as RON, or as JSON if `Accept` prefers it |
//! | `POST /api/reload` | has the node go by its file anew, as a SIGHUP does: a [`ReloadReply`], or a [`ReloadErrorReply`] |
//! | `GET /api/config/{path}` | the value at a path, as a [`ConfigReply`]; with an `ETag` |
//! | `PUT /api/config/{path}` | sets the value at a path to the JSON in the body, if `If-Match` fits |
//! | `GET /api/events` | the events that are kept and fit the query: an [`EventPage`](mainstay_actors::event_store::EventPage) |
//! | `GET /api/events/{id}` | one of them: an [`Event`](mainstay_actors::event_store::Event) |
//! | `POST /api/events` | stores the event, or the list of events, in the body: 201 and [`EventsStored`] |
//!
//! Everything else, and everything that goes wrong, is an [`ErrorReply`] with a fitting status.
//!
//! # Who may ask
//!
//! On a loopback address everybody on the machine may read. What changes anything needs the node's [`Token`] as
//! `Authorization: Bearer …`; if the spec has none, the node makes one at boot. The `Host` must name the loopback
//! interface, so that a web page cannot reach the node through a name of its own. On any other address every request
//! needs the token, but for `/livez`, `/startupz`, `/readyz` and `/health`, which tell whoever presents none how the node is and no more: who
//! starts, restarts and stops containers has no token.
//!
//! # Health
//!
//! ```text
//! GET /health                                   200, Age: 0
//! {"status":"warn","state":"degraded","serviceId":"production","checks":{
//!   "db":[{"componentType":"component","status":"pass","state":"healthy",…}],"db:replica":[…],…}}
//!
//! GET /health                                   200, Age: 0
//! Accept: application/json
//! {"status":"degraded","timestamp":"2026-11-26T18:00:00.000Z","overall_score":0.75,"services":{"db":{"status":"healthy",…},…},…}
//! ```
//!
//! It is told as `application/health+json`, as the draft of the IETF has it, or as `application/json` with the names that are used here, as
//! `Accept` prefers. Healthy and degraded are 200; unhealthy and unknown are 503, as nobody should count on what nobody knows. Answers are read off
//! pictures that are made in the background: to ask costs nothing, however often, and `Age` says how many seconds ago the picture was confirmed.
//! They end at about a megabyte; what is worst comes first.
//!
//! | parameter | meaning |
//! |---|---|
//! | `namespace` | of this namespace alone; else of all that have a health aggregator, with services as `namespace/service` if there are several |
//! | `group` | of the services of this group |
//! | `sweep` | `true`: look at everything anew, which takes as long as the `sweep_deadline` of the spec at most |
//!
//! How much is told is said by `health_details` of the spec:
//!
//! | `health_details` | with the token, or on loopback | else |
//! |---|---|---|
//! | `authorized` (default) | everything | one word: how the whole is |
//! | `always` | everything | one word for each service |
//! | `never` | one word | one word |
//!
//! What checks say in words and figures may tell of what is inside, and so is never told without the token to others than the machine itself.
//!
//! `/livez` depends on nothing that the node needs. While the executor is blocked, the [watchdog](crate::Liveness) answers every request on this port with
//! 503 by itself. `/readyz` is about work: it says no while the node boots or stops, when a namespace has ended, and when one that has a health
//! aggregator is unhealthy or not known to be well.
//!
//! # Metrics
//!
//! To tell the metrics takes a look at every series, off the threads that serve. While that is done, whoever else asks for the same gets
//! the same answer: of Prometheus text, OpenMetrics and JSON at most one each is made at a time, however many ask. It is made on a thread
//! for what blocks, of the tokio runtime that serves: as long as the application has all of these, the metrics wait.
//!
//! # Streams of events
//!
//! `GET /api/tree/events` begins with what happens from now on; with the header `Last-Event-ID` or with `?after=ID`, after
//! that event. To miss nothing, take `last_event` of a [`TreeReply`] as ID.
//!
//! ```text
//! id: 41
//! event: exited
//! data: {"id":41,"at_ms":1795442130123,"path":"production/children/clock","pid":9,"type":"exited","reason":{"type":"failed","error":"out of time"}}
//!
//! id: 42
//! event: restarted
//! data: {"id":42,"at_ms":1795442130123,"path":"production/children/clock","pid":12,"type":"restarted","restarts":1}
//! ```
//!
//! The name of each event is the `type` of its [`Change`]. Two more names tell of a gap:
//!
//! | event | data | meaning |
//! |---|---|---|
//! | `lagged` | `{"missed":12}` | so many events were dropped before they could be sent; its `id` is that of the last one |
//! | `reset` | `{"last_event":7}` | the ID given is of a later event than any: the node was started anew, and the stream begins with the first event that is kept |
//!
//! A comment is sent every 15 seconds when nothing else is. The stream ends when the node has stopped. At most
//! [`STREAMS_MAX`] are served at a time; more are told to come back later.
//!
//! # Configuration
//!
//! `GET` and `PUT /api/config/{path}` go to the config server of the namespace `production`, or of that in `?namespace=`. Both
//! dots and slashes part the segments of a path, so `pool/size` is `pool.size`; a segment that holds either is quoted
//! (`limits/"example.com"`) or has its slashes encoded. `/api/config` is the whole configuration.
//!
//! ```text
//! GET /api/config/pool/size                     200, ETag: "7"
//! {"path":"pool.size","value":10,"version":7}
//!
//! PUT /api/config/pool/size                     200, ETag: "8"
//! Authorization: Bearer …                       {"path":"pool.size","value":20,"version":8}
//! Content-Type: application/json
//! If-Match: "7"
//! 20
//! ```
//!
//! The version counts the changes of the whole configuration. With `If-Match`, a change is made only if nothing has changed
//! since that version.
//!
//! # Events that are kept
//!
//! `/api/events` goes to the event store of the namespace `production`, or of that in `?namespace=`. (What happens to processes is
//! another matter: see above for the stream of it.)
//!
//! ```text
//! POST /api/events                              201
//! Authorization: Bearer …                       {"ids":[41]}
//! Content-Type: application/json
//! {"event_type":"user_login","correlation_id":"request-7","data":{"user":"ada"}}
//!
//! GET /api/events?event_type=user_login&data.user=ada&limit=1    200
//! {"events":[{"id":41,"event_type":"user_login","wall_time":"2026-11-26T18:00:00.000000Z","monotonic_ns":5172044,
//!   "namespace":"production","correlation_id":"request-7","data":{"user":"ada"}}],"more":false}
//! ```
//!
//! The answer to a `POST` comes when the events are there to stay. A list is stored whole or not at all. One whose events have
//! numbers and times of their own (`id`, `wall_time`) can be sent again if it is not known what came of it, as after `unknown_outcome`:
//! what is there already is not stored again.
//!
//! | parameter | meaning |
//! |---|---|
//! | `event_type` | of this type; given more than once, of one of these |
//! | `from`, `until` | at this time or later; before this time: `2026-11-26T18:00:00Z` |
//! | `after`, `before` | with a higher, with a lower number than this: to go on after the last one seen |
//! | `correlation_id`, `parent_id`, `process`, `node` | of this matter, led to by this event, of this process, stored from this machine |
//! | `data.PATH`, `data` | with exactly this value at this place of the data, or as data: JSON if it can be read as such, else a text |
//! | `order_by` | `id` (default) or `time` |
//! | `direction` | `ascending` (default) or `descending` |
//! | `offset`, `limit` | how many to pass over, how many to give |
//!
//! All that is wrong with a request is told at once, each fault with the parameter, or the event, it is of.
//!
//! # The spec of the node
//!
//! `POST /api/reload` has the node read what it was booted from once more ([`NodeBuilder::source`](crate::NodeBuilder::source); the file, for
//! `mainstay run FILE`) and go by it: see [`NodeSpec::diff`](mainstay_specs::NodeSpec::diff) for what is changed in place and what restarts what. It
//! has no body, and needs the token. Whoever asks need not wait: it goes on.
//!
//! ```text
//! POST /api/reload                              200
//! Authorization: Bearer …                       {"applied":[{"path":"shutdown_deadline","kind":"changed","effect":"in_place"}]}
//!
//! POST /api/reload                              422, nothing has changed
//! Authorization: Bearer …                       {"error":{"code":"invalid_spec","message":"1 fault, nothing has changed"},
//!                                                "faults":[{"path":"http.token","line":9,"column":18,"message":"this takes a new node: …"}]}
//! ```
//!
//! 409 is answered while another reload is under way, 404 if there is nothing to read, and 500 (`reload_failed`) if a step has failed: with what was
//! done before, and what was not.
//!
//! # Guards of the Foundation API
//!
//! Requests to `/api/config` and `/api/events` go through guards, in this order: a deadline, a circuit breaker, the memory manager, a rate
//! limit for each client address. There is one protected operation for each kind of requests in each namespace, configured by `guards` of
//! the spec, or by an operation of its name in `protections` of the namespace: `api.config.reads`, `api.config.writes`, `api.events.reads`,
//! `api.events.writes`. Breakers, limiters, metrics (`api.config.reads.call`) and telemetry have it under that name.
//!
//! ```text
//! GET /api/config/pool/size                     200
//!                                               RateLimit-Policy: "api.config.reads";q=10000;w=1
//!                                               RateLimit: "api.config.reads";r=9999;t=1
//!
//! GET /api/config/pool/size                     429, and the same two fields
//!                                               Retry-After: 1
//!                                               Mainstay-Guard: limiter
//! {"error":{"code":"rate_limited","message":"the rate limit api.config.reads is reached, come back in 1ms"}}
//! ```
//!
//! | `Mainstay-Guard` | status | refused by |
//! |---|---|---|
//! | `deadline` | 503, 504 | the time was up before the request was begun; before it was answered |
//! | `circuit` | 503 | the circuit breaker, as the service has failed, or that of the service itself |
//! | `memory` | 503 | the memory manager |
//! | `limiter` | 429 | the rate limiter, or that of the service itself |
//! | `pool` | 503 | the connection pool, or the bound of what the service itself does at a time |
//!
//! The field is in refusals only. Who asks for more than the service does at a time waits first, as far as its spec has it (`queries_max` and
//! `queries_waiting_max` of the event store, `queue_max` for events that are stored). What a guard refuses, also one of the service itself, is
//! told to metrics and telemetry as its decision (`foundation.protection.refused`). It counts as no failure of the service; neither do answers that blame the request (4xx).
//! A request without the token that it needs is answered before, and uses up nothing.
//!
//! The body of a request that changes something is read before its operation is begun, and takes nothing of its deadline: how fast it comes is
//! up to the client, and says nothing of the service. It has ten seconds, and [`BODY_MAX`] bytes (for events, as many as one may have): 408 and 413
//! are answered beyond. Whom the circuit breaker, the memory manager or the rate limiter is sure to refuse is told so without being asked for a body. Only who has
//! the token may send one, and there are no more at a time than connections ([`CONNECTIONS_MAX`]): as it is sent, none counts for the memory
//! manager.
//!
//! # Supervision
//!
//! The server is itself a process, `http/server`, under a supervisor of its own beside the namespaces: should it crash,
//! it is started again, on the same port. That ends the requests and streams it was serving.

mod access;
mod body;
mod change;
mod config;
mod config_error;
mod error;
mod event_store;
mod events;
mod flight;
mod guarded;
mod health;
mod metrics;
mod reply;
mod router;
mod serve;
mod settings;
mod spec;
mod token;
mod tree;

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{Backoff, ChildId, ChildSpec, HttpSpec, NameError, Shutdown};
use mainstay_supervisors::{Child, Process, StartError, Supervisor};

pub use change::{Change, Reason, TreeEvent};
pub use config::ConfigReply;
pub use event_store::EventsStored;
pub use reply::{ErrorDetail, ErrorReply, MetricsReply, TreeReply};
pub use settings::{BODY_MAX, CONNECTIONS_MAX, STREAMS_MAX};
pub use spec::{ChangeReply, FaultReply, ReloadErrorReply, ReloadReply};
pub use token::Token;

use crate::node::{BootError, HTTP, State};
use settings::{ListenError, Settings};

/// What a node shows of its HTTP server.
pub(crate) struct Face {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) token: Token,
}

/// Starts the tree of the HTTP server: it listens when this returns.
pub(crate) async fn start(
    node: &Arc<State>,
    spec: &HttpSpec,
) -> Result<(Face, Process), BootError> {
    let token = match &spec.token {
        Some(token) => Token::new(token.as_str()),
        None => Token::random().map_err(|error| BootError::Token(Arc::new(error)))?,
    };
    let settings = Arc::new(Settings::new(node, spec, token.clone()));
    // Before there is anything whose failure would be logged, so that an address that is taken is told once.
    let address = settings.listen_first().await?;
    let tree = tree_of(&settings).map_err(|error| not_started(StartError::failed(error)))?;
    let root = node.runtime().start(HTTP, tree).await;
    let root = root.map_err(not_started)?.process().clone();
    Ok((Face { address, token }, root))
}

fn tree_of(settings: &Arc<Settings>) -> Result<Supervisor, NameError> {
    let spec = ChildSpec::new(ChildId::new("server")?)
        .shutdown(Shutdown::Timeout(SHUTDOWN))
        .backoff(Backoff::new(RESTART_MIN, RESTART_MAX));
    let settings = Arc::clone(settings);
    let server = Child::from_start(spec, move |cx| {
        let settings = Arc::clone(&settings);
        async move {
            let listener = settings.listen().await.map_err(StartError::failed)?;
            let server = cx.spawn_task(|stop| serve::serve(listener, settings, stop));
            Ok(server.into())
        }
    });
    let tree = Supervisor::one_for_one()
        .intensity(RESTARTS, RESTARTS_PERIOD)
        .child(server);
    Ok(tree)
}

fn not_started(error: StartError) -> BootError {
    BootError::below(HTTP.to_owned(), error)
}

impl From<ListenError> for BootError {
    fn from(error: ListenError) -> Self {
        let ListenError { address, error } = error;
        Self::Listen { address, error }
    }
}

/// How long requests that are being answered may take when the server stops.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// A crash is forgotten soon, but an address that stays taken is waited for up to half a minute, and then given up.
const RESTARTS: u32 = 10;
const RESTARTS_PERIOD: Duration = Duration::from_secs(60);
const RESTART_MIN: Duration = Duration::from_millis(50);
const RESTART_MAX: Duration = Duration::from_secs(5);
