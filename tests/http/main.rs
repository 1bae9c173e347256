//! A node over HTTP.

mod access;
mod client;
mod config;
mod health;
mod limits;
mod routes;
mod server;
mod stream;
mod support;
mod tree;
