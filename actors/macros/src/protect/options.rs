//! What may stand in the brackets of `#[protect(…)]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, ExprLit, Ident, Lit, LitStr, Path, Result, Token};

use crate::key::Strategy;
use crate::option::{expression, named, once, value};

/// All options, as they are written.
const NAMES: &str = "`operation`, `key`, `cost`, `error` or `crate`";

#[derive(Clone, Default)]
pub(super) struct Options {
    pub(super) operation: Option<Operation>,
    pub(super) key: Option<Strategy>,
    cost: Option<TokenStream>,
    error: Option<TokenStream>,
    krate: Option<TokenStream>,
}

#[derive(Clone)]
pub(super) enum Operation {
    /// By name, in quotes.
    Named(TokenStream),
    Given(TokenStream),
}

impl Parse for Operation {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        match input.parse::<Expr>()? {
            Expr::Lit(ExprLit {
                lit: Lit::Str(name),
                ..
            }) => named(&name, "protected operation").map(Self::Named),
            given => Ok(Self::Given(given.into_token_stream())),
        }
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            options.parse_one(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

impl Options {
    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        let option = input.call(Ident::parse_any)?;
        match option.to_string().as_str() {
            "operation" => once(&mut self.operation, &option, value(input)?),
            "key" => once(&mut self.key, &option, value(input)?),
            "cost" => once(&mut self.cost, &option, expression(input)?),
            "error" => once(&mut self.error, &option, expression(input)?),
            "crate" => {
                let path: Path = value::<LitStr>(input)?.parse()?;
                once(&mut self.krate, &option, path.into_token_stream())
            }
            unknown => {
                let text = format!("unknown option `{unknown}`, expected {NAMES}");
                Err(Error::new(option.span(), text))
            }
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
        match &self.krate {
            Some(path) => path.clone(),
            None => quote!(::mainstay),
        }
    }

    /// Where that is found which the macro writes calls of.
    pub(super) fn call(&self) -> TokenStream {
        let root = self.root();
        quote!(#root::actors::protection::protect)
    }

    /// The arguments of the call that prepares one.
    pub(super) fn prepared(&self) -> TokenStream {
        let (root, call) = (self.root(), self.call());
        let operation = match &self.operation {
            Some(Operation::Named(name)) => quote!(#call::Named(#name)),
            Some(Operation::Given(given)) => given.clone(),
            // Refused before it comes to this.
            None => TokenStream::new(),
        };
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
