//! What the server is asked: a call of a script, and what its answer was about.

use redis::{Cmd, Value};

use super::super::digest::Digest;
use super::super::error::Unavailable;
use super::answer::Answer;
use super::policy::{Mark, Policy, Shape};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Take of all, or of none.
    Take,
    /// Take nothing.
    Look,
    /// Give back what was taken.
    Give,
    /// Forget the keys.
    Forget,
}

/// A call of the server.
#[derive(Clone, Debug)]
pub(super) struct Question {
    deed: Deed,
    parts: Vec<Part>,
    /// What time it is, in place of the clock of the server. In tests only.
    #[cfg(test)]
    pub(super) now: Option<u64>,
}

/// One key of it.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) policy: Policy,
    /// Its name in the server.
    pub(super) key: String,
    pub(super) digest: Digest,
    pub(super) cost: u32,
    /// Whether the limit only looks on.
    pub(super) shadow: bool,
    /// What is given back.
    pub(super) mark: Mark,
}

impl Question {
    pub(super) const fn new(deed: Deed, parts: Vec<Part>) -> Self {
        Self {
            deed,
            parts,
            #[cfg(test)]
            now: None,
        }
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(super) fn shapes(&self) -> impl Iterator<Item = Shape> {
        self.parts.iter().map(|part| part.policy.shape)
    }

    /// Whether to do it twice lets nobody through who would not be otherwise.
    pub(super) fn can_be_repeated(&self) -> bool {
        self.deed != Deed::Give
    }

    /// The command that forgets, if that is all: no script is needed for it.
    pub(super) fn forgetting(&self) -> Option<Cmd> {
        (self.deed == Deed::Forget).then(|| {
            let mut command = redis::cmd("DEL");
            self.parts.iter().for_each(|part| {
                command.arg(&part.key);
            });
            command
        })
    }

    /// The call of a script, by its hash or with its text.
    pub(super) fn command(&self, verb: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(verb);
        command.arg(script).arg(self.parts.len());
        for part in &self.parts {
            command.arg(&part.key);
        }
        let deed = match self.deed {
            Deed::Take => "take",
            Deed::Give => "give",
            Deed::Look | Deed::Forget => "look",
        };
        command.arg(deed).arg(self.time());
        for part in &self.parts {
            let numbers = match self.deed {
                Deed::Give => part.policy.giving(part.cost, part.mark),
                _ => part.policy.taking(part.cost, part.digest),
            };
            let shadow = u8::from(part.shadow);
            command
                .arg(part.policy.shape.name())
                .arg(shadow)
                .arg(numbers);
        }
        command
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self)]
    const fn time(&self) -> &'static str {
        ""
    }

    #[cfg(test)]
    fn time(&self) -> String {
        self.now.map_or_else(String::new, |now| now.to_string())
    }

    /// Reads what came back.
    pub(super) fn read(&self, value: &Value) -> Result<Answer, Unavailable> {
        let odd = |_| Unavailable::Failed {
            told: "the answer is none that the script gives".to_owned(),
        };
        if let (Deed::Forget, Value::Int(_)) = (self.deed, value) {
            return Answer::read(&[0], &[]).map_err(odd);
        }
        let (raw, keys) = numbers(value);
        let answer = Answer::read(&raw, &keys).map_err(odd)?;
        let expected = match self.deed {
            Deed::Take | Deed::Look => self.parts.len(),
            Deed::Give | Deed::Forget => 0,
        };
        if answer.parts.len() == expected {
            Ok(answer)
        } else {
            Err(odd(super::answer::Odd))
        }
    }

    /// Whether everything that was to be taken was.
    pub(super) fn took(&self, answer: &Answer) -> bool {
        let fine = |(part, known): (&Part, &super::answer::Known)| part.shadow || known.may();
        self.deed == Deed::Take && self.parts.iter().zip(&answer.parts).all(fine)
    }

    /// What gives back `cost` of each key of what was taken, or all of it.
    pub(super) fn undo(&self, answer: &Answer, cost: Option<u32>) -> Option<Self> {
        if !self.took(answer) {
            return None;
        }
        let back = |(part, known): (&Part, &super::answer::Known)| {
            let left = known.taken(&part.policy, part.cost, answer.raw).ok()?;
            let given = cost.unwrap_or(part.cost).min(part.cost);
            (known.may() && given > 0).then(|| Part {
                cost: given,
                mark: left.mark,
                ..part.clone()
            })
        };
        let parts: Vec<_> = self
            .parts
            .iter()
            .zip(&answer.parts)
            .filter_map(back)
            .collect();
        (!parts.is_empty()).then_some(Self {
            deed: Deed::Give,
            parts,
            #[cfg(test)]
            now: self.now,
        })
    }
}

/// The numbers of an answer: those outside, and each list of them. Anything else is left out, and is missed later.
fn numbers(value: &Value) -> (Vec<i64>, Vec<Vec<i64>>) {
    let (mut outside, mut lists) = (Vec::new(), Vec::new());
    let Value::Array(values) = value else {
        return (outside, lists);
    };
    let int = |value: &Value| match value {
        Value::Int(number) => Some(*number),
        _ => None,
    };
    for value in values {
        match value {
            Value::Array(list) => lists.push(list.iter().filter_map(int).collect()),
            other => outside.extend(int(other)),
        }
    }
    (outside, lists)
}

#[cfg(test)]
impl Question {
    /// Sets what is given back.
    pub(super) fn mark(&mut self, mark: Mark) {
        self.parts[0].mark = mark;
    }
}
