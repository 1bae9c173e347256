//! What may stand in the brackets of `#[protect(…)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, Result};

use crate::key::Strategy;
use crate::option::{Through, each, expression, once, path, root, unknown, value};

/// All options, as they are written.
const NAMES: &str = "`operation`, `key`, `cost`, `error` or `crate`";

#[derive(Clone, Default)]
pub(super) struct Options {
    pub(super) operation: Option<Through>,
    pub(super) key: Option<Strategy>,
    cost: Option<TokenStream>,
    error: Option<TokenStream>,
    krate: Option<TokenStream>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        each(input, Self::parse_one)
    }
}

impl Options {
    fn parse_one(&mut self, option: &Ident, input: ParseStream<'_>) -> Result<()> {
        match option.to_string().as_str() {
            "operation" => {
                let operation = Through::parse(input, "protected operation")?;
                once(&mut self.operation, option, operation)
            }
            "key" => once(&mut self.key, option, value(input)?),
            "cost" => once(&mut self.cost, option, expression(input)?),
            "error" => once(&mut self.error, option, expression(input)?),
            "crate" => once(&mut self.krate, option, path(input)?),
            _ => unknown(option, NAMES),
        }
    }

    /// Those of a method, where it says nothing those of its impl block.
    pub(super) fn within(self, block: &Self) -> Self {
        let block = block.clone();
        Self {
            operation: self.operation.or(block.operation),
            key: self.key.or(block.key),
            cost: self.cost.or(block.cost),
            error: self.error.or(block.error),
            krate: self.krate.or(block.krate),
        }
    }

    /// Where `mainstay` is found.
    fn root(&self) -> TokenStream {
        root(self.krate.as_ref())
    }

    /// Where that is found which the macro writes calls of.
    pub(super) fn call(&self) -> TokenStream {
        let root = self.root();
        quote!(#root::actors::protection::protect)
    }

    /// The arguments of the call that prepares one.
    pub(super) fn prepared(&self) -> TokenStream {
        let (root, call) = (self.root(), self.call());
        // One that says none is refused before it comes to this.
        let operation = self.operation.as_ref().map(|it| it.made(&call));
        let keys = quote!(#root::actors::limiter::limit);
        let key = self.key.as_ref().map_or_else(
            || quote!(::core::option::Option::None),
            |key| key.made(&keys),
        );
        let cost = self.cost.as_ref().map_or_else(
            || quote!(::core::option::Option::None),
            |cost| quote!(::core::option::Option::Some(#cost)),
        );
        quote!(&(#operation), #key, #cost)
    }

    /// The function's value for what is in `__why`.
    pub(super) fn failed(&self) -> TokenStream {
        let call = self.call();
        match &self.error {
            Some(error) => quote!(#call::failed_by(__why, #error)),
            None => quote!(#call::failed(__why)),
        }
    }
}
