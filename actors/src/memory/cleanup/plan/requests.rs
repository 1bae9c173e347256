//! What was asked for: one request of each service, and one of all.

use std::collections::BTreeMap;

use mainstay_specs::{PressureLevel, ServiceName};

use super::super::request::CleanupRequest;

/// The requests that wait. There are no more than services that have strategies, and one.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// `None` is all services.
    waiting: BTreeMap<Option<ServiceName>, Waiting>,
    next: u64,
}

#[derive(Debug)]
struct Waiting {
    request: CleanupRequest,
    number: u64,
    /// Its strategies had to rest when it came.
    rests: bool,
}

impl Requests {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(super) fn services(&self) -> impl Iterator<Item = Option<&ServiceName>> {
        self.waiting.keys().map(Option::as_ref)
    }

    /// Has one of the same service that waits stand for this one too, if there is one.
    pub(super) fn merge(&mut self, request: &CleanupRequest) -> bool {
        match self.waiting.get_mut(&request.service) {
            Some(present) => {
                present.request.merge(request);
                true
            }
            None => false,
        }
    }

    /// Adds the first of a service.
    pub(super) fn push(&mut self, request: CleanupRequest, rests: bool) {
        let number = self.next;
        self.next += 1;
        let waiting = Waiting {
            number,
            rests,
            request,
        };
        self.waiting
            .insert(waiting.request.service.clone(), waiting);
    }

    /// Drops what is met by a round that goes on.
    pub(super) fn settle(&mut self, is_met: impl Fn(&CleanupRequest) -> bool) {
        self.waiting.retain(|_, waiting| !is_met(&waiting.request));
    }

    /// Drops what cannot be met any more, as its strategies have gone or are not allowed.
    pub(super) fn keep(&mut self, can_be_met: impl Fn(Option<&ServiceName>) -> bool) {
        self.waiting
            .retain(|service, _| can_be_met(service.as_ref()));
    }

    /// Drops what had to wait as it was just cleaned, and is not needed any more as pressure is low.
    pub(super) fn drop_stale(
        &mut self,
        level: PressureLevel,
        is_ready: impl Fn(Option<&ServiceName>) -> bool,
    ) {
        if level == PressureLevel::Low {
            self.waiting
                .retain(|service, waiting| !(waiting.rests && is_ready(service.as_ref())));
        }
    }

    /// The most urgent that can be served, of several the one that came first.
    pub(super) fn pop(
        &mut self,
        is_ready: impl Fn(Option<&ServiceName>) -> bool,
    ) -> Option<CleanupRequest> {
        let ready = self.waiting.values();
        let ready = ready.filter(|waiting| is_ready(waiting.request.service.as_ref()));
        let first = ready.max_by_key(|waiting| {
            let age = std::cmp::Reverse(waiting.number);
            (waiting.request.priority, age)
        })?;
        let service = first.request.service.clone();
        self.waiting.remove(&service).map(|waiting| waiting.request)
    }
}
