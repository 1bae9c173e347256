//! The binary, as a person uses it.

mod check;
mod mainstay;
mod run;
mod signals;
mod tree;
