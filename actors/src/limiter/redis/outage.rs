//! Whether it makes sense to ask the server, without a clock.
//!
//! After some calls without an answer, one after the other, none are sent for a while, so that not each of them waits for the time
//! limit. Then one of them tries. If it is answered, all is as before; if not, the while is twice as long the next time.

/// What was heard of the server. Times are in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    failures_max: u32,
    pause: u64,
    pause_max: u64,
    /// For how long a try may be under way: after that, it is taken to be lost.
    patience: u64,
    failures: u32,
    paused: Option<Paused>,
    outages: u64,
}

#[derive(Clone, Copy, Debug)]
struct Paused {
    until: u64,
    pause: u64,
}

/// That a call may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// As all calls may.
    Call,
    /// To find out whether the server is back.
    Try,
}

impl Outage {
    /// A server that nothing was heard of yet.
    pub(super) const fn new(failures_max: u32, pause: u64, pause_max: u64, patience: u64) -> Self {
        Self {
            failures_max,
            pause,
            pause_max,
            patience,
            failures: 0,
            paused: None,
            outages: 0,
        }
    }

    /// Whether a call may be sent; if not, in how many nanoseconds one may.
    pub(super) const fn may_ask(&mut self, now: u64) -> Result<Leave, u64> {
        match &mut self.paused {
            None => Ok(Leave::Call),
            Some(paused) if now < paused.until => Err(paused.until - now),
            Some(paused) => {
                // Nobody else tries meanwhile.
                paused.until = now.saturating_add(self.patience);
                Ok(Leave::Try)
            }
        }
    }

    /// A call was answered.
    pub(super) const fn answered(&mut self) {
        self.failures = 0;
        self.paused = None;
    }

    /// A call was not answered.
    pub(super) fn failed(&mut self, leave: Leave, now: u64) {
        self.failures = self.failures.saturating_add(1);
        let pause = match (leave, self.paused) {
            (Leave::Try, Some(paused)) => paused.pause.saturating_mul(2).min(self.pause_max),
            // One that was sent before it was known.
            (Leave::Call, Some(_)) => return,
            (_, None) if self.failures < self.failures_max => return,
            (_, None) => {
                self.outages += 1;
                self.pause
            }
        };
        self.paused = Some(Paused {
            until: now.saturating_add(pause),
            pause,
        });
    }

    /// Whether calls are sent.
    pub(super) const fn is_up(&self) -> bool {
        self.paused.is_none()
    }

    /// How often it was found to be gone.
    pub(super) const fn outages(&self) -> u64 {
        self.outages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn outage() -> Outage {
        Outage::new(3, 100, 350, 50)
    }

    fn gone() -> Outage {
        let mut outage = outage();
        (0..3).for_each(|_| outage.failed(Leave::Call, 1000));
        outage
    }

    #[test]
    fn only_failures_one_after_the_other_stop_calls() {
        let mut outage = outage();
        for _ in 0..9 {
            outage.failed(Leave::Call, 0);
            outage.failed(Leave::Call, 0);
            outage.answered();
        }
        assert_eq!(outage.may_ask(0), Ok(Leave::Call));
        assert_eq!(gone().may_ask(1000), Err(100));
        assert_eq!(gone().outages(), 1);
    }

    #[test]
    fn when_the_pause_is_over_one_call_tries_at_a_time() {
        let mut outage = gone();
        assert_eq!(outage.may_ask(1099), Err(1));
        assert_eq!(outage.may_ask(1100), Ok(Leave::Try));
        assert_eq!(outage.may_ask(1100), Err(50));
        // It was dropped, and nobody heard of it again.
        assert_eq!(outage.may_ask(1149), Err(1));
        assert_eq!(outage.may_ask(1150), Ok(Leave::Try));
    }

    #[test]
    fn each_try_that_fails_makes_the_pause_twice_as_long_up_to_a_bound() {
        let mut outage = gone();
        let mut now = 1100;
        for pause in [200, 350, 350] {
            assert_eq!(outage.may_ask(now), Ok(Leave::Try));
            outage.failed(Leave::Try, now);
            // Those that were sent before do not count again.
            outage.failed(Leave::Call, now + 10);
            assert_eq!(outage.may_ask(now + 10), Err(pause - 10));
            now += pause;
        }
        assert_eq!(outage.outages(), 1);
    }

    #[test]
    fn one_answer_is_enough_to_go_on() {
        let mut outage = gone();
        assert!(!outage.is_up());
        assert_eq!(outage.may_ask(1100), Ok(Leave::Try));
        outage.answered();
        assert!(outage.is_up());
        assert_eq!(outage.may_ask(1100), Ok(Leave::Call));
        outage.failed(Leave::Call, 1100);
        assert_eq!(outage.may_ask(1100), Ok(Leave::Call));
    }
}
