use proc_macro2::TokenStream;
use quote::quote;

use super::expand;
use crate::told;

fn fault(options: TokenStream, item: &TokenStream) -> String {
    told::fault(&expand(options, item))
}

#[test]
fn what_is_no_option_is_refused_where_it_stands() {
    let function = quote!(
        async fn get() -> Result<(), Error> {}
    );
    let refused = |options| fault(options, &function);
    assert_eq!(
        refused(quote!(breaker = "db")),
        "unknown option `breaker`, expected `operation`, `key`, `cost`, `error` or `crate`"
    );
    assert_eq!(
        refused(quote!(operation = "a", operation = "b")),
        "`operation` is given twice"
    );
    assert_eq!(
        refused(quote!(operation = "a/b")),
        "expected the name of a protected operation: 1 to 128 bytes, without `/`, control characters, and white space at its ends"
    );
    assert_eq!(
        refused(quote!(key = Global)),
        "expected `operation = \"…\"`, or an expression that gives the protection, such as `operation = self.orders`"
    );
    assert_eq!(
        refused(quote!(operation = self.orders)),
        "the protection is found by way of `self`, which this function does not have"
    );
    assert_eq!(
        refused(quote!(operation = "orders", key = User(self.name))),
        "the key is made of `self`, which this function does not have"
    );
}

#[test]
fn what_cannot_be_protected_is_refused() {
    let refused = |function| fault(quote!(operation = "orders"), &function);
    for function in told::without_result() {
        assert_eq!(refused(function.clone()), told::RESULT, "{function}");
    }
    assert_eq!(
        refused(quote!(
            fn get() -> Result<u8, Error> {}
        )),
        "expected an `async` function, or one that gives a future: guards may have to be waited for"
    );
    assert_eq!(
        refused(quote!(
            struct Client;
        )),
        "expected a function with a body, or an impl block"
    );
}
