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
//!     └─ http           the server, restarted at its address if it fails
//! ```

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use mainstay::actors::health::HealthEndpoint;
use mainstay::actors::limiter::RateKey;
use mainstay::actors::protection::ProtectionError;
use mainstay::actors::{HealthAggregator, Protection, ProtectionRegistry, RateLimiterRegistry};
use mainstay::prelude::*;
use mainstay::specs::{
    CircuitBreakersSpec, CircuitConfig, HealthAggregatorSpec, ProtectionConfig, ProtectionsSpec,
    RateDemand, RateLimitConfig, RateLimitersSpec,
};
use tokio::net::TcpListener;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What requests share.
#[derive(Clone)]
struct Shop {
    namespace: Namespace,
    look_up: Protection,
    warehouse: Arc<Warehouse>,
}

/// Something far away that can be down.
#[derive(Default)]
struct Warehouse {
    down: AtomicBool,
    restocked: AtomicU64,
}

#[derive(Debug, thiserror::Error)]
#[error("the warehouse does not answer")]
struct Unreachable;

impl Warehouse {
    async fn cups(&self, size: u32) -> Result<u32, Unreachable> {
        match self.down.load(Ordering::Relaxed) {
            true => Err(Unreachable),
            false => Ok(size * 12),
        }
    }
}

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

fn routes(shop: Shop) -> Router {
    Router::new()
        .route("/cups/{size}", get(cups))
        .route("/outage", post(outage))
        .route("/health", get(health))
        .with_state(shop)
}

/// Through all the guards; who is refused is told by which, and when to come back.
async fn cups(State(shop): State<Shop>, Path(size): Path<u32>) -> Response {
    let caller = RateKey::user("everybody");
    let asked = shop
        .look_up
        .key(caller)
        .run(|| shop.warehouse.cups(size))
        .await;
    match asked {
        Ok(cups) => Json(cups).into_response(),
        Err(refused) => refusal(&refused),
    }
}

fn refusal(error: &ProtectionError<Unreachable>) -> Response {
    let status = match error {
        ProtectionError::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        ProtectionError::Failed(_) => StatusCode::BAD_GATEWAY,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = (status, format!("{error}\n")).into_response();
    if let Some(wait) = error.retry_after() {
        // Rounded up: who comes back a moment too early has come in vain.
        let seconds = wait.as_millis().div_ceil(1000) as u64;
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// For you to see what happens.
async fn outage(State(shop): State<Shop>) -> String {
    let was_down = shop.warehouse.down.fetch_xor(true, Ordering::Relaxed);
    format!(
        "the warehouse is {}\n",
        if was_down { "back" } else { "down" }
    )
}

async fn health(State(shop): State<Shop>) -> Json<serde_json::Value> {
    Json(HealthEndpoint::health_check_json(&shop.namespace).await)
}

/// Serves until it is told to stop, and lets requests finish then.
async fn serve(listener: TcpListener, shop: Shop, stop: StopToken) -> std::io::Result<()> {
    let stopped = async move { stop.stopped().await };
    let server = axum::serve(listener, routes(shop)).with_graceful_shutdown(stopped);
    server.await
}

/// Brings cups, and fails at every third time.
async fn restock(warehouse: Arc<Warehouse>) -> Result<(), Unreachable> {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if warehouse.restocked.fetch_add(1, Ordering::Relaxed) % 3 == 2 {
            return Err(Unreachable);
        }
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let asked = std::env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let asked: SocketAddr = asked.parse()?;
    let runtime = Runtime::new();
    let namespace = runtime.start_namespace("shop".parse()?, plan()?).await?;
    let warehouse = Arc::new(Warehouse::default());
    let shop = Shop {
        look_up: ProtectionRegistry::of(&namespace)
            .protection("look_up")
            .ok_or("it is in the plan")?,
        namespace: namespace.clone(),
        warehouse: Arc::clone(&warehouse),
    };

    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    let restocking = Child::task("restocking", move |_| restock(Arc::clone(&warehouse)));
    namespace.start_child(restocking.backoff(backoff)).await?;

    // The address is bound before the start is over, and bound again by each successor: a port of 0 stays the one that it was.
    let first = TcpListener::bind(asked).await?;
    let address = first.local_addr()?;
    let first = Arc::new(std::sync::Mutex::new(Some(first)));
    let http = Child::task("http", move |stop| {
        let (shop, first) = (shop.clone(), Arc::clone(&first));
        async move {
            let kept = first
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .take();
            let listener = match kept {
                Some(listener) => listener,
                None => TcpListener::bind(address).await?,
            };
            serve(listener, shop, stop).await
        }
    });
    namespace.start_child(http.name("http".parse()?)).await?;
    println!("listening on http://{address}");
    println!("{}", namespace.tree().ok_or("it has just started")?);

    tokio::signal::ctrl_c().await?;
    drop(namespace);
    let report = runtime.stop(Duration::from_secs(10)).await;
    println!("stopped, {} killed", report.killed.len());
    Ok(())
}
