//! `#[mainstay::rate_limited]`.
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
use syn::{Attribute, Block, ItemImpl, Result, Signature};

use crate::methods::{Marks, Rounds, is_named};
use options::Options;

const MARKS: Marks = Marks {
    takes_in: "rate_limited",
    leaves_out: "unlimited",
};

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    MARKS.expand::<Options>(options, item)
}

impl Rounds for Options {
    fn within(self, block: &Self) -> Self {
        self.within(block)
    }

    fn write(
        &self,
        attributes: &mut Vec<Attribute>,
        signature: &Signature,
        body: &mut Block,
    ) -> Result<()> {
        body::check(self, signature)?;
        if is_protected(attributes) {
            attributes.push(self.attribute());
        } else {
            *body = body::written(self, signature, body)?;
        }
        Ok(())
    }

    fn puts_off(&self, block: &ItemImpl) -> Option<Attribute> {
        is_protected(&block.attrs).then(|| self.attribute())
    }
}

/// Whether there is a `#[protected]` that has not been expanded yet. It is let go first, so that the limiter is asked before the
/// breaker: what the limiter refuses is no failure of what is protected.
fn is_protected(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| is_named(attribute, "protected"))
}
