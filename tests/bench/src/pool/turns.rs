//! Borrowing and giving back, alone and in turn.

use std::time::Instant;

use tokio::task::{JoinSet, yield_now};

use super::sides::Side;
use crate::Outcome;
use crate::flavour::Stage;

/// How often one borrows that is alone, in a round.
const ALONE: u32 = 20_000;

/// How often all borrow together, in a round.
const TURNS: u32 = 32_000;

/// Has all connections made.
pub(super) async fn fill(side: &impl Side, size: u32) -> Outcome<()> {
    let mut lent = Vec::new();
    for _ in 0..size {
        lent.push(side.borrow().await?);
    }
    Ok(())
}

/// Nanoseconds for borrowing one and giving it back, where nobody else does.
pub(super) fn alone<S: Side>(stage: &Stage, side: &S) -> Outcome<[f64; 1]> {
    let side = side.clone();
    stage.run(async move {
        let began = Instant::now();
        for _ in 0..ALONE {
            drop(side.borrow().await?);
        }
        Ok([began.elapsed().as_secs_f64() * 1e9 / f64::from(ALONE)])
    })
}

/// Nanoseconds a turn, of so many tasks together.
pub(super) fn in_turn<S: Side>(stage: &Stage, side: &S, tasks: u32) -> Outcome<[f64; 1]> {
    let side = side.clone();
    stage.run(async move {
        let began = Instant::now();
        let mut running = JoinSet::new();
        for _ in 0..tasks {
            let side = side.clone();
            running.spawn(async move {
                for _ in 0..TURNS / tasks {
                    let lent = side.borrow().await?;
                    yield_now().await;
                    drop(lent);
                }
                Outcome::Ok(())
            });
        }
        while let Some(ended) = running.join_next().await {
            ended??;
        }
        Ok([began.elapsed().as_secs_f64() * 1e9 / f64::from(TURNS)])
    })
}

/// For how long they wait, in nanoseconds: 99 of 100 for no longer than the first, and none for longer than the second.
pub(super) fn waits<S: Side>(stage: &Stage, side: &S, tasks: u32) -> Outcome<[f64; 2]> {
    let side = side.clone();
    stage.run(async move {
        let mut running = JoinSet::new();
        for _ in 0..tasks {
            let side = side.clone();
            running.spawn(async move {
                let mut waits = Vec::with_capacity((TURNS / tasks) as usize);
                for _ in 0..TURNS / tasks {
                    let asked = Instant::now();
                    let lent = side.borrow().await?;
                    waits.push(asked.elapsed().as_nanos() as f64);
                    yield_now().await;
                    drop(lent);
                }
                Outcome::Ok(waits)
            });
        }
        let mut all = Vec::new();
        while let Some(ended) = running.join_next().await {
            all.append(&mut ended??);
        }
        all.sort_by(f64::total_cmp);
        let last = all.len() - 1;
        Ok([all[last * 99 / 100], all[last]])
    })
}
