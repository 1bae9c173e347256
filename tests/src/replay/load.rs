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
    #[error("{path}: expected scenarios in *.jsonl files, found none", path = .0.display())]
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
        let before = found.len();
        for file in scenario_files(folder)? {
            read_file(&file, &mut found)?;
        }
        if found.len() == before {
            return Err(LoadError::Empty(folder.clone()));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test, emptied.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("otp-replay-{}-{name}", std::process::id()));
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn refusal(folder: &PathBuf) -> String {
        let refused = load(std::slice::from_ref(folder)).unwrap_err().to_string();
        fs::remove_dir_all(folder).ok();
        refused.replace(folder.to_str().unwrap(), "DIR")
    }

    #[test]
    fn a_folder_that_is_not_there_is_refused() {
        let gone = folder("gone");
        fs::remove_dir_all(&gone).unwrap();
        assert_eq!(
            refusal(&gone),
            "DIR: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn a_folder_without_scenarios_is_surely_the_wrong_one() {
        let refused = "DIR: expected scenarios in *.jsonl files, found none";
        assert_eq!(refusal(&folder("empty")), refused);
        let blank = folder("blank");
        fs::write(blank.join("x.jsonl"), "").unwrap();
        assert_eq!(refusal(&blank), refused);
    }

    #[test]
    fn a_line_that_is_no_scenario_is_told_with_its_place() {
        let folder = folder("malformed");
        let good =
            r#"{"name":"n","theme":"t","origin":"hand","doc":"d","tags":[],"root":{},"steps":[]}"#;
        fs::write(folder.join("x.jsonl"), format!("{good}\nnonsense\n")).unwrap();
        let refused = refusal(&folder);
        assert!(
            refused.starts_with("DIR/x.jsonl:2: expected ident"),
            "{refused}"
        );
    }
}
