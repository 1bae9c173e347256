//! Paths from text.

use std::iter::Peekable;
use std::str::Chars;

use super::{PathError, SEGMENTS_MAX};

/// The segments of a path that is written as text. Stops soon after the most segments a path may have.
pub(super) fn segments(text: &str) -> Result<Vec<Box<str>>, PathError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = Reader {
        chars: text.chars().peekable(),
        column: 0,
    };
    let mut segments = vec![reader.segment()?];
    while let Some(next) = reader.next() {
        if next != '.' {
            return Err(PathError::BesideQuote {
                column: reader.column,
                found: next,
            });
        }
        if segments.len() == SEGMENTS_MAX {
            return Err(PathError::TooManySegments);
        }
        segments.push(reader.segment()?);
    }
    Ok(segments)
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    /// The character that was read last, from 1.
    column: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.chars.next()?;
        self.column += 1;
        Some(next)
    }

    fn segment(&mut self) -> Result<Box<str>, PathError> {
        match self.chars.peek() {
            Some('"') => self.quoted(),
            _ => Ok(self.plain()),
        }
    }

    /// Up to the next dot or quote; the caller refuses the quote.
    fn plain(&mut self) -> Box<str> {
        let mut segment = String::new();
        while let Some(next) = self.chars.next_if(|next| !matches!(next, '.' | '"')) {
            self.column += 1;
            segment.push(next);
        }
        segment.into()
    }

    fn quoted(&mut self) -> Result<Box<str>, PathError> {
        self.next();
        let start = self.column;
        let mut segment = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(segment.into()),
                Some('\\') => segment.push(self.escaped()?),
                Some(other) => segment.push(other),
                None => return Err(PathError::OpenQuote { column: start }),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, PathError> {
        let column = self.column;
        self.next()
            .filter(|next| matches!(next, '"' | '\\'))
            .ok_or(PathError::Escape { column })
    }
}
