//! The keeper: suspended handlers are tried again, queued ones get their threads, and at the end their queues are emptied.

use std::sync::Arc;

use mainstay_specs::EventsSpec;
use mainstay_supervisors::{Namespace, Ready, StopToken, current};
use tokio::time::{Instant, sleep_until};

use super::attached::ended_within;
use super::error::TelemetryStartError;
use super::handle::{NAME, service_name};
use super::hub::Hub;

/// One incarnation of the keeper, until it is told to stop.
///
/// Nothing depends on when it comes to its work: meanwhile a handler that has panicked is left out, and events wait in the queue of
/// one without a thread. Should it be killed, the threads go on, and its successor finds them at work.
pub(crate) async fn keep(
    namespace: Namespace,
    hub: Arc<Hub>,
    spec: Arc<EventsSpec>,
    stop: StopToken,
    ready: Ready,
) -> Result<(), TelemetryStartError> {
    if let Some(myself) = current() {
        let registered = namespace.register(service_name(), &myself);
        registered.map_err(|error| TelemetryStartError::Register { name: NAME, error })?;
    }
    // It keeps nothing of the namespace from ending.
    drop(namespace);
    // From here on nobody else keeps this hub, until this process has ended.
    hub.adopt(spec, Instant::now());
    ready.signal();
    loop {
        let next = hub.tend(Instant::now());
        tokio::select! {
            biased;
            () = stop.stopped() => break,
            () = hub.bell().notified() => {}
            () = wait_until(next) => {}
        }
    }
    let drain_max = hub.spec().drain_max;
    if !ended_within(hub.stop_threads(), drain_max).await {
        tracing::warn!(
            ?drain_max,
            "handlers of telemetry events were still at work"
        );
    }
    Ok(())
}

async fn wait_until(next: Option<Instant>) {
    match next {
        Some(next) => sleep_until(next).await,
        None => std::future::pending().await,
    }
}

impl Hub {
    /// Does at `now` what is to be done for the handlers. Gives when there is more to do.
    fn tend(&self, now: Instant) -> Option<Instant> {
        let backoff = self.spec().backoff;
        let mut next: Option<Instant> = None;
        for seat in self.seats().iter() {
            let Some(handler) = seat.handler() else {
                continue;
            };
            let until = handler.tend(now, &backoff, fastrand::f64());
            next = next.into_iter().chain(until).min();
            if let Some((handler, queue)) = seat.queued()
                && handler.is_working()
                && seat.is_open()
            {
                queue.run(seat, handler);
            }
        }
        next
    }

    /// Tells the threads of all queued handlers to get through what waits, and end.
    fn stop_threads(&self) -> Vec<super::queue::Ended> {
        let seats = self.seats();
        let queues = seats.iter().filter_map(|seat| seat.queued());
        queues.filter_map(|(_, queue)| queue.stop()).collect()
    }
}
