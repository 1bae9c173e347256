use proc_macro2::TokenStream;
use quote::quote;

use super::expand;
use crate::told;

fn faults(options: TokenStream, item: &TokenStream) -> Vec<String> {
    told::faults(&expand(options, item))
}

fn fault(options: TokenStream, item: &TokenStream) -> String {
    told::fault(&expand(options, item))
}

fn text(options: TokenStream, item: &TokenStream) -> String {
    told::text(&expand(options, item))
}

#[test]
fn what_is_no_option_is_refused_where_it_stands() {
    let function = quote!(
        fn get() -> Result<(), Error> {}
    );
    let refused = |options| fault(options, &function);
    assert_eq!(
        refused(quote!(breakers = "db")),
        "unknown option `breakers`, expected `breaker`, `fallback`, `error`, `classify`, `on_missing` or `crate`"
    );
    assert_eq!(
        refused(quote!(breaker = "a", breaker = "b")),
        "`breaker` is given twice"
    );
    assert_eq!(
        refused(quote!(breaker = "db", on_missing = ignore)),
        "expected `error`, `allow`, `create` or `create(config)`"
    );
    for name in ["", "a/b", " a", "a\n"] {
        assert_eq!(
            refused(quote!(breaker = #name)),
            "expected the name of a breaker: 1 to 128 bytes, without `/`, control characters, and white space at its ends"
        );
    }
    assert_eq!(
        refused(quote!()),
        "expected `breaker = \"…\"`, or an expression that gives the breaker, such as `breaker = self.breaker`"
    );
}

#[test]
fn what_cannot_be_protected_is_refused() {
    let refused = |function| fault(quote!(breaker = "db"), &function);
    for function in told::without_result() {
        assert_eq!(refused(function.clone()), told::RESULT, "{function}");
    }
    assert_eq!(
        refused(quote!(
            const fn get() -> Result<u8, Error> {}
        )),
        "a const fn cannot be protected: there may be no breaker where it runs"
    );
    assert_eq!(
        refused(quote!(
            struct Client;
        )),
        "expected a function with a body, or an impl block"
    );
    let sync = quote!(
        fn get() -> Result<u8, Error> {}
    );
    assert_eq!(
        fault(quote!(breaker = "db", fallback = async other), &sync),
        "an async fallback is for functions that are `async`, or that give a future"
    );
}

#[test]
fn results_by_any_name_are_taken() {
    for output in told::results() {
        let function = quote!(fn get<'a>() -> #output { todo() });
        let text = text(quote!(breaker = "db"), &function);
        assert!(text.contains(r#"::admit(&(::mainstay::actors::breaker::protect::Named("db")),"#));
    }
}

#[test]
fn in_a_block_all_public_functions_are_protected_but_those_that_say_otherwise() {
    let block = quote!(
        impl Client {
            pub async fn get(&self) -> Result<u8, Error> {}
            pub(crate) fn set(&self) -> Result<u8, Error> {}
            fn private(&self) -> u8 {}
            #[protected(breaker = "other", on_missing = create)]
            fn taken_in(&self) -> Result<u8, Error> {}
            #[unprotected]
            pub fn new() -> Self {}
        }
    );
    let text = text(quote!(breaker = self.breaker, on_missing = allow), &block);
    assert_eq!(text.matches("::admit(&(self.breaker)").count(), 2);
    assert_eq!(text.matches("Absent::Allow").count(), 2);
    assert_eq!(text.matches(r#"Named("other")"#).count(), 1);
    assert_eq!(text.matches("Absent::CreateDefault").count(), 1);
    assert!(!text.contains("#[protected") && !text.contains("#[unprotected"));
}

#[test]
fn in_an_impl_of_a_trait_all_are_public() {
    let block = quote!(
        impl Fetch for Client {
            type Error = Error;
            async fn get(&self) -> Result<u8, Error> {}
        }
    );
    let text = text(quote!(breaker = "db", crate = "my::mainstay"), &block);
    assert_eq!(
        text.matches("my::mainstay::actors::breaker::protect::admit(")
            .count(),
        1
    );
}

#[test]
fn a_public_function_that_cannot_be_protected_is_never_left_out_in_silence() {
    let block = quote!(
        impl Client {
            pub fn new() -> Result<Self, Error> {}
            #[unprotected]
            pub fn name(&self) -> &str {}
            pub fn len(&self) -> usize {}
            #[protected]
            fn kept(&self) {}
            #[protected]
            #[unprotected]
            fn both(&self) {}
            #[unprotected = 1]
            fn odd(&self) {}
        }
    );
    assert_eq!(
        faults(quote!(breaker = self.breaker()), &block),
        [
            "the breaker is found by way of `self`, which this function does not have; `#[unprotected]` leaves a method as it is",
            "expected a function that returns a `Result`, as a call that is refused has to come to an error; `#[unprotected]` leaves a method as it is",
            "expected a function that returns a `Result`, as a call that is refused has to come to an error",
            "a method is `#[protected]` or `#[unprotected]`, and not both",
            "expected `#[unprotected]`",
        ]
    );
    // What is only for this macro is not left behind, to be told as one more error.
    let expanded = expand(quote!(breaker = self.breaker()), &block).to_string();
    assert!(!expanded.contains("# ["), "{expanded}");
}

#[test]
fn a_fallback_is_awaited_if_it_says_so() {
    let function = quote!(
        async fn get() -> Result<u8, Error> {}
    );
    let with =
        |fallback: TokenStream| text(quote!(breaker = "db", fallback = #fallback), &function);
    for (fallback, call) in [
        (quote!(|_| Ok(1)), "fall_back(__refusal,|_|Ok(1))"),
        (quote!(Self::other), "fall_back(__refusal,Self::other)"),
        (
            quote!(async Self::other),
            "fall_back_async(__refusal,Self::other).await",
        ),
        (
            quote!(async |_| Ok(1)),
            "fall_back_async(__refusal,async|_|Ok(1)).await",
        ),
        (
            quote!(async move |_| Ok(1)),
            "fall_back_async(__refusal,asyncmove|_|Ok(1)).await",
        ),
    ] {
        let text = with(fallback);
        assert!(text.contains(call), "{text}");
    }
}
