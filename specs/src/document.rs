//! A RON text with its spans, and what was found wrong in it.

use ron::extensions::Extensions;

use crate::draft::Draft;
use crate::finding::{Finding, Report};
use crate::position::Lines;
use crate::syntax::{BLANK, Shape, SyntaxFault, Tree, walk};
use crate::{Fault, Faults, PathStep, Position, SpecPath};

/// How everything of ours is read: `shutdown: timeout("5s")` needs no `Some` around it.
pub(crate) fn options() -> ron::Options {
    // A bracket takes at most three levels of `ron`'s counting, and the walk allows 200 brackets.
    ron::Options::default()
        .with_default_extension(Extensions::IMPLICIT_SOME)
        .with_recursion_limit(600)
}

/// A text on its way to a value.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) tree: Tree<'a>,
    lines: Lines<'a>,
    /// The text that is read.
    pub(crate) draft: Draft,
    pub(crate) faults: Vec<Fault>,
    /// What could not be read, by its path in the source.
    pub(crate) lost: Vec<SpecPath>,
    /// Whether the search was given up.
    pub(crate) cut_short: bool,
    /// Fields that are filled with a made-up text when missing, so that the struct around them can be looked at.
    pub(crate) fillable: &'static [&'static str],
    /// Which fields were filled, by the struct they are in.
    pub(crate) filled: Vec<(usize, &'static str)>,
}

