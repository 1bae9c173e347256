use std::time::Duration;

use mainstay_specs::{ConfigServerSpec, Fault, SpecPath};

use super::*;
use crate::config::rules::{ConfigRules, Setup};
use crate::config::size::Limits;
use crate::config::value::ConfigKind;

fn value(ron: &str) -> ConfigValue {
    ron::from_str(ron).expect("RON")
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn first(ron: &str, rules: ConfigRules) -> Snapshot {
    let spec = ConfigServerSpec::default().bytes_max(1000).depth_max(3);
    let plan = Plan {
        initial: Document::new(value(ron)).expect("a map"),
        limits: Limits::of(&spec).expect("limits"),
        setup: Arc::new(Setup { spec, rules }),
    };
    Snapshot::first(Arc::new(plan), at(0))
}

fn wish(path: &str, value: impl Into<ConfigValue>) -> Update {
    Update {
        path: path.parse().expect("a path"),
        value: value.into(),
        expected: None,
        any_kind: false,
    }
}

fn refused(snapshot: &Snapshot, update: Update) -> String {
    let outcome = snapshot.update(update, at(9));
    outcome
        .map(|(next, _)| next.version())
        .expect_err("a refusal")
        .to_string()
}

#[test]
fn an_update_makes_the_next_version_and_tells_both_values() {
    let before = first("(a: (b: 1))", ConfigRules::new());
    let (after, change) = before.update(wish("a.b", 2), at(5)).expect("an update");
    assert_eq!((before.version(), after.version()), (0, 1));
    assert_eq!(before.get("a.b"), Ok(1.into()));
    assert_eq!(after.get("a.b"), Ok(2.into()));
    assert_eq!(after.last_update(), Some(at(5)));
    assert_eq!((after.updates_count(), after.resets_count()), (1, 0));
    let expected = Change {
        path: "a.b".parse().expect("a path"),
        previous: Some(1.into()),
        value: 2.into(),
        version: 1,
    };
    assert_eq!(change, expected);
}

#[test]
fn the_change_tells_the_value_as_it_is_kept() {
    let before = first("(a: 1.5)", ConfigRules::new());
    let (after, change) = before.update(wish("a", 2), at(5)).expect("an update");
    assert_eq!((change.value, after.get("a")), (2.0.into(), Ok(2.0.into())));
}

#[test]
fn an_update_for_another_version_is_refused() {
    let snapshot = first("(a: 1)", ConfigRules::new());
    let for_version = |version| Update {
        expected: Some(version),
        ..wish("a", 2)
    };
    assert_eq!(
        refused(&snapshot, for_version(1)),
        "expected version 1 of the configuration, found version 0"
    );
    let (next, _) = snapshot.update(for_version(0), at(1)).expect("an update");
    assert_eq!(next.version(), 1);
}

#[test]
fn another_kind_is_refused_unless_forced_and_the_whole_stays_a_map_even_then() {
    let snapshot = first("(a: 1)", ConfigRules::new());
    assert_eq!(
        refused(&snapshot, wish("a", "x")),
        "expected an integer at `a`, as there is now, found a string"
    );
    let force = |update| Update {
        any_kind: true,
        ..update
    };
    let (next, _) = snapshot
        .update(force(wish("a", "x")), at(1))
        .expect("an update");
    assert_eq!(next.get("a"), Ok("x".into()));
    assert_eq!(
        refused(&snapshot, force(wish("", ConfigValue::Null))),
        "expected a map at the root, as there is now, found null"
    );
    assert_eq!(
        refused(&snapshot, wish("", ConfigValue::Null)),
        "expected a map at the root, as there is now, found null"
    );
}

#[test]
fn the_limits_hold_for_the_whole_of_what_comes_to_be() {
    let snapshot = first("(a: 1, b: 2)", ConfigRules::new());
    let text = |bytes| "x".repeat(bytes);
    // The map, both keys and both numbers take 26 bytes; what is added takes its key and 8.
    let (full, _) = snapshot
        .update(wish("c", text(1000 - 26 - 9)), at(1))
        .expect("an update");
    assert_eq!(full.document().bytes(), 1000);
    assert_eq!(
        refused(&snapshot, wish("c", text(1000 - 26 - 8))),
        "expected at most 1000 bytes in all, found more"
    );
    assert_eq!(
        refused(&snapshot, wish("a.b.c.d", 1)),
        "a.b.c.d: expected at most 3 lists and maps inside each other"
    );
    assert_eq!(
        refused(&snapshot, wish("c", f64::NAN)),
        "c: expected a finite number, found NaN"
    );
}

#[test]
fn only_allowed_paths_and_what_is_in_them_may_be_updated() {
    let allowed = [
        "pool".parse().expect("a path"),
        "http.port".parse().expect("a path"),
    ];
    let rules = ConfigRules::new().updatable(allowed);
    let snapshot = first("(pool: (size: 1), http: (port: 1, host: \"x\"))", rules);
    assert!(snapshot.update(wish("pool.size", 2), at(1)).is_ok());
    assert!(snapshot.update(wish("http.port", 2), at(1)).is_ok());
    for (path, shown) in [
        ("http", "`http`"),
        ("http.host", "`http.host`"),
        ("", "the root"),
    ] {
        assert_eq!(
            refused(&snapshot, wish(path, 1)),
            format!("{shown} is not among the paths that may be updated")
        );
    }
    let nothing = first("(a: 1)", ConfigRules::new().updatable([]));
    assert_eq!(
        refused(&nothing, wish("a", 2)),
        "`a` is not among the paths that may be updated"
    );
}

#[test]
fn all_validators_are_asked_about_the_whole_and_all_their_faults_are_told() {
    let at_most = |key: &'static str, max: u64| {
        move |document: &Document| {
            let found = document.root().step(key).and_then(ConfigValue::as_u64);
            match found {
                Some(found) if found > max => {
                    let fault = Fault::new(format!("expected at most {max}, found {found}"));
                    Err(vec![fault.at(SpecPath::root().field(key))])
                }
                _ => Ok(()),
            }
        }
    };
    let rules = ConfigRules::new()
        .validator(at_most("a", 3))
        .validator(at_most("b", 5));
    let snapshot = first("(a: 1, b: 1)", rules);
    assert!(snapshot.update(wish("a", 3), at(1)).is_ok());
    assert_eq!(
        refused(&snapshot, wish("", value("(a: 4, b: 6)"))),
        "a: expected at most 3, found 4\nb: expected at most 5, found 6"
    );
}

