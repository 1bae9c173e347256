//! Kinds whose children write down what happens to them.

use std::future::pending;
use std::sync::{Arc, Mutex};

use mainstay::NodeBuilder;
use mainstay::prelude::*;
use serde::Deserialize;

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(crate) fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

/// A builder with these kinds, which write `+name` when they start and `-name` when they stop as asked:
///
/// * `recorder`: does nothing else;
/// * `stubborn`: is asked to stop, writes `?name`, and goes on;
/// * `stuck`: its start never comes to an end;
/// * `broken`: its start fails with "no luck". It writes nothing and takes no arguments.
pub(crate) fn builder(journal: &Journal) -> NodeBuilder {
    let (recorder, stubborn, stuck) = (journal.clone(), journal.clone(), journal.clone());
    Node::builder()
        .kind("recorder", move |args: Named| {
            writing(&recorder, args, |journal, name, stop| async move {
                stop.stopped().await;
                journal.write(format!("-{name}"));
            })
        })
        .kind("stubborn", move |args: Named| {
            writing(&stubborn, args, |journal, name, stop| async move {
                stop.stopped().await;
                journal.write(format!("?{name}"));
                pending::<()>().await;
            })
        })
        .kind("stuck", move |args: Named| {
            let journal = stuck.clone();
            Child::task_ready("stuck", move |stop, ready| {
                journal.write(format!("+{}", args.name));
                async move {
                    let _kept = (stop, ready);
                    pending::<()>().await;
                }
            })
        })
        .kind("broken", |()| {
            let spec = ChildSpec::new(ChildId::new("broken").unwrap());
            Child::from_start(spec, |_| async { Err(StartError::failed("no luck")) })
        })
}

fn writing<F>(journal: &Journal, args: Named, body: fn(Journal, String, StopToken) -> F) -> Child
where
    F: Future<Output = ()> + Send + 'static,
{
    let journal = journal.clone();
    Child::task("writing", move |stop| {
        journal.write(format!("+{}", args.name));
        body(journal.clone(), args.name.clone(), stop)
    })
}

/// The spec in `text`, which is without faults.
pub(crate) fn spec(text: &str, builder: &NodeBuilder) -> NodeSpec {
    NodeSpec::from_ron(text, builder)
        .unwrap_or_else(|faults| panic!("{}", faults.render("spec", text)))
}

/// The picture of all trees.
pub(crate) fn picture(node: &Node) -> String {
    let roots = node.runtime().roots();
    let roots = roots
        .iter()
        .map(|root| mainstay::supervisors::TreeNode::of(root.process()).to_string());
    roots.collect()
}
