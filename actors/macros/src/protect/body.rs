//! What is written in place of a body.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Block, Error, Result, ReturnType, Signature};

use super::options::Options;
use crate::option::Through;
use crate::shape::{Gives, RESULT, annotated, check_result, gives, hint, names_self};

/// Refuses what cannot be protected.
pub(super) fn check(options: &Options, signature: &Signature) -> Result<()> {
    let fault = |text| Err(Error::new_spanned(&signature.ident, text));
    let by_self = |tokens: TokenStream| names_self(tokens) && signature.receiver().is_none();
    match &options.operation {
        None => {
            return fault(
                "expected `operation = \"…\"`, or an expression that gives the protection, such as `operation = self.orders`",
            );
        }
        Some(Through::Given(given)) if by_self(given.clone()) => {
            return fault(
                "the protection is found by way of `self`, which this function does not have",
            );
        }
        Some(_) => {}
    }
    if options
        .key
        .as_ref()
        .is_some_and(|key| by_self(quote!(#key)))
    {
        return fault("the key is made of `self`, which this function does not have");
    }
    check_result(signature)?;
    match gives(signature) {
        Gives::Value => fault(
            "expected an `async` function, or one that gives a future: guards may have to be waited for",
        ),
        Gives::Async | Gives::Future | Gives::BoxedFuture => Ok(()),
    }
}

pub(super) fn written(options: &Options, signature: &Signature, block: &Block) -> Result<Block> {
    let body = match gives(signature) {
        Gives::Value | Gives::Async => {
            let hint = hint(annotated(&signature.output));
            let statements = &block.stmts;
            through(options, &quote!(async move { #hint #(#statements)* }))
        }
        Gives::Future => {
            // The future is made only when the guards have let the call through.
            let through = through(options, &quote!(async move { (move || #block)().await }));
            quote!(async move { #through })
        }
        Gives::BoxedFuture => {
            let ReturnType::Type(_, output) = &signature.output else {
                return Err(Error::new_spanned(&signature.ident, RESULT));
            };
            let made = quote!(async move { (move || -> #output #block)().await });
            let through = through(options, &made);
            quote!(::std::boxed::Box::pin(async move { #through }))
        }
    };
    syn::parse2(quote!({
        #[allow(clippy::redundant_closure_call, clippy::large_futures, clippy::needless_return)]
        {
            #body
        }
    }))
}

/// Leads the call through its guards. What its operation and its key were found by is not held meanwhile.
fn through(options: &Options, future: &TokenStream) -> TokenStream {
    let (call, prepared, failed) = (options.call(), options.prepared(), options.failed());
    quote! {
        let __prepared = #call::prepare(#prepared);
        #call::run(__prepared, #future, |__why| #failed).await
    }
}
