//! Reads a RON text into a tree of spans, past the mistakes that can be guessed.

use super::node::{Node, OPEN, Role, Shape, Tree};
use super::scan::{Scanner, Unclosed};
use crate::fault::FAULTS_MAX;

/// Something that is no RON: at these bytes, in this node.
#[derive(Clone, Debug)]
pub(crate) struct SyntaxFault {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) node: usize,
    pub(crate) message: String,
}

/// What came of a walk.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    /// What was read; all of the text unless `stopped`.
    pub(crate) tree: Tree<'a>,
    /// Mistakes that the walk got past. What they spoil is marked as removed in the tree.
    pub(crate) faults: Vec<SyntaxFault>,
    /// Where a comma has to be added for the text to be RON.
    pub(crate) commas: Vec<usize>,
    /// The mistake that ended the walk.
    pub(crate) stopped: Option<SyntaxFault>,
}

/// The deepest nesting of brackets: room for 64 supervisors, two brackets each, and for arguments inside.
pub(crate) const BRACKETS_MAX: usize = 200;

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

struct Walker<'a> {
    scan: Scanner<'a>,
    tree: Tree<'a>,
    faults: Vec<SyntaxFault>,
    commas: Vec<usize>,
    depth: usize,
}

type Walked<T = ()> = Result<T, SyntaxFault>;

/// A pair of brackets, and what stands between them.
struct Brackets {
    open: usize,
    close: &'static str,
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

    fn space(&mut self) -> Walked {
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
            let key = self.map_key()?;
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
    fn map_key(&mut self) -> Walked<(u32, u32)> {
        let nodes = self.tree.nodes.len();
        let start = self.scan.at;
        self.value(Role::Place, (0, 0))?;
        self.tree.nodes.truncate(nodes);
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

    /// A field without a value is a fault that the walk gets past, by taking the field out.
    fn missing_value(&mut self, key: (u32, u32)) -> Walked<usize> {
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
        let start = self.scan.at;
        self.note(SyntaxFault {
            start,
            end: start + 1,
            node: entry,
            message: "expected `,` before this".to_owned(),
        })
    }

    fn wrong_close(&self, brackets: &Brackets) -> SyntaxFault {
        let open = &self.tree.text[brackets.open..=brackets.open];
        let line = self.line(brackets.open);
        let close = brackets.close;
        self.unexpected(&format!(
            "expected `,` or the `{close}` for the `{open}` of line {line}"
        ))
    }

    /// Takes out fields that are given a second time.
    fn duplicates(&mut self, node: usize) -> Walked {
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
    fn note(&mut self, fault: SyntaxFault) -> Walked {
        if self.faults.len() == FAULTS_MAX {
            return Err(fault);
        }
        self.faults.push(fault);
        Ok(())
    }

    fn begin(&mut self, role: Role, key: (u32, u32)) -> Walked<usize> {
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

    fn end(&mut self, node: usize, shape: Shape) {
        let after = offset(self.tree.nodes.len());
        let end = offset(self.scan.at);
        let node = &mut self.tree.nodes[node];
        node.shape = shape;
        (node.end, node.whole_end, node.after) = (end, end, after);
    }

    /// A fault in the node that is being read.
    fn fault(&self, bytes: std::ops::Range<usize>, message: &str) -> SyntaxFault {
        let open = self.tree.nodes.iter().rposition(|node| node.end == OPEN);
        SyntaxFault {
            start: bytes.start,
            end: bytes.end,
            node: open.unwrap_or(0),
            message: message.to_owned(),
        }
    }

    fn unexpected(&self, expected: &str) -> SyntaxFault {
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

    fn unclosed(&self, token: Unclosed) -> SyntaxFault {
        let message = format!("this {} is never closed", token.what);
        self.fault(token.start..token.start + 1, &message)
    }
}

/// Texts are at most 16 MiB, so an offset or a number of nodes that does not fit never comes up.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(OPEN)
}
