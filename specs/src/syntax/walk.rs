//! Reads a RON text into a tree of spans, past the mistakes that can be guessed.

use super::mistake::SyntaxFault;
use super::node::{Node, OPEN, Role, Shape, Tree};
use super::scan::Scanner;

/// What came of a walk.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    /// What was read; all of the text unless `stopped`.
    pub(crate) tree: Tree<'a>,
    /// Mistakes that the walk got past. What they spoil is marked as removed in the tree.
    pub(crate) faults: Vec<SyntaxFault>,
    /// Where a comma has to be put for the text to be RON: in the place of a [`BLANK`], or before what is there.
    pub(crate) commas: Vec<usize>,
    /// The mistake that ended the walk.
    pub(crate) stopped: Option<SyntaxFault>,
}

/// The deepest nesting of brackets: room for 64 supervisors, two brackets each, and for arguments inside.
pub(crate) const BRACKETS_MAX: usize = 200;

/// White space that a comma can take the place of, so that nothing moves.
pub(crate) const BLANK: [char; 3] = [' ', '\t', '\r'];

/// The most values in a text, so that a hostile file cannot take all memory.
const NODES_MAX: usize = 4_000_000;

pub(crate) fn walk(text: &str) -> Walk<'_> {
    let mut walker = Walker {
        scan: Scanner::new(text),
        tree: Tree {
            text,
            nodes: Vec::new(),
        },
        faults: Vec::new(),
        commas: Vec::new(),
        depth: 0,
    };
    let stopped = walker.whole().err();
    Walk {
        tree: walker.tree,
        faults: walker.faults,
        commas: walker.commas,
        stopped,
    }
}

pub(super) struct Walker<'a> {
    pub(super) scan: Scanner<'a>,
    pub(super) tree: Tree<'a>,
    pub(super) faults: Vec<SyntaxFault>,
    commas: Vec<usize>,
    depth: usize,
}

pub(super) type Walked<T = ()> = Result<T, SyntaxFault>;

/// A pair of brackets, and what stands between them.
pub(super) struct Brackets {
    pub(super) open: usize,
    pub(super) close: &'static str,
    node: usize,
}

