//! When and how often each part of a configuration has changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::document::Difference;

/// A version and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) version: u64,
    pub(crate) at: SystemTime,
}

/// What is known of one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Past {
    /// The last change of what is there.
    pub(crate) last: Stamp,
    /// How often what is there has changed since it came to be, that included.
    pub(crate) changes: u64,
}

/// The past of a whole document: a tree along it, which holds only what has changed. It is never larger than the document.
#[derive(Clone, Debug)]
pub(crate) struct History {
    root: Node,
}

#[derive(Clone, Debug)]
struct Node {
    /// When what is here was put here as a whole. Parts of it that have no node have been as they are since then.
    since: Stamp,
    past: Past,
    below: Arc<BTreeMap<Box<str>, Self>>,
}

impl Node {
    /// A part that was put there as a whole by the change with this stamp.
    fn put(stamp: Stamp) -> Self {
        Self {
            since: stamp,
            past: Past {
                last: stamp,
                changes: u64::from(stamp.version > 0),
            },
            below: Arc::default(),
        }
    }

    /// Counts a change once, however many differences it makes.
    fn touch(&mut self, stamp: Stamp) {
        if self.past.last.version != stamp.version {
            self.past.changes += 1;
            self.past.last = stamp;
        }
    }
}

impl History {
    /// The past of a document as it was put there at the start, as version 0.
    pub(crate) fn new(at: SystemTime) -> Self {
        let start = Stamp { version: 0, at };
        Self {
            root: Node::put(start),
        }
    }

    /// The past after one more change, which made these differences.
    pub(crate) fn after(&self, differences: &[Difference], stamp: Stamp) -> Self {
        let mut history = self.clone();
        for difference in differences {
            history.note(difference, stamp);
        }
        history
    }

    fn note(&mut self, difference: &Difference, stamp: Stamp) {
        let mut node = &mut self.root;
        let Some((last, outer)) = difference.path.segments().split_last() else {
            return; // The whole is a map before and after, so it is never different as a whole.
        };
        node.touch(stamp);
        for segment in outer {
            let since = node.since;
            let below = Arc::make_mut(&mut node.below);
            node = below
                .entry(segment.clone())
                .or_insert_with(|| Node::put(since));
            node.touch(stamp);
        }
        let since = node.since;
        let below = Arc::make_mut(&mut node.below);
        match (&difference.previous, &difference.value) {
            (_, None) => drop(below.remove(last)),
            (None, Some(_)) => drop(below.insert(last.clone(), Node::put(stamp))),
            (Some(_), Some(_)) => {
                let node = below
                    .entry(last.clone())
                    .or_insert_with(|| Node::put(since));
                node.touch(stamp);
                node.since = stamp;
                node.below = Arc::default();
            }
        }
    }

    /// The past of the path with these segments, which must lead to something.
    pub(crate) fn of(&self, segments: &[Box<str>]) -> Past {
        let mut node = &self.root;
        for segment in segments {
            match node.below.get(segment) {
                Some(next) => node = next,
                None => return Node::put(node.since).past,
            }
        }
        node.past
    }
}

#[cfg(test)]
mod tests;
