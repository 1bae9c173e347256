//! Where the content comes from, and what is not taken for content.

use mainstay_actors::config::{ConfigRules, ConfigServer, LoadError};
use mainstay_supervisors::specs::{ChildId, ConfigServerSpec, Fault, SpecPath};
use mainstay_supervisors::{StartError, Supervisor};

use super::support::{Bed, TempFile, args, runtime, spec, value};

/// Why a config server with this spec does not start, after what every failed start says.
async fn told(spec: ConfigServerSpec) -> String {
    told_with(spec, ConfigRules::new()).await
}

async fn told_with(spec: ConfigServerSpec, rules: ConfigRules) -> String {
    let started = Bed::try_with(ConfigServer::child_with(spec, rules)).await;
    let error = started.map(|_| ()).expect_err("a failed start");
    let around = r#"the namespace "bed" did not start: child children: child config_server: "#;
    error
        .strip_prefix(around)
        .expect("a failed child")
        .to_owned()
}

/// Why a file with this content is refused; its path is shown as `FILE`.
async fn told_of_file(content: impl AsRef<[u8]>) -> String {
    let file = TempFile::new(content);
    let told = told(ConfigServerSpec::default().file(file.path())).await;
    told.replace(&file.path().display().to_string(), "FILE")
}

#[tokio::test(start_paused = true)]
async fn without_a_file_and_without_content_it_starts_empty() {
    let bed = Bed::with_spec(ConfigServerSpec::default()).await;
    assert_eq!(bed.config().get(""), Ok(value("{}")));
    assert_eq!(bed.config().status().version, 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_content_of_the_spec_goes_over_that_of_the_file() {
    let file = TempFile::new("// comment\n(a: (x: 1, y: [1]), b: \"file\")\n");
    let spec = spec("(a: (y: [2, 3], z: Some(true)))").file(file.path());
    let bed = Bed::with_spec(spec).await;
    assert_eq!(
        bed.config().get(""),
        Ok(value(r#"(a: (x: 1, y: [2, 3], z: true), b: "file")"#))
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_byte_order_mark_is_passed_over() {
    let file = TempFile::new("\u{FEFF}(a: 1)");
    let bed = Bed::with_spec(ConfigServerSpec::default().file(file.path())).await;
    assert_eq!(bed.config().get("a"), Ok(1.into()));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_not_there_or_no_file_fails_the_start() {
    let missing = std::env::temp_dir().join("mainstay-no-such-file.ron");
    assert_eq!(
        told(ConfigServerSpec::default().file(&missing)).await,
        format!(
            "{}: cannot be read: No such file or directory (os error 2)",
            missing.display()
        )
    );
    let folder = std::env::temp_dir();
    assert_eq!(
        told(ConfigServerSpec::default().file(&folder)).await,
        format!(
            "{}: cannot be read: Is a directory (os error 21)",
            folder.display()
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_no_text_fails_the_start() {
    assert_eq!(
        told_of_file(b"(a: \"\xFF\")").await,
        "FILE: expected UTF-8 text, found something else at byte 5"
    );
}

#[tokio::test(start_paused = true)]
async fn mistakes_in_the_brackets_are_told_with_line_and_column() {
    assert_eq!(
        told_of_file("(\n  a: 1,\n  b: [1, 2,\n)").await,
        "FILE:4:1: b[2]: expected a value, found ')'"
    );
    assert_eq!(
        told_of_file("(\n  a: 1\n  b: \"x\"\n)").await,
        "FILE:3:3: a: expected `,` before this"
    );
    assert_eq!(
        told_of_file("(a: 1) (b: 2)").await,
        "FILE:1:8: expected the end of the file, found '('"
    );
    assert_eq!(
        told_of_file("(a: ,\n b: \"x)").await,
        "FILE:1:2: a: expected a value after `a:`\nFILE:2:5: b: this text is never closed",
        "all of them are told"
    );
}

#[tokio::test(start_paused = true)]
async fn an_empty_file_is_no_empty_configuration() {
    let told = told_of_file("// nothing yet\n").await;
    assert!(
        told.ends_with("expected a value, found the end of the file"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn values_that_cannot_be_are_told_with_their_path() {
    assert_eq!(
        told_of_file("(a: 1, b: (c: 1, c: 2))").await,
        "FILE:1:18: b.c: duplicate field `c`, first given at line 1"
    );
    assert_eq!(
        told_of_file(r#"{"a": b"bytes", "b": {1: 2, "c": 1, "c": 2}}"#).await,
        "FILE: a: expected a string, a number, a bool, a list or a map, found bytes\n\
         FILE: b: expected a string as key, found an integer\n\
         FILE: b.c: the key is given twice"
    );
    assert_eq!(
        told_of_file("(\n  a: 300u8)").await,
        "FILE:2:6: a: the number 300u8 is out of range"
    );
}

#[tokio::test(start_paused = true)]
async fn the_whole_of_a_file_is_a_map() {
    for (content, found) in [("[1]", "a list"), ("()", "null"), ("\"a\"", "a string")] {
        assert_eq!(
            told_of_file(content).await,
            format!("FILE:1:1: expected a map or a struct with named fields, found {found}")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn content_over_the_limits_fails_the_start_with_all_that_is_wrong() {
    let refused = "the configuration to start with is refused: ";
    assert_eq!(
        told(spec("(a: inf, b: [NaN], c: (d: (e: 1)))").depth_max(2)).await,
        format!(
            "{refused}a: expected a finite number, found inf\n\
             b[0]: expected a finite number, found NaN\n\
             c.d: expected at most 2 lists and maps inside each other"
        )
    );
    assert_eq!(
        told(spec("(a: \"0123456789\")").bytes_max(26)).await,
        format!("{refused}expected at most 26 bytes in all, found more")
    );
    assert_eq!(
        told_of_file(format!("(a: \"{}\")", "x".repeat((1 << 20) + 1))).await,
        format!(
            "{refused}a: expected a string of at most 1048576 bytes, found 1048577\n\
             expected at most 1048576 bytes in all, found more"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn content_as_deep_as_a_file_may_be_is_refused_and_no_more() {
    let content = format!("(a: {}1{})", "[".repeat(190), "]".repeat(190));
    let path = format!("a{}", "[0]".repeat(19));
    assert_eq!(
        told_of_file(content).await,
        format!(
            "the configuration to start with is refused: {path}: expected at most 20 lists and maps inside each other"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn content_that_a_validator_refuses_fails_the_start() {
    let rules = ConfigRules::new().validator(|document| {
        let port = document.root().step("port").and_then(|port| port.as_u64());
        match port {
            Some(1..=65535) => Ok(()),
            _ => Err(vec![
                Fault::new("expected a port").at(SpecPath::root().field("port")),
            ]),
        }
    });
    assert_eq!(
        told_with(spec("(port: 70000)"), rules.clone()).await,
        "the configuration to start with is refused: port: expected a port"
    );
    let bed = Bed::with_child(ConfigServer::child_with(spec("(port: 80)"), rules)).await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn limits_from_code_that_cannot_be_fail_the_start() {
    assert_eq!(
        told(spec("(a: 1)").depth_max(0).subscribers_max(0)).await,
        "the spec of the config server is wrong: subscribers_max: expected at least 1, found 0\n\
         depth_max: expected 1 to 128, found 0"
    );
}

#[tokio::test(start_paused = true)]
async fn content_in_the_spec_that_is_no_value_fails_the_start() {
    assert_eq!(
        told(spec(r#"{"a": 1, "a": b"x"}"#)).await,
        "a: expected a string, a number, a bool, a list or a map, found bytes\n\
         a: the key is given twice"
    );
    assert_eq!(
        told(spec("[1]")).await,
        "expected a map or a struct with named fields, found a list"
    );
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_a_failed_start_keeps_its_type() {
    let child = ConfigServer::child(ConfigServerSpec::default().initial(args("[1]")));
    let runtime = runtime();
    let supervisor = Supervisor::one_for_one().child(child);
    let started = runtime
        .start(ChildId::new("root").expect("a name"), supervisor)
        .await;
    let Err(StartError::Child { error, .. }) = started else {
        panic!("it started")
    };
    let StartError::Failed(failure) = *error else {
        panic!("{error}")
    };
    assert!(matches!(
        failure.downcast_ref(),
        Some(LoadError::NoNamespace)
    ));
    assert_eq!(
        failure.to_string(),
        "a config server lives in a namespace; it was started outside of any"
    );
}
