//! `mainstay check`.

use std::path::Path;

use mainstay::specs::{NodeChild, NodeSpec};

use super::exit::Exit;
use super::{print, spec};

pub(super) fn check(file: &Path) -> Exit {
    let builder = spec::builder();
    match spec::checked(spec::read(Some(file), &builder), &builder) {
        Ok(spec) => {
            print::out(format_args!("{}: ok, {}\n", file.display(), summary(&spec)));
            Exit::Done
        }
        Err(exit) => exit,
    }
}

fn summary(spec: &NodeSpec) -> String {
    let children = spec.namespaces.iter();
    let children = children.map(|namespace| count(&namespace.children)).sum();
    let http = if spec.http.enabled {
        format!("HTTP on {}", spec.http.bind)
    } else {
        "no HTTP".to_owned()
    };
    format!(
        "{} with {}, {http}",
        counted(spec.namespaces.len(), "namespace", "namespaces"),
        counted(children, "child", "children"),
    )
}

fn count(children: &[NodeChild]) -> usize {
    let below = children.iter().map(|child| count(&child.children));
    children.len() + below.sum::<usize>()
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
