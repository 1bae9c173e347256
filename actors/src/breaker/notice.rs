//! What a refusal says, in one word.

use super::event::CircuitState;

/// Why calls are refused, and until when: the state (3 bits), and the time (61 bits: nanoseconds for 73 years).
///
/// Both are read at once, so that they are always those of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notice(u64);

const STATE_BITS: u32 = 3;
/// Nobody knows until when; or it is longer than can be said.
const UNKNOWN: u64 = u64::MAX >> STATE_BITS;

impl Notice {
    pub(crate) const fn new(state: CircuitState, until: Option<u64>) -> Self {
        let until = match until {
            Some(until) if until < UNKNOWN => until,
            _ => UNKNOWN,
        };
        Self(until << STATE_BITS | state.number())
    }

    /// The same, whose time is over.
    pub(crate) const fn over(self) -> Self {
        Self::new(self.state(), Some(0))
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    pub(crate) const fn state(self) -> CircuitState {
        CircuitState::numbered(self.0 & ((1 << STATE_BITS) - 1))
    }

    pub(crate) const fn until(self) -> Option<u64> {
        match self.0 >> STATE_BITS {
            UNKNOWN => None,
            until => Some(until),
        }
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_notice_says_what_it_was_made_of() {
        for (until, said) in [
            (None, None),
            (Some(0), Some(0)),
            (Some(UNKNOWN - 1), Some(UNKNOWN - 1)),
            (Some(UNKNOWN), None),
            (Some(u64::MAX), None),
        ] {
            let notice = Notice::new(CircuitState::ForcedOpen, until);
            assert_eq!(notice.state(), CircuitState::ForcedOpen);
            assert_eq!(notice.until(), said);
        }
    }
}
