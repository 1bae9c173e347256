use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::expand;

/// What is written, without white space.
fn text(options: TokenStream, item: &TokenStream) -> String {
    squeezed(&expand(options, item))
}

fn squeezed(tokens: &TokenStream) -> String {
    tokens.to_string().split_whitespace().collect()
}

/// The messages of the compile errors.
fn faults(options: TokenStream, item: &TokenStream) -> Vec<String> {
    let expanded: syn::File = syn::parse2(expand(options, item)).expect("it is Rust");
    let message = |item: &syn::Item| match item {
        syn::Item::Macro(call) => call.mac.parse_body::<syn::LitStr>().ok(),
        _ => None,
    };
    let messages = expanded.items.iter().filter_map(message);
    messages.map(|text| text.value()).collect()
}

fn sound() -> TokenStream {
    quote!(
        async fn it_works(cx: TestContext) {}
    )
}

#[track_caller]
fn fault_of_options(options: TokenStream, expected: &str) {
    assert_eq!(faults(options, &sound()), [expected]);
}

#[track_caller]
fn fault_of_fn(item: &TokenStream, expected: &str) {
    assert_eq!(faults(quote!(), item), [expected]);
}

#[test]
fn a_fn_becomes_a_test_that_runs_it_in_the_kit() {
    let expected = quote! {
        #[::core::prelude::v1::test]
        /// Says why.
        #[ignore]
        #[allow(clippy::unused_async)]
        pub(crate) fn it_works() {
            async fn it_works(cx: TestContext) -> Result<(), Error> { run(cx).await }
            ::mainstay::testkit::run(
                ::mainstay::testkit::TestOptions::new(
                    ::core::concat!(::core::module_path!(), "::", ::core::stringify!(it_works))
                ),
                it_works
            );
        }
    };
    let item = quote! {
        /// Says why.
        #[ignore]
        #[allow(clippy::unused_async)]
        pub(crate) async fn it_works(cx: TestContext) -> Result<(), Error> { run(cx).await }
    };
    assert_eq!(text(quote!(), &item), squeezed(&expected));
}

#[test]
fn the_context_is_given_by_value_by_reference_or_not_at_all() {
    let by_reference = quote!(
        async fn it(cx: &testkit::TestContext) {}
    );
    assert!(text(quote!(), &by_reference).contains("|__cx|asyncmove{it(&__cx).await}"));
    let by_value = quote!(
        async fn it(mut cx: mainstay::testkit::TestContext) {}
    );
    assert!(text(quote!(), &by_value).contains(",it);"));
    let none = quote!(
        async fn it() {}
    );
    assert!(text(quote!(), &none).contains(",|_|it());"));
}

#[test]
fn every_option_becomes_a_setter() {
    let options = quote!(
        flavor = "multi_thread",
        worker_threads = 3,
        services = [config_server],
        timeout = "1m 30s",
        detect_leaks = false,
        log = "debug",
        environment = false,
        crate = "my::kit"
    );
    let written = text(options, &sound());
    let expected = quote!(
        .worker_threads(::core::num::NonZeroUsize::MIN.saturating_add(2usize))
        .services([my::kit::testkit::Service::ConfigServer])
        .timeout(::core::time::Duration::new(90u64, 0u32))
        .detect_leaks(false)
        .log("debug")
        .environment(false)
    );
    assert!(written.contains(&squeezed(&expected)), "{written}");
    assert!(written.contains("my::kit::testkit::run(my::kit::testkit::TestOptions"));
    let written = text(
        quote!(
            start_paused = true,
            timeout = 5,
            virtual_timeout = "1h",
            seed = 7,
            services = [],
        ),
        &sound(),
    );
    let expected = quote!(
        .start_paused(true)
        .services([])
        .timeout(::core::time::Duration::new(5u64, 0u32))
        .virtual_timeout(::core::time::Duration::new(3600u64, 0u32))
        .seed(7u64)
    );
    assert!(written.contains(&squeezed(&expected)), "{written}");
    let written = text(quote!(flavor = "multi_thread"), &sound());
    assert!(written.contains(".multi_thread(),"), "{written}");
}

#[test]
fn an_unknown_option_is_refused_with_those_there_are() {
    fault_of_options(
        quote!(paused = true),
        "unknown option `paused`, expected `flavor`, `worker_threads`, `start_paused`, `services`, `timeout`, `virtual_timeout`, `seed`, `detect_leaks`, `log`, `environment` or `crate`",
    );
}

#[test]
fn an_option_without_a_value_and_one_given_twice_are_refused() {
    fault_of_options(
        quote!(start_paused),
        "expected `start_paused = …`: every option has a value",
    );
    fault_of_options(quote!(timeout = 1, timeout = 2), "`timeout` is given twice");
}

