//! Calls whose operation is a future, and calls of services, on one thread; the futures are polled on the spot.

use std::future::{Future, ready};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mainstay_actors::breaker::{CircuitBreaker, CircuitBreakerLayer};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::threads::on_threads;
use super::{NO_SLOWER, opened_alone, peers, simple};
use crate::flavour::Stage;
use crate::{Contest, Flavour, Options, Outcome};

/// How long a call may take, where that is limited.
const LIMIT: Duration = Duration::from_secs(5);

/// A call through a closed breaker, which is given up after a time if `limited`.
pub(super) fn execute(name: &'static str, limited: bool, options: &Options) -> Outcome<()> {
    let config = if limited {
        simple().call_timeout(LIMIT)
    } else {
        simple().without_call_timeout()
    };
    let ours = CircuitBreaker::new("bench".parse()?, config)?;
    let stage = Flavour::CurrentThread.build()?;
    let tower = peers::tower()?;
    Contest::new([name], "ns", || {
        on_threads(1, true, || {
            within(&stage, || poll(ours.execute(|| ready(Ok::<(), ()>(())))))
        })
    })
    .peer("tower-resilience", [NO_SLOWER], || {
        on_threads(1, true, || {
            let mut tower = tower.clone();
            within(&stage, move || {
                let call = async { tower.ready().await?.call(Ok(())).await };
                if limited {
                    let call = tokio::time::timeout(LIMIT, call);
                    poll(async { call.await.map_err(drop)?.map_err(drop) })
                } else {
                    poll(call)
                }
            })
        })
    })
    .run(options)
}

/// A refusal of a service behind a breaker that no keeper minds.
pub(super) fn refusal(options: &Options) -> Outcome<()> {
    let layer = CircuitBreakerLayer::new(opened_alone()?);
    let ours = layer.layer(service_fn(ready::<Result<(), ()>>));
    let stage = Flavour::TwoWorkers.build()?;
    let tower = peers::opened_tower(&stage)?;
    Contest::new(["refusal-layer.1t"], "ns", || {
        on_threads(1, false, || {
            let mut ours = ours.clone();
            within(&stage, move || {
                poll(async { ours.ready().await?.call(Ok(())).await })
            })
        })
    })
    .peer("tower-resilience", [NO_SLOWER], || {
        on_threads(1, false, || peers::caller_of_tower(&tower, &stage, Ok(())))
    })
    .run(options)
}

/// What makes a call, with the runtime around it that timers want.
fn within<'a>(stage: &'a Stage, mut call: impl FnMut() -> bool + 'a) -> impl FnMut() -> bool + 'a {
    let within = stage.enter();
    move || {
        let _ = &within;
        call()
    }
}

/// Polls a future until it is done; whether it came to something good.
fn poll<T, E>(call: impl Future<Output = Result<T, E>>) -> bool {
    let mut call = std::pin::pin!(call);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(outcome) = call.as_mut().poll(&mut cx) {
            return outcome.is_ok();
        }
        std::hint::spin_loop();
    }
}