impl Walker<'_> {
    fn whole(&mut self) -> Walked {
        if self.tree.text.len() >= OPEN as usize {
            return Err(self.fault(0..0, "expected a text shorter than 4 GiB"));
        }
        self.space()?;
        while self.scan.rest().starts_with("#!") {
            self.attribute()?;
        }
        self.value(Role::Root, (0, 0))?;
        self.space()?;
        match self.scan.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected("expected the end of the file")),
        }
    }

    /// Skips `#![…]`, which is `ron`'s to understand.
    fn attribute(&mut self) -> Walked {
        let start = self.scan.at;
        while !self.scan.take("]") {
            if self.scan.peek().is_none() {
                return Err(self.fault(start..start + 2, "this attribute is never closed"));
            }
            if !self.scan.string().map_err(|e| self.unclosed(e))? {
                self.scan.at += self.scan.peek().map_or(0, char::len_utf8);
            }
        }
        self.space()
    }

    pub(super) fn space(&mut self) -> Walked {
        self.scan.space().map_err(|e| self.unclosed(e))
    }

    fn value(&mut self, role: Role, key: (u32, u32)) -> Walked<usize> {
        let node = self.begin(role, key)?;
        let shape = self.shape(node)?;
        self.end(node, shape);
        Ok(node)
    }

    fn shape(&mut self, node: usize) -> Walked<Shape> {
        if self.scan.string().map_err(|e| self.unclosed(e))? {
            return Ok(Shape::Text);
        }
        if self.scan.literal().map_err(|e| self.unclosed(e))? {
            return Ok(Shape::Literal);
        }
        if self.scan.name() {
            return self.after_name(node);
        }
        match self.scan.peek() {
            Some('(') => self.parens(node),
            Some('[') => self.list(node),
            Some('{') => self.map(node),
            _ => Err(self.unexpected("expected a value")),
        }
    }

    fn after_name(&mut self, node: usize) -> Walked<Shape> {
        let end = self.scan.at;
        self.space()?;
        if self.scan.peek() == Some('(') {
            return self.parens(node);
        }
        self.scan.at = end;
        Ok(Shape::Name)
    }

    fn parens(&mut self, node: usize) -> Walked<Shape> {
        let brackets = self.open(node, ")")?;
        let named = self.fields_follow()?;
        let shape = if named { Shape::Struct } else { Shape::Tuple };
        while !self.closes(&brackets)? {
            let entry = if named {
                self.field(&brackets)?
            } else {
                self.value(Role::Place, (0, 0))?
            };
            self.comma(&brackets, entry)?;
        }
        let empty = self.tree.nodes.len() == node + 1;
        if named {
            self.duplicates(node)?;
        }
        Ok(if empty { Shape::Struct } else { shape })
    }

    fn list(&mut self, node: usize) -> Walked<Shape> {
        let brackets = self.open(node, "]")?;
        while !self.closes(&brackets)? {
            let entry = self.value(Role::Element, (0, 0))?;
            self.comma(&brackets, entry)?;
        }
        Ok(Shape::List)
    }

    fn map(&mut self, node: usize) -> Walked<Shape> {
        let brackets = self.open(node, "}")?;
        while !self.closes(&brackets)? {
            let key = self.map_key(node)?;
            let entry = self.colon_and_value(&brackets, key)?;
            self.comma(&brackets, entry)?;
        }
        Ok(Shape::Map)
    }

    /// Whether the next thing is a name and a colon.
    fn fields_follow(&mut self) -> Walked<bool> {
        let start = self.scan.at;
        self.space()?;
        let named = self.scan.name() && {
            self.space()?;
            self.scan.peek() == Some(':')
        };
        self.scan.at = start;
        Ok(named)
    }

    fn field(&mut self, brackets: &Brackets) -> Walked<usize> {
        let start = self.scan.at;
        if !self.scan.name() {
            return Err(self.unexpected("expected a field name"));
        }
        let key = (offset(start), offset(self.scan.at));
        self.colon_and_value(brackets, key)
    }

    /// Reads a map key as a value, and forgets what is inside it.
    fn map_key(&mut self, map: usize) -> Walked<(u32, u32)> {
        let (nodes, faults) = (self.tree.nodes.len(), self.faults.len());
        let start = self.scan.at;
        self.value(Role::Place, (0, 0))?;
        self.tree.nodes.truncate(nodes);
        for fault in &mut self.faults[faults..] {
            fault.node = map;
        }
        Ok((offset(start), offset(self.scan.at)))
    }

    fn colon_and_value(&mut self, brackets: &Brackets, key: (u32, u32)) -> Walked<usize> {
        self.space()?;
        if !self.scan.take(":") {
            let name = &self.tree.text[key.0 as usize..key.1 as usize];
            return Err(self.unexpected(&format!("expected `:` after {name}")));
        }
        let colon_end = self.scan.at;
        self.space()?;
        let rest = self.scan.rest();
        if rest.starts_with(',') || rest.starts_with(brackets.close) {
            self.scan.at = colon_end;
            return self.missing_value(key);
        }
        self.value(Role::Field, key)
    }

    fn open(&mut self, node: usize, close: &'static str) -> Walked<Brackets> {
        let open = self.scan.at;
        if self.depth == BRACKETS_MAX {
            let message = format!("expected at most {BRACKETS_MAX} brackets in each other");
            return Err(self.fault(open..open + 1, &message));
        }
        self.depth += 1;
        self.scan.at += 1;
        Ok(Brackets { open, close, node })
    }

    /// Moves past the closing bracket, if it comes next.
    fn closes(&mut self, brackets: &Brackets) -> Walked<bool> {
        self.space()?;
        if self.scan.peek().is_none() {
            let open = brackets.open;
            let message = format!(
                "this bracket is never closed, expected `{}`",
                brackets.close
            );
            let mut fault = self.fault(open..open + 1, &message);
            fault.node = brackets.node;
            return Err(fault);
        }
        let closed = self.scan.take(brackets.close);
        self.depth -= usize::from(closed);
        Ok(closed)
    }

    /// Moves past the comma after an entry; where one is missing before another entry, notes that.
    fn comma(&mut self, brackets: &Brackets, entry: usize) -> Walked {
        let end = self.scan.at;
        self.space()?;
        if self.scan.take(",") {
            self.tree.nodes[entry].whole_end = offset(self.scan.at);
            return Ok(());
        }
        let rest = self.scan.rest();
        if rest.is_empty() || rest.starts_with(brackets.close) {
            return Ok(());
        }
        if rest.starts_with([')', ']', '}', ':', ';', '=']) {
            return Err(self.wrong_close(brackets));
        }
        self.commas.push(end);
        if self.tree.text[end..].starts_with(BLANK) {
            self.tree.nodes[entry].whole_end = offset(end + 1); // the comma takes this place
        }
        let start = self.scan.at;
        self.note(SyntaxFault {
            start,
            end: start + 1,
            node: entry,
            message: "expected `,` before this".to_owned(),
        })
    }

    pub(super) fn begin(&mut self, role: Role, key: (u32, u32)) -> Walked<usize> {
        let node = self.tree.nodes.len();
        let start = self.scan.at;
        if node == NODES_MAX {
            return Err(self.fault(
                start..start,
                &format!("expected at most {NODES_MAX} values"),
            ));
        }
        self.tree.nodes.push(Node {
            shape: Shape::Missing,
            role,
            removed: false,
            key,
            start: offset(start),
            end: OPEN,
            whole_end: OPEN,
            after: OPEN,
        });
        Ok(node)
    }

    pub(super) fn end(&mut self, node: usize, shape: Shape) {
        let after = offset(self.tree.nodes.len());
        let end = offset(self.scan.at);
        let node = &mut self.tree.nodes[node];
        node.shape = shape;
        (node.end, node.whole_end, node.after) = (end, end, after);
    }
}

/// Texts are at most 16 MiB, so an offset or a number of nodes that does not fit never comes up.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(OPEN)
}
