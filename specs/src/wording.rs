//! Says in our words what `ron` found wrong.

use ron::Error;

use crate::suggest::hint;
use crate::syntax::{Role, Shape, Tree};

/// What is wrong with a value, which is `node` in `tree`.
pub(crate) fn wording(error: &Error, tree: &Tree<'_>, node: usize) -> String {
    if let Some(word) = unknown_word(error) {
        return word;
    }
    let found = found(tree, node);
    let shape = tree.node(node).shape;
    let field = tree.node(node).role == Role::Place;
    match error {
        Error::ExpectedIdentifier | Error::SuggestRawIdentifier(_) | Error::ExpectedMapColon
            if field =>
        {
            format!("expected a field `name: value`, found {found}")
        }
        Error::ExpectedStructLike if shape == Shape::Name => {
            format!("expected a value in brackets after `{found}`")
        }
        Error::ExpectedStructLikeEnd if shape == Shape::Tuple => {
            format!("expected one value in brackets, found {found}")
        }
        Error::ExpectedComma if shape != Shape::Literal => {
            format!("expected a value without brackets, found {found}")
        }
        Error::InvalidValueForType { expected, found } if !is_scalar(shape) => {
            format!("expected {expected}, found {found}") // of a part that was read before it was looked at
        }
        Error::InvalidValueForType { expected, .. } => {
            format!("expected {expected}, found {found}")
        }
        Error::ExpectedDifferentStructName { expected, .. } => {
            format!("expected `(…)` or `{expected}(…)`, found {found}")
        }
        Error::IntegerOutOfBounds => format!("the number {} is out of range", tree.source(node)),
        Error::DuplicateStructField { field, .. } => format!("duplicate field `{field}`"),
        Error::Message(message) if message.contains("found ") => message.clone(),
        Error::Message(message) => format!("{message}, found {found}"),
        other => match expected(other) {
            Some(expected) => format!("expected {expected}, found {found}"),
            None => lower(&other.to_string()),
        },
    }
}

fn unknown_word(error: &Error) -> Option<String> {
    match error {
        Error::NoSuchStructField {
            expected, found, ..
        } => Some(format!(
            "unknown field `{found}`, {}",
            hint(found, expected)
        )),
        Error::NoSuchEnumVariant {
            expected, found, ..
        } => Some(format!(
            "unknown value `{found}`, {}",
            hint(found, expected)
        )),
        Error::MissingStructField { field, .. } => Some(format!("missing field `{field}`")),
        _ => None,
    }
}

/// What `ron` wanted to see.
fn expected(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::ExpectedArray | Error::ExpectedArrayEnd => "a list `[…]`",
        Error::ExpectedBoolean => "`true` or `false`",
        Error::ExpectedChar => "a character such as 'x'",
        Error::ExpectedFloat => "a number",
        Error::ExpectedInteger | Error::ExpectedComma => "a whole number",
        Error::ExpectedOption => "an optional value",
        Error::ExpectedMap | Error::ExpectedMapEnd => "a map `{…}`",
        Error::ExpectedStructLike
        | Error::ExpectedNamedStructLike(_)
        | Error::ExpectedStructLikeEnd => "a struct `(…)`",
        Error::ExpectedUnit => "`()`",
        Error::ExpectedString => "a text in quotes",
        Error::ExpectedIdentifier | Error::SuggestRawIdentifier(_) => "a name without quotes",
        Error::ExpectedRawValue => "a value",
        _ => return None,
    })
}

/// What there is, shortly.
pub(crate) fn found(tree: &Tree<'_>, node: usize) -> String {
    let source = tree.source(node);
    match tree.node(node).shape {
        Shape::List => "a list".to_owned(),
        Shape::Map => "a map".to_owned(),
        Shape::Struct if source.starts_with('(') => "a struct".to_owned(),
        Shape::Tuple if source.starts_with('(') => "a tuple".to_owned(),
        Shape::Missing => "nothing".to_owned(),
        Shape::Text | Shape::Literal | Shape::Name | Shape::Struct | Shape::Tuple => {
            shortened(source)
        }
    }
}

/// The source text on one line, or its beginning.
fn shortened(source: &str) -> String {
    let line = source.lines().next().unwrap_or_default();
    let short: String = line.chars().take(FOUND_MAX).collect();
    if short.len() == source.len() {
        short
    } else {
        format!("{short}…")
    }
}

const FOUND_MAX: usize = 40;

const fn is_scalar(shape: Shape) -> bool {
    matches!(shape, Shape::Text | Shape::Literal | Shape::Name)
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}
