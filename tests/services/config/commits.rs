//! What the config server logs of its commits, by namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::{Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static LINES: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());
static TRAPS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Listens from now on. Called before the first runtime is made: a log that only some threads have misses what others log.
pub(super) fn listen() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| tracing::subscriber::set_global_default(Commits).expect("no other"));
}

/// What was logged in this namespace.
pub(super) fn lines_of(namespace: &str) -> Vec<String> {
    let lines = LINES.lock().expect("no panic");
    lines.get(namespace).cloned().unwrap_or_default()
}

/// Makes the next commit in this namespace panic while it is logged.
pub(super) fn trap(namespace: &str) {
    TRAPS.lock().expect("no panic").insert(namespace.to_owned());
}

struct Commits;

impl Subscriber for Commits {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("mainstay_actors")
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let trapped = TRAPS.lock().expect("no panic").remove(&line.namespace);
        assert!(!trapped, "the log is full");
        let text = format!("{} {}", event.metadata().level(), line.text);
        let mut lines = LINES.lock().expect("no panic");
        lines.entry(line.namespace).or_default().push(text);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

#[derive(Default)]
struct Line {
    namespace: String,
    text: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "namespace" {
            value.clone_into(&mut self.namespace);
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let gap = if self.text.is_empty() { "" } else { " " };
        self.text += &match field.name() {
            "message" => format!("{gap}{value:?}"),
            name => format!("{gap}{name}={value:?}"),
        };
    }
}

mod tests {
    use super::lines_of;
    use crate::config::support::{Bed, spec};
    use mainstay_actors::config::ConfigServer;

    #[tokio::test(start_paused = true)]
    async fn every_commit_is_logged_without_its_values() {
        let bed = Bed::named("logged", ConfigServer::child(spec("(a: 1)"))).await;
        let bed = bed.expect("it starts");
        let config = bed.config();
        config.update("a", 2).await.expect("an update");
        config.update("a", "x").await.expect_err("another kind");
        config.reset().await.expect("a reset");
        assert_eq!(
            lines_of("logged"),
            [
                "INFO configuration updated path=a version=1",
                "INFO configuration reset changes=1 version=2",
            ]
        );
        bed.end().await;
    }
}
