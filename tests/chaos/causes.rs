//! Why a process ended that nobody had struck: it went along with one that was, as the tree wants it, or was restarted by a reload.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_supervisors::{EventKind, ExitReason, Namespace, Pid, Process, TreeNode};

use crate::reloads::Window;
use crate::story::{is_shutdown, is_task, parent};

/// Who stands where: of each supervisor the strategy, and its children in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree(BTreeMap<String, (String, Vec<String>)>);

impl Tree {
    pub(crate) fn of(app: &Namespace) -> Self {
        let mut tree = Self::default();
        if let Some(root) = app.tree() {
            tree.add(&root, root.id.to_string());
        }
        tree
    }

    /// With another strategy of a supervisor; `order_reversed` for the other order of its children.
    pub(crate) fn supervised(mut self, path: &str, strategy: &str) -> Self {
        let (found, children) = self.0.get_mut(path).unwrap();
        match strategy {
            "order_reversed" => children.reverse(),
            strategy => strategy.clone_into(found),
        }
        self
    }

    fn add(&mut self, node: &TreeNode, path: String) {
        let below = |child: &TreeNode| format!("{path}/{}", child.id);
        for child in &node.children {
            self.add(child, below(child));
        }
        if let Some(strategy) = &node.strategy {
            let children = node.children.iter().map(below).collect();
            self.0.insert(path, (strategy.to_string(), children));
        }
    }

    /// A child and what starts after it.
    pub(crate) fn from(&self, path: &str) -> Vec<String> {
        let above = parent(path).and_then(|above| self.0.get(above));
        let (_, children) = above.unwrap();
        let nth = children.iter().position(|it| it == path).unwrap();
        children[nth..].to_vec()
    }

    /// Those of its siblings that are restarted with a child, and start after it.
    fn after(&self, path: &str) -> &[String] {
        let Some((strategy, children)) = parent(path).and_then(|above| self.0.get(above)) else {
            return &[];
        };
        let nth = children.iter().position(|it| it == path);
        match (strategy.as_str(), nth) {
            ("rest_for_one" | "one_for_all", Some(nth)) => &children[nth + 1..],
            _ => &[],
        }
    }

    /// Whether a child is restarted because another is.
    fn takes_along(&self, path: &str, other: &str) -> bool {
        let whole = parent(path).and_then(|above| self.0.get(above));
        let is_all = whole.is_some_and(|(strategy, _)| strategy == "one_for_all");
        self.after(path).iter().any(|it| it == other)
            || is_all && path != other && parent(path) == parent(other)
    }
}

/// What is known at one moment of the story.
pub(crate) struct Causes<'a> {
    tree: &'a Tree,
    /// By path all that ever ran there: who stands above another is the last one that was made before it.
    made: BTreeMap<String, BTreeSet<Pid>>,
    /// Supervisors that did not start, as a child of theirs did not: what had started of them is stopped.
    failed: BTreeSet<Pid>,
    /// Those that were struck and have ended, and of what: by their links it ends those below them too, or they stop in their own time.
    fallen: BTreeMap<Pid, String>,
    /// Children that were struck or did not start, and have no successor yet; with the supervisor that is to restart them.
    open: BTreeMap<String, Option<Pid>>,
    running: BTreeMap<String, Process>,
    /// How often each child was started, by supervisor.
    starts: BTreeMap<(Option<Pid>, String), u32>,
    /// What reloads were let restart.
    windows: &'a [Window],
}

