//! Options in the brackets of an attribute.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, Ident, Result, Token};

/// What stands after `=`.
pub(crate) fn value<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// The expression after `=`.
pub(crate) fn expression(input: ParseStream<'_>) -> Result<TokenStream> {
    value::<Expr>(input).map(Expr::into_token_stream)
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
