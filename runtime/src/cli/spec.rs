//! Where the spec of a node comes from.

use std::path::Path;

use mainstay::specs::{EventBackendSpec, Fault, Faults, NodeSpec, ReadError, SpecPath};
use mainstay::{Node, NodeBuilder, ReadSpec};

use super::Serving;
use super::exit::Exit;
use super::print;

/// What is run without a file.
const DEFAULT: &str = include_str!("../../examples/default.ron");
const DEFAULT_NAME: &str = "default.ron";

/// The kinds that a node file may name.
pub(super) fn builder() -> NodeBuilder {
    Node::builder().demo_kinds()
}

/// Reads a node file, or the demonstration.
pub(super) fn read(file: Option<&Path>, builder: &NodeBuilder) -> Result<ReadSpec, ReadError> {
    let Some(file) = file else {
        return match NodeSpec::from_ron(DEFAULT, builder) {
            Ok(spec) => {
                let spec = without_what_is_not_built_in(spec);
                Ok(ReadSpec::new(spec, DEFAULT_NAME, DEFAULT))
            }
            Err(faults) => Err(ReadError::Faults {
                path: DEFAULT_NAME.into(),
                source_text: DEFAULT.to_owned(),
                faults,
            }),
        };
    };
    ReadSpec::from_file(file, builder)
}

/// Checks also what only this program knows; what is wrong has been printed when there is none.
pub(super) fn checked(
    read: Result<ReadSpec, ReadError>,
    builder: &NodeBuilder,
) -> Result<NodeSpec, Exit> {
    let read = read.map_err(|error| print::rendered(exit_of(&error), &error.render()))?;
    let ReadSpec {
        spec, name, text, ..
    } = read;
    match builder.validate(&spec) {
        Ok(()) => Ok(spec),
        Err(faults) => {
            let text = faults.located(&text).render(&name, &text);
            Err(print::rendered(Exit::Usage, &text))
        }
    }
}

fn without_what_is_not_built_in(mut spec: NodeSpec) -> NodeSpec {
    spec.http.enabled &= cfg!(feature = "http");
    if cfg!(not(feature = "sqlite")) {
        let services = spec
            .namespaces
            .iter_mut()
            .map(|namespace| &mut namespace.services);
        for services in services {
            services.connection_pools = None;
            if let Some(store) = &mut services.event_store {
                store.backend = EventBackendSpec::Memory;
            }
        }
    }
    spec
}

const fn exit_of(error: &ReadError) -> Exit {
    match error {
        ReadError::Unreadable { .. } => Exit::Failure,
        _ => Exit::Usage,
    }
}

/// Puts what the command line says over the spec. A token from the environment may find no use.
pub(super) fn with(read: ReadSpec, serving: Serving) -> Result<ReadSpec, ReadError> {
    let mut read = read;
    if !read.spec.http.enabled && serving.bind.is_some() {
        let path = SpecPath::root().field("http").field("enabled");
        let fault = Fault::new(NO_HTTP).at(path);
        return Err(ReadError::Faults {
            path: read.name.into(),
            faults: Faults::from(fault).located(&read.text),
            source_text: read.text,
        });
    }
    put_over(&mut read.spec, serving);
    Ok(read)
}

pub(super) fn put_over(spec: &mut NodeSpec, serving: Serving) {
    if let Some(address) = serving.bind {
        spec.http.bind = address;
    }
    if serving.token.is_some() {
        spec.http.token = serving.token;
    }
}

/// Why the address of the command line finds no use.
pub(super) const NO_HTTP: &str = "--bind: HTTP is off in the node file";

/// Prints faults that have no place in a file.
pub(super) fn print_faults(faults: &Faults) -> Exit {
    for fault in faults {
        print::error(Exit::Usage, fault);
    }
    Exit::Usage
}
