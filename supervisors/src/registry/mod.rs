//! Names for processes: unique or shared, with a value each, gone when the process is.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Registry`]: the local one |
//! | `change.rs` | registering, changing and taking away |
//! | `find.rs` | who is registered: looking without a lock, waiting, listening, figures |
//! | `book.rs` | what its handles share, and the single steps of a change |
//! | `entry.rs` | what is registered under a key |
//! | `held.rs` | what a process holds |
//! | `listen.rs` | [`Listener`], [`RegistryEvent`]: who came and went |
//! | `lease.rs` | [`LeaseBackend`]: the face behind which a registry across machines fits |
//! | `stats.rs` | [`RegistryStats`] |
//! | `error.rs` | [`RegisterError`] |

mod book;
mod change;
mod entry;
mod error;
mod find;
mod held;
mod lease;
mod listen;
mod stats;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use book::Book;
pub(crate) use entry::Entry;
pub use entry::{Registration, RegistryEntry};
pub use error::RegisterError;
pub use lease::{Lease, LeaseBackend, LeaseLost};
pub use listen::{Listener, RegistryEvent};
pub use stats::RegistryStats;

use crate::ledger::Ledger;

/// What can be a key.
pub trait Key: Clone + Eq + Hash + Send + Sync + 'static {}
impl<T: Clone + Eq + Hash + Send + Sync + 'static> Key for T {}

/// What can be registered with a process.
pub trait Value: Clone + Send + Sync + 'static {}
impl<T: Clone + Send + Sync + 'static> Value for T {}

/// How many processes may share a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Keys {
    /// One. The default.
    #[default]
    Unique,
    /// Any number; a process may even come twice.
    Duplicate,
}

/// A registry: processes by key. Cheap to clone; all clones are the same registry.
///
/// A registration belongs to one incarnation: it is gone before the end of the process can be seen, and so before a
/// successor is started; it can never be removed on behalf of another. Finding the owner of a unique key takes no lock,
/// reading a shared one takes that key's; changes take one lock for moments.
pub struct Registry<K, V> {
    book: Arc<Book<K, V>>,
}

impl<K: Key, V: Value> Default for Registry<K, V> {
    fn default() -> Self {
        Self::new(Keys::Unique)
    }
}

impl<K: Key, V: Value> Registry<K, V> {
    /// An empty registry.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self::noting(keys, None)
    }

    /// An empty registry that notes its listeners in this ledger: that of the namespace whose processes it is for.
    #[must_use]
    pub fn with_ledger(keys: Keys, ledger: Ledger) -> Self {
        Self::noting(keys, Some(ledger))
    }

    fn noting(keys: Keys, ledger: Option<Ledger>) -> Self {
        Self {
            book: Arc::new(Book::new(keys, ledger)),
        }
    }
}

impl<K, V> Clone for Registry<K, V> {
    fn clone(&self) -> Self {
        Self {
            book: Arc::clone(&self.book),
        }
    }
}

impl<K: Key, V: Value> fmt::Debug for Registry<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("keys", &self.book.keys)
            .field("entries", &self.count())
            .finish_non_exhaustive()
    }
}
