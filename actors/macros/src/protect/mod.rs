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
use quote::{ToTokens, quote};
use syn::{Error, ImplItemFn, Item, ItemImpl, Result};

use crate::methods::Marks;
use options::Options;

const MARKS: Marks = Marks {
    takes_in: "protect",
    leaves_out: "unprotected",
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
            function.block = Box::new(body::written(&options, &function.sig, &function.block)?);
            Ok(function.into_token_stream())
        }
        Item::Impl(block) => in_block(&options, block),
        other => {
            let text = "expected a function with a body, or an impl block";
            Err(Error::new_spanned(other, text))
        }
    }
}

/// Protects all methods that are public, but for those that say otherwise.
fn in_block(options: &Options, block: ItemImpl) -> Result<TokenStream> {
    let write = |method: &mut ImplItemFn, own: Option<Options>| {
        let options = own.unwrap_or_default().within(options);
        body::check(&options, &method.sig)?;
        method.block = body::written(&options, &method.sig, &method.block)?;
        Ok(())
    };
    MARKS.each_public(block, write)
}
