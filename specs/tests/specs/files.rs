//! Files: read, refused, and paths in them.

use std::path::{Path, PathBuf};

use mainstay_specs::{AnyKind, FILE_BYTES_MAX, NodeSpec, ReadError};

/// A folder of its own for a test, gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("mainstay-specs-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join("node.ron");
        std::fs::write(&path, content).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn relative_paths_are_taken_from_the_folder_of_the_file() {
    let folder = Folder::new("relative");
    let text = "(namespaces: [(name: \"n\", services: (config_server: (file: \"config.ron\")))])";
    let node = NodeSpec::from_file(folder.file(text), &AnyKind).unwrap();
    let server = node.namespaces[0].services.config_server.as_ref().unwrap();
    assert_eq!(server.file, Some(folder.0.join("config.ron")));
}

#[test]
fn faults_of_a_file_name_it() {
    let folder = Folder::new("faults");
    let path = folder.file("(htp: ())");
    let error = NodeSpec::from_file(&path, &AnyKind).unwrap_err();
    let name = path.display();
    assert_eq!(
        error.to_string(),
        format!("{name}:1:2: htp: unknown field `htp`, did you mean `http`?"),
    );
    assert!(
        error.render().contains("1 | (htp: ())"),
        "{}",
        error.render()
    );
}

#[test]
fn a_file_that_is_not_there_is_told_with_the_reason() {
    let error = NodeSpec::from_file("/nowhere/node.ron", &AnyKind).unwrap_err();
    assert_eq!(error.to_string(), "/nowhere/node.ron: cannot be read");
    assert!(
        matches!(&error, ReadError::Unreadable { path, .. } if path == Path::new("/nowhere/node.ron"))
    );
    assert!(std::error::Error::source(&error).is_some());
    assert!(
        error
            .render()
            .starts_with("error: /nowhere/node.ron: cannot be read: ")
    );
}

#[test]
fn a_file_that_is_no_text_is_told_with_the_place() {
    let folder = Folder::new("bytes");
    let path = folder.file(b"(\n \xff)");
    let error = NodeSpec::from_file(&path, &AnyKind).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{}:2:2: expected UTF-8 text", path.display())
    );
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = Folder::new("large");
    let path = folder.file(vec![b' '; FILE_BYTES_MAX + 1]);
    let error = NodeSpec::from_file(&path, &AnyKind).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { .. }), "{error}");
}
