//! Finds and reads the scenario files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::scenario::Scenario;

/// Why no scenarios could be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A folder or file cannot be read.
    #[error("{path}: {source}", path = .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder without scenarios: surely the wrong one.
    #[error("{path}: expected *.jsonl files, found none", path = .0.display())]
    Empty(PathBuf),
    /// A line that is no scenario.
    #[error("{path}:{line}: {source}", path = .path.display())]
    Malformed {
        /// In which file.
        path: PathBuf,
        /// On which line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// A scenario and where it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The file.
    pub file: PathBuf,
    /// The scenario.
    pub scenario: Scenario,
}

/// Reads every line of every `*.jsonl` in these folders, in the order of the files' names.
///
/// # Errors
///
/// The first folder, file or line that cannot be read.
pub fn load(folders: &[PathBuf]) -> Result<Vec<Found>, LoadError> {
    let mut found = Vec::new();
    for folder in folders {
        let files = scenario_files(folder)?;
        if files.is_empty() {
            return Err(LoadError::Empty(folder.clone()));
        }
        for file in files {
            read_file(&file, &mut found)?;
        }
    }
    Ok(found)
}

fn scenario_files(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |source| LoadError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_file(file: &Path, found: &mut Vec<Found>) -> Result<(), LoadError> {
    let text = fs::read_to_string(file).map_err(|source| LoadError::Unreadable {
        path: file.to_owned(),
        source,
    })?;
    for (index, line) in text.lines().enumerate() {
        let scenario = Scenario::parse(line).map_err(|source| LoadError::Malformed {
            path: file.to_owned(),
            line: index + 1,
            source,
        })?;
        found.push(Found {
            file: file.to_owned(),
            scenario,
        });
    }
    Ok(())
}
