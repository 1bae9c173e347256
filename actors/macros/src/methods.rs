//! The methods of an impl block that a macro is for: those that are public, and those that are marked.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::Parse;
use syn::{
    Attribute, Block, Error, ImplItem, ImplItemFn, Item, ItemImpl, Meta, Result, Signature,
    Visibility,
};

/// How methods say whether they take part: attributes that mean nothing but to the macro.
pub(crate) struct Marks {
    /// The name of the one that takes a method in, and may have options.
    pub(crate) takes_in: &'static str,
    /// The name of the one that leaves it as it is.
    pub(crate) leaves_out: &'static str,
}

/// The options of a macro that goes round functions, and what it does by them.
pub(crate) trait Rounds: Parse + Default {
    /// Those of a method, where it says nothing those of its impl block.
    fn within(self, block: &Self) -> Self;

    /// Writes what stands in place of a body.
    fn write(
        &self,
        attributes: &mut Vec<Attribute>,
        signature: &Signature,
        body: &mut Block,
    ) -> Result<()>;

    /// Another attribute that the whole block has to be left to, with this one for later.
    fn puts_off(&self, _block: &ItemImpl) -> Option<Attribute> {
        None
    }
}

impl Marks {
    /// What is written in place of a function, or of an impl block, whose public methods are meant then but for those that say
    /// otherwise.
    pub(crate) fn expand<O: Rounds>(
        &self,
        options: TokenStream,
        item: &TokenStream,
    ) -> TokenStream {
        match self.written::<O>(options, item) {
            Ok(written) => written,
            Err(error) => {
                // Together with what was there, so that nothing else is said to be missing.
                let (error, item) = (error.to_compile_error(), self.taken_from(item));
                quote!(#error #item)
            }
        }
    }

    fn written<O: Rounds>(&self, options: TokenStream, item: &TokenStream) -> Result<TokenStream> {
        let options: O = syn::parse2(options)?;
        match syn::parse2(item.clone())? {
            Item::Fn(mut function) => {
                options.write(&mut function.attrs, &function.sig, &mut function.block)?;
                Ok(function.into_token_stream())
            }
            Item::Impl(mut block) => {
                if let Some(later) = options.puts_off(&block) {
                    block.attrs.push(later);
                    return Ok(block.into_token_stream());
                }
                self.each_public(block, |method, own: Option<O>| {
                    let options = own.unwrap_or_default().within(&options);
                    options.write(&mut method.attrs, &method.sig, &mut method.block)
                })
            }
            other => {
                let text = "expected a function with a body, or an impl block";
                Err(Error::new_spanned(other, text))
            }
        }
    }

    /// Writes all methods that are public, but for those that say otherwise; each is given the options of its own. All that is wrong
    /// is told.
    fn each_public<O: Parse + Default>(
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
    fn taken_from(&self, item: &TokenStream) -> TokenStream {
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
