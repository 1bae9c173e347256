//! What is written in place of a body.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit::{self, Visit};
use syn::{
    Block, Error, PathArguments, Result, ReturnType, Signature, Type, TypeImplTrait,
    TypeParamBound, TypeTraitObject,
};

use super::options::Options;

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

/// How a function gives its value.
enum Gives {
    /// It returns it.
    Value,
    /// It is an `async fn`.
    Async,
    /// It returns a future of it.
    Future,
    /// It returns a future of it, in a box.
    BoxedFuture,
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

/// The type of the value, where it can be written inside a body: `impl Trait` cannot.
fn annotated(output: &ReturnType) -> Option<TokenStream> {
    let ReturnType::Type(_, output) = output else {
        return Some(quote!(()));
    };
    let mut search = Search(false);
    search.visit_type(output);
    (!search.0).then(|| quote!(#output))
}

/// Looks for `impl Trait`.
struct Search(bool);

impl<'ast> Visit<'ast> for Search {
    fn visit_type_impl_trait(&mut self, found: &'ast TypeImplTrait) {
        self.0 = true;
        visit::visit_type_impl_trait(self, found);
    }
}

/// Says which type the body has, which is never run.
fn hint(output: Option<TokenStream>) -> Option<TokenStream> {
    let output = output?;
    Some(quote! {
        #[allow(
            unreachable_code, clippy::diverging_sub_expression, clippy::empty_loop, clippy::let_unit_value
        )]
        if false {
            let __returned: #output = loop {};
            return __returned;
        }
    })
}

fn gives(signature: &Signature) -> Gives {
    if signature.asyncness.is_some() {
        return Gives::Async;
    }
    let ReturnType::Type(_, output) = &signature.output else {
        return Gives::Value;
    };
    match &**output {
        Type::ImplTrait(output) if output.bounds.iter().any(is_future) => Gives::Future,
        Type::Path(path) => match path.path.segments.last() {
            Some(last) if last.ident == "BoxFuture" => Gives::BoxedFuture,
            Some(last) if last.ident == "Pin" && holds_future(&last.arguments) => {
                Gives::BoxedFuture
            }
            _ => Gives::Value,
        },
        _ => Gives::Value,
    }
}

fn is_future(bound: &TypeParamBound) -> bool {
    let TypeParamBound::Trait(bound) = bound else {
        return false;
    };
    let last = bound.path.segments.last();
    last.is_some_and(|last| last.ident == "Future")
}

/// Whether these are `<Box<dyn Future…>>`.
fn holds_future(arguments: &PathArguments) -> bool {
    let mut search = SearchFuture(false);
    search.visit_path_arguments(arguments);
    search.0
}

/// Looks for `dyn Future`.
struct SearchFuture(bool);

impl<'ast> Visit<'ast> for SearchFuture {
    fn visit_type_trait_object(&mut self, found: &'ast TypeTraitObject) {
        self.0 |= found.bounds.iter().any(is_future);
    }
}
