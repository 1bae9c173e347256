//! `#[mainstay::protect]`.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | functions, and impl blocks |
//! | `body.rs` | what is written in place of a body |
//! | `options.rs` | what may stand in the brackets |

mod body;
mod options;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::{Attribute, Block, Result, Signature};

use crate::methods::{Marks, Rounds};
use options::Options;

const MARKS: Marks = Marks {
    takes_in: "protect",
    leaves_out: "unprotected",
};

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    MARKS.expand::<Options>(options, item)
}

impl Rounds for Options {
    fn within(self, block: &Self) -> Self {
        self.within(block)
    }

    fn write(&self, _: &mut Vec<Attribute>, signature: &Signature, body: &mut Block) -> Result<()> {
        body::check(self, signature)?;
        *body = body::written(self, signature, body)?;
        Ok(())
    }
}
