//! The attribute macros of Mainstay.
//!
//! Nobody depends on this crate: `mainstay` re-exports what is here, and what the macros write names `mainstay`.
//!
//! | macro | feature of `mainstay` | does |
//! |---|---|---|
//! | [`macro@test`] | `test-util` | gives a test a namespace of its own |

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
/// | `services` | which services the namespace has, such as `[config_server]`; `[]` for none | all there are |
/// | `timeout` | how long the test may take, such as `"1m 30s"`, or in seconds | `"60s"` |
/// | `detect_leaks` | `false`: what is left is not looked for | `true` |
/// | `log` | what is kept of the log, such as `"debug"` or `"mainstay=trace"` | `"info"` |
/// | `crate` | where `mainstay` is found, such as `"my_crate::mainstay"` | `"::mainstay"` |
///
/// All other attributes of the fn are kept: `#[should_panic]`, `#[ignore]`, conditions, lints, documentation.
///
/// # Errors
///
/// An option that is unknown, given twice, of the wrong type or excluded by another, and a fn that cannot be a test, are errors
/// of compilation at the place they are written, which say what was expected.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    test::expand(options.into(), &item.into()).into()
}
