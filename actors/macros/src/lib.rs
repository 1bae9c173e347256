//! The attribute macros of Mainstay.
//!
//! Nobody depends on this crate: `mainstay` re-exports what is here, and what the macros write names `mainstay`.
//!
//! | macro | feature of `mainstay` | does |
//! |---|---|---|
//! | [`macro@instrumented`] | | records how long a function takes, how often it is called and how it ends |
//! | [`macro@protect`] | | leads a function through all the guards of an operation |
//! | [`macro@protected`] | | puts a function behind a circuit breaker |
//! | [`macro@rate_limited`] | | lets so many calls of a function through in each window of time, for each key |
//! | [`macro@test`] | `test-util` | gives a test a namespace of its own |

mod instrumented;
mod key;
mod methods;
mod option;
mod protect;
mod protected;
mod rate_limited;
mod shape;
mod test;
#[cfg(test)]
mod told;

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

/// Puts a function behind a circuit breaker: a call that the breaker refuses is not made, and what the others come to is counted.
///
/// For functions and methods that return a `Result`: `async` or not, or returning `impl Future` or a boxed future; with generics,
/// lifetimes, `self`; also in traits and their impls. On an impl block it is for all its public functions, which are those that are
/// not private, and all of an impl of a trait; `#[unprotected]` leaves one out, and `#[protected(…)]` on one gives it options of its own, or
/// takes a private one in.
///
/// ```text
/// #[mainstay::protected(breaker = self.breaker)]
/// impl Client {
///     pub async fn fetch(&self, page: &str) -> Result<Page, FetchError> { … }
///
///     #[protected(fallback = |_| Ok(self.cache.price(item)))]
///     pub fn price(&self, item: Item) -> Result<Price, FetchError> { … }
///
///     #[unprotected]
///     pub fn breaker(&self) -> &CircuitBreaker { &self.breaker }
/// }
/// ```
///
/// | what becomes of a call | what the function gives |
/// |---|---|
/// | it returns `Ok`, or an error of its own | that: the first is a success for the breaker, the other a failure |
/// | the breaker refuses it | what the option `fallback` gives; without one an error, of `Unanswered::Open` |
/// | it is `async` or gives a future, and takes longer than `call_timeout` | an error, of `Unanswered::Timeout`; its future was dropped |
/// | there is no breaker of the name | as the option `on_missing` says; else an error, of `Unanswered::Missing` or `NoNamespace` |
/// | the breaker cannot be made | an error, of `Unanswered::Register` |
/// | it panics | the panic goes on, and is a failure |
/// | its future is dropped | it was cancelled, which tells the breaker nothing |
///
/// The error type of the function is to be `From<mainstay::actors::breaker::Unanswered>`: with thiserror a variant
/// `Unanswered(#[from] Unanswered)`. `CircuitError<E>` is, and so is whatever takes any error, such as `Box<dyn Error + Send + Sync>`. For any
/// other there is the option `error`. An error that is a `CircuitError` or an `Unanswered` itself counts as what it says: what an inner
/// breaker has refused is no failure for an outer one.
///
/// The fallback stands in for a call that was not made, and only where the breaker refuses it: that a breaker is missing is never
/// passed over in silence. Nothing of the function was run then, so that a closure may use, and give away, all arguments.
///
/// An `async fn`, and one that gives a future, asks the breaker when it is first polled, and all of its body is run after that. So the
/// future holds the arguments, which is more than the body of an `impl Future + Send + 'static` may hold of them by itself: if it is too
/// much, the compiler says so.
///
/// | option | value | default |
/// |---|---|---|
/// | `breaker` | `"db"`: the breaker of that name in the namespace of the current process; or an expression that gives a `CircuitBreaker`, such as `self.breaker`, a `Result` of one, as `self.shards.breaker(key)` of `KeyedBreakers`, or a `ServiceName` | none: it has to be given |
/// | `fallback` | a closure or path that is given the `Refusal` and gives the function's `Result`; with `async` before it, a future of that | an error |
/// | `error` | a closure or path that is given the `Unanswered` and gives the function's error | `From::from` |
/// | `classify` | a closure or path that is given the returned `Result` by reference and says which `Outcome` it is | `Err` is a failure |
/// | `on_missing` | `error`; `allow`: without a breaker; `create`: makes it by the default of the namespace; `create(config)` | `error` |
/// | `crate` | where `mainstay` is found, such as `"my_crate::mainstay"` | `"::mainstay"` |
///
/// A breaker that is given by name is looked for at each call, which takes a lock for the time of one lookup; where calls are many,
/// keep the handle and give `breaker = self.breaker`.
///
/// # Errors
///
/// An option that is unknown, given twice or of the wrong form, no `breaker`, a name that cannot be one, and a function that does not
/// return a `Result`, is a `const fn`, or has no `self` where the breaker is found by way of it, are errors of compilation. So is such a function
/// among the public ones of an impl block: it is to be marked `#[unprotected]`, and never left out in silence.
#[proc_macro_attribute]
pub fn protected(options: TokenStream, item: TokenStream) -> TokenStream {
    protected::expand(options.into(), &item.into()).into()
}

