use super::*;
use crate::config::path::IntoConfigPath;

const LIMITS: Limits = Limits {
    bytes_max: 1 << 20,
    depth_max: 3,
    subscribers_max: 1,
};

fn faults(limits: Limits, at: &str, value: impl Into<ConfigValue>) -> Vec<String> {
    let path = at.into_path().expect("a path");
    let faults = limits.check(&path, &value.into());
    faults.iter().map(ToString::to_string).collect()
}

fn nested(levels: usize) -> ConfigValue {
    (0..levels).fold(1.into(), |inner, _| ConfigValue::list([inner]))
}

#[test]
fn every_value_counts_eight_bytes_and_its_text() {
    let value = ConfigValue::map([
        ("key", ConfigValue::from("text")),
        ("n", 1.into()),
        ("l", ConfigValue::list([true, false])),
    ]);
    assert_eq!(
        bytes_of(&value),
        8 + (3 + 8 + 4) + (1 + 8) + (1 + 8 + 8 + 8)
    );
}

#[test]
fn only_finite_numbers_and_integers_of_64_bits_are_accepted() {
    let value = ConfigValue::list([
        f64::NAN.into(),
        f64::INFINITY.into(),
        ConfigValue::Integer(i128::from(u64::MAX) + 1),
        u64::MAX.into(),
        i64::MIN.into(),
        f64::MAX.into(),
    ]);
    assert_eq!(
        faults(LIMITS, "a.b", value),
        [
            "a.b[0]: expected a finite number, found NaN",
            "a.b[1]: expected a finite number, found inf",
            "a.b[2]: expected an integer of 64 bits",
        ]
    );
}

#[test]
fn a_string_has_at_most_a_mebibyte() {
    let limits = Limits {
        bytes_max: u64::MAX,
        ..LIMITS
    };
    assert_eq!(faults(limits, "a", "x".repeat(1 << 20)), [""; 0]);
    assert_eq!(
        faults(limits, "a", "x".repeat((1 << 20) + 1)),
        ["a: expected a string of at most 1048576 bytes, found 1048577"]
    );
    let key = ConfigValue::map([("k".repeat((1 << 20) + 1), 1)]);
    assert_eq!(
        faults(limits, "a", key),
        ["a: expected keys of at most 1048576 bytes, found 1048577"]
    );
}

#[test]
fn a_key_is_not_empty() {
    let value = ConfigValue::map([("", 1)]);
    assert_eq!(
        faults(LIMITS, "a.0", value),
        ["a.0: expected keys that are not empty"]
    );
}

#[test]
fn lists_and_maps_nest_as_deep_as_is_allowed_the_whole_counted() {
    let too_deep = "expected at most 3 lists and maps inside each other";
    assert_eq!(faults(LIMITS, "", nested(3)), [""; 0]);
    assert_eq!(
        faults(LIMITS, "", nested(4)),
        [format!("[0][0][0]: {too_deep}")]
    );
    assert_eq!(faults(LIMITS, "a.b.c", 1), [""; 0]);
    assert_eq!(
        faults(LIMITS, "a.b.c", nested(1)),
        [format!("a.b.c: {too_deep}")]
    );
    assert_eq!(
        faults(LIMITS, "a.b.c.d", 1),
        [format!("a.b.c.d: {too_deep}")]
    );
    assert_eq!(
        faults(LIMITS, "a", nested(1_000)),
        [format!("a[0][0]: {too_deep}")],
        "the rest is not walked"
    );
}

#[test]
fn the_whole_takes_no_more_bytes_than_is_allowed() {
    let limits = Limits {
        bytes_max: 100,
        ..LIMITS
    };
    assert_eq!(faults(limits, "a", "x".repeat(92)), [""; 0]);
    assert_eq!(
        faults(limits, "a", "x".repeat(93)),
        ["a: expected at most 100 bytes in all, found more"]
    );
    let many = ConfigValue::list(vec![f64::NAN; 1000]);
    assert_eq!(
        faults(limits, "a", many).last().map(String::as_str),
        Some("a: expected at most 100 bytes in all, found more")
    );
}

#[test]
fn no_more_than_a_hundred_faults_are_told() {
    let many = ConfigValue::list(vec![f64::NAN; 1000]);
    assert_eq!(faults(LIMITS, "a", many).len(), 100);
}

#[test]
fn the_limits_of_a_spec_from_code_are_checked() {
    let spec = ConfigServerSpec::default()
        .bytes_max(0)
        .subscribers_max(0)
        .depth_max(1000);
    let told = Limits::of(&spec).map_err(|faults| faults.to_string());
    let expected = "bytes_max: expected at least 1, found 0\n\
                    subscribers_max: expected at least 1, found 0\n\
                    depth_max: expected 1 to 128, found 1000";
    assert_eq!(told, Err(expected.to_owned()));
    let told = Limits::of(&ConfigServerSpec::default().depth_max(129));
    assert_eq!(
        told.map_err(|faults| faults.to_string()),
        Err("depth_max: expected 1 to 128, found 129".to_owned())
    );
}
