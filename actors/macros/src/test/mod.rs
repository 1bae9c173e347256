//! `#[mainstay::test]`.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | what is written in place of the fn |
//! | `options.rs` | what may stand in the brackets |
//! | `signature.rs` | which fns can be tests |

mod options;
mod signature;
#[cfg(test)]
mod tests;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ItemFn, ReturnType};

use options::Options;
use signature::Argument;

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let function = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(error) => return beside(&error, item),
    };
    let options = syn::parse2::<Options>(options);
    let argument = signature::check(&function);
    match (options, argument) {
        (Ok(options), Ok(argument)) => written(&options, argument, &function),
        (Err(mut error), Err(more)) => {
            error.combine(more);
            beside(&error, item)
        }
        (Err(error), _) | (_, Err(error)) => beside(&error, item),
    }
}

/// The fault together with what was there, so that nothing else is said to be missing.
fn beside(error: &syn::Error, item: &TokenStream) -> TokenStream {
    let error = error.to_compile_error();
    quote!(#error #[allow(dead_code, unused)] #item)
}

fn written(options: &Options, argument: Argument, function: &ItemFn) -> TokenStream {
    let ItemFn {
        attrs, vis, sig, ..
    } = function;
    let generics = &sig.generics;
    let (name, inputs, output, block) = (&sig.ident, &sig.inputs, &sig.output, &function.block);
    // What is returned and cannot be is said there.
    let place = match output {
        ReturnType::Default => Span::call_site(),
        ReturnType::Type(_, output) => output.span(),
    };
    let body = match argument {
        Argument::None => quote_spanned!(place=> |_| #name()),
        Argument::Value => {
            let mut there = name.clone();
            there.set_span(place.resolved_at(name.span()));
            quote!(#there)
        }
        Argument::Reference => quote_spanned!(place=> |__cx| async move { #name(&__cx).await }),
    };
    let krate = options.krate();
    let mut options = options.written();
    if signature::should_panic(function) {
        options.extend(quote!(.should_panic(true)));
    }
    let run = quote_spanned!(place=> #krate::testkit::run);
    // No variable, whose name could be that of the test.
    quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #vis fn #name() {
            async fn #name #generics(#inputs) #output #block
            #run(
                #krate::testkit::TestOptions::new(
                    ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name))
                ) #options,
                #body
            );
        }
    }
}
