//! Which kinds of events of pools there are.

use crate::telemetry::{
    CONNECTION_POOL_BARRED, CONNECTION_POOL_CHECKIN_REFUSED, CONNECTION_POOL_CHECKOUT,
    CONNECTION_POOL_CONNECT_FAILED, CONNECTION_POOL_CONNECTED, CONNECTION_POOL_DRAINED,
    CONNECTION_POOL_EVICTED, CONNECTION_POOL_LEASE_WARNED, CONNECTION_POOL_RECLAIMED,
    CONNECTION_POOL_RECONFIGURED, CONNECTION_POOL_RECOVERED, CONNECTION_POOL_REFUSED,
    CONNECTION_POOL_REVOKED, CONNECTION_POOL_ROTATED, CONNECTION_POOL_SELF_DEADLOCK,
    CONNECTION_POOL_SICK, CONNECTION_POOL_STARTED, CONNECTION_POOL_TIMEOUT,
    CONNECTION_POOL_UNBARRED, EventDescriptor,
};

/// Every kind of event that a pool has, at the place of its [`Kind`].
pub(super) const KINDS: [EventDescriptor; 19] = [
    CONNECTION_POOL_STARTED,
    CONNECTION_POOL_CHECKOUT,
    CONNECTION_POOL_TIMEOUT,
    CONNECTION_POOL_REFUSED,
    CONNECTION_POOL_CONNECTED,
    CONNECTION_POOL_EVICTED,
    CONNECTION_POOL_CONNECT_FAILED,
    CONNECTION_POOL_RECLAIMED,
    CONNECTION_POOL_LEASE_WARNED,
    CONNECTION_POOL_REVOKED,
    CONNECTION_POOL_SICK,
    CONNECTION_POOL_RECOVERED,
    CONNECTION_POOL_BARRED,
    CONNECTION_POOL_UNBARRED,
    CONNECTION_POOL_RECONFIGURED,
    CONNECTION_POOL_ROTATED,
    CONNECTION_POOL_DRAINED,
    CONNECTION_POOL_SELF_DEADLOCK,
    CONNECTION_POOL_CHECKIN_REFUSED,
];

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Started,
    Checkout,
    Timeout,
    Refused,
    Connected,
    Evicted,
    ConnectFailed,
    Reclaimed,
    LeaseWarned,
    Revoked,
    Sick,
    Recovered,
    Barred,
    Unbarred,
    Reconfigured,
    Rotated,
    Drained,
    SelfDeadlock,
    CheckinRefused,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_event_is_at_its_place() {
        let paths = [
            (Kind::Started, "pool_started"),
            (Kind::Checkout, "checkout"),
            (Kind::Timeout, "timeout"),
            (Kind::Refused, "refused"),
            (Kind::Connected, "connected"),
            (Kind::Evicted, "evicted"),
            (Kind::ConnectFailed, "connect_failed"),
            (Kind::Reclaimed, "reclaimed"),
            (Kind::LeaseWarned, "lease_warned"),
            (Kind::Revoked, "revoked"),
            (Kind::Sick, "sick"),
            (Kind::Recovered, "recovered"),
            (Kind::Barred, "barred"),
            (Kind::Unbarred, "unbarred"),
            (Kind::Reconfigured, "reconfigured"),
            (Kind::Rotated, "rotated"),
            (Kind::Drained, "drained"),
            (Kind::SelfDeadlock, "self_deadlock"),
            (Kind::CheckinRefused, "checkin_refused"),
        ];
        assert_eq!(paths.len(), KINDS.len());
        for (kind, last) in paths {
            let path = format!("foundation.connection_pool.{last}");
            assert_eq!(KINDS[kind as usize].path, path);
        }
    }
}
