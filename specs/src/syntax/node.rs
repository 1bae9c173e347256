//! The tree of spans, as one flat list.

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `"…"` or a raw string.
    Text,
    /// A number, a character, a byte string.
    Literal,
    /// A lone name: `true`, `None`, a unit variant.
    Name,
    /// `[…]`
    List,
    /// `{…}`
    Map,
    /// `(field: …)` or `()`, with or without a name before it.
    Struct,
    /// `(…, …)` or `name(…)`.
    Tuple,
    /// Nothing, where a value should be.
    Missing,
}

/// What a value is to the value around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Root,
    /// The value of a named field or of a map key. Can be taken out.
    Field,
    /// An element of a list. Can be taken out.
    Element,
    /// A place of a tuple. Cannot be taken out: the others would move.
    Place,
}

/// A value in the text.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) shape: Shape,
    pub(crate) role: Role,
    /// Whether it has been cut out of the text that is read.
    pub(crate) removed: bool,
    /// The key before it, as bytes `key.0..key.1`; empty if it has none.
    pub(crate) key: (u32, u32),
    /// The value itself, from its first byte, a name before `(` included.
    pub(crate) start: u32,
    /// One past the last byte of the value.
    pub(crate) end: u32,
    /// One past the comma that follows, or `end`.
    pub(crate) whole_end: u32,
    /// The number of the first node that is not in this one. `OPEN` while it is being read.
    pub(crate) after: u32,
}

/// As an end or `after`: not known yet.
pub(crate) const OPEN: u32 = u32::MAX;

impl Node {
    /// Where the key begins, or the value if it has none.
    pub(crate) const fn whole_start(&self) -> u32 {
        if self.has_key() {
            self.key.0
        } else {
            self.start
        }
    }

    pub(crate) const fn has_key(&self) -> bool {
        self.key.1 > self.key.0
    }

    pub(crate) const fn can_be_removed(&self) -> bool {
        matches!(self.role, Role::Field | Role::Element)
    }
}

/// All values of a text, each before those inside it, so in the order of where they begin. The first is the whole.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    pub(crate) text: &'a str,
    pub(crate) nodes: Vec<Node>,
}

impl<'a> Tree<'a> {
    pub(crate) fn node(&self, at: usize) -> &Node {
        &self.nodes[at]
    }

    /// The values directly inside a value, in order.
    pub(crate) fn children(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let after = self.after(of);
        let mut next = of + 1;
        std::iter::from_fn(move || {
            let child = next;
            (child < after).then(|| {
                next = self.after(child);
                child
            })
        })
    }

    fn after(&self, of: usize) -> usize {
        (self.nodes[of].after as usize).min(self.nodes.len())
    }

    /// The text of a value.
    pub(crate) fn source(&self, of: usize) -> &'a str {
        let node = &self.nodes[of];
        self.slice(node.start, node.end)
    }

    /// The key before a value, as it is written; empty if there is none.
    pub(crate) fn written_key(&self, of: usize) -> &'a str {
        let node = &self.nodes[of];
        self.slice(node.key.0, node.key.1)
    }

    /// The name before the brackets of a struct or a tuple; empty if there is none.
    pub(crate) fn name(&self, of: usize) -> &'a str {
        let bracket = self.source(of).split_once('(');
        bracket.map_or("", |(name, _)| name.trim_end())
    }

    /// The name of the field or the map key before a value, without quotes or `r#`; empty if there is none.
    pub(crate) fn key(&self, of: usize) -> &'a str {
        let node = &self.nodes[of];
        let key = self.slice(node.key.0, node.key.1);
        let bare = key.strip_prefix("r#").unwrap_or(key);
        bare.strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(bare)
    }

    fn slice(&self, start: u32, end: u32) -> &'a str {
        self.text
            .get(start as usize..(end as usize).min(self.text.len()))
            .unwrap_or_default()
    }
}
