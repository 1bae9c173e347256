use proc_macro2::TokenStream;
use quote::quote;

use super::expand;
use crate::told;

/// The first message of a compile error.
fn fault(options: TokenStream, item: &TokenStream) -> String {
    let expanded = expand(options, item).to_string();
    let rest = expanded.split_once("compile_error").expect("an error").1;
    let text = rest.split('"').nth(1).expect("a message");
    text.to_owned()
}

fn text(options: TokenStream, item: &TokenStream) -> String {
    told::text(&expand(options, item))
}

#[test]
fn what_is_no_option_is_refused_where_it_stands() {
    let function = quote!(
        fn get() {}
    );
    let refused = |options| fault(options, &function);
    assert_eq!(
        refused(quote!(names = "a")),
        "unknown option `names`, expected `name`, `metrics`, `err`, `store`, `crate` or `skip`"
    );
    assert_eq!(
        refused(quote!(store = a, store = b)),
        "`store` is given twice"
    );
    assert_eq!(
        refused(quote!(metrics(latencies))),
        "expected `latency`, `throughput` or `errors`"
    );
    assert!(refused(quote!(name = "a b.c")).starts_with("expected a dotted path such as"));
    assert!(refused(quote!(name = "get")).starts_with("expected a dotted path such as"));
    assert_eq!(
        refused(quote!(skip)),
        "`skip` is for methods of an impl block that is instrumented"
    );
}

#[test]
fn what_cannot_be_instrumented_is_refused() {
    assert_eq!(
        fault(
            quote!(),
            &quote!(
                const fn get() {}
            )
        ),
        "a const fn cannot be instrumented: it may run where there is no time"
    );
    let serve = quote!(
        fn serve() -> ! {
            loop {}
        }
    );
    assert_eq!(
        fault(quote!(), &serve),
        "a function that never returns cannot be instrumented: its calls do not end"
    );
    assert_eq!(
        fault(
            quote!(),
            &quote!(
                struct Cart;
            )
        ),
        "expected a function with a body, or an impl block"
    );
}

#[test]
fn a_name_is_the_one_given_or_that_of_the_module_or_type_with_that_of_the_function() {
    let function = quote!(
        fn r#get() {}
    );
    let site = |options| text(options, &function);
    assert!(site(quote!()).contains(r#"Site::in_module(::core::module_path!(),"get")"#));
    assert!(site(quote!(name = "shop.cart.look")).contains(r#"Site::new("shop.cart","look")"#));
    let block = quote!(impl HttpCart2<u8> { fn get(&self) {} });
    assert!(text(quote!(), &block).contains(r#"Site::new("foundation.http_cart2","get")"#));
    assert!(text(quote!(name = "shop.cart"), &block).contains(r#"Site::new("shop.cart","get")"#));
}

#[test]
fn in_a_block_methods_may_be_left_out_or_have_options_of_their_own() {
    let block = quote!(
        impl Cart {
            #[instrumented(skip)]
            fn skipped(&self) {}
            const fn constant(&self) {}
            #[mainstay::instrumented(name = "a.b", metrics(latency))]
            fn own(&self) {}
            fn plain(&self) {}
        }
    );
    let text = text(quote!(store = self.store), &block);
    assert_eq!(text.matches("Site::new").count(), 2);
    assert!(!text.contains("#[instrumented") && !text.contains("#[mainstay"));
    assert!(
        text.contains(r#"Site::new("a","b").recording(true,false,false)"#),
        "{text}"
    );
    assert_eq!(text.matches("as_store(&self.store)").count(), 2);
}
