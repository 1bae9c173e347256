//! A node to be.

use std::future::{Future, pending};

use mainstay_actors::pool::{IntoConnectionSpec, PoolKinds};
use mainstay_specs::{Args, Fault, Faults, Kinds, NodeSpec, ReadError, SpecPath};
use mainstay_supervisors::{HISTORY, Runtime};
use serde::de::DeserializeOwned;

use super::kinds::{Factories, IntoChild};
use super::reload::{ReadSpec, SpecSource};
use super::{BootError, Node, boot};
use crate::infrastructure;

/// A node to be: the kinds that its spec may name.
///
/// It is what a file is checked against: give it to [`NodeSpec::from_file`] or [`NodeSpec::from_ron`].
///
/// ```
/// use mainstay::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Ticker {
///     #[serde(with = "mainstay::specs::duration")]
///     every: std::time::Duration,
/// }
///
/// let builder = Node::builder().kind("ticker", |args: Ticker| {
///     Child::task("ticker", move |stop| async move {
///         while !stop.is_stopped() {
///             tokio::time::sleep(args.every).await;
///         }
///     })
/// });
/// let text = r#"(namespaces: [(name: "app", children: [(id: "clock", kind: "ticker", args: (every: 1))])])"#;
/// let faults = NodeSpec::from_ron(text, &builder).unwrap_err();
/// assert_eq!(
///     faults.to_string(),
///     "1:84: namespaces[0].children[0].args.every: expected a text in quotes, found 1",
/// );
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it boots"]
pub struct NodeBuilder {
    pub(super) kinds: Factories,
    pub(super) pools: PoolKinds,
    pub(super) source: Option<SpecSource>,
    history: usize,
    seed: Option<u64>,
}

impl Default for NodeBuilder {
    fn default() -> Self {
        Self {
            kinds: Factories::default(),
            pools: PoolKinds::new(),
            source: None,
            history: HISTORY,
            seed: None,
        }
    }
}

impl NodeBuilder {
    /// Adds a kind: a name that may stand in a spec for what `factory` makes. Replaces one of the same name.
    ///
    /// `factory` gets the arguments of each child of this kind, as its own type (`()` for a kind without), and gives the
    /// [`Child`](mainstay_supervisors::Child) to start, or an error that says what is wrong with the arguments. Of that
    /// child only the start function counts, and the shutdown, backoff, mailbox limit and name where the spec has none: id,
    /// restart and all else come from the spec.
    ///
    /// It is called when a spec is checked and again when it is booted, so it must start nothing itself and be able to
    /// do the same again; the start function is what runs at each start and restart.
    pub fn kind<A, K, F>(mut self, name: impl Into<String>, factory: F) -> Self
    where
        A: DeserializeOwned,
        K: IntoChild,
        F: Fn(A) -> K + Send + Sync + 'static,
    {
        self.kinds.insert(name.into(), factory);
        self
    }

    /// Adds a kind of connection: a name that may stand in a spec, as `source: other(kind: "…", args: …)`, for pools whose connections are
    /// made by what `factory` gives. Replaces one of the same name.
    ///
    /// `factory` gets the arguments of each pool of this kind, as its own type (`()` for a kind without), and gives the
    /// [`ConnectionSpec`](mainstay_actors::pool::ConnectionSpec), or an error that says what is wrong with the arguments. It is called
    /// when a spec is checked and again when a pool is made, so it must connect to nothing.
    pub fn pool_kind<A, R, F>(mut self, name: impl Into<String>, factory: F) -> Self
    where
        A: DeserializeOwned,
        R: IntoConnectionSpec,
        F: Fn(A) -> R + Send + Sync + 'static,
    {
        self.pools = self.pools.kind(name, factory);
        self
    }

    /// Says what the spec of the node is read from when it is to go by it anew: at [`Node::reload_source`], and at `POST /api/reload`. Without,
    /// there is nothing to read. `read` gets the builder, for the kinds that it knows, runs on a thread for what blocks, and says with the spec
    /// where it has it from, so that what is wrong can be told with its line and column.
    ///
    /// ```
    /// use mainstay::prelude::*;
    /// use mainstay::ReadSpec;
    ///
    /// let node = Node::builder().source(|builder| ReadSpec::from_file("node.ron", builder));
    /// ```
    pub fn source<F>(mut self, read: F) -> Self
    where
        F: Fn(&Self) -> Result<ReadSpec, ReadError> + Send + Sync + 'static,
    {
        self.source = Some(SpecSource::new(read));
        self
    }

