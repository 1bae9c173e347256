//! `#[mainstay::protected]`.
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
use syn::{Attribute, Error, ImplItem, ImplItemFn, Item, ItemImpl, Meta, Result, Visibility};

use options::Options;

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    match written(options, item) {
        Ok(written) => written,
        Err(error) => {
            // Together with what was there, so that nothing else is said to be missing.
            let (error, item) = (error.to_compile_error(), unmarked(item));
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

/// Protects all methods that are public, but for those that say otherwise. All that is wrong is told.
fn in_block(options: &Options, mut block: ItemImpl) -> Result<TokenStream> {
    let of_trait = block.trait_.is_some();
    let mut faults: Option<Error> = None;
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else {
            continue;
        };
        if let Err(fault) = in_method(options, of_trait, method) {
            match &mut faults {
                Some(faults) => faults.combine(fault),
                None => faults = Some(fault),
            }
        }
    }
    match faults {
        Some(faults) => Err(faults),
        None => Ok(block.into_token_stream()),
    }
}

fn in_method(options: &Options, of_trait: bool, method: &mut ImplItemFn) -> Result<()> {
    let left_out = take(&mut method.attrs, "unprotected");
    let own = take(&mut method.attrs, "protected");
    if let Some(left_out) = left_out {
        if own.is_some() {
            let text = "a method is `#[protected]` or `#[unprotected]`, and not both";
            return Err(Error::new_spanned(left_out, text));
        }
        return match left_out.meta {
            Meta::Path(_) => Ok(()),
            other => Err(Error::new_spanned(other, "expected `#[unprotected]`")),
        };
    }
    let is_public = of_trait || !matches!(method.vis, Visibility::Inherited);
    if own.is_none() && !is_public {
        return Ok(());
    }
    let is_given = own.is_some();
    let given = own.map_or_else(|| Ok(Options::default()), own_options)?;
    let options = given.within(options);
    body::check(&options, &method.sig).map_err(|fault| as_one_of_many(&fault, is_given))?;
    method.block = body::written(&options, &method.sig, &method.block)?;
    Ok(())
}

/// What is wrong with a method that was not meant in particular, and what can be done about it.
fn as_one_of_many(fault: &Error, is_given: bool) -> Error {
    if is_given {
        return fault.clone();
    }
    let text = format!("{fault}; `#[unprotected]` leaves a method as it is");
    Error::new(fault.span(), text)
}

fn own_options(attribute: Attribute) -> Result<Options> {
    match attribute.meta {
        Meta::Path(_) => Ok(Options::default()),
        Meta::List(list) => list.parse_args(),
        Meta::NameValue(other) => {
            let text = "expected `#[protected]` or `#[protected(…)]`";
            Err(Error::new_spanned(other, text))
        }
    }
}

/// An attribute of this name, which is taken away.
fn take(attributes: &mut Vec<Attribute>, name: &str) -> Option<Attribute> {
    let is_it = |attribute: &Attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|segment| segment.ident == name)
    };
    let index = attributes.iter().position(is_it)?;
    Some(attributes.remove(index))
}

/// An item without the marks of its methods, which mean nothing but to this macro.
fn unmarked(item: &TokenStream) -> TokenStream {
    let Ok(mut block) = syn::parse2::<ItemImpl>(item.clone()) else {
        return item.clone();
    };
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            take(&mut method.attrs, "unprotected");
            take(&mut method.attrs, "protected");
        }
    }
    block.into_token_stream()
}
