//! What stands in the headers, from the end.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{HeaderValue, ValueIter};

use super::node::address;
use super::proxies::ForwardedHeader;

/// What was added to a header by one proxy after the other, the last first: an address, or `None` for what is none.
///
/// Each line and each part of it is read only when it is asked for, and from its end, so that nothing before it has an effect on
/// how it is read: not a quotation mark that is never closed, nor bytes that are no text.
pub(super) struct Entries<'a> {
    header: ForwardedHeader,
    lines: ValueIter<'a, HeaderValue>,
    /// What is left of a line.
    line: &'a [u8],
}

impl<'a> Entries<'a> {
    pub(super) fn new(headers: &'a HeaderMap, header: ForwardedHeader) -> Self {
        Self {
            header,
            lines: headers.get_all(header.name()).iter(),
            line: &[],
        }
    }

    pub(super) const fn header(&self) -> ForwardedHeader {
        self.header
    }
}

impl Iterator for Entries<'_> {
    type Item = Option<IpAddr>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            while self.line.is_empty() {
                self.line = self.lines.next_back()?.as_bytes();
            }
            let (before, last) = match self.header {
                ForwardedHeader::XForwardedFor => cut_last(self.line, false),
                ForwardedHeader::Forwarded => cut_last(self.line, true),
            };
            self.line = before;
            let last = last.trim_ascii();
            // There may be nothing between two commas (RFC 9110, 5.6.1).
            if last.is_empty() {
                continue;
            }
            return Some(match self.header {
                ForwardedHeader::XForwardedFor => address(last),
                ForwardedHeader::Forwarded => client_of(last),
            });
        }
    }
}

/// What stands before the last comma, and after it. A comma between quotation marks is none, where there are any; they are
/// looked for from the end.
fn cut_last(line: &[u8], quotes: bool) -> (&[u8], &[u8]) {
    let mut quoted = false;
    for at in (0..line.len()).rev() {
        match line[at] {
            b'"' if quotes => quoted = !quoted || is_escaped(line, at),
            b',' if !quoted => return (&line[..at], &line[at + 1..]),
            _ => {}
        }
    }
    (&[], line)
}

/// Whether there is an odd number of backslashes before it.
fn is_escaped(line: &[u8], at: usize) -> bool {
    let slashes = line[..at].iter().rev().take_while(|&&byte| byte == b'\\');
    slashes.count() % 2 == 1
}

/// The address that an element of `Forwarded` gives as `for`, if it does so once.
fn client_of(element: &[u8]) -> Option<IpAddr> {
    let mut client = None;
    let mut rest = element;
    while !rest.is_empty() {
        let (pair, after) = cut_first(rest, b';')?;
        rest = after;
        let pair = pair.trim_ascii();
        if pair.is_empty() {
            continue;
        }
        let (name, value) = cut_first(pair, b'=')?;
        if name.eq_ignore_ascii_case(b"for") && client.replace(value).is_some() {
            return None;
        }
    }
    let value = client?;
    match value {
        // An address has nothing in it that is to be escaped.
        [b'"', quoted @ .., b'"'] => address(quoted),
        token => address(token),
    }
}

/// What stands before the first of these outside of quotation marks, and after it; `None` if a quotation mark is not closed.
fn cut_first(text: &[u8], what: u8) -> Option<(&[u8], &[u8])> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if byte == what && !quoted => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    (!quoted).then_some((text, &[]))
}
