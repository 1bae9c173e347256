//! The metrics store.

mod config_server;
mod seed;
