//! Tokens of RON: how far white space, comments, texts, numbers and names reach.

/// A cursor over the text. Every method leaves it on a character boundary.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

/// A token that never ends: where it begins, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unclosed {
    pub(crate) start: usize,
    pub(crate) what: &'static str,
}

impl<'a> Scanner<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Moves past `token` if it comes next.
    pub(crate) fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn take_while(&mut self, mut wanted: impl FnMut(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    }

    /// Moves past white space and comments.
    pub(crate) fn space(&mut self) -> Result<(), Unclosed> {
        loop {
            self.take_while(is_space);
            if self.take("//") {
                self.take_while(|c| c != '\n');
            } else if self.rest().starts_with("/*") {
                self.block_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    fn block_comment(&mut self) -> Result<(), Unclosed> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            if self.take("/*") {
                depth += 1;
            } else if self.take("*/") {
                depth -= 1;
            } else if !self.skip_char() {
                return Err(Unclosed {
                    start,
                    what: "comment",
                });
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn skip_char(&mut self) -> bool {
        let next = self.peek();
        self.at += next.map_or(0, char::len_utf8);
        next.is_some()
    }

    /// Moves past a text, a raw text or a byte text, if one comes next.
    pub(crate) fn string(&mut self) -> Result<bool, Unclosed> {
        let start = self.at;
        let prefix = ["br", "r", "b", ""]
            .into_iter()
            .find(|prefix| self.rest()[..].strip_prefix(prefix).is_some_and(opens));
        let Some(prefix) = prefix else {
            return Ok(false);
        };
        let raw = prefix.ends_with('r');
        let hashes = self.rest()[prefix.len()..]
            .bytes()
            .take_while(|&b| b == b'#');
        let hashes = hashes.count();
        if hashes > 0 && !raw {
            return Ok(false);
        }
        self.at += prefix.len() + hashes + 1;
        let closed = if raw {
            self.raw_end(hashes)
        } else {
            self.quote_end('"')
        };
        let unclosed = Unclosed {
            start,
            what: "text",
        };
        closed.then_some(true).ok_or(unclosed)
    }

    fn raw_end(&mut self, hashes: usize) -> bool {
        let end = format!("\"{}", "#".repeat(hashes));
        let found = self.rest().find(&end);
        self.at = found.map_or(self.text.len(), |offset| self.at + offset + end.len());
        found.is_some()
    }

    fn quote_end(&mut self, quote: char) -> bool {
        while let Some(c) = self.peek() {
            self.skip_char();
            match c {
                '\\' => {
                    self.skip_char();
                }
                c if c == quote => return true,
                _ => {}
            }
        }
        false
    }

    /// Moves past a number, a character or a byte, if one comes next.
    pub(crate) fn literal(&mut self) -> Result<bool, Unclosed> {
        let start = self.at;
        if self.take("b'") || self.take("'") {
            let unclosed = Unclosed {
                start,
                what: "character",
            };
            if self.take("\\") {
                self.skip_char();
                self.take_while(|c| c != '\'' && c != '\n');
            } else {
                self.skip_char();
            }
            return self.take("'").then_some(true).ok_or(unclosed);
        }
        if !matches!(self.peek(), Some('0'..='9' | '+' | '-' | '.')) {
            return Ok(false);
        }
        self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '+' | '-' | '='));
        Ok(true)
    }

    /// Moves past a name, if one comes next: `name` or `r#name`.
    pub(crate) fn name(&mut self) -> bool {
        let start = self.at;
        if self.take("r#") {
            self.take_while(|c| is_name(c) || matches!(c, '.' | '+' | '-'));
            return self.at > start + 2;
        }
        if self.peek().is_some_and(|c| is_name(c) && !c.is_numeric()) {
            self.take_while(is_name);
        }
        self.at > start
    }
}

/// Whether what follows the prefix of a text is its opening quote.
fn opens(rest: &str) -> bool {
    rest.trim_start_matches('#').starts_with('"')
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t'..='\r' | ' ' | '\u{85}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}'
    )
}