#[test]
fn values_of_the_wrong_type_are_refused_with_what_was_expected() {
    let flavors = "expected \"current_thread\" or \"multi_thread\"";
    fault_of_options(quote!(flavor = "threads"), flavors);
    fault_of_options(quote!(flavor = 2), flavors);
    let threads = "expected how many threads, at least 1";
    fault_of_options(quote!(worker_threads = 0), threads);
    fault_of_options(quote!(worker_threads = "2"), threads);
    fault_of_options(quote!(start_paused = "yes"), "expected `true` or `false`");
    fault_of_options(quote!(detect_leaks = 1), "expected `true` or `false`");
    let duration = "expected a duration such as \"250ms\" or \"1m 30s\", or a number of seconds that is not computed, but not 0";
    for timeout in [
        quote!("soon"),
        quote!(0),
        quote!("0s"),
        quote!(1.5),
        quote!(-1),
    ] {
        fault_of_options(quote!(timeout = #timeout), duration);
    }
    fault_of_options(
        quote!(services = config_server),
        "expected a list of services such as `[config_server]`",
    );
    let services = "expected the name of a service: `telemetry`, `config_server`, `memory_manager`";
    fault_of_options(quote!(services = [event_store]), services);
    fault_of_options(quote!(services = ["config_server"]), services);
    fault_of_options(
        quote!(log = ""),
        "expected a filter of the log such as \"debug\"",
    );
    let path = "expected the path of the crate as a text, such as \"my_crate::mainstay\"";
    fault_of_options(quote!(crate = mainstay), path);
    fault_of_options(quote!(crate = "my crate"), path);
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    fault_of_options(
        quote!(flavor = "multi_thread", start_paused = true),
        "`start_paused` needs the flavor \"current_thread\": time that stands still has one thread to wait for",
    );
    let needs = "`worker_threads` needs `flavor = \"multi_thread\"`";
    fault_of_options(quote!(worker_threads = 2), needs);
    fault_of_options(quote!(flavor = "current_thread", worker_threads = 2), needs);
    let both_said = quote!(flavor = "multi_thread", start_paused = false);
    assert_eq!(faults(both_said, &sound()), Vec::<String>::new());
}

#[test]
fn all_faults_are_told_at_once() {
    let told = faults(
        quote!(timeout = "soon", wait = 1),
        &quote!(
            fn it() {}
        ),
    );
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn a_fn_that_cannot_be_a_test_is_refused() {
    fault_of_fn(
        &quote!(
            fn it() {}
        ),
        "expected `async fn`: a test runs in a tokio runtime of its own",
    );
    fault_of_fn(
        &quote!(
            async fn it<T>() {}
        ),
        "a test cannot be generic",
    );
    fault_of_fn(
        &quote!(
            async fn it()
            where
                u8: Copy,
            {
            }
        ),
        "a test cannot be generic",
    );
    fault_of_fn(
        &quote!(
            async extern "C" fn it() {}
        ),
        "a test cannot be `extern`",
    );
    fault_of_fn(
        &quote!(
            async unsafe fn it() {}
        ),
        "a test cannot be `unsafe`",
    );
    let argument = "expected one argument, a `TestContext` or a `&TestContext`, or none";
    fault_of_fn(
        &quote!(
            async fn it(n: u32) {}
        ),
        argument,
    );
    fault_of_fn(
        &quote!(
            async fn it(cx: &mut TestContext) {}
        ),
        argument,
    );
    fault_of_fn(
        &quote!(
            async fn it(cx: TestContext, n: u32) {}
        ),
        argument,
    );
    fault_of_fn(
        &quote!(
            async fn it(self) {}
        ),
        argument,
    );
    fault_of_fn(
        &quote!(
            #[tokio::test]
            async fn it() {}
        ),
        "the fn is a test already: expected this attribute or `#[mainstay::test]`, found both",
    );
    fault_of_fn(
        &quote!(
            #[should_panic]
            async fn it() -> Result<(), Error> {}
        ),
        "a test that should panic returns nothing: an error would be no panic",
    );
}

#[test]
fn what_was_written_stays_beside_its_faults() {
    let item = quote!(
        fn it() {
            helper()
        }
    );
    assert!(text(quote!(), &item).ends_with("fnit(){helper()}"));
    let no_fn = expand(
        quote!(),
        &quote!(
            struct It;
        ),
    );
    assert!(squeezed(&no_fn).ends_with("structIt;"));
}

#[test]
fn a_limit_of_virtual_time_needs_virtual_time() {
    fault_of_options(
        quote!(virtual_timeout = "1h"),
        "`virtual_timeout` needs `start_paused = true`: otherwise time is real, and `timeout` limits it",
    );
}

#[test]
fn a_timeout_is_not_computed() {
    fault_of_options(
        quote!(timeout = 5 * 60),
        "expected a duration such as \"250ms\" or \"1m 30s\", or a number of seconds that is not computed, but not 0",
    );
}

#[test]
fn a_test_that_should_panic_is_run_as_such() {
    let item = quote! {
        #[should_panic(expected = "no")]
        async fn it(cx: TestContext) {}
    };
    assert!(text(quote!(), &item).contains(".should_panic(true),"));
    assert!(!text(quote!(), &sound()).contains("should_panic"));
}

#[test]
fn a_lifetime_is_kept() {
    let item = quote!(
        async fn it<'a>(cx: &'a TestContext) {}
    );
    let written = text(quote!(), &item);
    assert!(
        written.contains("asyncfnit<'a>(cx:&'aTestContext){}"),
        "{written}"
    );
}

/// The places of all identifiers of this name, outermost first.
fn places(tokens: TokenStream, name: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if ident == name => {
                let start = ident.span().start();
                found.push((start.line, start.column));
            }
            TokenTree::Group(group) => found.extend(places(group.stream(), name)),
            _ => {}
        }
    }
    found
}

#[test]
fn what_is_wrong_with_the_return_type_is_said_where_it_stands() {
    let text = "#[doc(hidden)]\nasync fn it(\n    cx: TestContext,\n) -> u32 { 1 }";
    let item: TokenStream = text.parse().expect("it is Rust");
    let written = expand(quote!(), &item);
    assert_eq!(places(written.clone(), "u32"), [(4, 5)]);
    for name in ["run", "it"] {
        let places = places(written.clone(), name);
        assert_eq!(places.last(), Some(&(4, 5)), "{name}: {places:?}");
    }
}

#[test]
fn a_fault_of_an_option_is_said_where_it_stands() {
    let options = "flavor = \"multi_thread\",\n  start_pause = true";
    let options: TokenStream = options.parse().expect("tokens");
    let written = expand(options, &sound());
    let places = places(written, "compile_error");
    assert_eq!(places, [(2, 2)]);
}
