//! Kinds of connections: from the source in a spec to what a pool is made of.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use mainstay_specs::{Args, Fault, Faults, PoolSource, ServiceName};
use serde::de::DeserializeOwned;

use super::built_in::built_in;
use super::manager::{ConnectionPool, ConnectionSpec};
use super::premises::{AnyPool, Birth, Premises};
use super::registry::RegisterPoolError;

/// The kinds of connections that the pools of a spec may be of: those the program was built with, and those it registers.
///
/// | source | feature |
/// |---|---|
/// | `sqlite(…)` | `sqlite` |
/// | `postgres(…)` | `postgres` |
/// | `redis(…)` | `redis` |
/// | `other(kind: "…", args: …)` | none: [`kind`](Self::kind) |
///
/// ```
/// use std::convert::Infallible;
///
/// use mainstay_actors::pool::{ConnectionPool, ConnectionSpec, PoolKinds};
/// use mainstay_specs::Args;
///
/// struct Numbers;
///
/// impl ConnectionPool for Numbers {
///     type Conn = u64;
///     type Options = u64;
///     type Error = Infallible;
///
///     async fn create_connection(&self, first: &u64) -> Result<u64, Infallible> {
///         Ok(*first)
///     }
///
///     async fn close_connection(&self, _connection: u64) {}
///
///     async fn ping_connection(&self, _connection: &mut u64) -> Result<(), Infallible> {
///         Ok(())
///     }
/// }
///
/// let kinds = PoolKinds::new().kind("numbers", |first: u64| ConnectionSpec::new(Numbers, first));
/// assert!(kinds.check("numbers", &Args::from_ron("7")?).is_ok());
/// let faults = kinds.check("numbers", &Args::from_ron("\"seven\"")?).unwrap_err();
/// // What was found is not repeated: it may be a password.
/// assert!(faults.to_string().contains("expected") && !faults.to_string().contains("seven"));
/// # Ok::<(), mainstay_specs::Faults>(())
/// ```
#[derive(Clone, Default)]
pub struct PoolKinds(BTreeMap<String, Arc<Factory>>);

type Factory = dyn Fn(&Args) -> Result<Box<dyn Make>, Faults> + Send + Sync;

/// What the factory of a kind may return: a [`ConnectionSpec`], or a result of one.
pub trait IntoConnectionSpec {
    /// The manager of the connections.
    type Manager: ConnectionPool;

    /// The spec, or why there is none.
    ///
    /// # Errors
    ///
    /// Whatever the factory has to say against its arguments.
    fn into_connection_spec(
        self,
    ) -> Result<ConnectionSpec<Self::Manager>, Box<dyn Error + Send + Sync>>;
}

impl<P: ConnectionPool> IntoConnectionSpec for ConnectionSpec<P> {
    type Manager = P;

    fn into_connection_spec(self) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(self)
    }
}

impl<P, E> IntoConnectionSpec for Result<ConnectionSpec<P>, E>
where
    P: ConnectionPool,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Manager = P;

    fn into_connection_spec(self) -> Result<ConnectionSpec<P>, Box<dyn Error + Send + Sync>> {
        self.map_err(Into::into)
    }
}

/// A spec whose type is forgotten, and which becomes a pool.
pub(crate) trait Make: Send {
    fn make(self: Box<Self>, birth: Birth) -> Arc<dyn AnyPool>;
}

impl<P: ConnectionPool> Make for ConnectionSpec<P> {
    fn make(self: Box<Self>, birth: Birth) -> Arc<dyn AnyPool> {
        Premises::new(birth, *self)
    }
}

impl PoolKinds {
    /// Those the program was built with.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind: what `factory` makes of the arguments of each pool of this kind, as its own type (`()` for a kind without).
    /// Replaces one of the same name.
    ///
    /// It is called when a spec is checked, and again when a pool is made, so it must connect to nothing.
    #[must_use]
    pub fn kind<A, R, F>(mut self, name: impl Into<String>, factory: F) -> Self
    where
        A: DeserializeOwned,
        R: IntoConnectionSpec,
        F: Fn(A) -> R + Send + Sync + 'static,
    {
        let make = move |args: &Args| {
            let spec = factory(args.decode::<A>().map_err(hide)?).into_connection_spec();
            let spec = spec.map_err(|error| refused(args, &*error))?;
            Ok(Box::new(spec) as Box<dyn Make>)
        };
        self.0.insert(name.into(), Arc::new(make));
        self
    }

    /// The kinds that were added, by name.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// Whether a kind was added.
    #[must_use]
    pub fn knows(&self, kind: &str) -> bool {
        self.0.contains_key(kind)
    }

    /// Checks the arguments of a kind that was added.
    ///
    /// # Errors
    ///
    /// What is wrong with them, as its factory says; nothing is wrong with those of a kind that was not added.
    pub fn check(&self, kind: &str, args: &Args) -> Result<(), Faults> {
        let factory = self.0.get(kind);
        factory.map_or(Ok(()), |factory| factory(args).map(drop))
    }

    /// Whether the program can make connections to such a source.
    ///
    /// # Errors
    ///
    /// [`RegisterPoolError::NotBuilt`], [`RegisterPoolError::UnknownKind`], [`RegisterPoolError::Config`].
    pub fn check_source(
        &self,
        pool: &ServiceName,
        source: &PoolSource,
    ) -> Result<(), RegisterPoolError> {
        self.open(pool, source).map(drop)
    }

    /// What a pool to this source is made of.
    pub(crate) fn open(
        &self,
        pool: &ServiceName,
        source: &PoolSource,
    ) -> Result<Box<dyn Make>, RegisterPoolError> {
        let PoolSource::Other { kind, args, .. } = source else {
            return built_in(pool, source);
        };
        let Some(factory) = self.0.get(kind) else {
            let (pool, kind) = (pool.clone(), kind.clone());
            return Err(RegisterPoolError::UnknownKind { pool, kind });
        };
        factory(args).map_err(RegisterPoolError::Config)
    }
}

/// The faults of arguments without what was found: it may be a password. Only what sort of thing it is.
fn hide(faults: Faults) -> Faults {
    let hidden = faults.iter().cloned().map(|mut fault| {
        if let Some((expected, found)) = fault.message.split_once(", found ") {
            let sort = match found.chars().next() {
                Some('"') => "a text",
                Some('+' | '-' | '0'..='9') => "a number",
                _ => "something else",
            };
            fault.message = format!("{expected}, found {sort}");
        }
        fault
    });
    Faults::from_list(hidden.collect()).unwrap_or(faults)
}

fn refused(args: &Args, error: &dyn Error) -> Faults {
    let fault = Fault::new(error.to_string());
    let Some(position) = args.position() else {
        return fault.into();
    };
    let first_line = args.text().lines().next().unwrap_or_default();
    fault
        .positioned(position, first_line.chars().count())
        .into()
}

impl fmt::Debug for PoolKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
