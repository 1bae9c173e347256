//! Integers that JSON can carry and an event cannot: what reads JSON makes floats of those beyond 64 bits, which are other numbers.

use super::check::INTEGERS;

/// The first integer of a JSON text that no type of 64 bits holds, and the line and the column, from 1, that it begins at. Of a text that is
/// no JSON it says nothing that matters.
pub(crate) fn too_large(json: &str) -> Option<(&str, usize, usize)> {
    let mut rest = json;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        rest = &rest[at..];
        let len = if rest.starts_with('"') {
            text_len(rest)
        } else {
            number_len(rest)
        };
        let (found, after) = rest.split_at(len);
        if is_integer(found) && !fits(found) {
            let before = &json[..json.len() - rest.len()];
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .map_or(0, |line| line.chars().count())
                + 1;
            return Some((found, line, column));
        }
        rest = after;
    }
    None
}

/// How long the text is that begins here, with both its quotation marks.
fn text_len(json: &str) -> usize {
    let mut is_escaped = true;
    for (at, byte) in json.bytes().enumerate() {
        match byte {
            // The first one begins it.
            b'"' if at > 0 && !is_escaped => return at + 1,
            b'\\' if !is_escaped => is_escaped = true,
            _ => is_escaped = false,
        }
    }
    json.len()
}

fn number_len(json: &str) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    json.bytes().take_while(|byte| is_part(byte)).count().max(1)
}

fn is_integer(found: &str) -> bool {
    let digits = found.strip_prefix('-').unwrap_or(found);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn fits(integer: &str) -> bool {
    integer
        .parse()
        .is_ok_and(|number: i128| INTEGERS.contains(&number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_integer_of_more_than_64_bits_is_found_with_its_place() {
        for (json, expected) in [
            (
                r#"{"a":18446744073709551615,"b":-9223372036854775808}"#,
                None,
            ),
            (
                r#"{"a":18446744073709551616}"#,
                Some(("18446744073709551616", 1, 6)),
            ),
            (
                "[1,\n  \"ü\", -9223372036854775809]",
                Some(("-9223372036854775809", 2, 8)),
            ),
            (
                r#"["18446744073709551616","\"18446744073709551616","\\",1e30,18446744073709551616.0]"#,
                None,
            ),
            (
                r#"["\\",99999999999999999999]"#,
                Some(("99999999999999999999", 1, 7)),
            ),
            (r#""9"#, None),
            ("-", None),
            ("", None),
        ] {
            assert_eq!(too_large(json), expected, "{json}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_looked_through(json in "\\PC{0,40}|[\\[\\]{}\",:0-9eE.+\\\\ \n-]{0,40}") {
            too_large(&json);
        }

        #[test]
        fn an_integer_is_found_wherever_it_is(
            before in prop::collection::vec("[a-z0-9\"\\\\ü\n]{0,6}", 0..4), number in any::<i128>(),
        ) {
            let texts = before.iter().map(|text| serde_json::to_string(text).expect("JSON") + ",");
            let json = format!("[{}{number}]", texts.collect::<String>());
            let found = too_large(&json).map(|(found, ..)| found.to_owned());
            let expected = (!INTEGERS.contains(&number)).then(|| number.to_string());
            prop_assert_eq!(found, expected);
        }
    }
}
