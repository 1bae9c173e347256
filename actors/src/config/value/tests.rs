use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// Any value that a document may hold, nested up to three levels.
pub(crate) fn any_value() -> impl Strategy<Value = ConfigValue> {
    let scalar = prop_oneof![
        Just(ConfigValue::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        prop::num::f64::NORMAL.prop_map(Into::into),
        ".{0,6}".prop_map(|text: String| text.into()),
    ];
    scalar.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(ConfigValue::list),
            prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(ConfigValue::from),
        ]
    })
}

/// Any map that a document may be.
pub(crate) fn any_map() -> impl Strategy<Value = ConfigValue> {
    prop::collection::btree_map("[a-d]", any_value(), 0..4).prop_map(ConfigValue::from)
}

fn options() -> ron::Options {
    ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME)
}

/// The value as it was read from RON, as JSON; or what is wrong.
fn json(ron: &str) -> String {
    match options().from_str::<ConfigValue>(ron) {
        Ok(value) => serde_json::to_string(&value).expect("JSON"),
        Err(error) => format!("{}: {}", error.span.start, error.code),
    }
}

#[test]
fn structs_and_maps_are_maps_and_tuples_and_lists_are_lists() {
    assert_eq!(
        json(r#"(a: 1, b: (c: "x"), d: {"e f": [1, (2, 3), []]})"#),
        r#"{"a":1,"b":{"c":"x"},"d":{"e f":[1,[2,3],[]]}}"#
    );
    assert_eq!(json("{}"), "{}");
}

#[test]
fn scalars_keep_their_kind_and_precision() {
    assert_eq!(json("[1, -1, 0x10, 1_000]"), "[1,-1,16,1000]");
    assert_eq!(
        json("[18446744073709551615, -9223372036854775808]"),
        "[18446744073709551615,-9223372036854775808]"
    );
    assert_eq!(json("[0.1, 2.0, 1e3, -0.5]"), "[0.1,2.0,1000.0,-0.5]");
    assert_eq!(
        json(r##"["a", r#"b"c"#, 'd', true, false]"##),
        r#"["a","b\"c","d",true,false]"#
    );
}

#[test]
fn an_integer_beyond_64_bits_is_read_as_a_float() {
    assert_eq!(json("18446744073709551616"), "1.8446744073709552e+19");
    let json = serde_json::from_str::<ConfigValue>("18446744073709551616");
    assert_eq!(
        json.expect("JSON"),
        ConfigValue::Float(18_446_744_073_709_551_616.0)
    );
}

#[test]
fn nothing_in_all_its_spellings_is_null_and_some_is_what_is_in_it() {
    assert_eq!(
        json("[(), None, Some(1), Some(Some((a: None)))]"),
        r#"[null,null,1,{"a":null}]"#
    );
}

#[test]
fn names_are_kept_as_json_keeps_variants() {
    assert_eq!(json("(mode: Fast)"), r#"{"mode":"Fast"}"#);
    assert_eq!(
        json("[Every(5), Between(1, 2), At(hour: 3), Inner(Deep(Fast))]"),
        r#"[{"Every":5},{"Between":[1,2]},{"At":{"hour":3}},{"Inner":{"Deep":"Fast"}}]"#
    );
}

#[test]
fn what_cannot_be_a_value_is_refused_with_its_path() {
    let told = [
        r#"(a: [1, (b: 1, c: 2, b: 3)])"#,
        r#"{"a": {1: 2}}"#,
        r#"(a: b"x")"#,
        r#"{b"x": 1}"#,
        "(a: 1, b: ])",
    ];
    let expected = [
        "1:28: a[1].b: the key is given twice",
        "1:13: a: expected a string as key, found an integer",
        "1:9: a: expected a string, a number, a bool, a list or a map, found bytes",
        "1:9: expected a string as key, found bytes",
        "1:10: Unexpected char ']'",
    ];
    assert_eq!(told.map(json), expected);
}

#[test]
fn json_is_read_with_its_mistakes_told() {
    let told =
        |json: &str| serde_json::from_str::<ConfigValue>(json).map_err(|error| error.to_string());
    assert_eq!(
        told(r#"{"a":[1,2.5,null,"x",true]}"#),
        Ok(ConfigValue::map([(
            "a",
            ConfigValue::list([
                1.into(),
                2.5.into(),
                ConfigValue::Null,
                "x".into(),
                true.into()
            ]),
        )]))
    );
    assert_eq!(
        told(r#"{"a":1,"a":2}"#),
        Err("a: the key is given twice".to_owned())
    );
    assert_eq!(
        told(r#"{"a":1"#),
        Err("EOF while parsing an object at line 1 column 6".to_owned())
    );
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    size: u16,
    ratio: f64,
    host: Option<String>,
    mode: Mode,
    hosts: Vec<(String, u16)>,
    tags: BTreeMap<String, bool>,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Mode {
    Fast,
    Every(u64),
    Between(u8, u8),
    At { hour: u8 },
}

fn pool(ron: &str) -> Result<Pool, String> {
    let value: ConfigValue = options().from_str(ron).expect("RON");
    value.decode().map_err(|error| error.to_string())
}

#[test]
fn a_value_decodes_as_a_type_of_the_readers_own() {
    let read = pool(
        r#"(size: 3, ratio: 1, host: "db", mode: Every(5), hosts: [("a", 1), ("b", 2)], tags: (x: true))"#,
    );
    let expected = Pool {
        size: 3,
        ratio: 1.0,
        host: Some("db".to_owned()),
        mode: Mode::Every(5),
        hosts: vec![("a".to_owned(), 1), ("b".to_owned(), 2)],
        tags: BTreeMap::from([("x".to_owned(), true)]),
    };
    assert_eq!(read, Ok(expected));
    let modes: ConfigValue = options()
        .from_str("[Fast, Between(1, 2), At(hour: 3)]")
        .expect("RON");
    assert_eq!(
        modes.decode(),
        Ok(vec![Mode::Fast, Mode::Between(1, 2), Mode::At { hour: 3 }])
    );
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_the_way_to_the_part() {
    let wrong = |change: &str| {
        let fine = r#"(size: 3, ratio: 1.5, host: None, mode: Fast, hosts: [], tags: ())"#;
        let fine = fine.replace("tags: ()", "tags: {}");
        let (key, _) = change.split_once(':').expect("a field");
        let start = fine.find(&format!("{key}:")).expect("the field");
        let end = fine[start..].find([',', ')']).expect("its end") + start;
        pool(&format!("{}{change}{}", &fine[..start], &fine[end..])).expect_err("a fault")
    };
    assert_eq!(
        wrong("size: 70000"),
        "size: invalid value: integer `70000`, expected u16"
    );
    assert_eq!(
        wrong("size: 1.5"),
        "size: invalid type: floating point `1.5`, expected u16"
    );
    assert_eq!(
        wrong("host: 1"),
        "host: invalid type: integer `1`, expected a string"
    );
    assert_eq!(
        wrong("mode: 1"),
        "mode: expected a string or a map with one entry, found an integer"
    );
    assert_eq!(
        wrong("mode: Slow"),
        "mode: unknown variant `Slow`, expected one of `Fast`, `Every`, `Between`, `At`"
    );
    assert_eq!(wrong("mode: Every"), "mode: expected a value in `Every`");
    assert_eq!(
        wrong("mode: Fast(1)"),
        "mode: expected nothing in `Fast`, found an integer"
    );
    assert_eq!(
        wrong(r#"hosts: [("a", 1), ("b", true)]"#),
        "hosts.1.1: invalid type: boolean `true`, expected u16"
    );
    assert_eq!(
        wrong(r#"hosts: [("a", 1, 2)]"#),
        "hosts.0: expected a list of 2 elements, found 3"
    );
    assert_eq!(
        wrong("tags: (x: 1)"),
        "tags.x: invalid type: integer `1`, expected a boolean"
    );
    assert_eq!(
        wrong("size: 1, sice: 2"),
        "unknown field `sice`, expected one of `size`, `ratio`, `host`, `mode`, `hosts`, `tags`"
    );
}

#[test]
fn rusts_own_values_become_values() {
    let value = ConfigValue::map([
        ("a", ConfigValue::from(Some(1_u8))),
        ("b", None::<bool>.into()),
        ("c", vec![1.5_f32].into()),
        ("d", ["x", "y"].into()),
        ("e", usize::MAX.into()),
        ("f", BTreeMap::from([("g".to_owned(), ())]).into()),
    ]);
    assert_eq!(
        serde_json::to_string(&value).expect("JSON"),
        r#"{"a":1,"b":null,"c":[1.5],"d":["x","y"],"e":18446744073709551615,"f":{"g":null}}"#
    );
}

#[test]
fn an_element_of_a_list_has_one_index() {
    let list = ConfigValue::list([7, 8]);
    assert_eq!(list.step("1"), Some(&8.into()));
    for other in [
        "2",
        "01",
        "+1",
        "-0",
        "1.0",
        "",
        "x",
        "99999999999999999999999",
    ] {
        assert_eq!(list.step(other), None, "{other}");
    }
}

proptest! {
    #[test]
    fn every_value_survives_the_way_through_json_and_ron(value in any_value()) {
        let json = serde_json::to_string(&value).expect("JSON");
        prop_assert_eq!(&serde_json::from_str::<ConfigValue>(&json).expect("JSON"), &value);
        let ron = options().to_string(&value).expect("RON");
        prop_assert_eq!(&options().from_str::<ConfigValue>(&ron).expect("RON"), &value);
    }

    #[test]
    fn a_value_decodes_as_itself(value in any_value()) {
        prop_assert_eq!(value.decode::<ConfigValue>(), Ok(value.clone()));
    }
}
