//! For tests: what came of an expansion.

use proc_macro2::TokenStream;
use quote::quote;

/// The messages of the compile errors.
pub(crate) fn faults(expanded: &TokenStream) -> Vec<String> {
    let expanded = expanded.to_string();
    let errors = expanded.split("compile_error").skip(1);
    let text = |error: &str| {
        let (_, rest) = error.split_once('"').expect("a message");
        let (text, _) = rest.split_once("\" }").expect("its end");
        text.replace("\\\"", "\"")
    };
    errors.map(text).collect()
}

/// The message of the only one.
pub(crate) fn fault(expanded: &TokenStream) -> String {
    let mut faults = faults(expanded);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

/// What was written, without white space.
pub(crate) fn text(expanded: &TokenStream) -> String {
    let expanded = expanded.to_string();
    assert!(!expanded.contains("compile_error"), "{expanded}");
    expanded.split_whitespace().collect()
}

/// What functions are told that give no `Result`.
pub(crate) const RESULT: &str = "expected a function that returns a `Result`, as a call that is refused has to come to an error";

/// Functions that give none.
pub(crate) fn without_result() -> Vec<TokenStream> {
    vec![
        quote!(
            fn get() {}
        ),
        quote!(
            async fn get() -> Option<u8> {}
        ),
        quote!(
            fn get() -> ! {
                loop {}
            }
        ),
        quote!(
            fn get(&self) -> &Result<u8, Error> {}
        ),
        quote!(
            fn get() -> (u8, u8) {}
        ),
        quote!(
            fn get() -> impl Iterator<Item = u8> {}
        ),
    ]
}

/// What gives one, by any name.
pub(crate) fn results() -> Vec<TokenStream> {
    vec![
        quote!(Result<u8, Error>),
        quote!(io::Result<()>),
        quote!(Answer),
        quote!(impl Future<Output = Result<u8, Error>> + Send),
        quote!(Pin<Box<dyn Future<Output = Answer> + Send + 'a>>),
        quote!(BoxFuture<'a, Answer>),
    ]
}
