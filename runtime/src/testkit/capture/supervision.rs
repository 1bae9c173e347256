//! The events of the supervisors of a namespace.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mainstay_supervisors::{Event, EventKind, ExitReason, Process};

use super::{Sink, Source};
use crate::testkit::context::World;

/// The supervision events of the namespace of a test.
#[derive(Clone)]
pub struct Supervision {
    world: Arc<World>,
    sink: Arc<Sink>,
}

impl Supervision {
    pub(in crate::testkit) fn new(world: &Arc<World>, sink: &Arc<Sink>) -> Self {
        Self {
            world: Arc::clone(world),
            sink: Arc::clone(sink),
        }
    }
}

impl Source for Supervision {
    type Event = Event;

    fn since(&self, place: usize) -> Vec<Event> {
        self.world.collector().drain();
        self.sink.since(place)
    }

    fn missed(&self) -> u64 {
        self.world.collector().missed()
    }

    fn more(&self, place: usize) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.world.collector().more(&self.sink, place))
    }

    /// As of `started shop/supervised/worker #7`, without numbers and times of the wall's.
    fn line(event: &Event) -> String {
        line(&event.kind)
    }
}

impl fmt::Debug for Supervision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Supervision").field(&self.sink).finish()
    }
}

fn line(event: &EventKind) -> String {
    match event {
        EventKind::Started {
            process,
            restarts: 0,
        } => format!("started {process}"),
        EventKind::Started { process, restarts } => {
            format!("restarted {process} (restart {restarts})")
        }
        EventKind::Exited { process, reason } => format!("exited {process}: {}", text_of(reason)),
        EventKind::ChildTerminated {
            process, reason, ..
        } => format!("terminated {process}: {}", text_of(reason)),
        EventKind::StartError {
            supervisor,
            child,
            error,
            ..
        } => format!("start failed {}/{child}: {error}", supervisor.path()),
        EventKind::ShutdownError {
            supervisor,
            child,
            process,
            reason,
            count,
            overran,
        } => {
            let who = process.as_ref().map(Process::to_string);
            let who = who.unwrap_or_else(|| format!("{count} of {}/{child}", supervisor.path()));
            let how = if *overran { ", its time was up" } else { "" };
            format!("shutdown failed {who}: {}{how}", text_of(reason))
        }
        EventKind::GaveUp {
            supervisor, child, ..
        } => format!("gave up {supervisor}, over {child}"),
        other => format!("{other:?}"),
    }
}

/// A reason; of a panic without its place, which changes with every edit of a test.
fn text_of(reason: &ExitReason) -> String {
    match reason {
        ExitReason::Panicked(panic) => format!("panicked: {}", panic.message()),
        other => other.to_string(),
    }
}
