//! A service whose operation goes through all guards: the seed's `IntegratedService`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainstay::infrastructure::InfraConfig;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::memory::PressureLevel;
use mainstay_actors::protection::{Guard, IntegratedService};
use mainstay_supervisors::specs::{
    CircuitConfig, MemoryDemand, OperationClass, ProtectionConfig, RateDemand, RateLimitConfig,
};

use super::support::{Bed, name, samples, simulated};

struct Args {
    user: &'static str,
    fails: bool,
}

fn args() -> Args {
    Args {
        user: "ada",
        fails: false,
    }
}

/// Behind a breaker of 2 failures, the memory manager, and a limiter of 3 calls a minute.
fn guards(bed: &Bed) -> ProtectionConfig {
    let circuit = CircuitConfig::default().failure_threshold(2);
    let breakers = bed.infra.circuit_breakers();
    breakers
        .register_circuit(name("external_service"), circuit)
        .unwrap();
    let limit = RateLimitConfig::token_bucket(3, Duration::from_secs(60));
    let limiters = bed.infra.rate_limiters();
    limiters.register(name("service"), limit).unwrap();
    ProtectionConfig::default()
        .circuit(name("external_service"))
        .memory(MemoryDemand::new(OperationClass::Background))
        .rate_limit(RateDemand::new(name("service")))
}

/// How many calls the key has left.
async fn left(bed: &Bed) -> u32 {
    let limiter = bed.infra.rate_limiters().limiter("service").unwrap();
    let status = limiter.status(RateKey::user("ada")).await.unwrap();
    status.unwrap().remaining
}

#[tokio::test(start_paused = true)]
async fn the_circuit_refuses_before_memory_and_memory_before_the_limit_and_only_what_is_run_is_measured()
 {
    let bed = Bed::new(simulated(InfraConfig::new())).await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let service = IntegratedService::in_namespace(
        &bed.namespace,
        name("service.operation"),
        &guards(&bed),
        |args: &Args| Some(RateKey::user(args.user)),
        move |args: Args| {
            counted.fetch_add(1, Ordering::Relaxed);
            async move {
                if args.fails {
                    Err("no answer")
                } else {
                    Ok(args.user)
                }
            }
        },
    )
    .unwrap();
    let breaker = bed
        .infra
        .circuit_breakers()
        .circuit("external_service")
        .unwrap();
    let memory = bed.infra.memory_manager();

    // The limit alone.
    for _ in 0..3 {
        assert_eq!(service.enhanced_operation(args()).await.unwrap(), "ada");
    }
    let refused = service.enhanced_operation(args()).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::RateLimit));
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(20)));

    // Memory is asked before the limit, which would refuse too.
    let hour = Duration::from_secs(3600);
    memory
        .simulate_pressure(PressureLevel::Critical, hour)
        .unwrap();
    let refused = service.enhanced_operation(args()).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::Memory));

    // The circuit is asked before both.
    breaker.force_open();
    let refused = service.enhanced_operation(args()).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::Circuit));

    assert_eq!(runs.load(Ordering::Relaxed), 3);
    assert_eq!(samples(&bed.namespace, "service.operation.call"), 3);
    let totals = breaker.stats().totals;
    assert_eq!((totals.successes, totals.failures), (3, 0));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_opens_the_circuit_and_what_the_circuit_refuses_takes_no_token() {
    let bed = Bed::new(simulated(InfraConfig::new())).await;
    let service = IntegratedService::in_namespace(
        &bed.namespace,
        name("service.operation"),
        &guards(&bed),
        |args: &Args| Some(RateKey::user(args.user)),
        |args: Args| async move { if args.fails { Err("no answer") } else { Ok(()) } },
    )
    .unwrap();
    for _ in 0..2 {
        let fails = Args {
            fails: true,
            ..args()
        };
        let failed = service.enhanced_operation(fails).await.unwrap_err();
        assert_eq!(failed.into_failed(), Some("no answer"));
    }
    assert_eq!(left(&bed).await, 1);
    let refused = service.enhanced_operation(args()).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::Circuit));
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(30)));
    assert_eq!(left(&bed).await, 1);
    bed.end().await;
}
