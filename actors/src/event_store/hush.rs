//! How often the same is said: at once, and then once a second with how often it has happened meanwhile. A disk that is full is not filled
//! with what is said of it.

use std::time::Duration;

use tokio::time::Instant;

/// How long nothing is said after something was.
const PAUSE: Duration = Duration::from_secs(1);

/// What was said of something that happens again and again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hush {
    said: Option<Instant>,
    unsaid: u64,
}

impl Hush {
    /// It has happened again. `Some` if that is to be said, with how often it has happened before that was not.
    pub(crate) fn again(&mut self, now: Instant) -> Option<u64> {
        let is_pause = self.said.is_some_and(|said| now < said + PAUSE);
        if is_pause {
            self.unsaid += 1;
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_often_is_said_once_a_second_with_how_often() {
        let start = Instant::now();
        let mut hush = Hush::default();
        let said =
            [0, 1, 999, 1000, 1001, 5000].map(|ms| hush.again(start + Duration::from_millis(ms)));
        assert_eq!(said, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}
