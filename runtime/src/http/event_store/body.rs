//! The body of a request: an event that may be stored can be sent.

use mainstay_actors::EventStore;

use crate::http::BODY_MAX;

/// How many bytes a body may have: as many as other requests, or an event with as many data as the store takes.
pub(in crate::http) fn body_max(store: &EventStore) -> usize {
    let event = store.spec().data_max.saturating_add(EVENT_BYTES);
    BODY_MAX.max(usize::try_from(event).unwrap_or(usize::MAX))
}

/// What an event takes beside its data, at most, as JSON.
const EVENT_BYTES: u64 = 4096;
