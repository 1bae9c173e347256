//! What may stand in the brackets of `#[rate_limited(…)]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Ident, Result, parenthesized, parse_quote, token};

use crate::key::Strategy;
use crate::option::{
    Fallback, Through, each, expression, in_parentheses, once, path, root, unknown, value,
};

/// All options, as they are written.
const NAMES: &str = "`limiter`, `key`, `cost`, `on_limited`, `error`, `on_missing` or `crate`";

#[derive(Clone, Default)]
pub(super) struct Options {
    pub(super) limiter: Option<Through>,
    pub(super) key: Option<Strategy>,
    pub(super) cost: Option<TokenStream>,
    pub(super) on_limited: Option<OnLimited>,
    error: Option<TokenStream>,
    on_missing: Option<Missing>,
    krate: Option<TokenStream>,
}

/// What becomes of a call that comes too soon.
#[derive(Clone)]
pub(super) enum OnLimited {
    Error,
    /// It waits: where that is said, and for how long at most.
    Wait(Span, Option<TokenStream>),
    Fallback(Fallback),
}

#[derive(Clone)]
enum Missing {
    Error,
    Allow,
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
            "limiter" => once(&mut self.limiter, option, Through::parse(input, "limiter")?),
            "key" => once(&mut self.key, option, value(input)?),
            "cost" => once(&mut self.cost, option, expression(input)?),
            "on_limited" => once(&mut self.on_limited, option, value(input)?),
            "error" => once(&mut self.error, option, expression(input)?),
            "on_missing" => once(&mut self.on_missing, option, value(input)?),
            "crate" => once(&mut self.krate, option, path(input)?),
            _ => unknown(option, NAMES),
        }
    }

    /// Those of a method, where it says nothing those of its impl block.
    pub(super) fn within(self, block: &Self) -> Self {
        let block = block.clone();
        Self {
            limiter: self.limiter.or(block.limiter),
            key: self.key.or(block.key),
            cost: self.cost.or(block.cost),
            on_limited: self.on_limited.or(block.on_limited),
            error: self.error.or(block.error),
            on_missing: self.on_missing.or(block.on_missing),
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
        quote!(#root::actors::limiter::limit)
    }

    /// The arguments of the call that asks the limiter.
    pub(super) fn asked(&self) -> TokenStream {
        let call = self.call();
        // One that says none is refused before it comes to this, as is a missing key.
        let limiter = self.limiter.as_ref().map(|it| it.made(&call));
        let key = self.key.as_ref().map(|key| key.made(&call));
        let cost = self.cost.clone().unwrap_or_else(|| quote!(1));
        let absent = match &self.on_missing {
            None | Some(Missing::Error) => quote!(#call::Absent::Error),
            Some(Missing::Allow) => quote!(#call::Absent::Allow),
            Some(Missing::Create(config)) => quote!(#call::Absent::Create(#config)),
        };
        quote!(&(#limiter), || #absent, #key, #cost)
    }

    /// The function's error for what is in `__limited`.
    pub(super) fn failed(&self) -> TokenStream {
        let call = self.call();
        match &self.error {
            Some(error) => quote!(#call::failed_by(__limited, #error)),
            None => quote!(#call::failed(__limited)),
        }
    }

    /// The same as an attribute, to be expanded later.
    pub(super) fn attribute(&self) -> Attribute {
        let root = self.root();
        let mut given = Vec::new();
        given.extend(self.limiter.iter().map(|it| quote!(limiter = #it)));
        given.extend(self.key.iter().map(|key| quote!(key = #key)));
        given.extend(self.cost.iter().map(|cost| quote!(cost = #cost)));
        given.extend(
            self.on_limited
                .iter()
                .map(|what| quote!(on_limited = #what)),
        );
        given.extend(self.error.iter().map(|error| quote!(error = #error)));
        given.extend(
            self.on_missing
                .iter()
                .map(|what| quote!(on_missing = #what)),
        );
        given.extend(self.krate.iter().map(|path| {
            let path = path.to_string();
            quote!(crate = #path)
        }));
        parse_quote!(#[#root::rate_limited(#(#given),*)])
    }
}

impl Parse for OnLimited {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let what = input.call(Ident::parse_any)?;
        match what.to_string().as_str() {
            "error" => Ok(Self::Error),
            "wait" if input.peek(token::Paren) => {
                let within = in_parentheses(input)?;
                Ok(Self::Wait(what.span(), Some(within)))
            }
            "wait" => Ok(Self::Wait(what.span(), None)),
            "fallback" if input.peek(token::Paren) => {
                let content;
                parenthesized!(content in input);
                content.parse().map(Self::Fallback)
            }
            _ => {
                let text = "expected `error`, `wait`, `wait(limit)` or `fallback(closure)`";
                Err(Error::new(what.span(), text))
            }
        }
    }
}

impl ToTokens for OnLimited {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Error => quote!(error),
            Self::Wait(_, None) => quote!(wait),
            Self::Wait(_, Some(within)) => quote!(wait(#within)),
            Self::Fallback(fallback) => quote!(fallback(#fallback)),
        });
    }
}

impl Parse for Missing {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let what = input.call(Ident::parse_any)?;
        match what.to_string().as_str() {
            "error" => Ok(Self::Error),
            "allow" => Ok(Self::Allow),
            "create" if input.peek(token::Paren) => in_parentheses(input).map(Self::Create),
            _ => {
                let text = "expected `error`, `allow` or `create(config)`";
                Err(Error::new(what.span(), text))
            }
        }
    }
}

impl ToTokens for Missing {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Error => quote!(error),
            Self::Allow => quote!(allow),
            Self::Create(config) => quote!(create(#config)),
        });
    }
}
