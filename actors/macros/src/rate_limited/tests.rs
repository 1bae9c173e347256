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
        refused(quote!(limit = "api")),
        "unknown option `limit`, expected `limiter`, `key`, `cost`, `on_limited`, `error`, `on_missing` or `crate`"
    );
    assert_eq!(refused(quote!(cost = 1, cost = 2)), "`cost` is given twice");
    for on_missing in [quote!(create), quote!(ignore)] {
        assert_eq!(
            refused(quote!(on_missing = #on_missing)),
            "expected `error`, `allow` or `create(config)`"
        );
    }
    for on_limited in [quote!(block), quote!(fallback)] {
        assert_eq!(
            refused(quote!(on_limited = #on_limited)),
            "expected `error`, `wait`, `wait(limit)` or `fallback(closure)`"
        );
    }
    for name in ["", "a/b", " a", "a\n"] {
        assert_eq!(
            refused(quote!(limiter = #name)),
            "expected the name of a limiter: 1 to 128 bytes, without `/`, control characters, and white space at its ends"
        );
    }
}

#[test]
fn a_strategy_takes_what_it_is_about() {
    let function = quote!(
        fn get() -> Result<(), Error> {}
    );
    for (key, expected) in [
        (quote!(Global()), "expected `Global`, without brackets"),
        (quote!(Ip()), "expected `Ip(address)`"),
        (quote!(User(a, b)), "expected `User(name)`"),
        (quote!(ApiKey()), "expected `ApiKey(key)`"),
        (
            quote!(Custom(a)),
            "expected `Custom(\"what it is\", value)`",
        ),
    ] {
        assert_eq!(
            fault(quote!(limiter = "api", key = #key), &function),
            expected
        );
    }
}

#[test]
fn limiter_and_key_have_to_be_given() {
    let function = quote!(
        fn get() -> Result<(), Error> {}
    );
    assert_eq!(
        fault(quote!(), &function),
        "expected `limiter = \"…\"`, or an expression that gives the limiter, such as `limiter = self.limiter`"
    );
    let told = fault(quote!(limiter = "api"), &function);
    assert!(
        told.starts_with("expected `key = …`: `Ip(address)`, "),
        "{told}"
    );
    assert!(
        told.ends_with("or `Global` if all calls are counted together"),
        "{told}"
    );
    assert_eq!(
        fault(quote!(limiter = self.limiter, key = Global), &function),
        "the limiter is found by way of `self`, which this function does not have"
    );
    assert_eq!(
        fault(quote!(limiter = "api", key = User(&self.user)), &function),
        "the key is made of `self`, which this function does not have"
    );
}

#[test]
fn what_cannot_be_limited_is_refused() {
    let refused = |function| fault(quote!(limiter = "api", key = Global), &function);
    for function in told::without_result() {
        assert_eq!(refused(function.clone()), told::RESULT, "{function}");
    }
    assert_eq!(
        refused(quote!(
            const fn get() -> Result<u8, Error> {}
        )),
        "a const fn cannot be limited: it may run where there is no time"
    );
    assert_eq!(
        refused(quote!(
            struct Client;
        )),
        "expected a function with a body, or an impl block"
    );
}

#[test]
fn results_by_any_name_are_taken() {
    for output in told::results() {
        let function = quote!(fn get<'a>() -> #output { todo() });
        let text = text(quote!(limiter = "api", key = Global), &function);
        assert!(text.contains(r#"(&(::mainstay::actors::limiter::limit::Named("api")),"#));
    }
}

#[test]
fn only_what_gives_a_future_can_wait() {
    let sync = quote!(
        fn get() -> Result<u8, Error> {}
    );
    let refused = |what: TokenStream| {
        fault(
            quote!(limiter = "api", key = Global, on_limited = #what),
            &sync,
        )
    };
    let wait = "`wait` is for functions that are `async`, or that give a future";
    assert_eq!(refused(quote!(wait)), wait);
    assert_eq!(refused(quote!(wait(limit))), wait);
    for made in [quote!(async other), quote!(async |_| Ok(1))] {
        assert_eq!(
            refused(quote!(fallback(#made))),
            "an async fallback is for functions that are `async`, or that give a future"
        );
    }
}

#[test]
fn a_key_is_made_by_its_strategy() {
    let function = quote!(
        async fn get() -> Result<u8, Error> {}
    );
    let with = |key: TokenStream| text(quote!(limiter = "api", key = #key, cost = 3), &function);
    for (key, made) in [
        (quote!(Global), "limit::global()"),
        (quote!(Ip(peer)), "limit::ip(&(peer))"),
        (quote!(User(&user)), "limit::user(&(&user))"),
        (quote!(ApiKey(key)), "limit::api_key(&(key))"),
        (
            quote!(Custom("tenant", id)),
            r#"limit::custom("tenant",&(id))"#,
        ),
        (
            quote!(self::User(user)),
            "limit::given(&(self::User(user)))",
        ),
        (quote!(key), "limit::given(&(key))"),
    ] {
        let text = with(key);
        let asked = format!(
            "begin(&(::mainstay::actors::limiter::limit::Named(\"api\")),||::mainstay::actors::limiter::limit::Absent::Error,::mainstay::actors::limiter::{made},3)"
        );
        assert!(text.contains(&asked), "{text}");
    }
}

#[test]
fn in_a_block_all_public_functions_are_limited_but_those_that_say_otherwise() {
    let block = quote!(
        impl Client {
            pub async fn get(&self) -> Result<u8, Error> {}
            pub(crate) fn set(&self) -> Result<u8, Error> {}
            fn private(&self) -> u8 {}
            #[rate_limited(limiter = "other", cost = 7, on_missing = allow)]
            fn taken_in(&self) -> Result<u8, Error> {}
            #[unlimited]
            pub fn new() -> Self {}
        }
    );
    let text = text(
        quote!(limiter = self.limiter, key = Global, crate = "my::mainstay"),
        &block,
    );
    assert_eq!(text.matches("limit::begin(&(self.limiter)").count(), 1);
    assert_eq!(text.matches("limit::admit(&(self.limiter)").count(), 1);
    assert_eq!(
        text.matches("my::mainstay::actors::limiter::limit::global(),1)")
            .count(),
        2
    );
    assert_eq!(text.matches(r#"Named("other")"#).count(), 1);
    assert_eq!(text.matches("Absent::Allow").count(), 1);
    assert_eq!(text.matches("limit::global(),7)").count(), 1);
    assert!(!text.contains("#["));
}

#[test]
fn a_public_function_that_cannot_be_limited_is_never_left_out_in_silence() {
    let block = quote!(
        impl Client {
            pub fn new() -> Result<Self, Error> {}
            pub fn len(&self) -> usize {}
            #[rate_limited]
            fn kept(&self) {}
            #[rate_limited]
            #[unlimited]
            fn both(&self) {}
            #[unlimited = 1]
            fn odd(&self) {}
        }
    );
    assert_eq!(
        faults(quote!(limiter = self.limiter, key = Global), &block),
        [
            "the limiter is found by way of `self`, which this function does not have; `#[unlimited]` leaves a method as it is",
            "expected a function that returns a `Result`, as a call that is refused has to come to an error; `#[unlimited]` leaves a method as it is",
            "expected a function that returns a `Result`, as a call that is refused has to come to an error",
            "a method is `#[rate_limited]` or `#[unlimited]`, and not both",
            "expected `#[unlimited]`",
        ]
    );
    // What is only for this macro is not left behind, to be told as one more error.
    let expanded = expand(quote!(limiter = self.limiter, key = Global), &block).to_string();
    assert!(!expanded.contains("# ["), "{expanded}");
}

#[test]
fn a_breaker_is_let_go_first_wherever_it_is_found() {
    let options = || {
        quote!(
            limiter = self.limiter,
            key = User(&self.user),
            cost = 2,
            on_limited = fallback(async Self::later),
            error = wrong,
            on_missing = create(config()),
            crate = "my::mainstay"
        )
    };
    let same = text(
        options(),
        &quote!(
            #[mainstay::protected(breaker = "db")]
            async fn get(&self) -> Result<u8, Error> {}
        ),
    );
    let later: String = options().to_string().split_whitespace().collect();
    let attribute = format!("#[my::mainstay::rate_limited({later})]");
    let protected = "#[mainstay::protected(breaker=\"db\")]";
    let rest = "asyncfnget(&self)->Result<u8,Error>{}";
    assert_eq!(same, format!("{protected}{attribute}{rest}"));
    let block = quote!(
        #[mainstay::protected(breaker = "db")]
        impl Client {
            async fn get(&self) -> Result<u8, Error> {}
        }
    );
    let text_of_block = text(options(), &block);
    assert_eq!(
        text_of_block,
        format!("{protected}{attribute}implClient{{{rest}}}")
    );
    // The options of the block go with a method.
    let block = quote!(
        impl Client {
            #[mainstay::protected(breaker = "db")]
            #[rate_limited(cost = 2, on_limited = wait(limit))]
            pub async fn get(&self) -> Result<u8, Error> {}
        }
    );
    let text_of_method = text(quote!(limiter = "api", key = Global), &block);
    let attribute =
        "#[::mainstay::rate_limited(limiter=\"api\",key=Global,cost=2,on_limited=wait(limit))]";
    assert_eq!(
        text_of_method,
        format!("implClient{{{protected}{attribute}pub{rest}}}")
    );
}

#[test]
fn what_gives_a_future_asks_in_it_and_what_does_not_asks_at_once() {
    let options = || quote!(limiter = "api", key = key);
    let begins = "let__begun=::mainstay::actors::limiter::limit::begin(";
    let asks = "let__asked=::mainstay::actors::limiter::limit::ask(__begun).await;";
    for function in [
        quote!(
            async fn get(key: &str) -> Result<u8, Error> {}
        ),
        quote!(
            fn get(key: &str) -> impl Future<Output = Result<u8, Error>> {}
        ),
    ] {
        let text = text(options(), &function);
        assert!(text.contains(begins) && text.contains(asks), "{text}");
    }
    let now = quote!(
        fn get(key: &str) -> Result<u8, Error> {}
    );
    let text = text(options(), &now);
    assert!(text.contains("let__asked=::mainstay::actors::limiter::limit::admit("));
    assert!(!text.contains(".await"), "{text}");
}

#[test]
fn a_wait_holds_nothing_of_what_the_limiter_and_the_key_were_found_by() {
    let function = quote!(
        async fn get(key: &str) -> Result<u8, Error> {}
    );
    let text = text(
        quote!(limiter = "api", key = key, on_limited = wait(limit())),
        &function,
    );
    assert!(
        text.contains("let__turn=::mainstay::actors::limiter::limit::turn("),
        "{text}"
    );
    assert!(
        text.contains("limit::wait(__turn,::core::option::Option::Some(limit())).await;"),
        "{text}"
    );
}
