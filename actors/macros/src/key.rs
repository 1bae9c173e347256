//! Whose calls are counted together.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, ExprCall, Result};

/// What the option `key` says. The variants have the names that are written.
#[allow(clippy::enum_variant_names)]
#[derive(Clone)]
pub(crate) enum Strategy {
    Global,
    Ip(TokenStream),
    User(TokenStream),
    ApiKey(TokenStream),
    Custom(TokenStream, TokenStream),
    /// An expression that gives the key.
    Given(TokenStream),
}

impl Parse for Strategy {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        match input.parse::<Expr>()? {
            Expr::Path(path) if path.path.is_ident("Global") => Ok(Self::Global),
            Expr::Call(call) => match strategy(&call) {
                Some(strategy) => Self::of(&strategy, &call),
                None => Ok(Self::Given(call.into_token_stream())),
            },
            given => Ok(Self::Given(given.into_token_stream())),
        }
    }
}

/// The strategy that is called like a function.
fn strategy(call: &ExprCall) -> Option<String> {
    let Expr::Path(path) = &*call.func else {
        return None;
    };
    let name = path.path.get_ident()?.to_string();
    let is_one = ["Global", "Ip", "User", "ApiKey", "Custom"].contains(&name.as_str());
    is_one.then_some(name)
}

impl Strategy {
    fn of(strategy: &str, call: &ExprCall) -> Result<Self> {
        let arguments: Vec<_> = call.args.iter().map(ToTokens::to_token_stream).collect();
        match (strategy, &arguments[..]) {
            ("Ip", [address]) => Ok(Self::Ip(address.clone())),
            ("User", [name]) => Ok(Self::User(name.clone())),
            ("ApiKey", [key]) => Ok(Self::ApiKey(key.clone())),
            ("Custom", [name, value]) => Ok(Self::Custom(name.clone(), value.clone())),
            _ => {
                let expected = match strategy {
                    "Global" => "expected `Global`, without brackets",
                    "Ip" => "expected `Ip(address)`",
                    "User" => "expected `User(name)`",
                    "ApiKey" => "expected `ApiKey(key)`",
                    _ => "expected `Custom(\"what it is\", value)`",
                };
                Err(Error::new_spanned(call, expected))
            }
        }
    }

    /// The expression that makes it, of what is found at `call`.
    pub(crate) fn made(&self, call: &TokenStream) -> TokenStream {
        match self {
            Self::Global => quote!(#call::global()),
            Self::Ip(address) => quote!(#call::ip(&(#address))),
            Self::User(name) => quote!(#call::user(&(#name))),
            Self::ApiKey(key) => quote!(#call::api_key(&(#key))),
            Self::Custom(name, value) => quote!(#call::custom(#name, &(#value))),
            Self::Given(given) => quote!(#call::given(&(#given))),
        }
    }
}

/// As it was written.
impl ToTokens for Strategy {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Global => quote!(Global),
            Self::Ip(address) => quote!(Ip(#address)),
            Self::User(name) => quote!(User(#name)),
            Self::ApiKey(key) => quote!(ApiKey(#key)),
            Self::Custom(name, value) => quote!(Custom(#name, #value)),
            Self::Given(given) => given.clone(),
        });
    }
}
