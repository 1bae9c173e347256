//! Everything at once, on several threads, in an order that can be repeated: in the end nothing is left.

use mainstay_supervisors::specs::{Restart, Shutdown};
use mainstay_supervisors::{
    Child, DynamicSupervisor, ExitReason, Process, ProcessKind, Supervisor, TreeNode,
};
use mainstay_tests::probe::{Bed, Order, Probe, within};

use crate::{millis, secs};

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("it is small")
    }
}

fn workers(names: &'static [&'static str]) -> impl Iterator<Item = Child> {
    names.iter().enumerate().map(|(at, name)| match at % 4 {
        0 => Probe::new().child(name),
        1 => {
            let slow = Probe::new().post_stop(|_| async {
                tokio::time::sleep(millis(1)).await;
                Ok(())
            });
            slow.child(name)
        }
        2 => {
            let hanging = Probe::new().post_stop(|_| std::future::pending());
            hanging.child(name).shutdown(Shutdown::Timeout(millis(2)))
        }
        _ => Child::task(name, |_| std::future::pending::<()>()).restart(Restart::Transient),
    })
}

fn tree() -> Supervisor {
    let patient = u32::MAX;
    let all = Supervisor::one_for_all()
        .intensity(patient, secs(5))
        .children(workers(&["a", "b", "c", "d"]));
    let rest = Supervisor::rest_for_one()
        .intensity(2, millis(1))
        .children(workers(&["e", "f", "g", "h"]))
        .child(Child::supervisor("all", all));
    Supervisor::one_for_one()
        .intensity(patient, secs(5))
        .children(workers(&["i", "j", "k", "l"]))
        .child(Child::supervisor("rest", rest))
        .child(Child::supervisor(
            "pool",
            DynamicSupervisor::new().intensity(2, millis(1)),
        ))
}

fn strike(process: &Process, how: usize) {
    match (how, process.actor_ref::<Order>()) {
        (0, _) => process.kill(),
        (1, _) => process.stop(ExitReason::Normal),
        (2, _) => process.exit(ExitReason::failed("struck")),
        // It may have ended meanwhile.
        (3, Some(actor)) => drop(actor.send_message(Order::panic())),
        (4, Some(actor)) => drop(actor.send_message(Order::fail("struck"))),
        (_, Some(actor)) => actor.stop(None),
        (_, None) => process.kill(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_happens_nothing_is_left_in_the_end() {
    for seed in 1..=8_u64 {
        let bed = Bed::new();
        let root = bed.start(tree()).await;
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ seed);
        let mut recent: Vec<Process> = Vec::new();
        for _ in 0..150 {
            if dice.roll(3) == 0
                && let Some(pool) = bed.started("root/pool").supervisor()
            {
                // Nobody may be there, or it may be given up meanwhile.
                let child = Probe::new().child("pooled");
                recent.extend(
                    within(pool.start_child(child))
                        .await
                        .ok()
                        .and_then(|it| it.process().cloned()),
                );
            }
            recent.push(bed.started(["root/rest", "root/pool", "root/rest/all"][dice.roll(3)]));
            let paths = [
                "root/i",
                "root/j",
                "root/rest/e",
                "root/rest/f",
                "root/rest/all/a",
                "root/rest/all/c",
            ];
            recent.push(bed.started(paths[dice.roll(paths.len())]));
            let at = dice.roll(recent.len());
            let process = recent.swap_remove(at);
            let supervisor = process.kind() == ProcessKind::Supervisor;
            strike(
                &process,
                if supervisor {
                    dice.roll(2)
                } else {
                    dice.roll(6)
                },
            );
        }
        // Still a whole tree.
        within(root.count_children()).await.expect("it runs");
        assert!(TreeNode::of(root.process()).count() >= 6);
        bed.end().await;
    }
}
