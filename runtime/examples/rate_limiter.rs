//! A search that so many may use: limits by user and for all, calls that wait for their turn, and a limit that is changed meanwhile.
//!
//! ```text
//! cargo run --example rate_limiter
//! ```

use std::time::{Duration, Instant};

use mainstay::actors::RateLimiterRegistry;
use mainstay::actors::limiter::{AnyLimiter, Ask, RateKey, RateLimitError, check_all};
use mainstay::prelude::*;
use mainstay::rate_limited;
use mainstay::specs::{RateLimitConfig, RateLimitersSpec};

#[derive(Debug, thiserror::Error)]
enum SearchError {
    #[error(transparent)]
    Limited(#[from] RateLimitError),
}

/// Something that costs more than it should be asked for.
struct Search {
    /// In this process, or in a server that machines share: the spec says which.
    limiter: AnyLimiter,
}

#[rate_limited(limiter = self.limiter, key = User(user))]
impl Search {
    pub async fn find(&self, user: &str, text: &str) -> Result<String, SearchError> {
        Ok(format!("{user} finds {text}"))
    }

    #[rate_limited(cost = 2, on_limited = wait(Duration::from_secs(2)))]
    pub async fn export(&self, user: &str) -> Result<String, SearchError> {
        Ok(format!("{user} has it all"))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Three at once for each user, and ten more each second; sixty a minute for all together.
    let each = RateLimitConfig::token_bucket(10, Duration::from_secs(1)).burst_limit(3);
    let all = RateLimitConfig::sliding_window(60, Duration::from_secs(60));
    let spec = RateLimitersSpec::default()
        .limiter("search".parse()?, each)
        .limiter("all".parse()?, all);
    let plan = NamespacePlan::new().service(RateLimiterRegistry::child(spec));
    let runtime = Runtime::new();
    let app = runtime.start_namespace("app".parse()?, plan).await?;

    let limiters = RateLimiterRegistry::of(&app);
    let limiter = limiters.limiter("search").ok_or("the spec names it")?;
    let search = Search { limiter };
    finds(&search).await;
    waits(&search).await?;
    both(&limiters)?;

    // What ada has used stays used; she may save up more from now on.
    let config = RateLimitConfig::token_bucket(10, Duration::from_secs(1)).burst_limit(6);
    search.limiter.reconfigure(config)?;
    println!("the limit was changed while it was in use");
    finds(&search).await;

    for stats in limiters.stats() {
        println!(
            "{}: {} let through, {} refused, {} keys in {} bytes",
            stats.name, stats.admitted, stats.refused, stats.keys, stats.bytes
        );
    }
    drop((search, limiters, app));
    runtime.stop(Duration::from_secs(5)).await;
    Ok(())
}

/// Calls until it is too much.
async fn finds(search: &Search) {
    loop {
        match search.find("ada", "a cup").await {
            Ok(found) => println!("{found}"),
            Err(refused) => return println!("not called: {refused}"),
        }
    }
}

/// Calls that wait in turn, first come, first served.
async fn waits(search: &Search) -> Result<(), SearchError> {
    let begun = Instant::now();
    let (first, second) = tokio::join!(search.export("ada"), search.export("ada"));
    println!("{}, and {}", first?, second?);
    println!("after {} ms", begun.elapsed().as_millis());
    Ok(())
}

/// Two limits as one: both let a call through, or none takes anything.
fn both(limiters: &RateLimiterRegistry) -> Result<(), Box<dyn std::error::Error>> {
    let each = limiters.limiter("search").ok_or("the spec names it")?;
    let all = limiters.limiter("all").ok_or("the spec names it")?;
    let here = "it counts in this process";
    let (each, all) = (each.local().ok_or(here)?, all.local().ok_or(here)?);
    let asked = [
        Ask::new(each, RateKey::user("grace")),
        Ask::new(all, RateKey::global()),
    ];
    let calls = (0..5).filter(|_| check_all(&asked).is_ok());
    println!("{} of 5 calls were let through by both", calls.count());
    if let Some(status) = all.status(RateKey::global())? {
        println!("{} are left for all", status.remaining);
    }
    Ok(())
}
