//! The event store where something else goes on beside it: whoever stores is not kept waiting by it, nor told wrong. What a store does at
//! all is in `tests/services/event_store`.
//!
//! | file | holds |
//! |---|---|
//! | `books.rs` | how much there is, while a keeper is replaced, and when the backend does not say |
//! | `breaker.rs` | callers in a hurry |
//! | `folder.rs` | where files are |
//! | `log.rs` | the write-ahead log of SQLite, beside those who read for long |
//! | `postgres.rs` | transactions as a role usually has them |

#[path = "../services/event_store/home.rs"]
#[allow(
    dead_code,
    reason = "what else it has is for the tests of what a store does at all"
)]
mod home;
#[path = "../services/servers/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "what else it has is for the tests of what a store does at all"
)]
mod servers;
#[path = "../services/event_store/shared.rs"]
mod shared;
#[path = "../services/event_store/support.rs"]
#[allow(
    dead_code,
    reason = "what else it has is for the tests of what a store does at all"
)]
mod support;

mod books;
mod breaker;
mod folder;
mod log;
mod postgres;
