//! The config server.

mod changing;
mod commits;
mod content;
mod crash;
mod isolation;
mod races;
mod start;
mod status;
mod subscribers;
mod support;
mod taking_over;
