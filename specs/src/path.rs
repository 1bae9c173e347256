//! Where in a spec something is: `namespaces[0].children[2].shutdown`.

use std::fmt;

/// One step of a [`SpecPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathStep {
    /// A field of a struct, or a key of a map.
    Field(String),
    /// An element of a list, counted from zero.
    Index(usize),
}

/// The way from the whole of a spec to a part of it. Empty for the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SpecPath(Vec<PathStep>);

impl SpecPath {
    /// The path of the whole.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The path of this field of what `self` leads to.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.0.push(PathStep::Field(name.into()));
        self
    }

    /// The path of this element of the list that `self` leads to.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(PathStep::Index(index));
        self
    }

    /// The steps, from the whole inwards.
    #[must_use]
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }

    /// Whether this is the path of the whole.
    #[must_use]
    pub const fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// `self` and then `inner`.
    #[must_use]
    pub fn join(mut self, inner: &Self) -> Self {
        self.0.extend_from_slice(&inner.0);
        self
    }

    /// Whether what `inner` leads to is, or lies in, what `self` leads to.
    #[must_use]
    pub fn leads_to(&self, inner: &Self) -> bool {
        inner.0.starts_with(&self.0)
    }

    pub(crate) fn push(&mut self, step: PathStep) {
        self.0.push(step);
    }
}

impl fmt::Display for SpecPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Index(index) => write!(f, "[{index}]")?,
                PathStep::Field(name) if !is_plain(name) => write!(f, "[{name:?}]")?,
                PathStep::Field(name) if nth == 0 => f.write_str(name)?,
                PathStep::Field(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// A path as a chain of borrowed steps: built on the way down a spec at no cost, written out only for a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At<'a> {
    Root,
    Field(&'a Self, &'static str),
    Index(&'a Self, usize),
}

impl At<'_> {
    pub(crate) fn path(&self) -> SpecPath {
        match *self {
            At::Root => SpecPath::root(),
            At::Field(outer, name) => outer.path().field(name),
            At::Index(outer, index) => outer.path().index(index),
        }
    }

    pub(crate) fn field(&self, name: &str) -> SpecPath {
        self.path().field(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_an_expression() {
        let path = SpecPath::root()
            .field("namespaces")
            .index(0)
            .field("limits")
            .field("per day");
        assert_eq!(path.to_string(), "namespaces[0].limits[\"per day\"]");
        assert_eq!(SpecPath::root().to_string(), "");
    }

    #[test]
    fn a_path_leads_to_itself_and_to_what_lies_in_it() {
        let outer = SpecPath::root().field("a").index(1);
        assert!(outer.leads_to(&outer));
        assert!(outer.leads_to(&outer.clone().field("b")));
        assert!(!outer.leads_to(&SpecPath::root().field("a").index(2)));
    }
}
