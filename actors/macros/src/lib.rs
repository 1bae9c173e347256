//! The attribute macros of Mainstay.
//!
//! Nobody depends on this crate: `mainstay` re-exports what is here, and what the macros write names `mainstay`.
//!
//! | macro | feature of `mainstay` | does |
//! |---|---|---|
//! | [`macro@instrumented`] | | records how long a function takes, how often it is called and how it ends |
//! | [`macro@test`] | `test-util` | gives a test a namespace of its own |

mod instrumented;
mod test;

use proc_macro::TokenStream;

/// Makes an `async fn` a test with a namespace of its own.
///
/// The fn takes a `TestContext`, by value or by reference, or nothing; it returns nothing, or a `Result<(), E>` whose error can
/// be shown with `Debug`. It runs in a tokio runtime of its own; when it has ended, in whatever way, what it has started is
/// stopped, and the test fails if something is left. See `mainstay::testkit`.
///
/// ```text
/// #[mainstay::test(start_paused = true, timeout = "5s")]
/// async fn a_worker_that_is_killed_comes_back(cx: TestContext) -> Result<(), Box<dyn Error>> {
///     cx.start_supervised(worker().name(ServiceName::new("worker")?)).await?;
///     let (old, new) = cx.simulate_crash("worker").await?;
///     assert_ne!(old, new);
///     Ok(())
/// }
/// ```
///
/// | option | value | default |
/// |---|---|---|
/// | `flavor` | `"current_thread"` or `"multi_thread"` | `"current_thread"` |
/// | `worker_threads` | how many threads, of the multi-thread flavour only | as tokio has it |
/// | `start_paused` | `true`: the clock of tokio stands still, and jumps when all wait; not with threads | `false` |
/// | `services` | which services the namespace has, such as `[telemetry, config_server]`; `[]` for none | `[config_server]` |
/// | `timeout` | how long the test may take by the clock on the wall, such as `"1m 30s"`, or in seconds | `"60s"` |
/// | `virtual_timeout` | the same by a clock that stands still | none |
/// | `seed` | what decides everything that is left to chance | any, printed if the test fails |
/// | `detect_leaks` | `false`: what is left is not looked for | `true` |
/// | `log` | what is kept of the log, such as `"debug"` or `"mainstay=trace"` | `"info"` |
/// | `environment` | `false`: environment variables do not go before what is set here | `true` |
/// | `crate` | where `mainstay` is found, such as `"my_crate::mainstay"` | `"::mainstay"` |
///
/// All other attributes of the fn are kept: `#[ignore]`, conditions, lints, documentation; and `#[should_panic]`, with which the test
/// has to panic itself: what else is wrong, such as something that is left, fails it.
///
/// # Errors
///
/// An option that is unknown, given twice, of the wrong type or excluded by another, and a fn that cannot be a test, are errors
/// of compilation at the place they are written, which say what was expected.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    test::expand(options.into(), &item.into()).into()
}

/// Records how long a function takes, how often it is called and how its calls end, in the metrics store of the namespace it runs in.
///
/// For functions and methods of any signature: `async` or not, or returning `impl Future` or a boxed future; with generics,
/// lifetimes, `self`. Arguments, the returned value and panics are what they would be without it. On an impl block it is for all
/// its methods but those that are marked `#[instrumented(skip)]` or are `const`.
///
/// ```text
/// #[mainstay::instrumented(name = "shop.cart")]
/// impl Cart {
///     pub async fn add(&self, item: Item) -> Result<(), Full> { … }     // shop.cart.add
///
///     #[instrumented(skip)]
///     pub fn len(&self) -> usize { … }
/// }
/// ```
///
/// | series | kind | records |
/// |---|---|---|
/// | `<service>.<function>`, tagged `status` | histogram, ns | every call: `latency` |
/// | `<service>.calls`, tagged `status` | counter | calls of the service: `throughput` |
/// | `<service>.errors`, tagged `kind` | counter | those that failed: `errors` |
///
/// A call within another one of the same service, in the same task, has a latency of its own and is not counted for the service
/// once more, so that a service's totals are what was asked of it from outside.
///
/// What a call comes to: `success` or `error` by the returned value if that is a `Result`, with `timeout` for an error that is
/// tokio's `Elapsed` or a `CallError::Timeout`; any other value is a success, also a `None`; `panic`; and `cancelled` if a future
/// is dropped between its first poll and its end. Time runs from the first poll.
///
/// Where nothing is to be recorded to, outside of processes or in a namespace without a metrics store, a call is as it would be
/// without this, but for a look. What a call is recorded with is resolved once for each store, not for each call.
///
/// | option | value | default |
/// |---|---|---|
/// | `name` | on a function its whole name, such as `"shop.cart.add"`; on an impl block that of the service | the service is `foundation.` and the name of the type in snake case, or for functions of the module |
/// | `metrics` | which of `metrics(latency, throughput, errors)` | all |
/// | `err` | what is given the returned value by reference and says whether it is an error, or which `Outcome` it is | as above |
/// | `store` | a `MetricsStore`, or an `Option` of one, such as `self.metrics` | that of the current process's namespace |
/// | `crate` | where `mainstay` is found, such as `"my_crate::mainstay"` | `"::mainstay"` |
///
/// # Errors
///
/// An option that is unknown, given twice or of the wrong form, a `const fn`, and what is neither a function with a body nor an
/// impl block are errors of compilation.
#[proc_macro_attribute]
pub fn instrumented(options: TokenStream, item: TokenStream) -> TokenStream {
    instrumented::expand(options.into(), &item.into()).into()
}
