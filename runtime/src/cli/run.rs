//! `mainstay run`, and `mainstay` alone.

use std::fmt::Write as _;
use std::path::PathBuf;

use mainstay::specs::{NodeSpec, Restart};
use mainstay::supervisors::{StopReport, SupervisorRef, TreeNode};
use mainstay::{BootError, Node};

use super::exit::Exit;
use super::reload::{Reloads, Source};
use super::signals::Signals;
use super::{Serving, print, spec};

/// Runs a node until a signal comes, or until it is not what its spec says any more.
pub(super) async fn run(file: Option<PathBuf>, watch: bool, serving: Serving) -> Exit {
    let watched = file.clone().filter(|_| watch);
    let source = Source { file, serving };
    // Before it is read, so that no change is missed.
    let reloads = Reloads::watch(watched.as_deref());
    let spec = match source.first() {
        Ok(spec) => spec,
        Err(exit) => return exit,
    };
    let signals = Signals::watch(spec.shutdown_deadline);
    match signals.and_then(|signals| Ok((signals, reloads?))) {
        Ok((signals, reloads)) => run_spec(&source, spec, signals, reloads).await,
        Err(error) => print::error(Exit::Failure, format_args!("cannot catch signals: {error}")),
    }
}

async fn run_spec(
    source: &Source,
    spec: NodeSpec,
    mut signals: Signals,
    mut reloads: Reloads,
) -> Exit {
    let mut cancel = signals.clone();
    let cancel = async move {
        cancel.first().await;
    };
    let again = source.clone();
    let builder = spec::builder().source(move |builder| again.read(builder));
    let node = match builder.boot_until(&spec, cancel).await {
        Ok(node) => node,
        Err(error) => return not_booted(error),
    };
    print::out(welcome(&node, &spec));
    // It may be told to reload over HTTP, too.
    let mut specs = node.watch_spec();
    let given_up = loop {
        let until = signals.clone();
        let follow = |spec: &NodeSpec| until.set_deadline(spec.shutdown_deadline);
        let why = tokio::select! {
            biased;
            _ = signals.first() => break None,
            down = node.root_ended() => break Some(down),
            Ok(()) = specs.changed() => {
                follow(&specs.borrow_and_update());
                continue;
            }
            why = reloads.next() => why,
        };
        print::status(format_args!("{why}: reloading"));
        tokio::select! {
            biased;
            _ = signals.first() => break None,
            () = source.reload(&node, follow) => {}
        }
    };
    let deadline = specs.borrow().shutdown_deadline;
    if let Some(down) = &given_up {
        let why = format_args!(
            "{} has ended ({}), stopping",
            down.process.path(),
            down.reason
        );
        print::error(Exit::Failure, why);
        signals.begin_end();
    }
    let stopped = stopped(&node.stop(deadline).await);
    given_up.map_or(stopped, |_| Exit::Failure)
}

fn not_booted(error: BootError) -> Exit {
    match error {
        BootError::Interrupted(report) => stopped(&report),
        BootError::Spec(faults) => spec::print_faults(&faults),
        error => print::error(Exit::Failure, error),
    }
}

fn stopped(report: &StopReport) -> Exit {
    for path in &report.killed {
        print::status(format_args!("killed {path}: it did not stop in time"));
    }
    match report.killed.len() {
        0 => {
            print::status("stopped");
            Exit::Done
        }
        killed => {
            print::status(format_args!("stopped, {killed} killed"));
            Exit::Killed
        }
    }
}

/// The tree without the tasks that a dynamic supervisor happens to run at this moment, such as one that has just connected to a database.
fn lasting(mut node: TreeNode) -> TreeNode {
    let comes_and_goes = node.strategy.as_deref() == Some("dynamic");
    node.children
        .retain(|child| !comes_and_goes || child.restart != Some(Restart::Temporary));
    node.children = node.children.into_iter().map(lasting).collect();
    node
}

/// What a person sees when the node is up.
fn welcome(node: &Node, spec: &NodeSpec) -> String {
    let mut text = String::new();
    for root in node.runtime().roots().iter().map(SupervisorRef::process) {
        let _infallible = write!(text, "{}", lasting(TreeNode::of(root)));
    }
    text.push('\n');
    text.push_str(&address(node, spec));
    text
}

#[cfg(feature = "http")]
fn address(node: &Node, spec: &NodeSpec) -> String {
    let Some((address, token)) = node.address().zip(node.token()) else {
        return "HTTP is off\n".to_owned();
    };
    let mut text = format!("listening on http://{address}\n");
    if spec.http.token.is_none() {
        let _infallible = writeln!(
            text,
            "token for changes, until it stops: {}",
            token.as_str()
        );
    }
    text
}

#[cfg(not(feature = "http"))]
fn address(_node: &Node, _spec: &NodeSpec) -> String {
    "HTTP is off\n".to_owned()
}
