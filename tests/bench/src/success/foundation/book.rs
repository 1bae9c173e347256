//! Where the times of the operations are noted: in a metrics store of its own, of which a baseline is taken.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mainstay_actors::MetricsStore;
use mainstay_actors::metrics::{Baseline, Outcome as Ended, Tags, TimeWindow, Tolerance};
use mainstay_specs::{MetricsSpec, NamespaceName};
use mainstay_supervisors::{NamespacePlan, Runtime};

use crate::success::sample::Sample;
use crate::{Options, Outcome};

/// How much longer an operation may take: twice as long, and this.
const ABSOLUTE: Duration = Duration::from_micros(2);
const RELATIVE: f64 = 1.0;

/// What all operations are called by.
const PREFIX: &str = "foundation";

pub(super) struct Book {
    runtime: Runtime,
    store: MetricsStore,
}

impl Book {
    pub(super) async fn open() -> Outcome<Self> {
        let plan = NamespacePlan::new().service(MetricsStore::child(MetricsSpec::default()));
        let runtime = Runtime::new();
        let namespace = runtime
            .start_namespace(NamespaceName::new("book")?, plan)
            .await?;
        let store = MetricsStore::in_namespace(&namespace).ok_or("it was just started")?;
        Ok(Self { runtime, store })
    }

    /// Notes how the operations of a service fare.
    pub(super) fn notes(
        &self,
        service: &str,
        operations: impl IntoIterator<Item = (&'static str, Sample)>,
    ) -> Outcome<()> {
        let mut operations = operations.into_iter();
        operations.try_for_each(|(name, sample)| self.note(&format!("{service}.{name}"), sample))
    }

    /// Notes how an operation fares, and prints it.
    pub(super) fn note(&self, operation: &str, sample: Sample) -> Outcome<()> {
        let sample = sample.sorted();
        let (half, most, calls) = (sample.percentile(50), sample.percentile(99), sample.len());
        println!("baseline {operation}: p50 {half:.2?}, p99 {most:.2?} [{calls} calls]");
        let noted = format!("{PREFIX}.{operation}");
        let noted = self.store.operation(noted, Tags::new())?;
        sample
            .times()
            .for_each(|time| noted.record(Ended::Success, time));
        Ok(())
    }

    /// Compares with the baseline that the command line names, and writes the one it asks for.
    pub(super) async fn close(self, options: &Options) -> Outcome<()> {
        let now = self
            .store
            .baseline(TimeWindow::Hour, |name| name.is_within(PREFIX));
        self.runtime.stop(Duration::from_secs(5)).await;
        if let Some(file) = options.save_baseline() {
            write(&now, file)?;
        }
        options
            .baseline()
            .map_or(Ok(()), |file| compare(file, &now))
    }
}

fn compare(file: &Path, now: &Baseline) -> Outcome<()> {
    let shown = file.display();
    let text = fs::read_to_string(file).map_err(|error| format!("{shown}: {error}"))?;
    let before = Baseline::from_ron(&text).map_err(|error| format!("{shown}: {error}"))?;
    let tolerance = Tolerance::default().relative(RELATIVE).absolute(ABSOLUTE);
    let compared = before.compare(now, &tolerance)?;
    println!("{compared}");
    Ok(compared.check()?)
}

fn write(now: &Baseline, file: &Path) -> Outcome<()> {
    let shown = file.display();
    let text = format!("{}{}\n", head(), now.to_ron());
    fs::write(file, text).map_err(|error| format!("{shown}: {error}"))?;
    println!("written to {shown}");
    Ok(())
}

/// What it was measured on, as far as the machine tells.
fn head() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZeroUsize::get);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("a processor that does not say what it is", |model| {
        model.trim_start_matches([' ', '\t', ':'])
    });
    let system = told("uname", &["-sr"]);
    let compiler = told("rustc", &["--version"]);
    format!(
        "// How the operations of the Foundation services fare, in nanoseconds, two looks at the clock included, with events in memory.\n\
         // Written by `cargo bench -p mainstay-bench --bench success -- baseline --save-baseline tests/bench/baselines/foundation.ron`, and compared\n\
         // with another run by `--baseline` in its place. Times mean little on another machine: those that take less than twice as long, or\n\
         // less than 2 µs more, count as the same.\n\
         // Measured on {cores} threads of {model}; {system}; {compiler}; profile `bench`.\n"
    )
}

fn told(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    output.unwrap_or_else(|_| format!("{program} not found"))
}
