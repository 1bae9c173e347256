//! RON that is kept as text until somebody knows its type: the arguments of a child.

use std::sync::Arc;

use ron::value::RawValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::document::{Document, options};
use crate::finding::Report;
use crate::syntax::{Shape, says_the_same, walk};
use crate::{Fault, Faults, Position};

/// A RON value of a type that only its reader knows, with its place in the file it came from.
///
/// The default is no text at all, which [`decode`](Self::decode)s as `()`, as a struct with defaults for all fields, or as
/// an empty map. Cheap to clone. Equal when both say the same, wherever it stood: white space, comments, the order of named fields, and how
/// a number or a text is written make no difference.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// None for no arguments.
    text: Option<Arc<str>>,
    position: Option<Position>,
}

impl Args {
    /// No arguments.
    pub const NONE: Self = Self {
        text: None,
        position: None,
    };

    /// Takes RON text, such as `(every: "1s")`.
    ///
    /// # Errors
    ///
    /// What is wrong with a text that is no RON; positions are those within `text`.
    pub fn from_ron(text: &str) -> Result<Self, Faults> {
        let text = format!("{text}\n"); // ends a comment, which `RawValue` insists on
        let mut document = Document::open(&text, &[])?;
        let read = document.read::<Box<RawValue>>();
        document.finish(Report::default())?;
        let unread = || Faults::from(Fault::new("expected a value"));
        read.map(|raw| Self::of_raw(&raw)).ok_or_else(unread)
    }

    /// Writes a value as RON.
    ///
    /// # Errors
    ///
    /// What the value's own serialization complains of.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, Fault> {
        let written = ron::to_string(value).map_err(|error| Fault::new(error.to_string()))?;
        Self::from_ron(&written).map_err(|faults| Fault::new(faults.to_string()))
    }

    /// Reads the arguments as a `T`.
    ///
    /// # Errors
    ///
    /// All that is wrong, with paths from the arguments inwards, and with lines and columns of the file if the arguments
    /// came from one.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Faults> {
        if self.is_empty() {
            return Self::decode_nothing();
        }
        if let Ok(value) = options().from_str(self.text()) {
            return Ok(value);
        }
        let mut document = Document::open(self.text(), &[]).map_err(|faults| self.moved(faults))?;
        let read = document.read();
        let told = document.finish(Report::default());
        told.map_err(|faults| self.moved(faults))?;
        read.ok_or_else(|| Faults::from(Fault::new("expected a value")))
    }

    fn decode_nothing<T: DeserializeOwned>() -> Result<T, Faults> {
        let missing = match options().from_str("()") {
            Ok(value) => return Ok(value),
            Err(error) => error.code,
        };
        options().from_str("{}").map_err(|_| {
            Faults::from(match missing {
                ron::Error::MissingStructField { field, .. } => {
                    Fault::new(format!("missing field `{field}`"))
                }
                _ => Fault::new("expected arguments, found none"),
            })
        })
    }

    /// Faults with positions in the text as faults with positions in the file.
    fn moved(&self, faults: Faults) -> Faults {
        let cut_short = faults.is_cut_short();
        let moved = faults.into_iter().map(|mut fault| {
            let base = self.position;
            fault.position = fault.position.zip(base).map(|(at, base)| at.within(base));
            fault
        });
        let moved = Faults::from_list(moved.collect());
        moved
            .unwrap_or_else(|| Fault::new("expected a value").into())
            .cut_short(cut_short)
    }

    /// The text as it was written, without white space and comments around it. Empty if there are no arguments.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Whether there are no arguments at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.text.is_none()
    }

    /// Where in the file the text begins; none if it came from code.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        self.position
    }

    pub(crate) const fn set_position(&mut self, position: Position) {
        self.position = Some(position);
    }

    /// Whether the text is a map or a struct with named fields.
    pub(crate) fn is_map_like(&self) -> bool {
        let tree = walk(self.text()).tree;
        let shape = tree.nodes.first().map(|node| node.shape);
        matches!(shape, Some(Shape::Map | Shape::Struct))
    }

    /// `RawValue` vouches for the text being RON; the walk finds where the value begins and ends.
    fn of_raw(raw: &RawValue) -> Self {
        let text = raw.get_ron();
        let walked = walk(text);
        let value = walked.tree.nodes.first().map(|_| walked.tree.source(0));
        Self {
            text: Some(Arc::from(value.unwrap_or(text))),
            position: None,
        }
    }
}

impl PartialEq for Args {
    fn eq(&self, other: &Self) -> bool {
        match (&self.text, &other.text) {
            (Some(one), Some(other)) => says_the_same(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl Eq for Args {}

impl<'de> Deserialize<'de> for Args {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self::of_raw(&raw))
    }
}

impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text.as_deref().unwrap_or("()");
        let raw = RawValue::from_ron(text).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}
