//! Health: what is found, and what one that is sick does to others: nothing.

mod causes;
mod conformance;
mod crash;
mod first;
mod flapping;
mod foundation;
mod isolation;
mod json;
mod registering;
mod seed;
mod signals;
mod simulating;
mod spec;
mod support;
mod sweeping;
