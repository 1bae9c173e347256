//! `#[mainstay::instrumented]`.
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
use syn::{Attribute, Error, ImplItem, Item, ItemImpl, Meta, Result, Type};

use options::Options;

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    match written(options, item) {
        Ok(written) => written,
        Err(error) => {
            // Together with what was there, so that nothing else is said to be missing.
            let error = error.to_compile_error();
            quote!(#error #item)
        }
    }
}

fn written(options: TokenStream, item: &TokenStream) -> Result<TokenStream> {
    let options: Options = syn::parse2(options)?;
    if let Some(skip) = &options.skip {
        let text = "`skip` is for methods of an impl block that is instrumented";
        return Err(Error::new(skip.span(), text));
    }
    match syn::parse2(item.clone())? {
        Item::Fn(mut function) => {
            body::check(&function.sig)?;
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

/// Instruments all methods that can be, but for those that say otherwise.
fn in_block(options: &Options, mut block: ItemImpl) -> Result<TokenStream> {
    let service = service(&block.self_ty);
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else {
            continue;
        };
        let own = take_own(&mut method.attrs)?;
        let is_given = own.is_some();
        let own = own.unwrap_or_default();
        if own.skip.is_some() {
            continue;
        }
        match body::check(&method.sig) {
            Ok(()) => {}
            Err(error) if is_given => return Err(error),
            // One that was not meant in particular.
            Err(_) => continue,
        }
        let options = own.within(options, &service);
        method.block = body::written(&options, &method.sig, &method.block)?;
    }
    Ok(block.into_token_stream())
}

/// The options of a method's own attribute, which is taken away.
fn take_own(attrs: &mut Vec<Attribute>) -> Result<Option<Options>> {
    let is_ours = |attr: &Attribute| {
        let last = attr.path().segments.last();
        last.is_some_and(|segment| segment.ident == "instrumented")
    };
    let Some(index) = attrs.iter().position(is_ours) else {
        return Ok(None);
    };
    match attrs.remove(index).meta {
        Meta::Path(_) => Ok(Some(Options::default())),
        Meta::List(list) => list.parse_args().map(Some),
        Meta::NameValue(other) => {
            let text = "expected `#[instrumented]` or `#[instrumented(…)]`";
            Err(Error::new_spanned(other, text))
        }
    }
}

/// The name of a type, as that of a service: `ConfigServer` is `foundation.config_server`.
fn service(of: &Type) -> String {
    let name = match of {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    };
    let mut service = String::from("foundation.");
    let mut before_is_lower = false;
    for char in name.as_deref().unwrap_or("impl").chars() {
        if char.is_uppercase() && before_is_lower {
            service.push('_');
        }
        before_is_lower = char.is_lowercase() || char.is_ascii_digit();
        service.extend(char.to_lowercase());
    }
    service
}
