//! The lines of a file, whatever is in it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// So many bytes of a line are read, twice as many as web servers take for a request's line; what is longer is cut, so that neither this process
/// nor an event grows with what somebody has sent to a web server.
pub(crate) const LONGEST: usize = 16 * 1024;

/// A line, without its end. What is not UTF-8 in it has become `U+FFFD`.
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) is_cut: bool,
}

pub(crate) struct Lines<R>(R);

impl Lines<BufReader<File>> {
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        Ok(Self(BufReader::new(File::open(file)?)))
    }
}

impl<R: BufRead> Lines<R> {
    fn read(&mut self) -> io::Result<Option<Text>> {
        let mut bytes = Vec::new();
        let mut some = self.0.by_ref().take(LONGEST as u64 + 1);
        if some.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let is_cut = bytes.len() > LONGEST && !bytes.ends_with(b"\n");
        if is_cut {
            bytes.truncate(LONGEST);
            self.0.skip_until(b'\n')?;
        }
        let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let text = String::from_utf8_lossy(text).into_owned();
        Ok(Some(Text { text, is_cut }))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Text>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

pub(crate) fn count_lines(file: &Path) -> io::Result<u64> {
    Lines::open(file)?.map(|line| line.map(|_| 1)).sum()
}
