//! The methods of an impl block that a macro is for: those that are public, and those that are marked.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::Parse;
use syn::{Attribute, Error, ImplItem, ImplItemFn, ItemImpl, Meta, Result, Visibility};

/// How methods say whether they take part: attributes that mean nothing but to the macro.
pub(crate) struct Marks {
    /// The name of the one that takes a method in, and may have options.
    pub(crate) takes_in: &'static str,
    /// The name of the one that leaves it as it is.
    pub(crate) leaves_out: &'static str,
}

impl Marks {
    /// Writes all methods that are public, but for those that say otherwise; each is given the options of its own. All that is wrong
    /// is told.
    pub(crate) fn each_public<O: Parse + Default>(
        &self,
        mut block: ItemImpl,
        write: impl Fn(&mut ImplItemFn, Option<O>) -> Result<()>,
    ) -> Result<TokenStream> {
        let of_trait = block.trait_.is_some();
        let mut faults: Option<Error> = None;
        for item in &mut block.items {
            let ImplItem::Fn(method) = item else {
                continue;
            };
            if let Err(fault) = self.one(of_trait, method, &write) {
                match &mut faults {
                    Some(faults) => faults.combine(fault),
                    None => faults = Some(fault),
                }
            }
        }
        match faults {
            Some(faults) => Err(faults),
            None => Ok(block.into_token_stream()),
        }
    }

    fn one<O: Parse + Default>(
        &self,
        of_trait: bool,
        method: &mut ImplItemFn,
        write: impl Fn(&mut ImplItemFn, Option<O>) -> Result<()>,
    ) -> Result<()> {
        let left_out = take(&mut method.attrs, self.leaves_out);
        let own = take(&mut method.attrs, self.takes_in);
        if let Some(left_out) = left_out {
            return self.left_out(left_out, own.is_some());
        }
        let is_public = of_trait || !matches!(method.vis, Visibility::Inherited);
        if own.is_none() && !is_public {
            return Ok(());
        }
        let own = own.map(|own| self.options(own)).transpose()?;
        let is_given = own.is_some();
        write(method, own).map_err(|fault| self.as_one_of_many(&fault, is_given))
    }

    fn left_out(&self, mark: Attribute, is_taken_in: bool) -> Result<()> {
        let Self {
            takes_in,
            leaves_out,
        } = self;
        if is_taken_in {
            let text = format!("a method is `#[{takes_in}]` or `#[{leaves_out}]`, and not both");
            return Err(Error::new_spanned(mark, text));
        }
        match mark.meta {
            Meta::Path(_) => Ok(()),
            other => Err(Error::new_spanned(
                other,
                format!("expected `#[{leaves_out}]`"),
            )),
        }
    }

    /// What is wrong with a method that was not meant in particular, and what can be done about it.
    fn as_one_of_many(&self, fault: &Error, is_given: bool) -> Error {
        if is_given {
            return fault.clone();
        }
        let text = format!("{fault}; `#[{}]` leaves a method as it is", self.leaves_out);
        Error::new(fault.span(), text)
    }

    fn options<O: Parse + Default>(&self, attribute: Attribute) -> Result<O> {
        match attribute.meta {
            Meta::Path(_) => Ok(O::default()),
            Meta::List(list) => list.parse_args(),
            Meta::NameValue(other) => {
                let name = self.takes_in;
                let text = format!("expected `#[{name}]` or `#[{name}(…)]`");
                Err(Error::new_spanned(other, text))
            }
        }
    }

    /// An item without the marks of its methods.
    pub(crate) fn taken_from(&self, item: &TokenStream) -> TokenStream {
        let Ok(mut block) = syn::parse2::<ItemImpl>(item.clone()) else {
            return item.clone();
        };
        for item in &mut block.items {
            if let ImplItem::Fn(method) = item {
                take(&mut method.attrs, self.leaves_out);
                take(&mut method.attrs, self.takes_in);
            }
        }
        block.into_token_stream()
    }
}

/// Whether an attribute is of this name, wherever it is found.
pub(crate) fn is_named(attribute: &Attribute, name: &str) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|segment| segment.ident == name)
}

/// An attribute of this name, which is taken away.
fn take(attributes: &mut Vec<Attribute>, name: &str) -> Option<Attribute> {
    let index = attributes
        .iter()
        .position(|attribute| is_named(attribute, name))?;
    Some(attributes.remove(index))
}
