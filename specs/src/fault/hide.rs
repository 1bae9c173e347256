//! What nobody is to read in a line of a file that is shown: secrets, and who somebody is at a server.

/// The names of fields of which nothing is shown.
const SECRETS: [&str; 3] = ["secret", "password", "token"];

/// The line, with a dot in place of each character of a secret: what stands in quotes after `secret:`, and who is named in an address, as
/// between `redis://` and `@`. All else stays where it was.
pub(super) fn hide(line: &str) -> String {
    let mut hidden: Vec<char> = line.chars().collect();
    let mut from = 0;
    while let Some(opening) = quote(&hidden, from) {
        let closing = quote(&hidden, opening + 1).unwrap_or(hidden.len());
        let name = name_before(&hidden[..opening]);
        let secret = if SECRETS.contains(&name.as_str()) {
            opening + 1..closing
        } else {
            who(&hidden, opening + 1, closing)
        };
        hidden[secret].fill('•');
        from = closing + 1;
    }
    hidden.into_iter().collect()
}

/// Where the next quotation mark is that no backslash stands before.
fn quote(line: &[char], from: usize) -> Option<usize> {
    let mut escaped = false;
    (from..line.len()).find(|&at| {
        let is_quote = line[at] == '"' && !escaped;
        escaped = line[at] == '\\' && !escaped;
        is_quote
    })
}

/// The name of the field whose value comes then; empty if there is none.
fn name_before(line: &[char]) -> String {
    let line: String = line.iter().collect();
    // A string may be raw.
    let line = line.trim_end_matches('#');
    let line = line.strip_suffix('r').unwrap_or(line).trim_end();
    let line = line.strip_suffix(':').unwrap_or_default().trim_end();
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = line.trim_end_matches(name).len();
    line[begins..].to_owned()
}

/// Where in an address it is said who somebody is; nowhere in what is none. Where the `@` was forgotten, it may be anywhere.
fn who(line: &[char], from: usize, to: usize) -> std::ops::Range<usize> {
    let text = &line[from..to];
    let Some(scheme) = text.windows(3).position(|three| three == [':', '/', '/']) else {
        return from..from;
    };
    let begin = from + scheme + 3;
    let rest = &line[begin..to];
    if let Some(at) = rest.iter().rposition(|&c| c == '@') {
        return begin..begin + at;
    }
    let port = rest
        .iter()
        .rposition(|&c| c == ':')
        .map(|colon| &rest[colon + 1..]);
    let port = port.unwrap_or_default().iter();
    let is_port = port.take_while(|&&c| c != '/').all(char::is_ascii_digit);
    begin..if is_port { begin } else { to }
}

#[cfg(test)]
mod tests {
    use super::hide;

    #[test]
    fn only_secrets_are_hidden_and_nothing_moves() {
        for (line, shown) in [
            (
                r#"(limit: 0, secret: "hunter2", x: 1)"#,
                r#"(limit: 0, secret: "•••••••", x: 1)"#,
            ),
            (r##"secret : r#"hunter2"#,"##, r##"secret : r#"•••••••"#,"##),
            (r#"secret: "a\"b""#, r#"secret: "••••""#),
            (r#"secret: "never closed"#, r#"secret: "••••••••••••"#),
            (
                r#"url: "redis://ada:pw@h:1/2", name: "api""#,
                r#"url: "redis://••••••@h:1/2", name: "api""#,
            ),
            (r#"url: "redis://:p/@w@h""#, r#"url: "redis://•••••@h""#),
            (
                r#"url: "redis://ada:hunter2""#,
                r#"url: "redis://•••••••••••""#,
            ),
            (r#"url: "redis://h:6379/1""#, r#"url: "redis://h:6379/1""#),
            (
                r#"url: "redis://h/x", secrets: "no""#,
                r#"url: "redis://h/x", secrets: "no""#,
            ),
            ("name: api", "name: api"),
        ] {
            assert_eq!(hide(line), shown);
        }
    }
}
