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
use quote::{ToTokens, quote};
use syn::{Attribute, Error, ImplItemFn, Item, ItemImpl, Result};

use crate::methods::{Marks, is_named};
use options::Options;

const MARKS: Marks = Marks {
    takes_in: "rate_limited",
    leaves_out: "unlimited",
};

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    match written(options, item) {
        Ok(written) => written,
        Err(error) => {
            // Together with what was there, so that nothing else is said to be missing.
            let (error, item) = (error.to_compile_error(), MARKS.taken_from(item));
            quote!(#error #item)
        }
    }
}

fn written(options: TokenStream, item: &TokenStream) -> Result<TokenStream> {
    let options: Options = syn::parse2(options)?;
    match syn::parse2(item.clone())? {
        Item::Fn(mut function) => {
            body::check(&options, &function.sig)?;
            if is_protected(&function.attrs) {
                function.attrs.push(options.attribute());
            } else {
                function.block = Box::new(body::written(&options, &function.sig, &function.block)?);
            }
            Ok(function.into_token_stream())
        }
        Item::Impl(mut block) if is_protected(&block.attrs) => {
            block.attrs.push(options.attribute());
            Ok(block.into_token_stream())
        }
        Item::Impl(block) => in_block(&options, block),
        other => {
            let text = "expected a function with a body, or an impl block";
            Err(Error::new_spanned(other, text))
        }
    }
}

/// Whether there is a `#[protected]` that has not been expanded yet. It is let go first, so that the limiter is asked before the
/// breaker: what the limiter refuses is no failure of what is protected.
fn is_protected(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| is_named(attribute, "protected"))
}

/// Limits all methods that are public, but for those that say otherwise.
fn in_block(options: &Options, block: ItemImpl) -> Result<TokenStream> {
    let write = |method: &mut ImplItemFn, own: Option<Options>| {
        let options = own.unwrap_or_default().within(options);
        body::check(&options, &method.sig)?;
        if is_protected(&method.attrs) {
            method.attrs.push(options.attribute());
        } else {
            method.block = body::written(&options, &method.sig, &method.block)?;
        }
        Ok(())
    };
    MARKS.each_public(block, write)
}
