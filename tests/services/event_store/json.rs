//! Events that are made, written to JSON and read from it.

use std::time::{Duration, SystemTime};

use mainstay_actors::config::ConfigValue;
use mainstay_actors::event_store::{Event, EventBuilder};

use super::support::id;

#[test]
fn handles_unserializable_terms_gracefully() {
    let nan = ConfigValue::list([f64::NAN, f64::INFINITY]);
    let large = ConfigValue::Integer(i128::from(u64::MAX) + 1);
    let data = ConfigValue::map([("a", nan), ("b", large)]);
    let error = Event::builder("e")
        .id(0)
        .data(data)
        .build()
        .expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "id: expected 1 to 4503599627370495, found 0\n\
         data.a[0]: expected a finite number, found NaN\n\
         data.a[1]: expected a finite number, found inf\n\
         data.b: expected an integer of 64 bits, found 18446744073709551616"
    );
}

#[test]
fn an_event_is_written_to_json_and_read_back_as_it_was() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_716_000_000_001);
    let event = Event::builder("user_login")
        .id(7)
        .wall_time(at)
        .process("production/children/shop")
        .correlation_id("request-7")
        .parent_id(id(3))
        .data(ConfigValue::map([("user", "ada")]));
    let event = event.build().expect("an event");
    let text = event.serialize_to_string();
    assert_eq!(
        text,
        r#"{"id":7,"event_type":"user_login","wall_time":"2026-11-26T18:00:00.000001Z","process":"production/children/shop","correlation_id":"request-7","parent_id":3,"data":{"user":"ada"}}"#
    );
    assert_eq!(event.serialized_size(), text.len() as u64);
    assert_eq!(Event::deserialize_from_str(&text).expect("an event"), event);
}

#[test]
fn json_that_is_no_event_is_told_with_all_that_is_wrong() {
    let wrong = r#"{"event_type":" ","id":0,"wall_time":"today","correlation_id":"a\nb","parent_id":0,"node":"a/b"}"#;
    let error = Event::deserialize_from_str(wrong).expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "wall_time: expected a time in UTC such as `2026-11-26T18:00:00Z`, found \"today\"\n\
         parent_id: expected the number of an event, from 1, found 0\n\
         id: expected the number of an event, from 1, found 0\n\
         event_type: expected no control character and no white space at either end, found \" \"\n\
         node: expected no '/', no control character and no white space at either end, found \"a/b\"\n\
         correlation_id: expected no control character and no white space at either end, found \"a\\nb\""
    );
    for (wrong, expected) in [
        ("{}", "missing field `event_type` at line 1 column 2"),
        (
            r#"{"event_type":1}"#,
            "invalid type: integer `1`, expected a string at line 1 column 15",
        ),
        ("[", "EOF while parsing a list at line 1 column 1"),
    ] {
        let error = Event::deserialize_from_str(wrong).expect_err("it is refused");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn an_integer_that_no_type_of_64_bits_holds_is_refused_and_no_float() {
    let text = r#"{"event_type":"e",
        "data":{"most":18446744073709551615,"more":18446744073709551616}}"#;
    let error = Event::deserialize_from_str(text).expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "expected integers of 64 bits, found 18446744073709551616 at line 2 column 52"
    );
}

#[test]
fn events_of_common_kinds_say_what_they_are_about() {
    let built = |builder: EventBuilder| builder.build().expect("an event");
    let took = Duration::from_millis(2);
    let args = ConfigValue::list(["a", "b"]);
    for (event, kind, data) in [
        (
            built(Event::function_entry("shop", "pay", args)),
            "function_entry",
            r#"{"args":["a","b"],"arity":2,"function":"pay","module":"shop"}"#,
        ),
        (
            built(Event::function_entry("shop", "close", ConfigValue::Null)),
            "function_entry",
            r#"{"args":null,"arity":0,"function":"close","module":"shop"}"#,
        ),
        (
            built(Event::function_exit("shop", "pay", "paid", took).parent_id(id(3))),
            "function_exit",
            r#"{"duration_ns":2000000,"function":"pay","module":"shop","result":"paid"}"#,
        ),
        (
            built(Event::state_change("door", "key", 1, 1)),
            "state_change",
            r#"{"cause":"key","changed":false,"new_state":1,"old_state":1,"subject":"door"}"#,
        ),
    ] {
        let text = serde_json::to_string(event.data()).expect("JSON");
        assert_eq!((event.event_type().as_str(), text.as_str()), (kind, data));
    }
    let wrong = Event::function_entry("shop", "pay", f64::NAN).build();
    let error = wrong.expect_err("it is refused").to_string();
    assert_eq!(error, "data.args: expected a finite number, found NaN");
}
