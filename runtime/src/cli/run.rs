//! `mainstay run`, and `mainstay` alone.

use std::fmt::Write as _;
use std::path::PathBuf;

use mainstay::specs::{NodeSpec, Restart};
use mainstay::supervisors::{StopReport, SupervisorRef, TreeNode};
use mainstay::{BootError, Node, NodeBuilder};

use super::exit::Exit;
use super::signals::Signals;
use super::{Serving, print, spec};

/// Runs a node until a signal comes, or until it is not what its spec says any more.
pub(super) async fn run(file: Option<PathBuf>, serving: Serving) -> Exit {
    let builder = spec::builder();
    let spec = spec::read(file.as_deref(), &builder);
    let spec = match spec.and_then(|spec| spec::with(spec, serving)) {
        Ok(spec) => spec,
        Err(exit) => return exit,
    };
    match Signals::watch(spec.shutdown_deadline) {
        Ok(signals) => run_spec(builder, &spec, signals).await,
        Err(error) => print::error(Exit::Failure, format_args!("cannot catch signals: {error}")),
    }
}

async fn run_spec(builder: NodeBuilder, spec: &NodeSpec, mut signals: Signals) -> Exit {
    let mut cancel = signals.clone();
    let cancel = async move {
        cancel.first().await;
    };
    let node = match builder.boot_until(spec, cancel).await {
        Ok(node) => node,
        Err(error) => return not_booted(error),
    };
    print::out(welcome(&node, spec));
    let given_up = tokio::select! {
        _ = signals.first() => None,
        down = node.root_ended() => Some(down),
    };
    if let Some(down) = &given_up {
        let why = format_args!(
            "{} has ended ({}), stopping",
            down.process.path(),
            down.reason
        );
        print::error(Exit::Failure, why);
    }
    let stopped = stopped(&node.stop(spec.shutdown_deadline).await);
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