/// Lets so many calls of a function through in each window of time, for each key; what comes too soon is refused, or waits.
///
/// For functions and methods that return a `Result`: `async` or not, or returning `impl Future` or a boxed future; with generics,
/// lifetimes, `self`; also in traits and their impls. On an impl block it is for all its public functions, which are those that are
/// not private, and all of an impl of a trait; `#[unlimited]` leaves one out, and `#[rate_limited(…)]` on one gives it options of its own,
/// or takes a private one in.
///
/// ```text
/// #[mainstay::rate_limited(limiter = self.limiter, key = User(user))]
/// impl Search {
///     pub async fn find(&self, user: &str, text: &str) -> Result<Vec<Page>, SearchError> { … }
///
///     #[rate_limited(cost = 10, on_limited = wait(Duration::from_secs(5)))]
///     pub async fn export(&self, user: &str) -> Result<Archive, SearchError> { … }
///
///     #[unlimited]
///     pub fn limiter(&self) -> &Limiter { &self.limiter }
/// }
/// ```
///
/// | what becomes of a call | what the function gives |
/// |---|---|
/// | the limiter lets it through | what it returns itself |
/// | the limiter refuses it | as the option `on_limited` says; else an error, of `RateLimitError::Exceeded`, which says when to come back |
/// | it has no key, and the limiter lets nobody through without one | the same, of `RateLimitError::MissingKey` |
/// | it costs more than can ever be had, or there is no room for its key | the same, of `RateLimitError::TooCostly` or `Full` |
/// | it would wait for longer than it may, or too many wait | the error `RateLimitError::TooLate` or `QueueFull`, at once |
/// | there is no limiter of the name | as the option `on_missing` says; else an error, of `RateLimitError::Missing` or `NoNamespace` |
/// | the limiter cannot be made | an error, of `RateLimitError::Register` |
/// | its future is dropped while it waits | its place in the queue is lost, and nothing was taken |
/// | its future is dropped, it fails or it panics after it was let through | what was taken stays taken |
///
/// The error type of the function is to be `From<mainstay::actors::limiter::RateLimitError>`: with thiserror a variant
/// `Limited(#[from] RateLimitError)`. `RateLimitedError<E>` is, and so is whatever takes any error, such as
/// `Box<dyn Error + Send + Sync>`. For any other there is the option `error`.
///
/// An `async fn`, and one that gives a future, asks the limiter when it is first polled, and all of its body is run after that. Functions
/// that have the same limiter share what it lets through: give each a limiter of its own where they are not to.
///
/// | option | value | default |
/// |---|---|---|
/// | `limiter` | `"api"`: the limiter of that name in the namespace of the current process; or an expression that gives an `AnyLimiter`, a `Limiter` or one of its kinds, or a `RedisLimiter`, such as `self.limiter`, a `Result` of one, as `RateLimiterRegistry::register` gives it, or a `ServiceName` | none: it has to be given |
/// | `key` | whose calls are counted together, see below | none: it has to be given |
/// | `cost` | an expression that gives a `u32`; what costs nothing is let through | 1 |
/// | `on_limited` | `error`; `wait(limit)`: waits in turn, no longer than this `Duration`; `wait`: for as long as it takes; `fallback(closure or path)`: is given the `RateLimitError` and gives the function's `Result`; with `async` before it, a future of that | `error` |
/// | `error` | a closure or path that is given the `RateLimitError` and gives the function's error | `From::from` |
/// | `on_missing` | `error`; `allow`: without a limit; `create(config)` | `error` |
/// | `crate` | where `mainstay` is found, such as `"my_crate::mainstay"` | `"::mainstay"` |
///
/// | `key` | takes | counts together |
/// |---|---|---|
/// | `Ip(address)` | `IpAddr`, `Ipv4Addr`, `Ipv6Addr`, `SocketAddr` | calls of one client; of IPv6 of one network of 64 bits |
/// | `User(name)` | `str`, `String` and other texts | calls of one user |
/// | `ApiKey(key)` | `str`, `String` and other texts | calls with one API key |
/// | `Custom("what it is", value)` | texts and bytes | calls of one value of something else |
/// | `Global` | | all calls |
/// | any other expression | `RateKey`, `str`, `String`, `u64`, `IpAddr` | calls of one key |
///
/// All but `Global` also take references and an `Option`: `None` is a call without a key, of which the configuration of the limiter says
/// what becomes of it. `Ip(…)` and the others are words of this option and hide functions of the same name; those are called by a path,
/// as `self::User(…)`. Cost and key are evaluated before the body, and may borrow arguments that the body gives away.
///
/// The counts of the limiter may be in this process or in a server, as its configuration says. A function that is neither `async` nor
/// gives a future has nothing in which a server could be asked: with such a limiter it comes to an error, of `RateLimitError::Elsewhere`,
/// and never to its fallback.
///
/// A limiter that is given by name is looked for at each call, which takes a lock for the time of one lookup; where calls are many,
/// keep the handle and give `limiter = self.limiter`.
///
/// # With others
///
/// With [`macro@protected`], in whatever order they are written, the limiter is asked first: what it refuses is not told to the breaker,
/// and takes none of its permits. [`macro@instrumented`] records refusals as errors where it is written below this, and only calls that
/// were let through where it is written above.
///
/// # Errors
///
/// An option that is unknown, given twice or of the wrong form, no `limiter` or `key`, a name that cannot be one, `wait` where nothing can be
/// awaited, and a function that does not return a `Result`, is a `const fn`, or has no `self` where the limiter or the key is found by way of
/// it, are errors of compilation. So is such a function among the public ones of an impl block: it is to be marked `#[unlimited]`, and never
/// left out in silence.
#[proc_macro_attribute]
pub fn rate_limited(options: TokenStream, item: TokenStream) -> TokenStream {
    rate_limited::expand(options.into(), &item.into()).into()
}

