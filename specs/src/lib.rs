//! What a Mainstay tree should be, as plain data.

mod backoff;
mod child;
pub mod duration;
mod name;
mod supervisor;

pub use backoff::Backoff;
pub use child::{ChildSpec, ChildType, Restart, Shutdown};
pub use name::{ChildId, NAME_MAX, NameError, NamespaceName, ServiceName};
pub use supervisor::{AutoShutdown, Strategy, SupervisorFlags};
