//! Lines and columns.

use std::fmt;

/// A place in a text. Lines and columns count from 1; a column is one character (a tab too), a line ends with `\n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

impl Position {
    /// The place at the start of a text.
    pub const START: Self = Self { line: 1, column: 1 };

    /// Where `self`, a place in a text that begins at `base`, lies in the text around it.
    #[must_use]
    pub const fn within(self, base: Self) -> Self {
        let column = if self.line == 1 {
            base.column + self.column - 1
        } else {
            self.column
        };
        Self {
            line: base.line + self.line - 1,
            column,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Where the lines of a text begin, to turn byte offsets into positions and back.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let starts = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    /// The position of a byte offset; one past the end, or inside a character, counts as the place before it.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = self.starts[line - 1]; // the first line starts at 0, so at least one start is `<= offset`
        Position {
            line,
            column: self.text[start..offset].chars().count() + 1,
        }
    }

    /// The byte offset of a position; the nearest one when the text has no such place.
    pub(crate) fn offset(&self, at: Position) -> usize {
        let line = at.line.clamp(1, self.starts.len());
        let rest = &self.text[self.starts[line - 1]..];
        let within = rest.char_indices().nth(at.column.saturating_sub(1));
        self.starts[line - 1] + within.map_or(rest.len(), |(offset, _)| offset)
    }

    /// The text of a line, from 1, without its end.
    pub(crate) fn line(&self, line: usize) -> Option<&'a str> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        self.text[start..].lines().next().or(Some(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_end_with_a_line_feed() {
        let lines = Lines::of("é\tb\r\n\nlast");
        let at = |offset| lines.position(offset).to_string();
        assert_eq!([at(0), at(2), at(3)], ["1:1", "1:2", "1:3"]);
        assert_eq!([at(6), at(7), at(11)], ["2:1", "3:1", "3:5"]);
        assert_eq!(at(1), "1:1", "inside a character");
        assert_eq!(at(99), "3:5", "past the end");
    }

    #[test]
    fn an_offset_survives_the_way_to_a_position_and_back() {
        let text = "é\tb\r\n\nlast";
        let lines = Lines::of(text);
        for (offset, _) in text.char_indices() {
            assert_eq!(lines.offset(lines.position(offset)), offset);
        }
    }

    #[test]
    fn a_place_in_a_part_is_moved_by_where_the_part_begins() {
        let base = Position { line: 4, column: 7 };
        assert_eq!(Position::START.within(base), base);
        let second = Position { line: 2, column: 3 };
        assert_eq!(second.within(base).to_string(), "5:3");
    }
}
