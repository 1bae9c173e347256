//! The scripts of children: what each start attempt comes to, and how attempts are numbered.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::scenario::{Child, Outcome};

/// The outcomes of one CHILD of a document, one after the other and never from the start again, whoever starts it.
#[derive(Debug)]
pub struct Script {
    starts: Vec<Outcome>,
    rest: Outcome,
    taken: AtomicUsize,
}

impl Script {
    /// A script that has not been played yet.
    #[must_use]
    pub const fn new(starts: Vec<Outcome>, rest: Outcome) -> Self {
        Self {
            starts,
            rest,
            taken: AtomicUsize::new(0),
        }
    }

    /// The script of a child as written.
    #[must_use]
    pub fn of(child: &Child) -> Self {
        Self::new(child.starts.clone(), child.starts_rest.clone())
    }

    /// The outcome of the next attempt.
    pub fn next(&self) -> Outcome {
        let index = self.taken.fetch_add(1, Ordering::Relaxed);
        self.starts.get(index).unwrap_or(&self.rest).clone()
    }
}

/// How often each path was attempted, over the whole scenario.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<String, u32>>);

impl Attempts {
    /// The number of the next attempt of this path, from 1.
    pub fn next(&self, path: &str) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(path.to_owned()).or_insert(0);
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Start;
    use super::*;

    #[test]
    fn a_script_ends_with_the_rest_for_ever() {
        let ignore = Outcome {
            gated: false,
            start: Start::Ignore,
        };
        let script = Script::new(vec![Outcome::ok()], ignore.clone());
        let played: Vec<Outcome> = (0..3).map(|_| script.next()).collect();
        assert_eq!(played, [Outcome::ok(), ignore.clone(), ignore]);
    }

    #[test]
    fn attempts_are_counted_per_path_from_one() {
        let attempts = Attempts::default();
        let numbers = ["root/a", "root/b", "root/a"].map(|path| attempts.next(path));
        assert_eq!(numbers, [1, 1, 2]);
    }
}
