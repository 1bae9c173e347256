//! Futures whose end is told, however it comes.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use mainstay_specs::{EventPath, EventPathError};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tracing::Span;

use super::emitter::Emitter;
use super::fields::{Measurements, Metadata};
use super::hub::Hub;
use super::panic;
use super::value::Value;

/// Something that is done again and again, and told by events each time: resolved once. Cheap to clone. To have it in the metrics, and not
/// as events, take [`metrics::Operation`](crate::metrics::Operation).
///
/// Each time ends with one event: `….stop` if it went well, `….exception` if not, both with the `duration` and the `outcome`:
///
/// | outcome | event | when |
/// |---|---|---|
/// | `ok` | `….stop` | the future came to a value, of [`measure`](Self::measure) to `Ok` |
/// | `error` | `….exception` | it came to `Err`; the metadata has its text as `error` |
/// | `panic` | `….exception` | it panicked; the metadata has the text as `error` |
/// | `cancelled` | `….exception` | it was dropped after it had begun and before it came to an end |
///
/// It is polled within a span of `tracing`, named `measure`, with the fields `namespace`, `path` and, at the end, `outcome`.
#[derive(Clone, Debug)]
pub struct EventSpan {
    path: EventPath,
    namespace: Arc<str>,
    stop: Emitter,
    exception: Emitter,
}

impl EventSpan {
    pub(crate) fn new(hub: &Arc<Hub>, path: EventPath) -> Result<Self, EventPathError> {
        let emitter = |last: &str| Ok(Emitter::new(Arc::clone(hub), &path.join(last)?));
        Ok(Self {
            stop: emitter("stop")?,
            exception: emitter("exception")?,
            namespace: hub.namespace().as_str().into(),
            path,
        })
    }

    /// Its path, without what is appended for the events.
    #[must_use]
    pub const fn path(&self) -> &EventPath {
        &self.path
    }

    /// The future, measured from its first poll to its end; `Err` is an error. It is transparent: its value, its panic and its
    /// cancellation are those of the future. `metadata` is that of the event, before what is added to it.
    pub fn measure<F, T, E>(&self, metadata: impl Into<Metadata>, future: F) -> Spanned<F>
    where
        F: Future<Output = Result<T, E>>,
        E: fmt::Display,
    {
        self.measured(metadata.into(), future, |outcome| match outcome {
            Ok(_) => None,
            Err(error) => Some(error),
        })
    }

    /// The future, measured as [`measure`](Self::measure) does; whatever value it comes to is no error.
    pub fn measure_value<F: Future>(&self, metadata: impl Into<Metadata>, future: F) -> Spanned<F> {
        self.measured(metadata.into(), future, |_| None)
    }

    fn measured<F: Future>(
        &self,
        metadata: Metadata,
        future: F,
        error_of: ErrorOf<F::Output>,
    ) -> Spanned<F> {
        let course = Course {
            events: self.clone(),
            metadata,
            begun: None,
        };
        Spanned {
            future,
            error_of,
            course: Some(course),
        }
    }
}

/// The part of a value that makes it an error.
type ErrorOf<T> = for<'a> fn(&'a T) -> Option<&'a dyn fmt::Display>;

pin_project! {
    /// A future that is measured: see [`EventSpan`]. One that is never polled was never begun, and tells nothing.
    #[must_use = "futures do nothing unless polled"]
    pub struct Spanned<F: Future> {
        #[pin]
        future: F,
        error_of: ErrorOf<F::Output>,
        // Until the end was told.
        course: Option<Course>,
    }

    impl<F: Future> PinnedDrop for Spanned<F> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(course) = this.project().course.take() {
                course.end(&Outcome::Cancelled);
            }
        }
    }
}

impl<F: Future> Future for Spanned<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let span = this.course.as_mut().map_or_else(Span::none, Course::go_on);
        let entered = span.enter();
        // Nothing of the future is looked at after a panic; it goes on to whoever polls.
        let polled = catch_unwind(AssertUnwindSafe(|| this.future.poll(cx)));
        drop(entered);
        let outcome = match &polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => match (this.error_of)(value) {
                None => Outcome::Ok,
                Some(error) => Outcome::Error(error),
            },
            Err(payload) => Outcome::Panic(&**payload),
        };
        if let Some(course) = this.course.take() {
            course.end(&outcome);
        }
        match polled {
            Ok(poll) => poll,
            Err(payload) => resume_unwind(payload),
        }
    }
}

impl<F: Future> fmt::Debug for Spanned<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.course.as_ref().map(|course| &course.events.path);
        f.debug_tuple("Spanned").field(&path).finish()
    }
}

/// One time that something is done.
#[derive(Debug)]
struct Course {
    events: EventSpan,
    metadata: Metadata,
    begun: Option<(Instant, Span)>,
}

enum Outcome<'a> {
    Ok,
    Error(&'a dyn fmt::Display),
    Panic(&'a (dyn Any + Send)),
    Cancelled,
}

impl Course {
    /// It is polled, the first time or again. Gives the span it is polled in.
    fn go_on(&mut self) -> Span {
        let begin = || {
            let EventSpan {
                path, namespace, ..
            } = &self.events;
            let outcome = tracing::field::Empty;
            let span = tracing::info_span!("measure", namespace = &**namespace, %path, outcome);
            (Instant::now(), span)
        };
        self.begun.get_or_insert_with(begin).1.clone()
    }

    fn end(self, outcome: &Outcome<'_>) {
        let Some((begun, span)) = self.begun else {
            return;
        };
        let (emitter, text) = match outcome {
            Outcome::Ok => (&self.events.stop, "ok"),
            Outcome::Error(_) => (&self.events.exception, "error"),
            Outcome::Panic(_) => (&self.events.exception, "panic"),
            Outcome::Cancelled => (&self.events.exception, "cancelled"),
        };
        span.record("outcome", text);
        let took: Duration = begun.elapsed();
        emitter.emit(|| {
            let metadata = self.metadata.with("outcome", text);
            let metadata = match outcome {
                Outcome::Error(error) => metadata.with("error", Value::text_of(error)),
                Outcome::Panic(payload) => {
                    metadata.with("error", Value::text_of(&panic::text_of(*payload)))
                }
                Outcome::Ok | Outcome::Cancelled => metadata,
            };
            (Measurements::new().with("duration", took), metadata)
        });
    }
}
