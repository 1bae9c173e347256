//! Mistakes in a RON text: how they are told, and which the walk gets past.

use std::ops::Range;

use super::node::{OPEN, Role, Shape};
use super::scan::Unclosed;
use super::walk::{Brackets, Walked, Walker};
use crate::fault::FAULTS_MAX;

/// Something that is no RON: at these bytes, in this node.
#[derive(Clone, Debug)]
pub(crate) struct SyntaxFault {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) node: usize,
    pub(crate) message: String,
}

impl Walker<'_> {
    /// A field without a value is a fault that the walk gets past, by taking the field out.
    pub(super) fn missing_value(&mut self, key: (u32, u32)) -> Walked<usize> {
        let node = self.begin(Role::Field, key)?;
        self.end(node, Shape::Missing);
        self.tree.nodes[node].removed = true;
        let (start, end) = (key.0 as usize, key.1 as usize);
        let message = format!("expected a value after `{}:`", &self.tree.text[start..end]);
        self.note(SyntaxFault {
            start,
            end,
            node,
            message,
        })?;
        Ok(node)
    }

    pub(super) fn wrong_close(&self, brackets: &Brackets) -> SyntaxFault {
        let open = &self.tree.text[brackets.open..=brackets.open];
        let line = self.line(brackets.open);
        let close = brackets.close;
        self.unexpected(&format!(
            "expected `,` or the `{close}` for the `{open}` of line {line}"
        ))
    }

    /// Takes out fields that are given a second time.
    pub(super) fn duplicates(&mut self, node: usize) -> Walked {
        let tree = &self.tree;
        let mut fields: Vec<(&str, usize)> = tree
            .children(node)
            .map(|field| (tree.key(field), field))
            .collect();
        fields.sort_unstable();
        let mut again = Vec::new();
        for same in fields.chunk_by(|a, b| a.0 == b.0) {
            let line = || self.line(tree.nodes[same[0].1].whole_start() as usize);
            again.extend(
                same[1..]
                    .iter()
                    .map(|&(name, field)| (name.to_owned(), field, line())),
            );
        }
        again.into_iter().try_for_each(|(name, field, line)| {
            self.tree.nodes[field].removed = true;
            let (start, end) = self.tree.nodes[field].key;
            self.note(SyntaxFault {
                start: start as usize,
                end: end as usize,
                node: field,
                message: format!("duplicate field `{name}`, first given at line {line}"),
            })
        })
    }

    fn line(&self, at: usize) -> usize {
        1 + self.tree.text[..at].matches('\n').count()
    }

    /// Keeps a fault that the walk gets past; gives up after very many.
    pub(super) fn note(&mut self, fault: SyntaxFault) -> Walked {
        if self.faults.len() == FAULTS_MAX {
            return Err(fault);
        }
        self.faults.push(fault);
        Ok(())
    }

    /// A fault in the node that is being read.
    pub(super) fn fault(&self, bytes: Range<usize>, message: &str) -> SyntaxFault {
        let open = self.tree.nodes.iter().rposition(|node| node.end == OPEN);
        SyntaxFault {
            start: bytes.start,
            end: bytes.end,
            node: open.unwrap_or(0),
            message: message.to_owned(),
        }
    }

    pub(super) fn unexpected(&self, expected: &str) -> SyntaxFault {
        let start = self.scan.at;
        match self.scan.peek() {
            None => self.fault(
                start..start,
                &format!("{expected}, found the end of the file"),
            ),
            Some(c) => {
                let message = format!("{expected}, found {c:?}");
                self.fault(start..start + c.len_utf8(), &message)
            }
        }
    }

    pub(super) fn unclosed(&self, token: Unclosed) -> SyntaxFault {
        let message = format!("this {} is never closed", token.what);
        self.fault(token.start..token.start + 1, &message)
    }
}