impl<'a> Document<'a> {
    /// Finds out where everything is.
    ///
    /// # Errors
    ///
    /// A text that is no RON, in a way that cannot be guessed past.
    pub(crate) fn open(text: &'a str, fillable: &'static [&'static str]) -> Result<Self, Faults> {
        let walked = walk(text);
        let mut document = Self {
            tree: walked.tree,
            lines: Lines::of(text),
            draft: Draft::of(text),
            faults: Vec::new(),
            lost: Vec::new(),
            cut_short: false,
            fillable,
            filled: Vec::new(),
        };
        for fault in &walked.faults {
            document.tell_syntax(fault);
        }
        if let Some(fault) = walked.stopped {
            let last = document.syntax_fault(&fault);
            document.faults.push(last.clone());
            return Err(Faults::from_list(document.faults).unwrap_or_else(|| last.into()));
        }
        for at in walked.commas {
            if text[at..].starts_with(BLANK) {
                document.draft.replace(at, at + 1, ",");
            } else {
                document.draft.insert(at, ",");
            }
        }
        document.cut_removed();
        Ok(document)
    }

    fn tell_syntax(&mut self, fault: &SyntaxFault) {
        let told = self.syntax_fault(fault);
        if self.tree.node(fault.node).shape == Shape::Missing {
            self.lost.push(told.path.clone());
        }
        self.faults.push(told);
    }

    fn syntax_fault(&self, fault: &SyntaxFault) -> Fault {
        let path = self.tree.path_of(fault.node);
        self.placed(Fault::new(&fault.message).at(path), fault.start, fault.end)
    }

    fn cut_removed(&mut self) {
        for at in 0..self.tree.nodes.len() {
            if self.tree.node(at).removed {
                self.cut(at);
            }
        }
    }

    pub(crate) fn cut(&mut self, at: usize) {
        let node = &mut self.tree.nodes[at];
        node.removed = true;
        let (start, end) = (node.whole_start() as usize, node.whole_end as usize);
        self.draft.blank(start, end);
    }

    pub(crate) fn value_span(&self, node: usize) -> (usize, usize) {
        let node = self.tree.nodes.get(node);
        node.map_or((0, 0), |node| (node.start as usize, node.end as usize))
    }

    /// The fault with the position of these bytes, as far as they are on one line.
    pub(crate) fn placed(&self, fault: Fault, start: usize, end: usize) -> Fault {
        let position = self.lines.position(start);
        let text = self.tree.text.get(start..end).unwrap_or_default();
        let width = text.lines().next().unwrap_or_default().chars().count();
        fault.positioned(position, width)
    }

    /// The position of a value.
    pub(crate) fn position(&self, node: usize) -> Position {
        self.lines.position(self.tree.node(node).start as usize)
    }

    /// Everything that is at fault: what was noted while reading, and of `report` what does not only follow from it.
    pub(crate) fn finish(mut self, report: Report) -> Result<(), Faults> {
        let findings = report.findings.into_iter();
        let told: Vec<Fault> = findings.filter_map(|finding| self.told(finding)).collect();
        self.faults.extend(told);
        match Faults::from_list(self.faults) {
            Some(faults) => Err(faults.cut_short(self.cut_short || report.cut_short)),
            None => Ok(()),
        }
    }

    /// The fault with the place in the text of the part that it is of, or of what is left of that.
    fn located(&self, mut fault: Fault) -> Fault {
        if fault.position.is_some() || self.tree.nodes.is_empty() {
            return fault;
        }
        let (node, exact) = self.tree.find_left(&fault.path);
        let (start, end) = self.value_span(node);
        fault = self.placed(fault, start, if exact { end } else { start + 1 });
        fault
    }

    fn told(&self, finding: Finding) -> Option<Fault> {
        let spoilt = finding.rests_on.iter().any(|path| self.is_lost(path));
        let names = finding.rests_on_names.as_ref();
        let names_spoilt = names.is_some_and(|(list, field)| self.has_lost_names(list, field));
        let fields_spoilt = finding.rests_on_fields && self.has_lost_fields(&finding.fault.path);
        if spoilt || names_spoilt || fields_spoilt {
            return None;
        }
        let mut fault = finding.fault;
        if let Some(first) = finding.first {
            let (node, _) = self.tree.find_left(&first);
            fault.message = format!(
                "{}, first given at line {}",
                fault.message,
                self.position(node).line
            );
        }
        let (node, exact) = self.tree.find_left(&fault.path);
        fault.path = self.tree.original(&fault.path);
        if fault.position.is_some() {
            return Some(fault);
        }
        let (start, end) = self.value_span(node);
        Some(self.placed(fault, start, if exact { end } else { start + 1 }))
    }

    fn is_lost(&self, path: &SpecPath) -> bool {
        let path = self.tree.original(path);
        self.lost.iter().any(|lost| lost.leads_to(&path))
    }

    fn has_lost_fields(&self, path: &SpecPath) -> bool {
        let path = self.tree.original(path);
        let deeper = path.steps().len() + 1;
        let mut lost = self.lost.iter();
        lost.any(|lost| path.leads_to(lost) && lost.steps().len() == deeper)
    }

    /// Whether something in this list may have any name: because it could not be read, or its name, in this field, is missing or no
    /// text.
    fn has_lost_names(&self, list: &SpecPath, field: &str) -> bool {
        let list = self.tree.original(list);
        let depth = list.steps().len();
        let name = PathStep::Field(field.to_owned());
        self.lost.iter().any(|lost| {
            let inside = lost.steps().get(depth..).unwrap_or_default();
            list.leads_to(lost)
                && match inside {
                    [] | [_] => true,
                    [_, field] if *field == name => !self.is_text(lost),
                    _ => false,
                }
        })
    }

    fn is_text(&self, path: &SpecPath) -> bool {
        let node = self.tree.find_in_source(path);
        node.is_some_and(|at| self.tree.node(at).shape == Shape::Text)
    }
}

impl Faults {
    /// The faults with their places in the text that the spec came from, as far as they have none: that of what is at the path of each, or of
    /// what that would be in. A text that is no RON leaves them as they are.
    #[must_use]
    pub fn located(self, text: &str) -> Self {
        let Ok(document) = Document::open(text, &[]) else {
            return self;
        };
        let cut_short = self.is_cut_short();
        let faults = self.iter().cloned();
        let located = faults.map(|fault| document.located(fault)).collect();
        let located = Self::from_list(located);
        located.map_or(self, |located| located.cut_short(cut_short))
    }
}
