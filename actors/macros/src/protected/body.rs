//! What is written in place of a body.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Block, Error, Result, Signature};

use super::options::Options;
use crate::shape::{
    Gives, annotated, check_awaited, check_result, future_output, gives, hint, names_self,
};

/// Refuses what cannot be protected.
pub(super) fn check(options: &Options, signature: &Signature) -> Result<()> {
    if let Some(constant) = &signature.constness {
        let text = "a const fn cannot be protected: there may be no breaker where it runs";
        return Err(Error::new_spanned(constant, text));
    }
    if !options.has_breaker() {
        let text = "expected `breaker = \"…\"`, or an expression that gives the breaker, such as `breaker = self.breaker`";
        return Err(Error::new_spanned(&signature.ident, text));
    }
    let by_self = options
        .expression()
        .is_some_and(|given| names_self(given.clone()));
    if by_self && signature.receiver().is_none() {
        let text = "the breaker is found by way of `self`, which this function does not have";
        return Err(Error::new_spanned(&signature.ident, text));
    }
    check_result(signature)?;
    let fallback = options.fallback.as_ref();
    let awaits = fallback.and_then(|fallback| fallback.awaits);
    check_awaited(awaits.map(|place| (place, "an async fallback")), signature)
}

pub(super) fn written(options: &Options, signature: &Signature, block: &Block) -> Result<Block> {
    let (call, judge, failed) = (options.call(), options.judge(), options.failed());
    let output = annotated(&signature.output);
    let late = quote!(|__unanswered| #failed);
    let run = |future: TokenStream| quote!(#call::run(__admitted, #future, #judge, #late).await);
    let body = match gives(signature) {
        // Called with a closure that is known to be called once, so that it may give away what it borrows.
        Gives::Value => {
            let output = output.map(|output| quote!(-> #output));
            let body = quote!(#call::call(__admitted, move || #output #block, #judge));
            asked(options, &body)
        }
        Gives::Async => {
            let hint = hint(output);
            let statements = &block.stmts;
            asked(options, &run(quote!(async move { #hint #(#statements)* })))
        }
        Gives::Future => {
            // What it gives may not be known before the place where it is awaited, and has to be here.
            let answer = future_output(&signature.output).map(|output| quote!(::<#output>));
            let made = quote!((move || #block)());
            let run = quote!(#call::run #answer(__admitted, #made, #judge, #late).await);
            let asked = asked(options, &run);
            quote!(async move { #asked })
        }
        Gives::BoxedFuture => {
            let asked = asked(options, &run(quote!((move || -> #output #block)())));
            quote!(::std::boxed::Box::pin(async move { #asked }))
        }
    };
    syn::parse2(quote!({
        #[allow(
            clippy::redundant_closure_call, clippy::needless_return, clippy::unused_unit,
            clippy::redundant_closure, clippy::large_futures
        )]
        {
            #body
        }
    }))
}

/// Asks the breaker, and goes on with what it says.
fn asked(options: &Options, admitted: &TokenStream) -> TokenStream {
    let (call, admit, failed) = (options.call(), options.admit(), options.failed());
    let refused = options.fallback.as_ref().map(|fallback| {
        let made = &fallback.made;
        let stands_in = match fallback.awaits {
            Some(_) => quote!(#call::fall_back_async(__refusal, #made).await),
            None => quote!(#call::fall_back(__refusal, #made)),
        };
        quote! {
            ::core::result::Result::Err(#call::Unanswered::Open(__refusal)) => #stands_in,
        }
    });
    quote! {
        let __asked = #admit;
        match __asked {
            ::core::result::Result::Ok(__admitted) => #admitted,
            #refused
            ::core::result::Result::Err(__unanswered) => #failed,
        }
    }
}
