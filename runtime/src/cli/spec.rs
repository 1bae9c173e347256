//! Where the spec of a node comes from.

use std::path::Path;

use mainstay::specs::{EventBackendSpec, Faults, NodeSpec, ReadError};
use mainstay::{Node, NodeBuilder};

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

/// Reads a node file; what is wrong with it has been printed when there is none.
pub(super) fn read(file: Option<&Path>, builder: &NodeBuilder) -> Result<NodeSpec, Exit> {
    let Some(file) = file else {
        let spec = NodeSpec::from_ron(DEFAULT, builder);
        let spec = spec.map(without_what_is_not_built_in);
        return spec
            .map_err(|faults| print::rendered(Exit::Usage, &faults.render(DEFAULT_NAME, DEFAULT)));
    };
    let spec = NodeSpec::from_file(file, builder);
    let spec = spec.map_err(|error| print::rendered(exit_of(&error), &error.render()))?;
    match builder.validate(&spec) {
        Ok(()) => Ok(spec),
        Err(faults) => Err(print_with_source(&faults, file)),
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
pub(super) fn with(spec: NodeSpec, serving: Serving) -> Result<NodeSpec, Exit> {
    let mut spec = spec;
    if !spec.http.enabled && serving.bind.is_some() {
        let why = "--bind: HTTP is off in the node file";
        return Err(print::error(Exit::Usage, why));
    }
    if let Some(address) = serving.bind {
        spec.http.bind = address;
    }
    if serving.token.is_some() {
        spec.http.token = serving.token;
    }
    Ok(spec)
}

/// Prints faults with the lines of the file, which was read a moment before.
fn print_with_source(faults: &Faults, file: &Path) -> Exit {
    let source = std::fs::read_to_string(file).unwrap_or_default();
    let text = faults.render(&file.display().to_string(), &source);
    print::rendered(Exit::Usage, &text)
}

/// Prints faults that have no place in a file.
pub(super) fn print_faults(faults: &Faults) -> Exit {
    for fault in faults {
        print::error(Exit::Usage, fault);
    }
    Exit::Usage
}
