//! The single values of a spec as it is written, and each as another one.

/// A value that has no others inside it.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// As the difference of two specs has it, and further in.
    pub(crate) path: String,
    line: usize,
    value: String,
    instead: String,
}

impl Leaf {
    /// The text with something else in its place.
    pub(crate) fn otherwise(&self, text: &str) -> String {
        let lines = text.lines().enumerate().map(|(nth, line)| {
            if nth != self.line {
                return line.to_owned();
            }
            let at = line.rfind(&self.value).expect("it is in its line");
            format!(
                "{}{}{}",
                &line[..at],
                self.instead,
                &line[at + self.value.len()..]
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Whether this path is its own, or of something that it is in.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        let rest = self.path.strip_prefix(path);
        rest.is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
    }

    /// Whether it may be what something is found by.
    pub(crate) fn is_name(&self) -> bool {
        self.path.ends_with(".name") || self.path.ends_with(".id")
    }
}

/// What is being read: what it is called, and, of a list, how many of its elements were passed.
struct Frame {
    path: String,
    next: Option<usize>,
}

/// Those values that can be others of their kind. The text is one that `to_ron` has written: each field, and each element, on a line of its own.
pub(crate) fn leaves(text: &str) -> Vec<Leaf> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut leaves = Vec::new();
    for (nth, line) in text.lines().enumerate() {
        let line = line.trim().trim_end_matches(',');
        if line.starts_with([')', ']', '}']) {
            frames.pop();
            continue;
        }
        let named = line.split_once(": ").filter(|(name, _)| is_name(name));
        let (name, value) = named.unwrap_or(("", line));
        let path = match frames.last_mut() {
            None => name.to_owned(),
            Some(Frame {
                path,
                next: Some(at),
            }) => {
                *at += 1;
                format!("{path}[{}]", *at - 1)
            }
            Some(Frame { path, next: None }) if path.is_empty() => name.to_owned(),
            Some(Frame { path, next: None }) => format!("{path}.{name}"),
        };
        if value.ends_with(['(', '[', '{']) {
            let next = value.ends_with('[').then_some(0);
            frames.push(Frame { path, next });
        } else if let Some((value, instead)) = other(value) {
            leaves.push(Leaf {
                path,
                line: nth,
                value: value.to_owned(),
                instead,
            });
        }
    }
    leaves
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Another value of the same kind, beside what of `value` it comes in the place of.
fn other(value: &str) -> Option<(&str, String)> {
    let bare = value
        .strip_prefix("Some(")
        .and_then(|rest| rest.strip_suffix(')'));
    let bare = bare.unwrap_or(value);
    let instead = match bare {
        "true" => "false".to_owned(),
        "false" => "true".to_owned(),
        "one_for_one" => "rest_for_one".to_owned(),
        "one_for_all" | "rest_for_one" => "one_for_one".to_owned(),
        "permanent" | "temporary" => "transient".to_owned(),
        "transient" => "permanent".to_owned(),
        _ => {
            if let Ok(number) = bare.parse::<u64>() {
                (number + 1).to_string()
            } else if let Ok(number) = bare.parse::<f64>() {
                let other = if number == 0.0 { 0.5 } else { number * 0.99 };
                format!("{other:?}")
            } else {
                let text = bare.strip_prefix('"')?.strip_suffix('"')?;
                otherwise(text)
            }
        }
    };
    Some((bare, instead))
}

/// A time that is longer by one of its first unit, or a text that is longer by a letter.
fn otherwise(text: &str) -> String {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    match text[..digits].parse::<u64>() {
        Ok(number) => format!("\"{}{}\"", number + 1, &text[digits..]),
        Err(_) => format!("\"{text}x\""),
    }
}
