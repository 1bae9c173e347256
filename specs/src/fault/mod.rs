//! What is wrong with a spec: one fault, and all of them.

mod hide;
mod render;

use std::fmt;

use crate::{Position, SpecPath};

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// Which part of the spec. The root for what concerns the whole, such as an unclosed bracket.
    pub path: SpecPath,
    /// Where in the text; none for a spec that was built in code.
    pub position: Option<Position>,
    /// What was expected and what was found: lower case, no full stop.
    pub message: String,
    /// How many characters of the line are at fault; for the underline only.
    width: usize,
}

impl Fault {
    /// A fault of the whole, until [`at`](Self::at) says of which part.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            path: SpecPath::root(),
            position: None,
            message: message.into(),
            width: 1,
        }
    }

    /// Says which part of the spec is at fault.
    #[must_use]
    pub fn at(mut self, path: SpecPath) -> Self {
        self.path = path;
        self
    }

    /// Says where in the text the fault is, and how many characters it takes there.
    #[must_use]
    pub const fn positioned(mut self, position: Position, width: usize) -> Self {
        self.position = Some(position);
        self.width = if width == 0 { 1 } else { width };
        self
    }

    /// The same fault, of a part that lies at `outer`.
    #[must_use]
    pub fn inside(mut self, outer: &SpecPath) -> Self {
        self.path = outer.clone().join(&self.path);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(f, "{position}: ")?;
        }
        if !self.path.is_root() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// Everything that is wrong with a spec: at least one fault, in the order of the text.
///
/// Displays as one line for each fault, as compilers do: `node.ron:12:9: namespaces[0].children[1].id: duplicate …`.
/// [`render`](Self::render) shows the source lines too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    file: Option<String>,
    list: Vec<Fault>,
    more: bool,
}

impl Faults {
    /// All of `faults`, sorted; none if there are none.
    #[must_use]
    pub fn from_list(mut faults: Vec<Fault>) -> Option<Self> {
        faults.sort_by_key(|fault| (fault.position.is_none(), fault.position));
        faults.dedup();
        (!faults.is_empty()).then_some(Self {
            file: None,
            list: faults,
            more: false,
        })
    }

    /// Names the file that the positions are in, for [`Display`](fmt::Display).
    #[must_use]
    pub fn in_file(mut self, name: impl Into<String>) -> Self {
        self.file = Some(name.into());
        self
    }

    /// Says that there may be more faults than are listed.
    #[must_use]
    pub(crate) const fn cut_short(mut self, more: bool) -> Self {
        self.more = more;
        self
    }

    /// The faults, in the order of the text; those without a position come last.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.list.iter()
    }

    /// The faults as a slice; never empty.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.list
    }

    /// Whether the search was given up after many faults, so that there may be more.
    #[must_use]
    pub const fn is_cut_short(&self) -> bool {
        self.more
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, fault) in self.list.iter().enumerate() {
            if nth > 0 {
                f.write_str("\n")?;
            }
            if let Some(file) = &self.file {
                let separator = if fault.position.is_some() { ":" } else { ": " };
                write!(f, "{file}{separator}")?;
            }
            write!(f, "{fault}")?;
        }
        if self.more {
            write!(f, "\n{MORE}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self {
            file: None,
            list: vec![fault],
            more: false,
        }
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// How many faults are looked for before giving up: nobody reads more, and each costs a reading of the text.
pub(crate) const FAULTS_MAX: usize = 256;

const MORE: &str = "there may be more faults: correct these first";
