//! What is written in place of a body.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Block, Error, Result, ReturnType, Signature, Type};

use super::options::Options;
use crate::shape::{Gives, annotated, gives, hint};

/// Refuses what cannot be instrumented.
pub(super) fn check(signature: &Signature) -> Result<()> {
    if let Some(constant) = &signature.constness {
        let text = "a const fn cannot be instrumented: it may run where there is no time";
        return Err(Error::new_spanned(constant, text));
    }
    match &signature.output {
        ReturnType::Type(_, output) if matches!(**output, Type::Never(_)) => {
            let text = "a function that never returns cannot be instrumented: its calls do not end";
            Err(Error::new_spanned(output, text))
        }
        _ => Ok(()),
    }
}

pub(super) fn written(options: &Options, signature: &Signature, block: &Block) -> Result<Block> {
    let (call, site) = (options.call(), options.site(&signature.ident));
    let store = match &options.store {
        Some(store) => quote!(#call::AsStore::as_store(&#store)),
        None => quote!(::core::option::Option::None),
    };
    let judge = judge(options);
    let output = annotated(&signature.output);
    let body = match gives(signature) {
        // Called with a closure that is known to be called once, so that it may give away what it borrows.
        Gives::Value => {
            let output = output.map(|output| quote!(-> #output));
            quote!(#call::call(&__SITE, #store, move || #output #block, #judge))
        }
        Gives::Async => {
            let hint = hint(output);
            let statements = &block.stmts;
            let body = quote!(async move { #hint #(#statements)* });
            quote!(#call::future(&__SITE, #store, #body, #judge).await)
        }
        Gives::Future => {
            quote!(#call::future(&__SITE, #store, (move || #block)(), #judge))
        }
        Gives::BoxedFuture => {
            let made = quote!((move || -> #output #block)());
            quote!(::std::boxed::Box::pin(#call::future(&__SITE, #store, #made, #judge)))
        }
    };
    syn::parse2(quote!({
        static __SITE: #call::Site = #site;
        #[allow(clippy::redundant_closure_call, clippy::needless_return, clippy::unused_unit)]
        {
            #body
        }
    }))
}

/// How the outcome is told from the returned value.
fn judge(options: &Options) -> TokenStream {
    let call = options.call();
    match &options.err {
        Some(err) => quote!(|__value| #call::judge(__value, #err)),
        None => quote!(|__value| {
            #[allow(unused_imports)]
            use #call::{OfAny as _, OfResult as _};
            (&#call::Returned(__value)).outcome()
        }),
    }
}
