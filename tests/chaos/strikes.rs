//! Processes that are struck.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay::testkit::{ChaosKind, Plan, Schedule, Strike};
use mainstay_supervisors::{
    Delivery, Event, EventKind, EventStream, Fault, Namespace, Pid, Process,
};
use tokio::sync::Notify;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

/// Services are struck so seldom that no supervisor has a reason to give up: three restarts in five seconds are its limit, and one strike
/// makes for two at most.
const SERVICES: (Duration, Duration) = (Duration::from_millis(5_200), Duration::from_millis(8_000));

/// Clerks, whose supervisor has no such limit.
const CLERKS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(1_500));

/// How long a process hangs before it is killed: a supervisor does not notice.
const HANG: Duration = Duration::from_secs(1);

/// What a process says that was struck, and a start that was made to fail.
pub(crate) const ON_PURPOSE: &str = "on purpose, by the chaos";

/// Who was struck, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Struck {
    hits: Arc<Mutex<Hits>>,
    /// A service is about to be struck.
    blow: Arc<Notify>,
}

#[derive(Debug, Default)]
pub(crate) struct Hits {
    /// How each process was struck, as often as it was.
    pub(crate) processes: BTreeMap<Pid, Vec<ChaosKind>>,
    /// What was to be struck, and what was.
    pub(crate) targets: BTreeSet<String>,
    pub(crate) struck: BTreeSet<String>,
    /// How many starts were made to fail.
    pub(crate) starts: u64,
    /// How many tasks that connect were struck.
    pub(crate) connectors: u64,
    /// How often there was nobody to strike.
    pub(crate) missed: u64,
}

impl Struck {
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Hits) -> T) -> T {
        look(&mut self.hits.lock().unwrap())
    }

    /// Waits until a service is about to be struck: a few polls before that, or after.
    pub(crate) async fn blow(&self, chance: &mut fastrand::Rng) {
        timeout(BLOW_MAX, self.blow.notified()).await.ok();
        some_polls(chance).await;
    }
}

/// Longer than there is between two strikes.
const BLOW_MAX: Duration = Duration::from_secs(10);

/// Between no polls and as many as it takes to restart all.
async fn some_polls(chance: &mut fastrand::Rng) {
    for _ in 0..chance.u8(0..60) {
        yield_now().await;
    }
}

/// What is to be done to whom: to what runs now, but for the root, which nobody restarts. Supervisors are struck as well, whose children
/// then stop in their own time: the event store only when it has stored what waits, and its successor has its name after that.
pub(crate) fn schedules(seed: u64, app: &Namespace, lasting: Duration) -> [Schedule; 2] {
    let mut paths: Vec<String> = app.processes().iter().map(Process::path).collect();
    paths.sort();
    let (clerks, services): (Vec<String>, Vec<String>) = paths
        .into_iter()
        .filter(|path| path != "app")
        .filter(|path| !path.ends_with("connectors/task"))
        .partition(|path| path.contains("/clerk-"));
    let plan = |seed, targets, interval, kinds: &[(ChaosKind, u32)]| {
        let mut plan = Plan::new(seed);
        plan.targets = targets;
        plan.interval = interval;
        plan.kinds = kinds.to_vec();
        plan.lasting = lasting;
        Schedule::of(&plan).unwrap()
    };
    let all = [
        (ChaosKind::Kill, 4),
        (ChaosKind::Crash, 3),
        (ChaosKind::Fail, 2),
        (ChaosKind::Hang, 1),
        (ChaosKind::FailNextStart, 1),
    ];
    let mut first = [services.clone(), services.clone()].concat();
    fastrand::Rng::with_seed(seed).shuffle(&mut first);
    let mut services = plan(seed, services, SERVICES, &all);
    // Chance alone leaves one out now and then.
    for (strike, path) in services.strikes.iter_mut().zip(first) {
        strike.target = path;
    }
    [services, plan(seed ^ 0xC1E2, clerks, CLERKS, &all)]
}

/// Carries a schedule out; each strike of a service some polls late, as chance has it.
pub(crate) async fn carry_out(
    schedule: Schedule,
    mut chance: fastrand::Rng,
    app: Namespace,
    struck: Struck,
) {
    let begun = Instant::now();
    let mut releases = JoinSet::new();
    let targets = schedule.strikes.iter().map(|strike| strike.target.clone());
    struck.with(|hits| hits.targets.extend(targets));
    for strike in &schedule.strikes {
        sleep_until(begun + strike.at).await;
        if !strike.target.contains("/clerk-") {
            struck.blow.notify_waiters();
            some_polls(&mut chance).await;
        }
        let paths = app.processes();
        let found = paths
            .iter()
            .find(|it| it.path() == strike.target && it.is_alive());
        match found.filter(|process| hit(&app, strike, process, &struck)) {
            Some(process) if strike.kind == ChaosKind::Hang => {
                let process = process.clone();
                releases.spawn(async move {
                    sleep(HANG).await;
                    process.kill();
                });
            }
            Some(_) => {}
            None => struck.with(|hits| hits.missed += 1),
        }
    }
    releases.join_all().await;
}

/// Strikes tasks that connect while they do, some of them, until it is time.
pub(crate) async fn strike_connectors(
    seed: u64,
    lasting: Duration,
    mut events: EventStream,
    struck: Struck,
) {
    let end = Instant::now() + lasting;
    let mut chance = fastrand::Rng::with_seed(seed ^ 0xC0AA);
    while let Ok(Some(told)) = timeout_at(end, events.next()).await {
        let Delivery::Event(Event {
            kind: EventKind::Started { process, .. },
            ..
        }) = told
        else {
            continue;
        };
        if !process.path().ends_with("connectors/task") || chance.u8(0..4) > 0 {
            continue;
        }
        sleep(Duration::from_millis(chance.u64(0..3))).await;
        let kind = [ChaosKind::Kill, ChaosKind::Crash, ChaosKind::Fail][chance.usize(0..3)];
        let is_hit = match kind {
            _ if !process.is_alive() => false,
            ChaosKind::Crash => process.inject(Fault::panic(ON_PURPOSE)),
            ChaosKind::Fail => process.inject(Fault::error(ON_PURPOSE)),
            _ => {
                process.kill();
                true
            }
        };
        if is_hit {
            struck.with(|hits| {
                hits.connectors += 1;
                hits.processes.entry(process.pid()).or_default().push(kind);
            });
        }
    }
}

fn hit(app: &Namespace, strike: &Strike, process: &Process, struck: &Struck) -> bool {
    let is_hit = match strike.kind {
        ChaosKind::Kill => {
            process.kill();
            true
        }
        ChaosKind::Crash => process.inject(Fault::panic(ON_PURPOSE)),
        ChaosKind::Fail => process.inject(Fault::error(ON_PURPOSE)),
        ChaosKind::Hang => process.inject(Fault::Hang),
        ChaosKind::FailNextStart => {
            app.fail_next_start(process.path(), ON_PURPOSE);
            process.kill();
            struck.with(|hits| hits.starts += 1);
            true
        }
        other => unreachable!("no schedule here has {other}"),
    };
    if is_hit {
        struck.with(|hits| {
            hits.struck.insert(strike.target.clone());
            let kinds = hits.processes.entry(process.pid()).or_default();
            kinds.push(strike.kind);
        });
    }
    is_hit
}
