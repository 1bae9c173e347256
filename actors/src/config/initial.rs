//! The content a config server starts with.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mainstay_specs::{Args, ConfigServerSpec, FILE_BYTES_MAX, Fault, Faults, Position};
use ron::extensions::Extensions;

use super::document::Document;
use super::error::LoadError;
use super::value::{ConfigValue, Reading};

/// The content that a spec says to start with: that of the file, with that given in the spec laid over it.
///
/// # Errors
///
/// A file that cannot be read, or says something that is wrong; content that is no map. Limits are not looked at.
///
/// Cancel safety: it may be dropped at will; a file that is being read is read to its end in the background.
pub async fn initial(spec: &ConfigServerSpec) -> Result<Document, LoadError> {
    let under = match &spec.file {
        Some(path) => from_file(path.clone()).await?,
        None => Document::default(),
    };
    match &spec.initial {
        Some(args) => Ok(under.merge(&from_args(args)?)),
        None => Ok(under),
    }
}

fn from_args(args: &Args) -> Result<Document, LoadError> {
    let reading = args.decode().map_err(LoadError::Content)?;
    document(reading, args.position()).map_err(LoadError::Content)
}

async fn from_file(path: PathBuf) -> Result<Document, LoadError> {
    let shown = path.display().to_string();
    // Reading may wait for a disk; the supervisor must not.
    let read = tokio::task::spawn_blocking({
        let path = path.clone();
        move || read_text(&path)
    });
    let read = read.await.unwrap_or_else(|error| {
        let source = Arc::new(io::Error::other(error));
        Err(LoadError::Unreadable { path, source })
    });
    from_text(&read?).map_err(|faults| LoadError::Content(faults.in_file(shown)))
}

fn read_text(path: &Path) -> Result<String, LoadError> {
    let unreadable = |source| LoadError::Unreadable {
        path: path.to_owned(),
        source: Arc::new(source),
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut limited = file.take(FILE_BYTES_MAX as u64 + 1);
    limited.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(LoadError::TooLarge {
            path: path.to_owned(),
        });
    }
    String::from_utf8(bytes).map_err(|error| LoadError::NotUtf8 {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

fn from_text(text: &str) -> Result<Document, Faults> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let read = options().from_str(text).map_err(|error| place(&error));
    let read = read.and_then(|reading| document(reading, Some(Position::START)));
    // Reading stops at the first mistake, and knows no places once it is done. `Args` tells all mistakes in the brackets, quotes
    // and commas, and fields that are given twice, with their places.
    read.or_else(|faults| Args::from_ron(text).map_or_else(Err, |_| Err(faults)))
}

fn place(error: &ron::error::SpannedError) -> Faults {
    let start = error.span.start;
    let position = Position {
        line: start.line,
        column: start.col,
    };
    let fault = Fault::new(error.code.to_string());
    fault.positioned(position, 1).into()
}

fn document(reading: Reading, position: Option<Position>) -> Result<Document, Faults> {
    if let Some(faults) = Faults::from_list(reading.faults) {
        return Err(faults);
    }
    let kind = reading.value.kind();
    if let value @ ConfigValue::Map(_) = reading.value
        && let Ok(document) = Document::new(value)
    {
        return Ok(document);
    }
    let fault = Fault::new(format!(
        "expected a map or a struct with named fields, found {kind}"
    ));
    Err(match position {
        Some(position) => fault.positioned(position, 1).into(),
        None => fault.into(),
    })
}

/// As node files are read: `Some(…)` may be left out, and brackets may be as deep as specs allow.
fn options() -> ron::Options {
    ron::Options::default()
        .with_default_extension(Extensions::IMPLICIT_SOME)
        .with_recursion_limit(600)
}
