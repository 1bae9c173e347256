use proptest::prelude::*;

use super::*;

fn told(text: &str) -> String {
    match text.parse::<ConfigPath>() {
        Ok(path) => format!("{:?}", path.segments()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn segments_are_joined_by_dots_and_quoted_when_they_hold_dots() {
    assert_eq!(told("a.b.0"), r#"["a", "b", "0"]"#);
    assert_eq!(
        told(r#"hosts."example.com".port"#),
        r#"["hosts", "example.com", "port"]"#
    );
    assert_eq!(told(r#""a\"b\\c".d\e"#), r#"["a\"b\\c", "d\\e"]"#);
    assert_eq!(told(""), "[]");
}

#[test]
fn a_text_that_is_no_path_is_refused_with_what_is_wrong_and_where() {
    assert_eq!(told("."), "segment 1 of the path is empty");
    assert_eq!(told("a..b"), "segment 2 of the path is empty");
    assert_eq!(told("a."), "segment 2 of the path is empty");
    assert_eq!(told(r#"a."""#), "segment 2 of the path is empty");
    assert_eq!(
        told(r#"a."b"#),
        "the quote at character 3 of the path is not closed"
    );
    assert_eq!(
        told(r#"a"b"#),
        "expected a dot or the end of the path at character 2, found '\"'"
    );
    assert_eq!(
        told(r#""é"b"#),
        "expected a dot or the end of the path at character 4, found 'b'"
    );
    assert_eq!(
        told(r#""a\n""#),
        r#"expected \" or \\ after the backslash at character 3 of the path"#
    );
}

#[test]
fn a_path_has_at_most_fifty_segments() {
    let fifty = vec!["a"; 50].join(".");
    assert_eq!(
        fifty
            .parse::<ConfigPath>()
            .map(|path| path.segments().len()),
        Ok(50)
    );
    assert_eq!(
        format!("{fifty}.a").parse::<ConfigPath>(),
        Err(PathError::TooManySegments)
    );
    assert_eq!(vec!["a"; 51].into_path(), Err(PathError::TooManySegments));
    assert_eq!(
        ConfigPath::from_segments(std::iter::repeat("a")),
        Err(PathError::TooManySegments),
        "a list without end is not read to its end"
    );
}

#[test]
fn a_path_is_within_itself_and_what_leads_to_it() {
    let path = |text: &str| text.parse::<ConfigPath>().expect("a path");
    assert!(path("a.b").is_within(&path("a.b")));
    assert!(path("a.b").is_within(&path("a")));
    assert!(path("a.b").is_within(&ConfigPath::root()));
    assert!(!path("a").is_within(&path("a.b")));
    assert!(!path("ab").is_within(&path("a")));
}

proptest! {
    #[test]
    fn every_list_of_segments_survives_the_way_to_text_and_back(
        segments in prop::collection::vec("[a-z.\"\\\\é 0-9]{1,6}", 0..8),
    ) {
        let path = ConfigPath::from_segments(segments).expect("no segment is empty");
        prop_assert_eq!(path.to_string().parse::<ConfigPath>(), Ok(path));
    }

    #[test]
    fn no_text_makes_the_parser_panic_and_what_it_takes_it_shows_again(text in ".{0,40}") {
        if let Ok(path) = text.parse::<ConfigPath>() {
            prop_assert_eq!(path.to_string().parse::<ConfigPath>(), Ok(path));
        }
    }
}
