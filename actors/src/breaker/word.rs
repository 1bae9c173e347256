//! All that a caller has to know of a breaker, in one word.

use super::event::CircuitState;
use super::machine::Face;

/// The state of a breaker (3 bits), what calls are to mind (5 bits), and the generation (56 bits: one a nanosecond lasts two
/// years, and generations are begun by people and by failures).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(u64);

/// Calls note when they began.
pub(crate) const STAMPED: u64 = 1 << 3;
/// Calls are entered into a table.
pub(crate) const TRACKED: u64 = 1 << 4;
/// Successes are counted by time.
pub(crate) const TIMED: u64 = 1 << 5;
/// Each success matters.
pub(crate) const ATTENTIVE: u64 = 1 << 6;
/// Somebody minds the time at which calls are let through again and will take this away when it has come: until then a
/// refusal needs no clock.
pub(crate) const MINDED: u64 = 1 << 7;

const STATE: u64 = 0b111;
const GENERATION_SHIFT: u32 = 8;

/// In the place of a state: that nothing is known of it.
const UNKNOWN: u64 = 7;
const FLAGS_AND_STATE: u64 = 0xFF;

impl Word {
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// The word of a machine that looks like this. `minded` is whether somebody minds the time of its refusals.
    pub(crate) fn of(face: &Face, minded: bool) -> Self {
        let flag = |is: bool, flag: u64| if is { flag } else { 0 };
        Self(
            face.state.number()
                | flag(face.stamped, STAMPED)
                | flag(face.tracked, TRACKED)
                | flag(face.part.is_some(), TIMED)
                | flag(face.attentive, ATTENTIVE)
                | flag(face.refuses && minded, MINDED)
                | face.generation << GENERATION_SHIFT,
        )
    }

    /// The word of a generation of which nothing else is known: no breaker has it.
    pub(crate) const fn of_generation(generation: u64) -> Self {
        Self(generation << GENERATION_SHIFT | UNKNOWN)
    }

    /// It is closed, and calls have nothing to mind.
    #[inline(always)]
    pub(crate) const fn is_plain(self) -> bool {
        self.0 & FLAGS_AND_STATE == 0
    }

    pub(crate) const fn has(self, flag: u64) -> bool {
        self.0 & flag != 0
    }

    pub(crate) const fn generation(self) -> u64 {
        self.0 >> GENERATION_SHIFT
    }

    pub(crate) const fn state(self) -> CircuitState {
        CircuitState::numbered(self.0 & STATE)
    }

    /// Calls are let through without asking the machine.
    #[inline]
    pub(crate) const fn passes(self) -> bool {
        // Closed, or one of the three that were told to let all through; and none that is entered into a table.
        let state = self.0 & STATE;
        (state == 0 || state > 3) && self.0 & TRACKED == 0
    }

    /// Calls are refused without asking the machine.
    #[inline]
    pub(crate) const fn refuses(self) -> bool {
        self.0 & MINDED != 0
    }
}
