//! Writing to the terminal. Nobody may be reading, which is no reason to fail.

use std::fmt::Display;
use std::io::{self, Write as _};

use super::exit::Exit;

pub(super) fn out(text: impl Display) {
    let mut stdout = io::stdout().lock();
    write!(stdout, "{text}").and_then(|()| stdout.flush()).ok();
}

pub(super) fn status(line: impl Display) {
    writeln!(io::stderr().lock(), "{line}").ok();
}

/// Says in one line why, and gives the code to end with.
pub(super) fn error(exit: Exit, why: impl Display) -> Exit {
    status(format_args!("error: {why}"));
    exit
}

/// What a node tells is anybody's text: nothing of it is to steer the terminal, nor to begin a line.
#[cfg(feature = "http")]
pub(super) fn clean(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

/// The same of a text of several lines.
#[cfg(feature = "http")]
pub(super) fn clean_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(clean).collect();
    lines.join("\n")
}

/// Prints what comes with its own `error:` and line ends.
pub(super) fn rendered(exit: Exit, text: &str) -> Exit {
    write!(io::stderr().lock(), "{text}").ok();
    exit
}