#[test]
fn a_validator_that_gives_no_reason_or_panics_refuses() {
    let silent = first("(a: 1)", ConfigRules::new().validator(|_| Err(Vec::new())));
    assert_eq!(
        refused(&silent, wish("a", 2)),
        "refused by a validator that gave no reason"
    );
    let panicking = ConfigRules::new().validator(|_| panic!("no {}", "way"));
    assert_eq!(
        refused(&first("(a: 1)", panicking), wish("a", 2)),
        "a validator of the configuration panicked: no way"
    );
}

#[test]
fn a_reset_goes_back_to_the_start_and_tells_what_became_different() {
    let start = first("(a: 1, b: 2)", ConfigRules::new());
    let (changed, _) = start.update(wish("a", 5), at(1)).expect("an update");
    let (changed, _) = changed.update(wish("c", true), at(2)).expect("an update");
    let (reset, told) = changed.reset(at(3));
    assert_eq!(reset.document(), start.document());
    assert_eq!((reset.version(), told.version), (3, 3));
    assert_eq!((reset.updates_count(), reset.resets_count()), (2, 1));
    assert_eq!(
        serde_json::to_string(&told.changes).expect("JSON"),
        r#"[{"path":"a","previous":5,"value":1},{"path":"c","previous":true,"value":null}]"#
    );
    let (again, told) = reset.reset(at(4));
    assert_eq!((again.version(), told.changes.len()), (4, 0));
}

#[test]
fn the_status_of_a_path_tells_what_is_there_and_its_past() {
    let rules = ConfigRules::new().updatable(["a".parse().expect("a path")]);
    let start = first("(a: (b: 1), c: 1)", rules);
    let (after, _) = start.update(wish("a.b", 2), at(7)).expect("an update");
    let status = |path: &str| after.status_of(&path.parse().expect("a path"));
    let inside = status("a.b");
    assert_eq!(inside.kind, Some(ConfigKind::Integer));
    assert_eq!((inside.version, inside.changed_at), (Some(1), Some(at(7))));
    assert_eq!(
        (inside.exists, inside.changes_count, inside.updatable),
        (true, 1, true)
    );
    let untouched = status("c");
    assert_eq!(
        (untouched.version, untouched.changed_at),
        (Some(0), Some(at(0)))
    );
    assert_eq!((untouched.changes_count, untouched.updatable), (0, false));
    assert_eq!(
        serde_json::to_string(&status("a.x")).expect("JSON"),
        r#"{"path":"a.x","exists":false,"kind":null,"version":null,"changed_at":null,"changes_count":0,"updatable":true}"#
    );
    assert_eq!(
        serde_json::to_string(&inside).expect("JSON"),
        r#"{"path":"a.b","exists":true,"kind":"integer","version":1,"changed_at":"1970-01-01T00:00:07.000Z","changes_count":1,"updatable":true}"#
    );
}
