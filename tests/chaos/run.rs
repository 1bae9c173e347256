//! One run: boot, chaos, calm, audit.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use mainstay::prelude::*;
use mainstay_supervisors::{EventStream, Process};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::audit::{audit, chaos};
use crate::book::{Book, Pages};
use crate::causes::Tree;
use crate::database::{Database, Fares};
use crate::load::{Clients, Phase};
use crate::node::boot;
use crate::reloads::Reloads;
use crate::story::Story;
use crate::strikes::{self, Hits, Struck};
use crate::wanted::Wanted;
use crate::weather::{Settings, Weather};

/// How long the chaos lasts.
pub(crate) const LASTING: Duration = Duration::from_secs(600);

/// So many minutes of chaos at most: the window of the limiter `quota` is to hold all calls of a run.
pub(crate) const MINUTES_MAX: u64 = 170;

/// What a user may call of `orders` for each minute of chaos: the last user calls more often.
const QUOTA_A_MINUTE: u32 = 100;

/// How long clients go on working after it: longer than any breaker is open, any restart takes, any scarcity lasts.
const CALM: Duration = Duration::from_secs(90);

/// How long there is for what is under way to come to its end.
const REST: Duration = Duration::from_secs(60);

/// Runs the chaos of a seed, and gives what has happened; a panic with what is wrong, and how to repeat it.
pub(crate) fn run(seed: u64, lasting: Duration) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let mut script = String::new();
    let whole = AssertUnwindSafe(live(seed, lasting, &mut script));
    let outcome = runtime.block_on(whole.catch_unwind());
    let (text, mut faults) = match outcome {
        Ok((text, faults)) => (text, faults),
        Err(payload) => {
            eprintln!("{}", repeat(seed, lasting, &script));
            std::panic::resume_unwind(payload)
        }
    };
    let left = runtime.metrics().num_alive_tasks();
    if left > 0 {
        faults.push(format!("{left} tasks are left"));
    }
    assert!(
        faults.is_empty(),
        "{}\n{}",
        faults.join("\n"),
        repeat(seed, lasting, &script)
    );
    text
}

/// How to repeat a run, and what was done in it.
fn repeat(seed: u64, lasting: Duration, script: &str) -> String {
    let minutes = lasting.as_secs().div_ceil(60);
    format!(
        "to repeat it: MAINSTAY_CHAOS_SEED={seed} MAINSTAY_CHAOS_MINUTES={minutes} \
         cargo test -p mainstay-tests --test chaos one_seed\n{script}"
    )
}

async fn live(seed: u64, lasting: Duration, script: &mut String) -> (String, Vec<String>) {
    let (phase, told) = watch::channel(Phase::Chaos);
    let minutes = u32::try_from(lasting.as_secs() / 60).unwrap();
    let clients = Clients {
        seed,
        quota: QUOTA_A_MINUTE * minutes,
        book: Book::default(),
        database: Database::default(),
        phase: told,
    };
    clients.database.set(Fares::Well);
    let node = boot(seed, &clients.database, &clients).await;
    let app = node.namespace("app").unwrap();
    let mut events = node.runtime().events_after(0);
    let (before, tree) = (paths(&app), Tree::of(&app));

    let struck = Struck::default();
    let (mut all, listeners) = (clients.begin(&app), clients.listen(&app));
    let disturbed = async {
        let outcome = disturb(seed, lasting, &node, &tree, &clients, &struck, script).await;
        phase.send(Phase::Calm).unwrap();
        sleep(CALM).await;
        outcome
    };
    let (settings, wanted, reloads) = tokio::select! {
        biased;
        down = node.root_ended() => {
            let story = Story::read(&mut events).lines();
            let last = story[story.len().saturating_sub(160)..].join("\n");
            panic!("{} has ended, {}:\n{last}", down.process, down.reason);
        }
        outcome = disturbed => outcome,
    };
    phase.send(Phase::Over).unwrap();
    while let Some(client) = all.join_next().await {
        client.unwrap();
    }
    sleep(REST).await;
    phase.send(Phase::Told).unwrap();
    listeners.join_all().await;

    let mut faults = audit(&app, &clients, settings).await;
    if node.spec().await != wanted.spec() {
        faults.push(format!("the node does not go by {wanted:?}"));
    }
    faults.extend(changed(&before, &paths(&app)));
    let told = (&struck, &clients, &reloads);
    let (text, unexplained) = account(&app, &tree, &mut events, told);
    faults.extend(unexplained);
    faults.extend(reloads.faults.iter().cloned());
    if lasting >= LASTING {
        let quota = clients.quota;
        let tame = |hits: &mut Hits| {
            let pages = |pages: &mut Pages| chaos::faults(hits, pages, &reloads, quota);
            clients.book.with(pages)
        };
        let tame = struck.with(tame);
        faults.extend(tame);
    }
    drop((events, all));
    faults.extend(end(node, app).await);
    (text, faults)
}

