//! Files of the kernel that are kept open: read again from their beginning, they say what is so now.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// No file of these is longer; more is not read.
const BYTES_MAX: u64 = 64 << 10;

/// A file that is kept open.
#[derive(Debug)]
pub(crate) struct KeptFile {
    path: PathBuf,
    file: File,
    text: String,
}

impl KeptFile {
    /// Opens a file; `None` if there is none, or if it is not for us.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, String> {
        match File::open(path) {
            Ok(file) => Ok(Some(Self {
                path: path.to_owned(),
                file,
                text: String::new(),
            })),
            Err(error) if is_absence(error.kind()) => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// What it says now.
    pub(crate) fn read(&mut self) -> Result<&str, String> {
        self.text.clear();
        let wrong = |error: std::io::Error, path: &Path| format!("{}: {error}", path.display());
        let from = self.file.seek(SeekFrom::Start(0));
        from.map_err(|error| wrong(error, &self.path))?;
        let mut part = (&self.file).take(BYTES_MAX);
        let read = part.read_to_string(&mut self.text);
        read.map_err(|error| wrong(error, &self.path))?;
        Ok(&self.text)
    }

    /// A fault of what it says, with its path.
    pub(crate) fn wrong(&self, expected: &str) -> String {
        let found: String = self.text.chars().take(40).collect();
        format!(
            "{}: expected {expected}, found {found:?}",
            self.path.display()
        )
    }
}

/// Whether a failure to open or to read means that there is nothing here, and not that something is wrong.
pub(crate) fn is_absence(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::Unsupported
            | ErrorKind::NotADirectory
    )
}
