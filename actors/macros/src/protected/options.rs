//! What may stand in the brackets of `#[protected(…)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, Result, token};

use crate::option::{
    Fallback, Through, each, expression, in_parentheses, once, path, root, unknown, value,
};

/// All options, as they are written.
const NAMES: &str = "`breaker`, `fallback`, `error`, `classify`, `on_missing` or `crate`";

#[derive(Clone, Default)]
pub(super) struct Options {
    breaker: Option<Through>,
    pub(super) fallback: Option<Fallback>,
    error: Option<TokenStream>,
    classify: Option<TokenStream>,
    on_missing: Option<Missing>,
    krate: Option<TokenStream>,
}

#[derive(Clone)]
enum Missing {
    Error,
    Allow,
    CreateDefault,
    Create(TokenStream),
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        each(input, Self::parse_one)
    }
}

impl Options {
    fn parse_one(&mut self, option: &Ident, input: ParseStream<'_>) -> Result<()> {
        match option.to_string().as_str() {
            "breaker" => once(&mut self.breaker, option, Through::parse(input, "breaker")?),
            "fallback" => once(&mut self.fallback, option, value(input)?),
            "error" => once(&mut self.error, option, expression(input)?),
            "classify" => once(&mut self.classify, option, expression(input)?),
            "on_missing" => once(&mut self.on_missing, option, value(input)?),
            "crate" => once(&mut self.krate, option, path(input)?),
            _ => unknown(option, NAMES),
        }
    }

    /// Those of a method, where it says nothing those of its impl block.
    pub(super) fn within(self, block: &Self) -> Self {
        let block = block.clone();
        Self {
            breaker: self.breaker.or(block.breaker),
            fallback: self.fallback.or(block.fallback),
            error: self.error.or(block.error),
            classify: self.classify.or(block.classify),
            on_missing: self.on_missing.or(block.on_missing),
            krate: self.krate.or(block.krate),
        }
    }

    /// Whether it says which breaker.
    pub(super) const fn has_breaker(&self) -> bool {
        self.breaker.is_some()
    }

    /// The expression that gives the breaker, if it was not given by name.
    pub(super) const fn expression(&self) -> Option<&TokenStream> {
        match &self.breaker {
            Some(Through::Given(given)) => Some(given),
            Some(Through::Named(_)) | None => None,
        }
    }

    /// Where that is found which the macro writes calls of.
    pub(super) fn call(&self) -> TokenStream {
        let root = root(self.krate.as_ref());
        quote!(#root::actors::breaker::protect)
    }

    /// The call that asks the breaker.
    pub(super) fn admit(&self) -> TokenStream {
        let call = self.call();
        // One that says none is refused before it comes to this.
        let breaker = self.breaker.as_ref().map(|it| it.made(&call));
        let absent = match &self.on_missing {
            None | Some(Missing::Error) => quote!(#call::Absent::Error),
            Some(Missing::Allow) => quote!(#call::Absent::Allow),
            Some(Missing::CreateDefault) => quote!(#call::Absent::CreateDefault),
            Some(Missing::Create(config)) => quote!(#call::Absent::Create(#config)),
        };
        quote!(#call::admit(&(#breaker), || #absent))
    }

    /// The function's error for what is in `__unanswered`.
    pub(super) fn failed(&self) -> TokenStream {
        let call = self.call();
        match &self.error {
            Some(error) => quote!(#call::failed_by(__unanswered, #error)),
            None => quote!(#call::failed(__unanswered)),
        }
    }

    /// How the outcome is told from the returned value.
    pub(super) fn judge(&self) -> TokenStream {
        let call = self.call();
        match &self.classify {
            Some(classify) => quote!(|__answer| #call::judge(__answer, #classify)),
            None => quote!(|__answer| {
                #[allow(unused_imports)]
                use #call::{OfAny as _, OfResult as _};
                (&#call::Judged(__answer)).outcome()
            }),
        }
    }
}

impl Parse for Missing {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let what = input.call(Ident::parse_any)?;
        match what.to_string().as_str() {
            "error" => Ok(Self::Error),
            "allow" => Ok(Self::Allow),
            "create" if input.peek(token::Paren) => in_parentheses(input).map(Self::Create),
            "create" => Ok(Self::CreateDefault),
            _ => {
                let text = "expected `error`, `allow`, `create` or `create(config)`";
                Err(Error::new(what.span(), text))
            }
        }
    }
}