    /// Sets how many events are kept for those who come late or read slowly; at least 1. Default: [`HISTORY`].
    pub const fn history(mut self, events: usize) -> Self {
        self.history = events;
        self
    }

    /// Sets what decides everything that is left to chance, such as by how much a backoff is shortened: what happens in the same order
    /// comes out the same with the same seed. Default: any.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Checks a spec as [`boot`](Self::boot) does: with [`NodeSpec::validate`], and then that the content of config servers can be
    /// one, that the program can make the connections of pools and was built with the backends of event stores, that a token can be sent in a header, and that no namespace is called like
    /// the tree of the HTTP server.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn validate(&self, spec: &NodeSpec) -> Result<(), Faults> {
        let more = services_faults(spec, &self.pools)
            .chain(reserved_name(spec))
            .chain(token_fault(spec));
        infrastructure::beside(spec.validate(self), more)
    }

    /// Boots a node: the HTTP server first, so that it can be asked how far things are, then the namespaces in order, each
    /// with its services and children. Returns when all have started.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the spec; an address that cannot be listened on; a process that does not start, with
    /// its path. What was started before is stopped in order, within the spec's `shutdown_deadline`. Code that never awaits can be neither
    /// stopped nor killed, and is left behind two seconds after that.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, and in one without its time driver; with HTTP on in the spec, also in one without its io driver.
    ///
    /// Cancel safety: when this is dropped, what was started is told to stop, and nobody waits for it; see
    /// [`boot_until`](Self::boot_until).
    pub async fn boot(self, spec: &NodeSpec) -> Result<Node, BootError> {
        self.boot_until(spec, pending()).await
    }

    /// Boots a node, but gives up when `cancel` is done before that: such as a signal that asks the program to end.
    ///
    /// # Errors
    ///
    /// As [`boot`](Self::boot), and [`BootError::Interrupted`], after all that was started has been stopped in order, within the
    /// spec's `shutdown_deadline`.
    ///
    /// # Panics
    ///
    /// As [`boot`](Self::boot).
    pub async fn boot_until(
        self,
        spec: &NodeSpec,
        cancel: impl Future<Output = ()>,
    ) -> Result<Node, BootError> {
        self.validate(spec)?;
        let runtime = Runtime::builder().history(self.history);
        let runtime = match self.seed {
            Some(seed) => runtime.seed(seed).build(),
            None => runtime.build(),
        };
        boot::boot(runtime, spec, self, cancel).await
    }
}

impl Kinds for NodeBuilder {
    fn names(&self) -> Vec<&str> {
        self.kinds.names()
    }

    fn knows(&self, kind: &str) -> bool {
        self.kinds.knows(kind)
    }

    fn check(&self, kind: &str, args: &Args) -> Result<(), Faults> {
        self.kinds.check(kind, args)
    }

    fn pool_names(&self) -> Vec<&str> {
        self.pools.names()
    }

    fn knows_pool(&self, kind: &str) -> bool {
        self.pools.knows(kind)
    }

    fn check_pool(&self, kind: &str, args: &Args) -> Result<(), Faults> {
        self.pools.check(kind, args)
    }
}

/// What is wrong with the services of each namespace that only this program knows.
fn services_faults<'a>(
    spec: &'a NodeSpec,
    pools: &'a PoolKinds,
) -> impl Iterator<Item = Fault> + 'a {
    let namespaces = spec.namespaces.iter().enumerate();
    namespaces.flat_map(move |(nth, namespace)| {
        let place = namespace_path(nth).field("services");
        let faults = infrastructure::faults(&namespace.services, pools);
        faults.map(move |fault| fault.inside(&place))
    })
}

fn reserved_name(spec: &NodeSpec) -> Option<Fault> {
    let mut namespaces = spec.namespaces.iter();
    let taken = namespaces.position(|namespace| namespace.name == *HTTP);
    let nth = taken.filter(|_| spec.http.enabled)?;
    let message = format!("{HTTP:?} is the tree of the HTTP server; expected another name");
    Some(Fault::new(message).at(namespace_path(nth).field("name")))
}

/// A header cannot carry every text, and loses white space at its ends.
fn token_fault(spec: &NodeSpec) -> Option<Fault> {
    let token = spec.http.token.as_ref()?;
    let found = token.chars().find(|c| !c.is_ascii_graphic())?;
    let message = format!("expected visible ASCII characters without white space, found {found:?}");
    Some(Fault::new(message).at(SpecPath::root().field("http").field("token")))
}

fn namespace_path(nth: usize) -> SpecPath {
    SpecPath::root().field("namespaces").index(nth)
}

/// The root of the HTTP server's tree.
pub(crate) const HTTP: &str = "http";
