//! A source that is asked, on a thread of its own: what it does there is nobody else's trouble.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Measured;
use super::custom::MemorySource;
use crate::memory::cell::lock;
use crate::telemetry::panic;

/// A source, what it has said last, and the way to its thread, which ends with this.
pub(crate) struct Asked {
    thread_name: String,
    source: Arc<Mutex<Box<dyn MemorySource>>>,
    answers: Arc<Mutex<Answers>>,
    /// Once it was asked for the first time.
    way: Mutex<Option<Sender<()>>>,
}

/// What is known of the answers of one source.
#[derive(Debug)]
pub(crate) struct Answers {
    last: Measured,
    /// Since when it has been asked for something that it has not said.
    waiting_since: Option<Duration>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            last: Measured::Absent,
            waiting_since: None,
        }
    }
}

impl Answers {
    /// What it has said last, and whether to ask again.
    fn look(&mut self, now: Duration, patience: Duration) -> (Measured, bool) {
        match self.waiting_since {
            Some(since) if now.saturating_sub(since) >= patience => {
                let waited = humantime::format_duration(patience);
                let error = format!("it has not answered for {waited} and more");
                (Measured::Failed(error), false)
            }
            Some(_) => (self.last.clone(), false),
            None => {
                self.waiting_since = Some(now);
                (self.last.clone(), true)
            }
        }
    }

    fn answered(&mut self, measured: Measured) {
        self.last = measured;
        self.waiting_since = None;
    }
}

impl Asked {
    pub(crate) fn new(name: &str, source: Box<dyn MemorySource>) -> Self {
        Self {
            thread_name: format!("memory-{name}"),
            source: Arc::new(Mutex::new(source)),
            answers: Arc::default(),
            way: Mutex::default(),
        }
    }

    /// Asks it here and now, and waits as long as it takes.
    pub(crate) fn ask_here(&self) -> Measured {
        measure(&self.source)
    }

    /// What it has said last. It is asked again, unless it has been and has not answered.
    pub(crate) fn ask(&self, now: Duration, patience: Duration) -> Measured {
        let (measured, again) = lock(&self.answers).look(now, patience);
        if again && let Err(error) = self.send() {
            let failed = Measured::Failed(format!("its thread could not be started: {error}"));
            lock(&self.answers).answered(failed.clone());
            return failed;
        }
        measured
    }

    fn send(&self) -> std::io::Result<()> {
        let mut way = lock(&self.way);
        let sender = match &*way {
            Some(sender) => sender,
            None => way.insert(self.start()?),
        };
        // There is room for one: it has answered what it was asked before.
        sender.try_send(()).ok();
        Ok(())
    }

    fn start(&self) -> std::io::Result<Sender<()>> {
        let (sender, asked) = bounded(1);
        let (source, answers) = (Arc::clone(&self.source), Arc::clone(&self.answers));
        let thread = thread::Builder::new().name(self.thread_name.clone());
        thread.spawn(move || answer(&asked, &source, &answers))?;
        Ok(sender)
    }
}

/// The thread of a source, until nobody is there any more who asks.
fn answer(asked: &Receiver<()>, source: &Mutex<Box<dyn MemorySource>>, answers: &Mutex<Answers>) {
    while asked.recv().is_ok() {
        let measured = measure(source);
        lock(answers).answered(measured);
    }
}

fn measure(source: &Mutex<Box<dyn MemorySource>>) -> Measured {
    let mut source = lock(source);
    // A panic may leave it half-done; that is its own, and it is asked again.
    let result = catch_unwind(AssertUnwindSafe(|| source.measure()));
    match result {
        Ok(Ok(measure)) => measure.measured(),
        Ok(Err(error)) => Measured::Failed(error.to_string()),
        Err(payload) => {
            let error = format!("it has panicked: {}", panic::text_of(&*payload));
            panic::discard(payload);
            Measured::Failed(error)
        }
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn one_that_has_not_answered_yet_says_what_it_said_last_and_is_not_asked_twice() {
        let mut answers = Answers::default();
        assert_eq!(answers.look(at(0), PATIENCE), (Measured::Absent, true));
        answers.answered(Measured::Share(0.5));
        assert_eq!(
            answers.look(at(100), PATIENCE),
            (Measured::Share(0.5), true)
        );
        assert_eq!(
            answers.look(at(1099), PATIENCE),
            (Measured::Share(0.5), false)
        );
    }

    #[test]
    fn one_that_hangs_has_failed_until_it_answers() {
        let mut answers = Answers::default();
        answers.look(at(0), PATIENCE);
        let error = "it has not answered for 1s and more".to_owned();
        let hangs = (Measured::Failed(error), false);
        assert_eq!(answers.look(at(1000), PATIENCE), hangs);
        assert_eq!(answers.look(at(9000), PATIENCE), hangs);
        answers.answered(Measured::Share(0.25));
        assert_eq!(
            answers.look(at(9001), PATIENCE),
            (Measured::Share(0.25), true)
        );
    }

    #[test]
    fn a_panic_and_a_share_that_is_none_are_failures() {
        let asked = |source: Box<dyn MemorySource>| Asked::new("x", source).ask_here();
        let failed = |error: &str| Measured::Failed(error.to_owned());
        let panics = asked(Box::new(|| panic!("no device")));
        assert_eq!(panics, failed("it has panicked: no device"));
        let fails = asked(Box::new(|| Err(super::super::SourceError::new("gone"))));
        assert_eq!(fails, failed("gone"));
        let nan = asked(Box::new(|| Ok(super::super::Measure::share(f64::NAN))));
        assert_eq!(nan, failed("expected a share from 0 on, found NaN"));
    }
}
