//! Kinds: the names that stand in files for start functions.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::{Args, Faults};

/// What a node can start: which kinds there are, and what arguments they take.
///
/// The node implements this on its table of start functions. [`KindTable`] is an implementation that only checks,
/// [`AnyKind`] one that checks nothing.
pub trait Kinds {
    /// All kinds, for "did you mean".
    fn names(&self) -> Vec<&str>;

    /// Whether this kind exists. By default: whether it is among [`names`](Self::names).
    fn knows(&self, kind: &str) -> bool {
        self.names().contains(&kind)
    }

    /// Checks the arguments of a child of this kind; called only for kinds that exist.
    ///
    /// # Errors
    ///
    /// What is wrong with them, with paths from the arguments inwards, as [`Args::decode`] gives it. A
    /// [`Fault`](crate::Fault) turns into [`Faults`] by `into()`.
    fn check(&self, kind: &str, args: &Args) -> Result<(), Faults>;

    /// All kinds of connections that the application brings, for "did you mean". By default: none.
    fn pool_names(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Whether the application brings this kind of connection. By default: whether it is among
    /// [`pool_names`](Self::pool_names).
    fn knows_pool(&self, kind: &str) -> bool {
        self.pool_names().contains(&kind)
    }

    /// Checks the arguments of a pool of this kind; called only for kinds that exist. By default they are taken as they are.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    fn check_pool(&self, _kind: &str, _args: &Args) -> Result<(), Faults> {
        Ok(())
    }
}

/// Accepts every kind with any arguments: to look at a file without the program that runs it.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyKind;

impl Kinds for AnyKind {
    fn names(&self) -> Vec<&str> {
        Vec::new()
    }

    fn knows(&self, _kind: &str) -> bool {
        true
    }

    fn check(&self, _kind: &str, _args: &Args) -> Result<(), Faults> {
        Ok(())
    }

    fn knows_pool(&self, _kind: &str) -> bool {
        true
    }
}

/// Kinds with the types of their arguments: checks, but starts nothing.
#[derive(Debug, Default)]
pub struct KindTable {
    kinds: BTreeMap<String, Check>,
    pools: BTreeMap<String, Check>,
}

impl KindTable {
    /// No kinds at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind whose arguments are a `T`; `()` for a kind without arguments. Replaces one of the same name.
    #[must_use]
    pub fn kind<T: DeserializeOwned>(mut self, name: impl Into<String>) -> Self {
        self.kinds.insert(name.into(), Decodes::<T>::check);
        self
    }

    /// Adds a kind of connection whose arguments are a `T`, for [`PoolSource::Other`](crate::PoolSource::Other). Replaces one of the
    /// same name.
    #[must_use]
    pub fn pool_kind<T: DeserializeOwned>(mut self, name: impl Into<String>) -> Self {
        self.pools.insert(name.into(), Decodes::<T>::check);
        self
    }
}

impl Kinds for KindTable {
    fn names(&self) -> Vec<&str> {
        self.kinds.keys().map(String::as_str).collect()
    }

    fn knows(&self, kind: &str) -> bool {
        self.kinds.contains_key(kind)
    }

    fn check(&self, kind: &str, args: &Args) -> Result<(), Faults> {
        self.kinds.get(kind).map_or(Ok(()), |check| check(args))
    }

    fn pool_names(&self) -> Vec<&str> {
        self.pools.keys().map(String::as_str).collect()
    }

    fn knows_pool(&self, kind: &str) -> bool {
        self.pools.contains_key(kind)
    }

    fn check_pool(&self, kind: &str, args: &Args) -> Result<(), Faults> {
        self.pools.get(kind).map_or(Ok(()), |check| check(args))
    }
}

type Check = fn(&Args) -> Result<(), Faults>;

struct Decodes<T>(PhantomData<T>);

impl<T: DeserializeOwned> Decodes<T> {
    fn check(args: &Args) -> Result<(), Faults> {
        args.decode::<T>().map(drop)
    }
}
