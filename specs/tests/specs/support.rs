//! Kinds, and texts shortened to what a test is about.

use std::time::Duration;

use mainstay_specs::{ChildId, ChildSpec, KindTable, NodeSpec};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ticker {
    #[serde(with = "mainstay_specs::duration")]
    pub(crate) every: Duration,
    #[serde(default)]
    pub(crate) times: Option<u32>,
}

pub(crate) fn kinds() -> KindTable {
    KindTable::new()
        .kind::<Ticker>("ticker")
        .kind::<()>("db")
        .kind::<Vec<u8>>("bytes")
}

/// What is wrong with a node file.
pub(crate) fn faults(text: &str) -> String {
    match NodeSpec::from_ron(text, &kinds()) {
        Ok(_) => String::new(),
        Err(faults) => faults.to_string(),
    }
}

/// What is wrong with these children, which begin at line 1, column 1; paths are shortened by what is around them.
pub(crate) fn child_faults(children: &str) -> String {
    supervised_faults("()", children)
}

/// The same, under a supervisor with these flags.
pub(crate) fn supervised_faults(flags: &str, children: &str) -> String {
    // The children come first, so that their positions are easy to read off.
    let text = format!("(namespaces:[(name:\"n\",supervisor:{flags},children:[\n{children}\n])])");
    let told = faults(&text);
    let lines = told.lines().map(|line| {
        let (at, rest) = line.split_once(':').unwrap_or_default();
        let at: usize = at.parse().unwrap_or_default();
        let rest = rest.replacen("namespaces[0].", "", 1);
        format!("{}:{rest}", at.saturating_sub(1))
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(crate) fn id(text: &str) -> ChildId {
    ChildId::new(text).expect("a name")
}

pub(crate) fn child(text: &str) -> ChildSpec {
    ChildSpec::new(id(text))
}
