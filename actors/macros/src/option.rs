//! Options in the brackets of an attribute.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, ExprLit, Ident, Lit, LitStr, Path, Result, Token, parenthesized};

/// The longest name there may be, in bytes.
const NAME_MAX: usize = 128;

/// What stands in for a call that is refused: a closure or path, or `async` and a path.
#[derive(Clone)]
pub(crate) struct Fallback {
    /// Where it is said that it gives a future.
    pub(crate) awaits: Option<Span>,
    pub(crate) made: TokenStream,
}

/// Options one after the other, with commas between them.
pub(crate) fn each<O: Default>(
    input: ParseStream<'_>,
    one: impl Fn(&mut O, &Ident, ParseStream<'_>) -> Result<()>,
) -> Result<O> {
    let mut options = O::default();
    while !input.is_empty() {
        let option = input.call(Ident::parse_any)?;
        one(&mut options, &option, input)?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(options)
}

/// Why an option that is none of these is refused.
pub(crate) fn unknown<T>(option: &Ident, expected: &str) -> Result<T> {
    let text = format!("unknown option `{option}`, expected {expected}");
    Err(Error::new(option.span(), text))
}

/// What stands after `=`.
pub(crate) fn value<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// The expression after `=`.
pub(crate) fn expression(input: ParseStream<'_>) -> Result<TokenStream> {
    value::<Expr>(input).map(Expr::into_token_stream)
}

/// The expression in parentheses.
pub(crate) fn in_parentheses(input: ParseStream<'_>) -> Result<TokenStream> {
    let content;
    parenthesized!(content in input);
    content.parse::<Expr>().map(Expr::into_token_stream)
}

/// The path after `crate =`, in quotes.
pub(crate) fn path(input: ParseStream<'_>) -> Result<TokenStream> {
    let path: Path = value::<LitStr>(input)?.parse()?;
    Ok(path.into_token_stream())
}

/// Where `mainstay` is found, unless `crate` says so.
pub(crate) fn root(path: Option<&TokenStream>) -> TokenStream {
    path.map_or_else(|| quote!(::mainstay), TokenStream::clone)
}

/// What a function is to go through: that of a name, or what an expression gives.
#[derive(Clone)]
pub(crate) enum Through {
    /// By name, in quotes.
    Named(TokenStream),
    Given(TokenStream),
}

impl Through {
    /// What stands after `=`: one of these, should it be a name.
    pub(crate) fn parse(input: ParseStream<'_>, of: &str) -> Result<Self> {
        match value::<Expr>(input)? {
            Expr::Lit(ExprLit {
                lit: Lit::Str(name),
                ..
            }) => named(&name, of).map(Self::Named),
            given => Ok(Self::Given(given.into_token_stream())),
        }
    }

    /// As what is written calls it, which is found at `call`.
    pub(crate) fn made(&self, call: &TokenStream) -> TokenStream {
        match self {
            Self::Named(name) => quote!(#call::Named(#name)),
            Self::Given(given) => given.clone(),
        }
    }
}

/// As it was written.
impl ToTokens for Through {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let (Self::Named(written) | Self::Given(written)) = self;
        written.to_tokens(tokens);
    }
}

/// Puts a value into its place, which has to be empty.
pub(crate) fn once<T>(slot: &mut Option<T>, option: &Ident, value: T) -> Result<()> {
    if slot.is_some() {
        let text = format!("`{option}` is given twice");
        return Err(Error::new(option.span(), text));
    }
    *slot = Some(value);
    Ok(())
}

/// A name, as a `ServiceName` may be.
fn named(name: &LitStr, of: &str) -> Result<TokenStream> {
    let text = name.value();
    let is_odd = text.contains('/') || text.chars().any(char::is_control) || text.trim() != text;
    if text.is_empty() || text.len() > NAME_MAX || is_odd {
        let expected = format!(
            "expected the name of a {of}: 1 to {NAME_MAX} bytes, without `/`, control characters, and white space at its ends"
        );
        return Err(Error::new(name.span(), expected));
    }
    Ok(name.into_token_stream())
}

impl Parse for Fallback {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let ahead = input.fork();
        if ahead.parse::<Token![async]>().is_ok() && ahead.peek(syn::Ident::peek_any) {
            // `async path`: that of an `async` closure belongs to the closure.
            if !ahead.peek(Token![move]) {
                let awaits = Some(input.parse::<Token![async]>()?.span);
                let made = input.parse::<Path>()?.into_token_stream();
                return Ok(Self { awaits, made });
            }
        }
        let made = input.parse::<Expr>()?;
        let awaits = match &made {
            Expr::Closure(closure) => closure.asyncness.as_ref().map(|awaits| awaits.span),
            _ => None,
        };
        let made = made.into_token_stream();
        Ok(Self { awaits, made })
    }
}

/// As it was written.
impl ToTokens for Fallback {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        if let Some(span) = self.awaits
            && syn::parse2::<Path>(self.made.clone()).is_ok()
        {
            Token![async](span).to_tokens(tokens);
        }
        self.made.to_tokens(tokens);
    }
}
