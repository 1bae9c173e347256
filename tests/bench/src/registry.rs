//! The group `registry`: what looking a name up costs among 10,000, compared with ractor's registry.
//!
//! Both hold the same number of actors under the same names, and are asked for them in the same random order.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use mainstay_supervisors::{Child, Namespace, NamespacePlan, Runtime};
use ractor::Actor;

use crate::flavour::Stage;
use crate::worker::Worker;
use crate::{Comparison, Contest, Flavour, Options, Outcome};

const NAMES: usize = 10_000;
const TARGET: f64 = 0.5;

const GROUP: &[Comparison] = &[
    (&["lookup-10k.1t"], |options| {
        compare("lookup-10k.1t", 1, options)
    }),
    (&["lookup-10k.2t"], |options| {
        compare("lookup-10k.2t", 2, options)
    }),
];

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    crate::run(options, GROUP)
}

fn compare(name: &'static str, threads: usize, options: &Options) -> Outcome<()> {
    let stage = Flavour::CurrentThread.build()?;
    // ractor's registry belongs to the whole program: each comparison has names of its own.
    let mut names: Vec<String> = (0..NAMES)
        .map(|number| format!("worker-{threads}-{number}"))
        .collect();
    let (_runtime, namespace) = ours(&stage, names.clone())?;
    theirs(&stage, names.clone())?;
    fastrand::Rng::with_seed(7).shuffle(&mut names);
    // Copied in the order in which they are asked for: a caller has the name at hand.
    let names: Vec<String> = names.iter().map(String::clone).collect();
    Contest::new([name], "ns", || {
        on_threads(threads, &names, |name| namespace.whereis(name).is_some())
    })
    .peer("ractor", [TARGET], || {
        on_threads(threads, &names, |name| {
            ractor::registry::where_is(name).is_some()
        })
    })
    .run(options)
}

fn ours(stage: &Stage, names: Vec<String>) -> Outcome<(Runtime, Namespace)> {
    stage.run(async move {
        let runtime = Runtime::new();
        let namespace = runtime
            .start_namespace("bench".parse()?, NamespacePlan::new())
            .await?;
        for name in names {
            let child = Child::actor(&name, || (Worker, None));
            let started = namespace.start_child(child).await?;
            let process = started.process().ok_or("a worker has no process")?;
            namespace.register(name.parse()?, process)?;
        }
        Ok((runtime, namespace))
    })
}

fn theirs(stage: &Stage, names: Vec<String>) -> Outcome<()> {
    stage.run(async move {
        for name in names {
            Actor::spawn(Some(name), Worker, None).await?;
        }
        Ok(())
    })
}

/// Looks all names up once on each thread, each from another place on; nanoseconds a lookup, as a thread sees it.
fn on_threads(
    threads: usize,
    names: &[String],
    find: impl Fn(&str) -> bool + Sync,
) -> Outcome<[f64; 1]> {
    if threads == 1 {
        return Ok([look_up(names, 0, &find)?]);
    }
    let together = Barrier::new(threads);
    let times: Vec<Outcome<f64>> = thread::scope(|scope| {
        let (together, find) = (&together, &find);
        let spawn = |thread| {
            scope.spawn(move || {
                together.wait();
                look_up(names, thread * NAMES / threads, find)
            })
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended
            .map(|time| time.unwrap_or_else(|_| Err("a thread panicked".into())))
            .collect()
    });
    let mut sum = 0.0;
    for time in times {
        sum += time?;
    }
    Ok([sum / threads as f64])
}

fn look_up(names: &[String], from: usize, find: &impl Fn(&str) -> bool) -> Outcome<f64> {
    let (before, after) = names.split_at(from);
    let began = Instant::now();
    let mut found = 0;
    for name in after.iter().chain(before) {
        found += usize::from(find(black_box(name)));
    }
    let time = began.elapsed().as_secs_f64() * 1e9 / names.len() as f64;
    if found == names.len() {
        Ok(time)
    } else {
        Err(format!("{} names are not there", names.len() - found).into())
    }
}
