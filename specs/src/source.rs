//! Node specs from files and texts, and back.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ron::ser::PrettyConfig;

use crate::document::{Document, options};
use crate::position::Lines;
use crate::{Fault, Faults, Kinds, NamedPool, NodeChild, NodeSpec, Position, ServicesSpec};

/// The largest file that is read, in bytes: 16 MiB.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// Why a file gave no node spec.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be opened or read.
    #[error("{}: cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no text.
    #[error("{}:{position}: expected UTF-8 text", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first place that is no text.
        position: Position,
    },
    /// The file is longer than [`FILE_BYTES_MAX`].
    #[error("{}: expected at most {FILE_BYTES_MAX} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file says something that is wrong. [`Faults::render`] shows it with `source_text`.
    #[error("{faults}")]
    Faults {
        /// The file.
        path: PathBuf,
        /// What was read.
        source_text: String,
        /// All that is wrong with it.
        faults: Faults,
    },
}

impl ReadError {
    /// The error for a terminal: faults with their source lines, anything else on one line with what is behind it.
    #[must_use]
    pub fn render(&self) -> String {
        match self {
            Self::Faults {
                path,
                source_text,
                faults,
            } => faults.render(&path.display().to_string(), source_text),
            Self::Unreadable { source, .. } => format!("error: {self}: {source}\n"),
            Self::NotUtf8 { .. } | Self::TooLarge { .. } => format!("error: {self}\n"),
        }
    }
}

impl NodeSpec {
    /// Reads and validates a node spec.
    ///
    /// `Some(…)` may be left out. A byte order mark at the beginning is passed over.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path, line and column. After a mistake in the brackets or quotes of the
    /// text nothing more can be told.
    pub fn from_ron(text: &str, kinds: &dyn Kinds) -> Result<Self, Faults> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        if text.len() > FILE_BYTES_MAX {
            let message = format!("expected at most {FILE_BYTES_MAX} bytes");
            return Err(Fault::new(message).into());
        }
        let mut document = Document::open(text, &["id", "name"])?;
        let Some(mut node) = document.read::<Self>() else {
            let faults = document.finish(crate::finding::Report::default());
            return Err(faults.err().unwrap_or_else(unread));
        };
        document.place(&mut node);
        let report = node.report(kinds);
        document.finish(report)?;
        Ok(node)
    }

    /// Reads and validates a node file; relative paths in it are taken from its folder.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub fn from_file(path: impl AsRef<Path>, kinds: &dyn Kinds) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let source_text = read_text(path)?;
        match Self::from_ron(&source_text, kinds) {
            Ok(mut node) => {
                node.resolve_paths(path.parent().unwrap_or_else(|| Path::new("")));
                Ok(node)
            }
            Err(faults) => Err(ReadError::Faults {
                faults: faults.in_file(path.display().to_string()),
                path: path.to_owned(),
                source_text,
            }),
        }
    }

    /// Writes the spec as RON that [`from_ron`](Self::from_ron) reads as the same spec. What is as by default is mostly left out.
    #[must_use]
    pub fn to_ron(&self) -> String {
        let options = options().without_recursion_limit();
        let written = options.to_string_pretty(self, PrettyConfig::new());
        // Writing to a string cannot fail, and our types complain of nothing: arguments were checked to be RON.
        written.unwrap_or_default()
    }

    fn resolve_paths(&mut self, folder: &Path) {
        for namespace in &mut self.namespaces {
            let services = &mut namespace.services;
            let server = services.config_server.as_mut();
            let store = services.event_store.as_mut();
            let files = [
                server.and_then(|server| server.file.as_mut()),
                store.and_then(|store| store.backend.path_mut()),
            ];
            for file in files.into_iter().flatten() {
                *file = folder.join(&*file);
            }
        }
    }
}

impl ServicesSpec {
    /// Reads what stands at `services` in a node file. It is not validated: see [`validate_with`](Self::validate_with).
    ///
    /// # Errors
    ///
    /// Everything that cannot be read, each with its path, line and column.
    pub fn from_ron(text: &str) -> Result<Self, Faults> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut document = Document::open(text, &["name"])?;
        let read = document.read::<Self>().map(|mut services| {
            document.place_services(&mut services, 0);
            services
        });
        document.finish(crate::finding::Report::default())?;
        read.ok_or_else(|| Fault::new("expected services").into())
    }
}

fn unread() -> Faults {
    Fault::new("expected a node").into()
}

fn read_text(path: &Path) -> Result<String, ReadError> {
    let unreadable = |source| ReadError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut limited = file.take(FILE_BYTES_MAX as u64 + 1);
    limited.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(ReadError::TooLarge {
            path: path.to_owned(),
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        ReadError::NotUtf8 {
            path: path.to_owned(),
            position: Lines::of(&text).position(valid),
        }
    })
}

/// Tells arguments where in the file they are.
impl Document<'_> {
    fn place(&self, node: &mut NodeSpec) {
        let Some(namespaces) = self.tree.field_left(0, "namespaces") else {
            return;
        };
        for (namespace, at) in node
            .namespaces
            .iter_mut()
            .zip(self.tree.left_in(namespaces))
        {
            self.place_children(&mut namespace.children, at);
            if let Some(at) = self.tree.field_left(at, "services") {
                self.place_services(&mut namespace.services, at);
            }
        }
    }

    fn place_services(&self, services: &mut ServicesSpec, at: usize) {
        let server = services.config_server.as_mut();
        let initial = server.and_then(|server| server.initial.as_mut());
        let server = self.tree.field_left(at, "config_server");
        let place = server.and_then(|at| self.tree.field_left(at, "initial"));
        if let (Some(args), Some(at)) = (initial, place) {
            args.set_position(self.position(at));
        }
        if let Some(pools) = &mut services.connection_pools {
            self.place_pools(&mut pools.pools, at);
        }
    }

    fn place_pools(&self, pools: &mut [NamedPool], services: usize) {
        let list = self.tree.field_left(services, "connection_pools");
        let Some(list) = list.and_then(|at| self.tree.field_left(at, "pools")) else {
            return;
        };
        for (pool, at) in pools.iter_mut().zip(self.tree.left_in(list)) {
            let source = self.tree.field_left(at, "source");
            let place = source.and_then(|at| self.tree.field_left(at, "args"));
            if let (Some(args), Some(at)) = (pool.source.args_mut(), place) {
                args.set_position(self.position(at));
            }
        }
    }

    fn place_children(&self, children: &mut [NodeChild], outer: usize) {
        let Some(list) = self.tree.field_left(outer, "children") else {
            return;
        };
        for (child, at) in children.iter_mut().zip(self.tree.left_in(list)) {
            if let Some(args) = self.tree.field_left(at, "args") {
                child.args.set_position(self.position(args));
            }
            self.place_children(&mut child.children, at);
        }
    }
}
