//! What is written in place of a body.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Block, Error, Result, ReturnType, Signature};

use super::options::{OnLimited, Options};
use crate::option::Through;
use crate::shape::{Gives, RESULT, check_awaited, check_result, future_output, gives, names_self};

/// Refuses what cannot be limited.
pub(super) fn check(options: &Options, signature: &Signature) -> Result<()> {
    if let Some(constant) = &signature.constness {
        let text = "a const fn cannot be limited: it may run where there is no time";
        return Err(Error::new_spanned(constant, text));
    }
    check_given(options, signature)?;
    check_result(signature)?;
    check_awaited(awaits(options), signature)
}

/// What has to be given, and of what it may be made.
fn check_given(options: &Options, signature: &Signature) -> Result<()> {
    let fault = |text| Err(Error::new_spanned(&signature.ident, text));
    let by_self = |tokens: TokenStream| names_self(tokens) && signature.receiver().is_none();
    match &options.limiter {
        None => {
            return fault(
                "expected `limiter = \"…\"`, or an expression that gives the limiter, such as `limiter = self.limiter`",
            );
        }
        Some(Through::Given(given)) if by_self(given.clone()) => {
            return fault(
                "the limiter is found by way of `self`, which this function does not have",
            );
        }
        Some(_) => {}
    }
    match &options.key {
        None => fault(
            "expected `key = …`: `Ip(address)`, `User(name)`, `ApiKey(key)`, `Custom(\"what it is\", value)`, an expression that gives a `RateKey`, \
             or `Global` if all calls are counted together",
        ),
        Some(key) if by_self(quote!(#key)) => {
            fault("the key is made of `self`, which this function does not have")
        }
        Some(_) => Ok(()),
    }
}

/// Where it is said that something has to be awaited, and what.
fn awaits(options: &Options) -> Option<(Span, &'static str)> {
    match &options.on_limited {
        Some(OnLimited::Wait(place, _)) => Some((*place, "`wait`")),
        Some(OnLimited::Fallback(fallback)) => {
            fallback.awaits.map(|place| (place, "an async fallback"))
        }
        Some(OnLimited::Error) | None => None,
    }
}

pub(super) fn written(options: &Options, signature: &Signature, block: &Block) -> Result<Block> {
    let gives = gives(signature);
    let (asks, failed) = (asks(options, &gives), handled(options));
    let statements = &block.stmts;
    let body = match gives {
        Gives::Value | Gives::Async => quote! {
            #asks
            if let ::core::result::Result::Err(__limited) = __asked {
                return #failed;
            }
            #(#statements)*
        },
        Gives::Future => {
            // What it gives may not be known before the place where it is awaited, and has to be here.
            let call = options.call();
            let answer = future_output(&signature.output).map(|output| quote!(::<#output, _>));
            let made = quote!(#call::run #answer((move || #block)()).await);
            later(&asks, &made, &failed)
        }
        Gives::BoxedFuture => {
            let ReturnType::Type(_, output) = &signature.output else {
                return Err(Error::new_spanned(&signature.ident, RESULT));
            };
            let made = quote!((move || -> #output #block)().await);
            let later = later(&asks, &made, &failed);
            quote!(::std::boxed::Box::pin(#later))
        }
    };
    syn::parse2(quote!({ #body }))
}

/// A future that asks when it is first polled.
fn later(asks: &TokenStream, made: &TokenStream, failed: &TokenStream) -> TokenStream {
    quote! {
        async move {
            #asks
            #[allow(clippy::redundant_closure_call, clippy::large_futures)]
            match __asked {
                ::core::result::Result::Ok(()) => #made,
                ::core::result::Result::Err(__limited) => #failed,
            }
        }
    }
}

/// Asks the limiter. What the key and the limiter were found by is not held while a server is asked, or while there is a wait.
fn asks(options: &Options, gives: &Gives) -> TokenStream {
    let (call, asked) = (options.call(), options.asked());
    match (&options.on_limited, gives) {
        (Some(OnLimited::Wait(_, within)), _) => {
            let within = match within {
                Some(within) => quote!(::core::option::Option::Some(#within)),
                None => quote!(::core::option::Option::None),
            };
            quote! {
                let __turn = #call::turn(#asked);
                let __asked = #call::wait(__turn, #within).await;
            }
        }
        (_, Gives::Value) => quote!(let __asked = #call::admit(#asked);),
        _ => quote! {
            let __begun = #call::begin(#asked);
            let __asked = #call::ask(__begun).await;
        },
    }
}

/// What a call that is not made comes to, of what is in `__limited`.
fn handled(options: &Options) -> TokenStream {
    let (call, failed) = (options.call(), options.failed());
    let Some(OnLimited::Fallback(fallback)) = &options.on_limited else {
        return failed;
    };
    let made = &fallback.made;
    let stands_in = match fallback.awaits {
        Some(_) => quote!(#call::fall_back_async(__limited, #made).await),
        None => quote!(#call::fall_back(__limited, #made)),
    };
    quote!(if __limited.is_refusal() { #stands_in } else { #failed })
}
