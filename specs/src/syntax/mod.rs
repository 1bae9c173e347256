//! Where everything in a RON text is: a tree of spans, without the values.
//!
//! `ron` stops at the first error and tells a cursor. This tree says which field that cursor is in, what to call it, and
//! what to cut away so that the rest can be read.

mod locate;
mod mistake;
mod node;
mod same;
mod scan;
mod walk;

pub(crate) use mistake::SyntaxFault;
pub(crate) use node::{Role, Shape, Tree};
pub(crate) use same::says_the_same;
pub(crate) use walk::{BLANK, walk};
