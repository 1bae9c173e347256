//! Rate limiters.
#![allow(dead_code)]
mod method;
