//! Faults with the source line and an underline, as rustc shows them.

use std::fmt::{self, Write as _};

use super::hide::hide;
use super::{Fault, Faults, MORE};
use crate::position::Lines;

impl Faults {
    /// The faults for a terminal: each with its source line, the place underlined.
    ///
    /// `source` is the text the faults were found in. Faults without a position, or with one that `source` does not
    /// have, are shown without a line. Tabs are shown as four spaces, other control characters as `·`, and of a long
    /// line only the part around the fault. Of what is in quotes after `secret:`, `password:` or `token:`, and of who is named in an
    /// address such as `redis://user:password@host`, only dots are shown.
    #[must_use]
    pub fn render(&self, file_name: &str, source: &str) -> String {
        let lines = Lines::of(source);
        let blocks = self
            .iter()
            .map(|fault| Block {
                fault,
                file_name,
                lines: &lines,
            })
            .map(|block| block.to_string());
        let mut text = blocks.collect::<Vec<_>>().join("\n");
        let count = self.as_slice().len();
        let plural = if count == 1 { "" } else { "s" };
        let _infallible = write!(text, "\n{count} fault{plural} in {file_name}");
        if self.is_cut_short() {
            let _infallible = write!(text, "; {MORE}");
        }
        text.push('\n');
        text
    }
}

struct Block<'a> {
    fault: &'a Fault,
    file_name: &'a str,
    lines: &'a Lines<'a>,
}

impl fmt::Display for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.fault.message)?;
        let Some(position) = self.fault.position else {
            return writeln!(f, "  --> {}{}", self.file_name, self.place());
        };
        let number = position.line.to_string();
        let gap = " ".repeat(number.len());
        writeln!(f, "{gap}--> {}:{position}{}", self.file_name, self.place())?;
        let Some(line) = self.lines.line(position.line) else {
            return Ok(());
        };
        let shown = Shown::of(&hide(line), position.column, self.fault.width);
        writeln!(f, "{gap} |")?;
        writeln!(f, "{number} | {}", shown.text)?;
        let indent = " ".repeat(shown.indent);
        writeln!(f, "{gap} | {indent}{}", "^".repeat(shown.width))
    }
}

impl Block<'_> {
    fn place(&self) -> String {
        if self.fault.path.is_root() {
            return String::new();
        }
        format!(" ({})", self.fault.path)
    }
}

/// The part of a line that is shown, and what of it is underlined.
struct Shown {
    text: String,
    indent: usize,
    width: usize,
}

impl Shown {
    fn of(line: &str, column: usize, width: usize) -> Self {
        let start = column.saturating_sub(1);
        let skipped = start.saturating_sub(BEFORE);
        let mut shown = Self {
            text: String::new(),
            indent: 0,
            width: 0,
        };
        shown.push_if(skipped > 0, "… ", true);
        let mut chars = line.chars().skip(skipped);
        for (nth, c) in chars.by_ref().take(BEFORE + AFTER).enumerate() {
            let at = skipped + nth;
            shown.push(c, at < start, at < start.saturating_add(width));
        }
        shown.push_if(chars.next().is_some(), " …", false);
        shown.width = shown.width.max(1);
        shown
    }

    fn push(&mut self, c: char, before: bool, until_end: bool) {
        let before_len = self.text.chars().count();
        match c {
            '\t' => self.text.push_str("    "),
            c if c.is_control() => self.text.push('·'),
            c => self.text.push(c),
        }
        let added = self.text.chars().count() - before_len;
        if before {
            self.indent += added;
        } else if until_end {
            self.width += added;
        }
    }

    fn push_if(&mut self, wanted: bool, text: &str, before: bool) {
        if wanted {
            self.text.push_str(text);
            self.indent += if before { text.chars().count() } else { 0 };
        }
    }
}

/// How many characters are shown before the fault, and from it on.
const BEFORE: usize = 60;
const AFTER: usize = 60;
