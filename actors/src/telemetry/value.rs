//! Numbers that are measured, and what is said beside them.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use mainstay_specs::{ChildId, EventPath, NamespaceName, ServiceName};
use serde::{Serialize, Serializer};

/// The longest text in the metadata of an event, in bytes. What goes beyond is cut off, with `…` in its place.
pub const TEXT_BYTES_MAX: usize = 1024;

/// A number that was measured. As JSON, durations are seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// A whole number that is not negative: a count, an amount of bytes.
    Unsigned(u64),
    /// A whole number.
    Signed(i64),
    /// Any number; it may be infinite, or none (NaN).
    Float(f64),
    /// A time that something took.
    Duration(Duration),
}

impl Number {
    /// The number as a float: rounded if it is a whole number above 2^53, in seconds if it is a duration.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::Unsigned(number) => number as f64,
            Self::Signed(number) => number as f64,
            Self::Float(number) => number,
            Self::Duration(time) => time.as_secs_f64(),
        }
    }

    /// The duration, if it is one.
    #[must_use]
    pub const fn as_duration(self) -> Option<Duration> {
        match self {
            Self::Duration(time) => Some(time),
            Self::Unsigned(_) | Self::Signed(_) | Self::Float(_) => None,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(number) => number.fmt(f),
            Self::Signed(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Duration(time) => write!(f, "{time:?}"),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unsigned(number) => serializer.serialize_u64(*number),
            Self::Signed(number) => serializer.serialize_i64(*number),
            Self::Float(_) | Self::Duration(_) => serializer.serialize_f64(self.as_f64()),
        }
    }
}

/// What is said beside the numbers: who, where, which.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Value {
    /// A text of at most [`TEXT_BYTES_MAX`] bytes, as far as it was made by one of the conversions here.
    Text(Cow<'static, str>),
    /// A whole number that is not negative.
    Unsigned(u64),
    /// A whole number.
    Signed(i64),
    /// Any number.
    Float(f64),
    /// Yes or no.
    Bool(bool),
}

impl Value {
    /// The text of something that can be shown. If showing it panics, the text says so.
    #[must_use]
    pub fn text_of(shown: &dyn fmt::Display) -> Self {
        // Whatever it has behind a reference, all it is asked for is a text that is thrown away.
        let show = std::panic::AssertUnwindSafe(|| Cut::of(shown));
        match std::panic::catch_unwind(show) {
            Ok(text) => Self::Text(text.into()),
            Err(payload) => {
                super::panic::discard(payload);
                Self::Text("a text that could not be made without a panic".into())
            }
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Unsigned(_) | Self::Signed(_) | Self::Float(_) | Self::Bool(_) => None,
        }
    }
}

/// A text that is not written further than it may be long.
struct Cut(String);

impl Cut {
    fn of(shown: &dyn fmt::Display) -> String {
        let mut cut = Self(String::new());
        // What does not fit ends the writing with an error.
        fmt::write(&mut cut, format_args!("{shown}")).ok();
        cut.0
    }
}

impl fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = TEXT_BYTES_MAX - self.0.len();
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let (dots, kept) = ("…", TEXT_BYTES_MAX - "…".len());
        if self.0.len() <= kept {
            self.0
                .push_str(&text[..text.floor_char_boundary(kept - self.0.len())]);
        } else {
            self.0.truncate(self.0.floor_char_boundary(kept));
        }
        self.0.push_str(dots);
        Err(fmt::Error)
    }
}

fn cut(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.len() <= TEXT_BYTES_MAX {
        text
    } else {
        Cut::of(&text).into()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Unsigned(number) => number.fmt(f),
            Self::Signed(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Bool(truth) => truth.fmt(f),
        }
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(*other)
    }
}

macro_rules! from_numbers {
    ($($target:ident: $($number:ty => $variant:ident),+;)+) => {
        $($(impl From<$number> for $target {
            fn from(number: $number) -> Self {
                Self::$variant(number.into())
            }
        })+)+
    };
}

from_numbers! {
    Number: u8 => Unsigned, u16 => Unsigned, u32 => Unsigned, u64 => Unsigned, i8 => Signed, i16 => Signed, i32 => Signed,
        i64 => Signed, f32 => Float, f64 => Float, Duration => Duration;
    Value: u8 => Unsigned, u16 => Unsigned, u32 => Unsigned, u64 => Unsigned, i8 => Signed, i16 => Signed, i32 => Signed,
        i64 => Signed, f32 => Float, f64 => Float, bool => Bool;
}

impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Self::Unsigned(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Unsigned(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(cut(text.into()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(cut(text.into()))
    }
}

macro_rules! from_names {
    ($($name:ty),+) => {
        $(impl From<&$name> for Value {
            fn from(name: &$name) -> Self {
                Self::Text(name.as_str().to_owned().into())
            }
        })+
    };
}

from_names!(NamespaceName, ServiceName, ChildId, EventPath);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_letter_and_says_so() {
        let long = "é".repeat(1000);
        let Value::Text(text) = Value::from(long.clone()) else {
            panic!("a text")
        };
        assert_eq!(text, format!("{}…", "é".repeat(510)));
        assert_eq!(Value::text_of(&long), Value::Text(text));
        let fits = "x".repeat(TEXT_BYTES_MAX);
        assert_eq!(Value::from(fits.clone()), *fits);
    }

    #[test]
    fn a_text_that_comes_in_pieces_is_cut_as_one_that_is_whole() {
        struct Pieces(usize);
        impl fmt::Display for Pieces {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (0..self.0).try_for_each(|_| f.write_str("ab"))
            }
        }
        for pieces in [511, 512, 513, 1000] {
            assert_eq!(
                Value::text_of(&Pieces(pieces)),
                Value::from("ab".repeat(pieces)),
                "{pieces}"
            );
        }
    }

    #[test]
    fn a_text_whose_making_panics_is_told_as_that() {
        struct Trap;
        impl fmt::Display for Trap {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                panic!("as planned")
            }
        }
        assert_eq!(
            Value::text_of(&Trap),
            "a text that could not be made without a panic"
        );
    }

    #[test]
    fn numbers_are_told_in_json_as_numbers() {
        let numbers = [
            Number::from(7_u64),
            Number::from(-7),
            Number::from(0.5),
            Number::from(Duration::from_millis(1500)),
        ];
        assert_eq!(
            serde_json::to_string(&numbers).expect("JSON"),
            "[7,-7,0.5,1.5]"
        );
        let values = [Value::from("a"), Value::from(7_u8), Value::from(true)];
        assert_eq!(
            serde_json::to_string(&values).expect("JSON"),
            r#"["a",7,true]"#
        );
    }
}
