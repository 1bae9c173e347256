//! Replays one supervision scenario, step by step.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::answers::Answers;
use super::drive::{Halt, World, drive};
use super::matching::{Difference, Seen, deviates, expected_tree, match_step};
use super::plan::SupervisorPlan;
use super::scenario::{Expect, Op, Scenario, Step, Supervisor};
use super::verdict::Verdict;
use super::world::Tree;

/// How long what has to happen may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after that something too many may show itself.
const AFTERMATH: Duration = Duration::from_millis(20);
/// How long the rest, reports and tree, may take once the events are there.
const GRACE: Duration = Duration::from_secs(1);

/// Replays a supervision scenario.
pub(super) async fn replay(
    scenario: &Scenario,
    root: &Supervisor,
    steps: &[Step<Op, Expect>],
    verbose: bool,
) -> Verdict {
    let tree = Tree::new(SupervisorPlan::new(root)).await;
    let stage = tree.map(|tree| Stage {
        tree,
        answers: Answers::default(),
        answered: 0,
        events: 0,
        reports: 0,
        last: Vec::new(),
        verbose,
    });
    drive(scenario, stage, steps, verbose).await
}

/// The tree, and up to where its logs were compared.
struct Stage {
    tree: Tree,
    answers: Answers,
    answered: usize,
    events: usize,
    reports: usize,
    /// The tree as it was last expected.
    last: Vec<Value>,
    verbose: bool,
}

impl World for Stage {
    type Op = Op;
    type Expect = Expect;

    async fn play(&mut self, index: usize, step: &Step<Op, Expect>) -> Result<(), Halt> {
        self.answers.call(index, self.tree.perform(&step.op)?);
        self.rest(&step.expect).await;
        let seen = self.compare(index, &step.expect).await?;
        if self.verbose {
            println!("{seen:#?}");
        }
        self.advance(&step.expect, &seen);
        Ok(())
    }

    async fn close(self) {
        self.tree.close().await;
    }
}

impl Stage {
    /// Waits until what has to happen has happened, and a little for what must not.
    async fn rest(&self, expect: &Expect) {
        let events = expect.event_count();
        let enough = |new: &[_]| new.len() >= events || deviates(&expect.events, new);
        self.tree
            .events()
            .wait_for(self.events, enough, PATIENCE)
            .await;
        if !deviates(&expect.events, &self.tree.events().since(self.events)) {
            let answers = expect.replies.len() + usize::from(!expect.is_pending());
            self.answers
                .wait_for(self.answered, answers, PATIENCE)
                .await;
        }
        tokio::time::sleep(AFTERMATH).await;
    }

    /// Compares until it is as expected, or the grace is over.
    async fn compare(&self, index: usize, expect: &Expect) -> Result<Seen, Difference> {
        let start = Instant::now();
        loop {
            let seen = self.see(index, expect).await;
            match match_step(expect, &self.last, &seen) {
                Ok(()) => return Ok(seen),
                Err(difference) if start.elapsed() > GRACE => return Err(difference),
                Err(_) => tokio::time::sleep(AFTERMATH).await,
            }
        }
    }

    async fn see(&self, index: usize, expect: &Expect) -> Seen {
        let tree = match expected_tree(expect, &self.last) {
            Some(_) => Some(self.tree.tree().await),
            None => None,
        };
        let mut replies = self.answers.since(self.answered);
        Seen {
            result: replies.remove(&index),
            replies,
            root_state: self.tree.root_state(),
            events: self.tree.events().since(self.events),
            reports: self.tree.reports().since(self.reports),
            tree,
        }
    }

    fn advance(&mut self, expect: &Expect, seen: &Seen) {
        self.events += seen.events.len();
        self.reports += seen.reports.len();
        self.answered += seen.replies.len() + usize::from(seen.result.is_some());
        if let Some(tree) = expected_tree(expect, &self.last) {
            self.last = tree.to_vec();
        }
    }
}
