//! The node files of the README, which a reader copies.

use crate::mainstay::{file, mainstay, run};

const README: &str = include_str!("../../../README.md");

/// The blocks of the README that are RON.
fn blocks() -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while lines.by_ref().any(|line| line == "```ron") {
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(block.join("\n"));
    }
    blocks
}

/// As a node file: it is one if it begins as one, and else what a namespace has as services.
fn node_file(block: &str) -> String {
    let mut lines = block.lines().map(str::trim_start);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with("//"));
    if first.is_some_and(|line| line.starts_with('(')) {
        return block.to_owned();
    }
    format!("(namespaces: [(name: \"app\", services: (\n{block}\n))])\n")
}

#[test]
fn what_the_readme_writes_in_ron_is_right() {
    let blocks = blocks();
    assert!(!blocks.is_empty());
    for (nth, block) in blocks.iter().enumerate() {
        let path = file(&format!("readme-{nth}.ron"), node_file(block));
        let ended = run(&mut mainstay(["check", path.to_str().unwrap()]));
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "{block}"
        );
    }
}
