//! A dependency that fails, and a circuit breaker before it: it opens, refuses, tries again, and closes.
//!
//! ```text
//! cargo run --example circuit_breaker
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainstay::actors::breaker::CircuitEvents;
use mainstay::prelude::*;
use mainstay::specs::{CircuitBreakersSpec, CircuitConfig, HalfOpen};

/// Something that can be down.
#[derive(Clone, Default)]
struct Database {
    down: Arc<AtomicBool>,
}

impl Database {
    async fn query(&self) -> Result<u32, &'static str> {
        if self.down.load(Ordering::Relaxed) {
            return Err("no connection");
        }
        Ok(42)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Opens on the third failure within a minute; closes when two calls in a row have succeeded.
    let config = CircuitConfig::default()
        .failure_threshold(3)
        .reset_timeout(Duration::from_millis(200))
        .half_open(HalfOpen::new(2, 2));
    let spec = CircuitBreakersSpec::default().breaker_with("db".parse()?, config);
    let plan = NamespacePlan::new().service(CircuitBreakerRegistry::child(spec));
    let runtime = Runtime::new();
    let app = runtime.start_namespace("app".parse()?, plan).await?;

    let breakers = CircuitBreakerRegistry::of(&app);
    let breaker = breakers.circuit("db").ok_or("the spec names it")?;
    let mut events = breakers.subscribe();

    let database = Database::default();
    call(&breaker, &database).await;

    database.down.store(true, Ordering::Relaxed);
    for _ in 0..4 {
        call(&breaker, &database).await;
    }

    database.down.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(250)).await;
    for _ in 0..2 {
        call(&breaker, &database).await;
    }

    tell(&mut events);
    let stats = breaker.stats();
    println!(
        "{} succeeded, {} failed, {} refused",
        stats.totals.successes, stats.totals.failures, stats.rejected
    );
    drop((events, app));
    runtime.stop(Duration::from_secs(5)).await;
    Ok(())
}

async fn call(breaker: &CircuitBreaker, database: &Database) {
    match breaker.execute(|| database.query()).await {
        Ok(answer) => println!("answer {answer}"),
        Err(CircuitError::Open(refusal)) => println!("not called: {refusal}"),
        Err(error) => println!("called: {error}"),
    }
}

fn tell(events: &mut CircuitEvents) {
    while let Some(Ok(event)) = events.try_next() {
        if let Some(step) = event.transition() {
            println!(
                "{}: {} to {}, as {}",
                event.name, step.from, step.to, step.cause
            );
        }
    }
}