/// Strikes and weather, until both are over.
async fn disturb(
    seed: u64,
    lasting: Duration,
    node: &Node,
    tree: &Tree,
    clients: &Clients,
    struck: &Struck,
    script: &mut String,
) -> (Settings, Wanted, Reloads) {
    let app = node.namespace("app").unwrap();
    let weather = Weather::of(seed, lasting);
    let [services, clerks] = strikes::schedules(seed, &app, lasting);
    write!(
        script,
        "services: {services}clerks: {clerks}weather:\n{weather}"
    )
    .unwrap();
    let strike = |schedule, salt| {
        let chance = clients.chance(salt);
        strikes::carry_out(schedule, chance, app.clone(), struck.clone())
    };
    let events = node.runtime().events();
    let connectors = strikes::strike_connectors(seed, lasting, events, struck.clone());
    let weather = weather.carry_out(node, tree, clients, struck);
    tokio::join!(
        weather,
        strike(services, 401),
        strike(clerks, 402),
        connectors
    )
    .0
}

/// The story of the run, and what of it is not accounted for.
fn account(
    app: &Namespace,
    tree: &Tree,
    events: &mut EventStream,
    (struck, clients, reloads): (&Struck, &Clients, &Reloads),
) -> (String, Vec<String>) {
    let story = Story::read(events);
    let (faults, hits, missed) = struck.with(|hits| {
        let alive: Vec<Process> = app.processes();
        (
            story.faults(tree, hits, &reloads.windows, &alive),
            hits.processes.len(),
            hits.missed,
        )
    });
    let mut text = format!(
        "{hits} processes struck, {missed} times nobody; {} ended\n",
        story.ends()
    );
    let pages = clients.book.with(|pages| {
        let (doubtful, alerts) = (pages.doubtful, &pages.doubtful_alerts);
        let begun = &pages.begun;
        format!(
            "{begun:?}\n{:?}\n{doubtful} events doubtful, alerts {alerts:?}\n",
            pages.answers
        )
    });
    text.push_str(&pages);
    let Reloads {
        in_place,
        with_restarts,
        failures,
        ..
    } = reloads;
    writeln!(
        text,
        "{in_place} reloads in place, {with_restarts} with restarts, {} failed: {failures:#?}",
        failures.len()
    )
    .unwrap();
    text.push_str(&story.lines().join("\n"));
    (text, faults)
}

/// The paths of what runs, but for short tasks of services.
fn paths(app: &Namespace) -> Vec<String> {
    let paths = app
        .processes()
        .iter()
        .map(Process::path)
        .collect::<BTreeSet<_>>();
    paths
        .into_iter()
        .filter(|path| !path.ends_with("/task"))
        .collect()
}

/// What runs no more, and what does that did not.
fn changed(before: &[String], after: &[String]) -> Option<String> {
    let only = |one: &[String], other: &[String]| -> Vec<String> {
        let only = one.iter().filter(|path| !other.contains(path));
        only.cloned().collect()
    };
    let (gone, new) = (only(before, after), only(after, before));
    (before != after).then(|| format!("gone: {gone:?}, new: {new:?}"))
}

/// Stops the node, and says what is left of it.
async fn end(node: Node, app: Namespace) -> Vec<String> {
    let (runtime, ledger) = (node.runtime().clone(), app.ledger().clone());
    let pending = app.pending_start_failures();
    let mut faults: Vec<String> = pending
        .iter()
        .map(|it| format!("a start was to fail, and did not come: {it:?}"))
        .collect();
    drop(app);
    let report = node.stop(Duration::from_secs(120)).await;
    drop(node);
    faults.extend(
        report
            .killed
            .iter()
            .map(|path| format!("{path} had to be killed in the end")),
    );
    sleep(Duration::from_secs(5)).await;
    faults.extend(runtime.processes().iter().map(|it| format!("{it} is left")));
    let held = ledger.held().into_iter().chain(runtime.ledger().held());
    faults.extend(held.map(|it| {
        format!(
            "the {} {:?} is held, taken at {}",
            it.what, it.name, it.made_at
        )
    }));
    faults
}