/// Leads each call of a function through all the guards of a protected operation: deadline, circuit breaker, memory manager, rate limiter.
///
/// For functions and methods that return a `Result` and are `async`, or return `impl Future` or a boxed future. On an impl block it is for
/// all its public functions, which are those that are not private, and all of an impl of a trait; `#[unprotected]` leaves one out, and
/// `#[protect(…)]` on one gives it options of its own, or takes a private one in.
///
/// ```text
/// #[mainstay::protect(operation = "orders", key = User(customer))]
/// pub async fn find(customer: &str, number: u64) -> Result<Order, OrderError> { … }
/// ```
///
/// | what becomes of a call | what the function gives |
/// |---|---|
/// | the guards let it through, and it is done in time | what it returns itself; `Err` is a failure to the breaker |
/// | a guard refuses it, or it is not done in time | an error, of `ProtectionError`, which says which guard and when to come back |
///
/// The body is run only when all guards have let the call through, in the task of the caller, and dropped at the deadline. What was taken
/// for a call that is refused further on, or given up, goes back.
///
/// | option | value | default |
/// |---|---|---|
/// | `operation` | `"orders"`: the operation of that name in the namespace of the current process; or an expression that gives a `Protection`, such as `self.orders`, or a `ServiceName` | none: it has to be given |
/// | `key` | whose call it is, as of [`macro@rate_limited`] | none |
/// | `cost` | an expression that gives a `u32`: what the call costs at the rate limiter | what the configuration says |
/// | `error` | a closure or path that is given the `ProtectionError` and gives the function's error | `From::from` |
/// | `crate` | where `mainstay` is found, such as `"my_crate::mainstay"` | `"::mainstay"` |
///
/// An operation whose configuration names a pool is given its connection by `Protection::call`: a function has nowhere to put one, and is
/// refused.
///
/// # Errors
///
/// An option that is unknown, given twice or of the wrong form, no `operation`, a name that cannot be one, and a function that does not
/// return a `Result`, gives no future, or has no `self` where the operation or the key is found by way of it, are errors of compilation. So
/// is such a function among the public ones of an impl block: it is to be marked `#[unprotected]`, and never left out in silence.
#[proc_macro_attribute]
pub fn protect(options: TokenStream, item: TokenStream) -> TokenStream {
    protect::expand(options.into(), &item.into()).into()
}
