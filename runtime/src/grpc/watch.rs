//! Telling changes as they come.

use std::fmt;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tonic::Status;
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;

use super::{find, response};
use crate::node::State;

/// How one thing fares now, and again whenever that has changed. It looks four times a second: what changes and changes back in between is not
/// told. It ends with the node.
pub struct Changes {
    node: Weak<State>,
    service: String,
    last: Option<ServingStatus>,
    looks: Interval,
    /// The node has ended, and that was told.
    is_over: bool,
    _room: OwnedSemaphorePermit,
}

impl Changes {
    pub(super) fn new(node: Weak<State>, service: String, room: OwnedSemaphorePermit) -> Self {
        let mut looks = interval(LOOKS);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            node,
            service,
            last: None,
            looks,
            is_over: false,
            _room: room,
        }
    }
}

impl Stream for Changes {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.is_over {
            ready!(self.looks.poll_tick(cx));
            self.is_over = self.node.strong_count() == 0;
            let status = find::status(&self.node, &self.service);
            if self.last != Some(status) {
                self.last = Some(status);
                return Poll::Ready(Some(Ok(response(status))));
            }
        }
        Poll::Ready(None)
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("service", &self.service)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

const LOOKS: Duration = Duration::from_millis(250);
