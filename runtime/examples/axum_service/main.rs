//! A web service on axum whose parts are supervised: the server itself, a worker beside it, and the guards that its requests go through.
//!
//! ```text
//! cargo run --example axum_service                    # until Ctrl-C; ADDRESS=127.0.0.1:8080 says where
//! curl -i localhost:8080/cups/7
//! curl -i -X POST localhost:8080/outage               # the warehouse is down: 502s, and then the circuit opens: 503, Retry-After
//! curl -i localhost:8080/health
//! ```
//!
//! ```text
//!  shop
//!  ├─ circuit_breakers, rate_limiters, protections, health_aggregator
//!  └─ children
//!     ├─ restocking     fails now and then, and is restarted
//!     └─ http           the server, restarted if it fails; its connections wait meanwhile
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `main.rs` | the tree, its start and its end |
//! | `routes.rs` | what is answered |
//! | `warehouse.rs` | what is asked for it |

mod routes;
mod warehouse;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mainstay::actors::{HealthAggregator, ProtectionRegistry, RateLimiterRegistry};
use mainstay::prelude::*;
use mainstay::specs::{
    CircuitBreakersSpec, CircuitConfig, HealthAggregatorSpec, ProtectionConfig, ProtectionsSpec,
    RateDemand, RateLimitConfig, RateLimitersSpec,
};
use tokio::net::TcpListener;

use warehouse::Warehouse;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The guards by their names, as a node file would say it.
fn plan() -> Outcome<NamespacePlan> {
    let circuit = CircuitConfig::default().failure_threshold(3);
    let breakers = CircuitBreakersSpec::default().breaker_with("warehouse".parse()?, circuit);
    let limit = RateLimitConfig::token_bucket(20, Duration::from_secs(60));
    let limiters = RateLimitersSpec::default().limiter("api".parse()?, limit);
    let look_up = ProtectionConfig::default()
        .deadline(Duration::from_secs(2))
        .circuit("warehouse".parse()?)
        .rate_limit(RateDemand::new("api".parse()?));
    let protections = ProtectionsSpec::default().operation("look_up".parse()?, look_up);
    Ok(NamespacePlan::new()
        .service(CircuitBreakerRegistry::child(breakers))
        .service(RateLimiterRegistry::child(limiters))
        .service(ProtectionRegistry::child(protections))
        .service(HealthAggregator::child(HealthAggregatorSpec::default())))
}

/// Serves until it is told to stop, and lets requests finish then.
async fn serve(
    listener: io::Result<std::net::TcpListener>,
    warehouse: Arc<Warehouse>,
    stop: StopToken,
) -> io::Result<()> {
    let routes =
        routes::here(warehouse).ok_or_else(|| io::Error::other("there is no shop here"))?;
    let server = axum::serve(
        TcpListener::from_std(listener?)?,
        routes.into_make_service_with_connect_info::<SocketAddr>(),
    );
    let stopped = async move { stop.stopped().await };
    server.with_graceful_shutdown(stopped).await
}

/// Ctrl-C, or SIGTERM, by which containers and service managers stop what they run. From when it is called, not only from when it is awaited.
#[cfg(unix)]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(windows)]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move { drop(interrupt.recv().await) })
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let told_to_stop = told_to_stop()?;
    // Bound once, for all servers that come after each other: what connects between two of them is served by the second.
    let address = std::env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let listener = std::net::TcpListener::bind(&address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;

    let warehouse = Arc::new(Warehouse::default());
    let restocked = Arc::clone(&warehouse);
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    let restocking = Child::task("restocking", move |_| {
        warehouse::restock(Arc::clone(&restocked))
    });
    // A closure that kept a handle of the namespace would keep the namespace up: the server looks for it itself.
    let http = Child::task("http", move |stop| {
        serve(listener.try_clone(), Arc::clone(&warehouse), stop)
    });
    let plan = plan()?.child(restocking.backoff(backoff)).child(http);
    let runtime = Runtime::new();
    let shop = runtime.start_namespace("shop".parse()?, plan).await?;
    println!("listening on http://{address}");
    println!("{}", shop.tree().ok_or("it has just started")?);

    told_to_stop.await;
    let report = runtime.stop(Duration::from_secs(10)).await;
    println!("stopped, {} killed", report.killed.len());
    Ok(())
}
