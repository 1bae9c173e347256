//! Which fns can be tests.

use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, ItemFn, Path, Result, ReturnType, Safety, Signature, Type};

/// How the fn wants its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    None,
    Value,
    Reference,
}

pub(super) fn check(function: &ItemFn) -> Result<Argument> {
    check_attributes(function)?;
    let sig = &function.sig;
    if sig.asyncness.is_none() {
        let text = "expected `async fn`: a test runs in a tokio runtime of its own";
        return Err(Error::new(sig.fn_token.span, text));
    }
    if let Some((place, what)) = foreign(sig) {
        return Err(Error::new(place, format!("a test cannot be {what}")));
    }
    argument(sig)
}

/// What a test, which is called by the harness, cannot be.
fn foreign(sig: &Signature) -> Option<(proc_macro2::Span, &'static str)> {
    let generic = (!sig.generics.params.is_empty()).then(|| (sig.generics.span(), "generic"));
    let constant = sig.constness.as_ref().map(|it| (it.span(), "`const`"));
    let not_safe = match &sig.safety {
        Safety::Unsafe(token) => Some((token.span, "`unsafe`")),
        _ => None,
    };
    let of_abi = sig.abi.as_ref().map(|it| (it.span(), "`extern`"));
    let variadic = sig.variadic.as_ref().map(|it| (it.span(), "variadic"));
    let clause = sig.generics.where_clause.as_ref();
    let clause = clause.map(|it| (it.span(), "generic"));
    let all = [generic, clause, constant, not_safe, of_abi, variadic];
    all.into_iter().flatten().next()
}

fn check_attributes(function: &ItemFn) -> Result<()> {
    for attribute in &function.attrs {
        if is_test(attribute.path()) {
            let text = "the fn is a test already: expected this attribute or `#[mainstay::test]`, found both";
            return Err(Error::new(attribute.span(), text));
        }
    }
    let should_panic = |attribute: &&Attribute| attribute.path().is_ident("should_panic");
    if function
        .attrs
        .iter()
        .any(|attribute| should_panic(&attribute))
        && let ReturnType::Type(_, output) = &function.sig.output
        && !is_unit(output)
    {
        let text = "a test that should panic returns nothing: an error would be no panic";
        return Err(Error::new(output.span(), text));
    }
    Ok(())
}

fn is_test(path: &Path) -> bool {
    path.segments
        .last()
        .is_some_and(|last| last.ident == "test")
}

fn is_unit(output: &Type) -> bool {
    matches!(output, Type::Tuple(tuple) if tuple.elems.is_empty())
}

fn argument(sig: &Signature) -> Result<Argument> {
    let mut inputs = sig.inputs.iter();
    let argument = match inputs.next() {
        None => return Ok(Argument::None),
        Some(FnArg::Receiver(receiver)) => return Err(wrong(receiver)),
        Some(FnArg::Typed(argument)) => &*argument.ty,
    };
    if let Some(more) = inputs.next() {
        return Err(wrong(more));
    }
    match argument {
        Type::Reference(reference)
            if reference.mutability.is_none() && is_context(&reference.elem) =>
        {
            Ok(Argument::Reference)
        }
        value if is_context(value) => Ok(Argument::Value),
        other => Err(wrong(other)),
    }
}

fn is_context(argument: &Type) -> bool {
    matches!(argument, Type::Path(path)
        if path.path.segments.last().is_some_and(|last| last.ident == "TestContext" && last.arguments.is_none()))
}

fn wrong(place: &impl Spanned) -> Error {
    let text = "expected one argument, a `TestContext` or a `&TestContext`, or none";
    Error::new(place.span(), text)
}
