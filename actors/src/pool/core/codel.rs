//! Control of queue delay: whether one whose turn it is has waited for so long that it is better sent away.
//!
//! After RFC 8289, "Controlled Delay Active Queue Management", section 5: one who waits is a packet, and the time in which it waited
//! is the sojourn time. The last who waits is never sent away, as the RFC does not drop the last packet.

#[derive(Clone, Debug)]
pub(crate) struct CoDel {
    target: u64,
    interval: u64,
    /// When everybody will have waited for too long throughout an interval; 0 while not everybody does.
    first_above: u64,
    dropping: bool,
    drop_next: u64,
    count: u32,
    last_count: u32,
}

impl CoDel {
    pub(crate) const fn new((target, interval): (u64, u64)) -> Self {
        Self {
            target,
            interval,
            first_above: 0,
            dropping: false,
            drop_next: 0,
            count: 0,
            last_count: 0,
        }
    }

    /// Nobody waits any more: whoever comes next has nothing to do with those who did.
    pub(crate) const fn emptied(&mut self) {
        self.first_above = 0;
        self.dropping = false;
    }

    /// Whether to send away the one whose turn it is.
    pub(crate) fn sends_away(&mut self, now: u64, waited: u64, is_last: bool) -> bool {
        let is_above = self.is_above(now, waited, is_last);
        if !self.dropping {
            if is_above {
                self.begin(now);
            }
            return is_above;
        }
        if !is_above {
            self.dropping = false;
            return false;
        }
        let is_time = now >= self.drop_next;
        if is_time {
            self.count += 1;
            self.drop_next = self.after(self.drop_next);
        }
        is_time
    }

    /// Whether everybody has waited for too long throughout an interval.
    fn is_above(&mut self, now: u64, waited: u64, is_last: bool) -> bool {
        if waited < self.target || is_last {
            self.first_above = 0;
            return false;
        }
        if self.first_above == 0 {
            self.first_above = now.saturating_add(self.interval);
            return false;
        }
        now >= self.first_above
    }

    fn begin(&mut self, now: u64) {
        self.dropping = true;
        // It was not long ago: it goes on about where it was.
        let delta = self.count.saturating_sub(self.last_count);
        let recently = now.saturating_sub(self.drop_next) < self.interval.saturating_mul(16);
        self.count = if delta > 1 && recently { delta } else { 1 };
        self.last_count = self.count;
        self.drop_next = self.after(now);
    }

    /// The control law: the more have been sent away, the sooner the next one is.
    fn after(&self, time: u64) -> u64 {
        let wait = self.interval as f64 / f64::from(self.count).sqrt();
        time.saturating_add(wait as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_queue_that_is_short_now_and_then_is_left_alone() {
        let mut codel = CoDel::new((5 * MS, 100 * MS));
        for n in 0..1000 {
            let waited = if n % 50 == 0 { MS } else { 20 * MS };
            assert!(!codel.sends_away(n * MS, waited, false), "at {n} ms");
        }
    }

    #[test]
    fn a_queue_that_stays_long_loses_more_and_more() {
        let mut codel = CoDel::new((5 * MS, 100 * MS));
        let away: Vec<u64> = (0..500)
            .filter(|n| codel.sends_away(n * MS, 20 * MS, false))
            .collect();
        // 100 ms, then 100 / √n ms each, rounded up to the next look.
        assert_eq!(away, [100, 200, 271, 329, 379, 424, 464]);
    }

    #[test]
    fn the_last_one_is_never_sent_away() {
        let mut codel = CoDel::new((5 * MS, 100 * MS));
        let away = |n: &u64| codel.sends_away(n * MS, 20 * MS, true);
        assert_eq!((0..1000).filter(away).count(), 0);
    }
}