impl<'a> Causes<'a> {
    pub(crate) fn new<'e>(
        tree: &'a Tree,
        windows: &'a [Window],
        events: impl Iterator<Item = &'e EventKind> + Clone,
    ) -> Self {
        let mut made = BTreeMap::<String, BTreeSet<Pid>>::new();
        let mut failed = BTreeSet::new();
        for kind in events.clone() {
            let process = kind.process();
            made.entry(process.path())
                .or_default()
                .insert(process.pid());
            if let EventKind::StartError { supervisor, .. } = kind {
                failed.insert(supervisor.pid());
            }
        }
        for kind in events {
            if let EventKind::Started { process, .. } = kind {
                failed.remove(&process.pid());
            }
        }
        Self {
            tree,
            made,
            failed,
            fallen: BTreeMap::new(),
            open: BTreeMap::new(),
            running: BTreeMap::new(),
            starts: BTreeMap::new(),
            windows,
        }
    }

    /// A process that was struck has ended of it.
    pub(crate) fn fell(&mut self, process: &Process, reason: &ExitReason) {
        let path = process.path();
        self.running.remove(&path);
        self.fallen.insert(process.pid(), reason.to_string());
        let above = self.above(&path, process.pid());
        if !is_task(&path) {
            self.open.insert(path, above);
        }
    }

    /// A child did not start: it is to be started again, if its supervisor runs.
    pub(crate) fn failed(&mut self, supervisor: &Process, child: &str) {
        let path = format!("{}/{child}", supervisor.path());
        self.open.insert(path, Some(supervisor.pid()));
    }

    /// What is wrong with this start, which is this event.
    pub(crate) fn started(&mut self, event: u64, process: &Process, restarts: u32) -> Vec<String> {
        let (path, pid) = (process.path(), process.pid());
        let above = self.above(&path, pid);
        let mut faults = Vec::new();
        if is_task(&path) {
            return faults;
        }
        if let Some(other) = self.runs_below(&path, above) {
            faults.push(format!("{process} has started while {other} runs"));
        }
        if self.open.remove(&path) == Some(above) {
            let late = self.tree.after(&path).iter();
            let late = late.filter_map(|it| self.runs_below(it, above));
            faults.extend(late.map(|it| format!("{process} was restarted without {it}")));
        }
        let starts = self.starts.entry((above, path.clone())).or_default();
        let mut windows = self.windows.iter().filter(|window| window.has(event));
        if restarts == 0 && *starts > 0 && windows.any(|window| !window.is_done) {
            // Its supervisor was struck before it had started, and nobody was told of that one.
            return faults;
        }
        if restarts != *starts {
            faults.push(format!("{process} has started again {restarts} times, by its supervisor, and {starts} times, by events"));
        }
        *starts += 1;
        self.running.insert(path, process.clone());
        faults
    }

    /// Whether there is a cause for the end of a process that was not struck, which is this event.
    pub(crate) fn ended(&mut self, event: u64, process: &Process, reason: &ExitReason) -> bool {
        let path = process.path();
        let own = self
            .running
            .get(&path)
            .is_some_and(|it| it.pid() == process.pid());
        if own {
            self.running.remove(&path);
        }
        if matches!(reason, ExitReason::Normal) {
            // A short task of a service's own has come to its end.
            return is_task(&path);
        }
        let mut steps = vec![(path, Some(process.pid()))];
        while let Some((path, Some(pid))) = steps.last()
            && let Some(above) = parent(path)
        {
            let step = (above.to_owned(), self.above(path, *pid));
            steps.push(step);
        }
        let mut above = steps.iter().skip(1).filter_map(|(_, pid)| pid.as_ref());
        if let Some(of) = above.find_map(|pid| self.fallen.get(pid)) {
            let is_theirs = *of == reason.to_string();
            return is_theirs || is_shutdown(reason) || matches!(reason, ExitReason::Killed);
        }
        let is_stopped = |(path, above): (&String, Option<Pid>)| {
            above.is_some_and(|pid| self.failed.contains(&pid))
                || self
                    .open
                    .iter()
                    .any(|(other, by)| *by == above && self.tree.takes_along(other, path))
        };
        let mut windows = self.windows.iter().filter(|window| window.has(event));
        let is_restarted =
            windows.any(|window| steps.iter().any(|(path, _)| window.restarts(path)));
        let mut steps = steps.windows(2).map(|two| (&two[0].0, two[1].1));
        is_shutdown(reason) && (is_restarted || steps.any(is_stopped))
    }

    fn above(&self, path: &str, pid: Pid) -> Option<Pid> {
        let above = self.made.get(parent(path)?)?;
        above.range(..pid).next_back().copied()
    }

    fn runs_below(&self, path: &str, above: Option<Pid>) -> Option<&Process> {
        let process = self.running.get(path)?;
        (self.above(path, process.pid()) == above).then_some(process)
    }
}
