//! On, off, and across crashes of what looks.

use mainstay_actors::ProcessMetrics;
use mainstay_supervisors::specs::{NamespaceName, ProcessMetricsSpec};
use mainstay_supervisors::{NamespacePlan, Runtime};
use tokio::time::sleep;

use super::{Bed, ms, secs, taking};

const DONE: Option<(&str, &str)> = Some(("status", "success"));

#[tokio::test(start_paused = true)]
async fn switched_off_nothing_is_measured_and_nothing_runs() {
    let spec = ProcessMetricsSpec::default().enabled(false);
    let bed = Bed::with(spec, |child| child).await;
    bed.cast(taking(ms(1)));
    sleep(secs(3)).await;
    assert_eq!(bed.process().waiting(), None);
    assert!(bed.view("process.run", DONE).is_none());
    let path = |id: &str| format!("app/{id}");
    let paths: Vec<String> = bed
        .namespace
        .processes()
        .iter()
        .map(|one| one.path())
        .collect();
    assert!(!paths.contains(&path("process_metrics")), "{paths:?}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_path_that_is_excepted_is_not_measured() {
    let spec = ProcessMetricsSpec::default().except("app/children/worker");
    let bed = Bed::with(spec, |child| child).await;
    bed.cast(taking(ms(1)));
    sleep(secs(3)).await;
    assert_eq!(bed.process().waiting(), None);
    assert!(bed.view("process.run", DONE).is_none());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_keeper_is_down_all_is_recorded_and_its_successor_goes_on() {
    let bed = Bed::new().await;
    bed.cast(taking(ms(50)));
    sleep(ms(1)).await;
    bed.cast(taking(ms(1)));
    bed.keeper().kill();
    sleep(ms(500)).await;
    assert_eq!(bed.count("process.run", DONE), 1);
    // It was restarted, and the worker after it: the namespace is a rest_for_one.
    assert_eq!(bed.last("process.mailbox_depth"), None);
    bed.cast(taking(secs(5)));
    bed.cast(taking(ms(1)));
    sleep(ms(1_500)).await;
    assert_eq!(bed.last("process.mailbox_depth"), Some(1.0));
    assert_eq!(bed.count("process.unhandled", None), 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_store_it_does_not_start() {
    let runtime = Runtime::new();
    let child = ProcessMetrics::child(ProcessMetricsSpec::default());
    let plan = NamespacePlan::new().service(child);
    let app = NamespaceName::new("app").expect("a name");
    let error = runtime
        .start_namespace(app, plan)
        .await
        .expect_err("no store");
    let text = error.to_string();
    assert!(
        text.ends_with("there is no metrics store to record to"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_spec_with_a_path_that_is_none_is_refused() {
    for path in ["", "app//worker", "/app"] {
        let spec = ProcessMetricsSpec::default().except(path);
        let faults = spec.validate().expect_err("it is no path").to_string();
        assert!(faults.contains("except"), "{faults}");
    }
}
