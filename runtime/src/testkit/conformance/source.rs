//! What every source of memory pressure has to do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mainstay_actors::memory::{Measure, MemorySource};

use super::Violation;

/// As long as makes a sample stale by default: 5 times 250 ms.
const LIMIT: Duration = Duration::from_millis(1250);

/// How often it is asked.
const TIMES: usize = 20;

const ANSWERS: &str = "a source answers in less time than makes a sample stale";
const NO_PANIC: &str = "a source does not panic: what it does not know it says";
const A_SHARE: &str = "a share is a number from 0 on";
const A_WHOLE: &str = "bytes in use are of a whole that is not nothing";
const ONCE: &str = "a source knows what it is asked at least once";

/// Holds a source of pressure against what the memory manager relies on. It is asked some times, on a thread of its own, as the memory manager
/// does it. A source that sometimes does not know may say so, but not always.
///
/// ```
/// use mainstay::actors::memory::{Measure, SourceError};
/// use mainstay::testkit::conformance::memory_source;
///
/// assert_eq!(memory_source(|| Ok(Measure::bytes(10, 100))), Ok(()));
/// let broken = memory_source(|| Ok(Measure::share(f64::NAN))).unwrap_err();
/// assert_eq!(broken.rule, "a share is a number from 0 on");
/// ```
///
/// # Errors
///
/// The first rule that is broken, with what should have come and what came.
///
/// # Panics
///
/// If the system gives no thread.
pub fn memory_source(source: impl MemorySource) -> Result<(), Violation> {
    let (answers, answered) = mpsc::channel();
    let mut source = source;
    thread::spawn(move || {
        for _ in 0..TIMES {
            // After a panic it is not asked again.
            let answer = catch_unwind(AssertUnwindSafe(|| source.measure()));
            let is_over = answer.is_err();
            if answers.send(answer).is_err() || is_over {
                return;
            }
        }
    });
    let mut known = 0;
    for _ in 0..TIMES {
        let answer = answered.recv_timeout(LIMIT);
        let answer = answer.map_err(|_| broken(ANSWERS, "an answer", "none"))?;
        let answer = answer.map_err(|_| broken(NO_PANIC, "an answer", "a panic"))?;
        if let Ok(measure) = answer {
            check(measure)?;
            known += 1;
        }
    }
    if known == 0 {
        return Err(broken(ONCE, "an answer that is known", "none"));
    }
    Ok(())
}

fn check(measure: Measure) -> Result<(), Violation> {
    match measure {
        Measure::Share(share) if !share.is_finite() || share < 0.0 => {
            Err(broken(A_SHARE, "a number from 0 on", &share.to_string()))
        }
        Measure::Bytes { limit: 0, .. } => Err(broken(A_WHOLE, "at least one byte", "0")),
        _ => Ok(()),
    }
}

fn broken(rule: &'static str, expected: &str, found: &str) -> Violation {
    Violation {
        rule,
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}
