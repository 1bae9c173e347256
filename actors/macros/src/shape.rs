//! How functions give their values, as far as their signatures say.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::visit::{self, Visit};
use syn::{
    Error, GenericArgument, PathArguments, Result, ReturnType, Signature, Type, TypeImplTrait,
    TypeParamBound, TypePath, TypeTraitObject, parse_quote,
};

/// How a function gives its value.
pub(crate) enum Gives {
    /// It returns it.
    Value,
    /// It is an `async fn`.
    Async,
    /// It returns a future of it.
    Future,
    /// It returns a future of it, in a box.
    BoxedFuture,
}

/// The type of the value, where it can be written inside a body: `impl Trait` cannot, and is left to be found out among the
/// arguments of another, as in `Result<_, E>`.
pub(crate) fn annotated(output: &ReturnType) -> Option<TokenStream> {
    let ReturnType::Type(_, output) = output else {
        return Some(quote!(()));
    };
    if can_be_written(output) {
        return Some(quote!(#output));
    }
    let mut output: TypePath = syn::parse2(quote!(#output)).ok()?;
    let last = output.path.segments.last_mut()?;
    let PathArguments::AngleBracketed(arguments) = &mut last.arguments else {
        return None;
    };
    for argument in &mut arguments.args {
        match argument {
            GenericArgument::Type(of) if !can_be_written(of) => *of = parse_quote!(_),
            _ => {}
        }
    }
    let output = Type::Path(output);
    can_be_written(&output).then(|| quote!(#output))
}

fn can_be_written(written: &Type) -> bool {
    let mut search = Search(false);
    search.visit_type(written);
    !search.0
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
pub(crate) fn hint(output: Option<TokenStream>) -> Option<TokenStream> {
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

pub(crate) fn gives(signature: &Signature) -> Gives {
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

/// Whether `self` is named in it as a value, and not at the beginning of a path.
pub(crate) fn names_self(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let path =
            |next: &TokenTree| matches!(next, TokenTree::Punct(next) if next.as_char() == ':');
        let found = match token {
            TokenTree::Ident(ident) => ident == "self" && !tokens.peek().is_some_and(path),
            TokenTree::Group(group) => names_self(group.stream()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        };
        if found {
            return true;
        }
    }
    false
}

/// What functions are told that give no `Result`.
pub(crate) const RESULT: &str = "expected a function that returns a `Result`, as a call that is refused has to come to an error";

/// Refuses a function that gives no `Result`.
pub(crate) fn check_result(signature: &Signature) -> Result<()> {
    match &signature.output {
        ReturnType::Default => Err(Error::new_spanned(&signature.ident, RESULT)),
        ReturnType::Type(_, output) if !may_be_result(signature, output) => {
            Err(Error::new_spanned(output, RESULT))
        }
        ReturnType::Type(..) => Ok(()),
    }
}

/// Refuses what has to be awaited in a function that gives no future: where that is said, and what it is.
pub(crate) fn check_awaited(awaits: Option<(Span, &str)>, signature: &Signature) -> Result<()> {
    match (awaits, gives(signature)) {
        (Some((place, what)), Gives::Value) => {
            let text = format!("{what} is for functions that are `async`, or that give a future");
            Err(Error::new(place, text))
        }
        _ => Ok(()),
    }
}

/// Whether a type may be a `Result` or, of a function that gives a future, one of that. What an alias stands for, the compiler will
/// know.
fn may_be_result(signature: &Signature, output: &Type) -> bool {
    if matches!(gives(signature), Gives::Future | Gives::BoxedFuture) {
        return true;
    }
    match output {
        Type::Path(path) => {
            let last = path.path.segments.last();
            let never = ["Option", "Vec", "String", "Box", "bool", "u64", "usize"];
            !last.is_some_and(|last| never.iter().any(|name| last.ident == name))
        }
        Type::Macro(_) | Type::Paren(_) | Type::Group(_) => true,
        _ => false,
    }
}

/// The type in `impl Future<Output = …>`, where it can be written inside a body.
pub(crate) fn future_output(output: &ReturnType) -> Option<&Type> {
    let ReturnType::Type(_, output) = output else {
        return None;
    };
    let Type::ImplTrait(output) = &**output else {
        return None;
    };
    let mut bounds = output.bounds.iter().filter(|bound| is_future(bound));
    let TypeParamBound::Trait(bound) = bounds.next()? else {
        return None;
    };
    let PathArguments::AngleBracketed(arguments) = &bound.path.segments.last()?.arguments else {
        return None;
    };
    let output = arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(bound) if bound.ident == "Output" => Some(&bound.ty),
        _ => None,
    })?;
    can_be_written(output).then_some(output)
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
