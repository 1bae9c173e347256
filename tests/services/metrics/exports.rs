//! What others read.

use std::io::Write as _;
use std::process::{Command, Stdio};

use mainstay_actors::metrics::{Snapshot, Tags, TextFormat, Unit};

use super::support::{Bed, secs};

async fn bed() -> Bed {
    let bed = Bed::new().await;
    let nasty = "quote \" backslash \\ line\nend";
    bed.store
        .counter("shop.hits", [("page", nasty)])
        .unwrap()
        .increment(3);
    bed.store
        .counter("9th-hit_total", Tags::new())
        .unwrap()
        .increment(u64::MAX);
    for value in [0.5, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        let tags = [("value", format!("{value:e}"))];
        bed.store
            .gauge("shop.part", Unit::Ratio, tags)
            .unwrap()
            .set(value);
    }
    for (nth, unit) in [
        Unit::Nanoseconds,
        Unit::Milliseconds,
        Unit::Seconds,
        Unit::Bytes,
        Unit::Count,
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("shop.taken{nth}");
        let samples = bed.store.histogram(name, unit, [("le", "x")]).unwrap();
        [0, 1, 1_500, u64::MAX]
            .into_iter()
            .for_each(|value| samples.record(value));
        samples.record_duration(secs(2));
    }
    bed
}

/// Prometheus's own reader; `None` if it is not there and need not be.
fn promtool(text: &str) -> Option<(bool, String)> {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]);
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = match pipes.spawn() {
        Ok(child) => child,
        Err(error) => {
            let required = std::env::var_os("MAINSTAY_REQUIRE_SERVERS");
            assert!(
                required.is_none_or(|value| value != "1"),
                "promtool: {error}"
            );
            eprintln!("skipped: promtool (Debian's package prometheus): {error}");
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    Some((output.status.success(), told))
}

#[tokio::test(start_paused = true)]
async fn prometheus_accepts_what_is_written_without_a_word() {
    let bed = bed().await;
    let snapshot = bed.store.snapshot();
    let text = TextFormat::Prometheus.write(&[(&[("namespace", "bed")], &snapshot)]);
    if let Some(told) = promtool(&text) {
        assert_eq!(told, (true, String::new()), "{text}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn prometheus_refuses_what_is_wrong() {
    if let Some((accepted, _)) = promtool("a{b=\"c\"d} 1\n") {
        assert!(!accepted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_has_the_totals_since_the_series_began() {
    let bed = bed().await;
    let json = serde_json::to_value(bed.store.snapshot()).unwrap();
    let series = json["series"].as_array().unwrap();
    let named = |name: &str| series.iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(named("shop.hits")["total"], 3);
    assert_eq!(named("shop.hits")["kind"], "counter");
    let taken = &named("shop.taken3")["samples"];
    assert_eq!((&taken["count"], &taken["min"]), (&5.into(), &0.0.into()));
    assert_eq!(taken["buckets"][0], serde_json::json!([0, 0, 1]));
    let Snapshot { generation, .. } = bed.store.snapshot();
    assert_eq!(generation, 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_series_began_at_the_same_moment_whenever_one_asks() {
    let bed = Bed::new().await;
    tokio::time::sleep(std::time::Duration::from_millis(2_345)).await;
    bed.store.counter("hits", Tags::new()).unwrap();
    let created = || {
        let text = TextFormat::OpenMetrics.write(&[(&[], &bed.store.snapshot())]);
        let line = text.lines().find(|line| line.starts_with("hits_created"));
        line.unwrap().to_owned()
    };
    let first = created();
    // This moves the clock of the store and not that of the wall.
    tokio::time::sleep(secs(3_600)).await;
    assert_eq!(created(), first);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_family_is_described_as_is_told_wherever_it_is_exported() {
    let bed = Bed::new().await;
    let store = &bed.store;
    store
        .describe("shop.hits", None, "Pages \"seen\"\\shown\nso far.")
        .unwrap();
    store
        .describe("shop.never", None, "Nothing is recorded to it.")
        .unwrap();
    store
        .counter("shop.hits", Tags::new())
        .unwrap()
        .increment(1);
    let snapshot = store.snapshot();
    let told = |format: TextFormat| {
        let text = format.write(&[(&[], &snapshot)]);
        let mut lines = text.lines().filter(|line| line.starts_with("# HELP shop"));
        (
            lines.next().map(str::to_owned),
            lines.next().map(str::to_owned),
        )
    };
    assert_eq!(
        told(TextFormat::Prometheus),
        (
            Some("# HELP shop_hits_total Pages \"seen\"\\\\shown\\nso far.".to_owned()),
            None
        )
    );
    assert_eq!(
        told(TextFormat::OpenMetrics),
        (
            Some("# HELP shop_hits Pages \\\"seen\\\"\\\\shown\\nso far.".to_owned()),
            None
        )
    );
    let json = serde_json::to_value(&snapshot).unwrap();
    assert_eq!(json["help"]["shop.hits"], "Pages \"seen\"\\shown\nso far.");
    assert_eq!(json["help"].get("shop.never"), None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_family_is_in_the_unit_that_it_was_described_in() {
    let bed = Bed::new().await;
    let store = &bed.store;
    store
        .describe("shop.sizes", Unit::Bytes, "How large.")
        .unwrap();
    let refused = store
        .histogram("shop.sizes", Unit::Count, Tags::new())
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "expected shop.sizes to be in bytes, as it is already, found count"
    );
    store
        .histogram("shop.sizes", Unit::Bytes, Tags::new())
        .unwrap();
    let refused = store
        .describe("shop.sizes", None, "How small.")
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "expected shop.sizes to be described as \"How large.\", as it is already, found \"How small.\""
    );
    bed.end().await;
}
