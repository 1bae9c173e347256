//! Going by the node file anew.

use std::path::Path;

use crate::mainstay::{Running, file};

fn node(children: &str, http: &str) -> String {
    format!(
        "(
    namespaces: [(name: \"app\", children: [{children}])],
    http: (bind: \"127.0.0.1:0\", token: \"{http}\"),
)
"
    )
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

fn run(path: &Path) -> Running {
    Running::start(["run", path.to_str().unwrap()])
}

fn lines(node: &mut Running, count: usize) -> Vec<String> {
    (0..count).map(|_| node.error()).collect()
}

fn end(node: Running) {
    node.signal("TERM");
    let (code, errors) = node.ended();
    assert_eq!(errors.last().map(String::as_str), Some("stopped"));
    assert_eq!(code, Some(0));
}

#[test]
fn at_a_sighup_a_node_goes_by_its_file_anew() {
    let path = file(
        "hangup.ron",
        node("(id: \"a\", kind: \"ticker\")", "secret"),
    );
    let shown = path.display();
    let mut node_ = run(&path);
    node_.signal("HUP");
    assert_eq!(
        lines(&mut node_, 2),
        [
            "SIGHUP: reloading".to_owned(),
            format!("reloaded {shown}: nothing"),
        ]
    );
    write(
        &path,
        &node(
            "(id: \"a\", kind: \"ticker\", args: (every: \"2s\")), (id: \"b\", kind: \"echo\")",
            "secret",
        ),
    );
    node_.signal("HUP");
    assert_eq!(
        lines(&mut node_, 4),
        [
            "SIGHUP: reloading".to_owned(),
            format!("reloaded {shown}: 2 changes"),
            "  namespaces[0].children[0].args: changed, restarts app/children/a: what it runs is made when it starts".to_owned(),
            "  namespaces[0].children[1]: added, starts app/children/b".to_owned(),
        ]
    );
    end(node_);
}

#[test]
fn faults_are_told_with_their_lines_and_the_node_runs_on() {
    let path = file("wrong.ron", node("(id: \"a\", kind: \"ticker\")", "secret"));
    let shown = path.display();
    let mut node_ = run(&path);
    // Cut off in the middle of a line, as a file that is just being written.
    write(&path, "(\n    namespaces: [(name: \"app\", chil");
    node_.signal("HUP");
    assert_eq!(node_.error(), "SIGHUP: reloading");
    let mut told = Vec::new();
    while !told
        .last()
        .is_some_and(|line: &String| line.ends_with("nothing has changed"))
    {
        told.push(node_.error());
    }
    assert!(told[0].starts_with("error: "), "{told:#?}");
    assert!(told[1].contains(&format!("--> {shown}:2:")), "{told:#?}");
    write(&path, &node("(id: \"a\", kind: \"ticker\")", "another"));
    node_.signal("HUP");
    assert_eq!(
        lines(&mut node_, 9),
        [
            "SIGHUP: reloading".to_owned(),
            "error: this takes a new node: who has the old token is not to lose it while the node runs"
                .to_owned(),
            format!(" --> {shown}:3:40 (http.token)"),
            "  |".to_owned(),
            "3 |     http: (bind: \"127.0.0.1:0\", token: \"•••••••\"),".to_owned(),
            "  |                                        ^^^^^^^^^".to_owned(),
            String::new(),
            format!("1 fault in {shown}"),
            format!("{shown} was not reloaded, nothing has changed"),
        ]
    );
    end(node_);
}

#[test]
fn a_file_that_is_watched_is_reloaded_when_another_is_put_in_its_place() {
    let path = file(
        "watched.ron",
        node("(id: \"a\", kind: \"ticker\")", "secret"),
    );
    let shown = path.display().to_string();
    let mut node_ = Running::start(["run", &shown, "--watch"]);
    let next = file(
        "watched.ron.new",
        node("(id: \"b\", kind: \"ticker\")", "secret"),
    );
    std::fs::rename(next, &path).unwrap();
    assert_eq!(
        lines(&mut node_, 4),
        [
            "the file has changed: reloading".to_owned(),
            format!("reloaded {shown}: 2 changes"),
            "  namespaces[0].children[0]: removed, stops app/children/a".to_owned(),
            "  namespaces[0].children[0]: added, starts app/children/b".to_owned(),
        ]
    );
    end(node_);
}

#[test]
fn the_time_to_stop_is_that_of_the_file_as_it_is() {
    let text = |deadline: &str| {
        node("", "secret").replace(
            "),\n)",
            &format!("),\n    shutdown_deadline: \"{deadline}\",\n)"),
        )
    };
    let path = file("deadline.ron", text("30s"));
    let mut node_ = run(&path);
    write(&path, &text("7s"));
    node_.signal("HUP");
    assert_eq!(
        lines(&mut node_, 3)[2],
        "  shutdown_deadline: changed, in place"
    );
    node_.signal("TERM");
    let (code, errors) = node_.ended();
    assert_eq!(
        errors,
        [
            "SIGTERM: stopping within 7s; once more to end at once",
            "stopped"
        ]
    );
    assert_eq!(code, Some(0));
}

#[test]
fn the_demonstration_has_no_file_and_stays_as_it_is() {
    let mut node_ = Running::start(["--bind", "127.0.0.1:0"]);
    node_.line();
    node_.signal("HUP");
    assert_eq!(
        lines(&mut node_, 2),
        ["SIGHUP: reloading", "reloaded the demonstration: nothing"]
    );
    end(node_);
}
