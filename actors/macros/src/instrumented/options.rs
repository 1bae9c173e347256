//! What may stand in the brackets of `#[instrumented(…)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitStr, Result, Token, parenthesized};

use crate::option::{each, expression, once, path, unknown, value};

/// All options, as they are written.
const NAMES: &str = "`name`, `metrics`, `err`, `store`, `crate` or `skip`";
const METRICS: [&str; 3] = ["latency", "throughput", "errors"];

#[derive(Default)]
pub(super) struct Options {
    name: Option<String>,
    /// Which of the [`METRICS`].
    metrics: Option<[bool; 3]>,
    pub(super) err: Option<TokenStream>,
    pub(super) store: Option<TokenStream>,
    krate: Option<TokenStream>,
    /// Where it is written.
    pub(super) skip: Option<Ident>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        each(input, Self::parse_one)
    }
}

impl Options {
    fn parse_one(&mut self, option: &Ident, input: ParseStream<'_>) -> Result<()> {
        match option.to_string().as_str() {
            "name" => once(&mut self.name, option, name(&value(input)?)?),
            "metrics" => once(&mut self.metrics, option, metrics(input)?),
            "err" => once(&mut self.err, option, expression(input)?),
            "store" => once(&mut self.store, option, expression(input)?),
            "crate" => once(&mut self.krate, option, path(input)?),
            "skip" => once(&mut self.skip, option, option.clone()),
            _ => unknown(option, NAMES),
        }
    }

    /// Those of a method, where it says nothing those of its impl block. The name of the block is that of the service.
    pub(super) fn within(self, block: &Self, service: &str) -> Self {
        let service = block.name.as_deref().unwrap_or(service);
        Self {
            name: self.name.or_else(|| Some(format!("{service}."))),
            metrics: self.metrics.or(block.metrics),
            err: self.err.or_else(|| block.err.clone()),
            store: self.store.or_else(|| block.store.clone()),
            krate: self.krate.or_else(|| block.krate.clone()),
            skip: None,
        }
    }

    /// Where that is found which the macro writes calls of.
    pub(super) fn call(&self) -> TokenStream {
        match &self.krate {
            Some(path) => quote!(#path::instrument::call),
            None => quote!(::mainstay::instrument::call),
        }
    }

    /// The site of a function.
    pub(super) fn site(&self, function: &Ident) -> TokenStream {
        let (call, function) = (self.call(), function.unraw().to_string());
        let made = match self.name.as_deref().and_then(|name| name.rsplit_once('.')) {
            Some((service, "")) => quote!(#call::Site::new(#service, #function)),
            Some((service, given)) => quote!(#call::Site::new(#service, #given)),
            None => quote!(#call::Site::in_module(::core::module_path!(), #function)),
        };
        match self.metrics {
            Some([latency, throughput, errors]) => {
                quote!(#made.recording(#latency, #throughput, #errors))
            }
            None => made,
        }
    }
}

/// A dotted path, as the metrics store takes it.
fn name(text: &LitStr) -> Result<String> {
    let name = text.value();
    let is_fine = |segment: &str| {
        let fits = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
        !segment.is_empty() && segment.chars().all(fits)
    };
    if name.contains('.') && name.split('.').all(is_fine) {
        return Ok(name);
    }
    let expected = "expected a dotted path such as \"shop.cart\", of letters, digits, `_` and `-`";
    Err(Error::new(text.span(), expected))
}

fn metrics(input: ParseStream<'_>) -> Result<[bool; 3]> {
    let content;
    parenthesized!(content in input);
    let mut chosen = [false; 3];
    for metric in Punctuated::<Ident, Token![,]>::parse_terminated(&content)? {
        let Some(nth) = METRICS.iter().position(|name| metric == name) else {
            let text = "expected `latency`, `throughput` or `errors`";
            return Err(Error::new(metric.span(), text));
        };
        chosen[nth] = true;
    }
    Ok(chosen)
}
