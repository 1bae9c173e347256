//! What can be wrong with the services of a namespace.

use crate::support::faults;

#[test]
fn service_limits_and_contents_are_checked() {
    let text = "(namespaces: [(name: \"n\", services: (config_server: (\n\
                initial: [1],\nfile: \"\",\nsubscribers_max: 0,\nbytes_max: 0,\ndepth_max: 129,\n)))])";
    let at = "namespaces[0].services.config_server";
    assert_eq!(
        faults(text),
        format!(
            "2:10: {at}.initial: expected a map or a struct with named fields\n\
             3:7: {at}.file: expected a path in UTF-8 that is not empty\n\
             4:18: {at}.subscribers_max: expected at least 1, found 0\n\
             5:12: {at}.bytes_max: expected at least 1, found 0\n\
             6:12: {at}.depth_max: expected 1 to 128, found 129"
        ),
    );
}

/// The faults of a circuit breaker with this configuration, which begins at 2:1.
fn circuit_faults(config: &str) -> String {
    let text = format!(
        "(namespaces: [(name: \"n\", services: (circuit_breakers: (breakers: [(name: \"db\", config: (\n{config}))])))])"
    );
    let at = "namespaces[0].services.circuit_breakers.breakers[0].config.";
    faults(&text).replace(at, "")
}

#[test]
fn circuit_breakers_that_would_be_stuck_or_never_open_are_told() {
    assert_eq!(
        circuit_faults(
            "failure_threshold: 0,\nreset_timeout: \"0s\",\ncall_timeout: \"0s\",\n\
             half_open: (permits: 0, probe_deadline: \"0s\", inconclusive_max: 0),\n\
             open: (multiplier: 0.5, max: \"1ms\", jitter: NaN)"
        ),
        "2:20: failure_threshold: expected 1 to 10000, found 0\n\
         3:16: reset_timeout: expected a time longer than zero\n\
         4:15: call_timeout: expected a time longer than zero\n\
         5:22: half_open.permits: expected 1 to 1000, found 0\n\
         5:41: half_open.probe_deadline: expected a time longer than zero\n\
         5:65: half_open.inconclusive_max: expected at least 1, found 0\n\
         6:20: open.multiplier: expected a multiplier of at least 1, found 0.5\n\
         6:45: open.jitter: expected a share from 0 to 1, found NaN",
    );
    assert_eq!(
        circuit_faults(
            "half_open: (permits: 2, successes: 3),\nopen: (max: \"1s\"),\ncall_timeout: \"soon\""
        ),
        "2:36: half_open.successes: expected 1 to permits, which is 2, found 3\n\
         3:13: open.max: expected at least reset_timeout, which is 30s, found 1s\n\
         4:15: call_timeout: expected a duration such as \"250ms\" or \"5s\", found \"soon\"",
    );
}

#[test]
fn trip_rules_that_make_no_sense_are_told() {
    assert_eq!(
        circuit_faults("trip: ()"),
        "2:7: trip: expected at least one rule, found none",
    );
    assert_eq!(
        circuit_faults(
            "trip: (\nfailure_rate: (threshold: 0, minimum_calls: 0),\n\
             slow_rate: (threshold: 1.1, minimum_calls: 11),\n\
             combined_rate: (threshold: NaN, minimum_calls: 1),\n\
             failures: (count: 0, within: \"0s\"),\nin_flight: (calls: 0, longer_than: \"0s\"),\n\
             window: calls(10))"
        ),
        "3:27: trip.failure_rate.threshold: expected a share over 0 and at most 1, found 0\n\
         3:45: trip.failure_rate.minimum_calls: expected at least 1, found 0\n\
         4:12: trip.slow_rate: expected slow_after beside it, to say which calls are slow\n\
         4:24: trip.slow_rate.threshold: expected a share over 0 and at most 1, found 1.1\n\
         4:44: trip.slow_rate.minimum_calls: expected at most the 10 calls of the window, found 11: it would never open\n\
         5:16: trip.combined_rate: expected slow_after beside it, to say which calls are slow\n\
         5:28: trip.combined_rate.threshold: expected a share over 0 and at most 1, found NaN\n\
         6:19: trip.failures.count: expected 1 to 10000, found 0\n\
         6:30: trip.failures.within: expected a time longer than zero\n\
         7:20: trip.in_flight.calls: expected 1 to 10000, found 0\n\
         7:36: trip.in_flight.longer_than: expected a time longer than zero",
    );
    let window = |window: &str| {
        circuit_faults(&format!(
            "trip: (consecutive_failures: 3, window: {window})"
        ))
    };
    assert_eq!(
        window("calls(0)"),
        "2:41: trip.window: expected 1 to 100000 calls, found 0"
    );
    assert_eq!(
        window("time(length: \"0s\", buckets: 0)"),
        "2:54: trip.window.length: expected a time longer than zero\n\
         2:69: trip.window.buckets: expected 1 to 1000, found 0",
    );
    assert_eq!(
        window("time(length: \"5ms\", buckets: 10)"),
        "2:70: trip.window.buckets: expected parts of at least 1ms each, found 10 of 5ms",
    );
}

#[test]
fn misspelt_words_of_circuit_breakers_are_told_where_they_stand() {
    assert_eq!(
        circuit_faults(
            "failure_treshold: 3,\n\
             half_open: (expiry: fail, permit: 1),\n\
             trip: (consecutive_failures: 3, window: call(10))"
        ),
        "2:1: failure_treshold: unknown field `failure_treshold`, did you mean `failure_threshold`?\n\
         3:21: half_open.expiry: unknown value `fail`, expected one of `failure`, `neutral`\n\
         3:27: half_open.permit: unknown field `permit`, did you mean `permits`?\n\
         4:41: trip.window: unknown value `call`, did you mean `calls`?",
    );
}

#[test]
fn circuit_breakers_with_one_name_and_more_than_may_be_are_told() {
    let text = "(namespaces: [(name: \"n\", services: (circuit_breakers: (\n\
                breakers: [(name: \"a\"), (name: \"b\"), (name: \"a\")],\nbreakers_max: 2,\nkeys_max: 0)))])";
    let at = "namespaces[0].services.circuit_breakers";
    assert_eq!(
        faults(text),
        format!(
            "2:11: {at}.breakers: expected at most breakers_max, which is 2, found 3\n\
             2:45: {at}.breakers[2].name: duplicate breaker name \"a\", first given at line 2\n\
             4:11: {at}.keys_max: expected at least 1, found 0"
        ),
    );
}
