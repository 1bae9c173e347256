//! What is kept of a key.

use std::hash::{BuildHasher, RandomState};

/// What stands for a key. Nobody who does not know the secret of the limiter can tell which key it is of, or find two keys that have
/// it in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest {
    /// Where it is looked for: another part of the state that the tag is made of, even over all bits.
    pub(crate) place: u64,
    /// What it is known by there, 64 bits of SipHash-1-3; not 0.
    pub(crate) tag: u64,
}

/// The secret of a limiter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Secret {
    low: u64,
    high: u64,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// From the randomness that the standard library takes for its hash maps, which is the operating system's.
    pub(crate) fn random() -> Self {
        let source = RandomState::new();
        Self {
            low: source.hash_one(0_u64),
            high: source.hash_one(1_u64),
        }
    }

    /// As [`digest`](Self::digest) of a number alone, without all that is not needed then.
    #[inline(always)]
    pub(crate) const fn digest_number(self, number: u64, last: u8) -> Digest {
        let mut state = State::begin(self);
        state.block::<1>(number);
        state.block::<1>(9 << 56 | last as u64);
        state.into_digest()
    }

    /// The same on all machines that are given the same text.
    #[cfg(feature = "redis")]
    pub(crate) fn of(text: &[u8]) -> Self {
        // Any secret does, if it is always the same: what has to be secret is the text.
        let start = Self {
            low: 0x6D61_696E_7374_6179,
            high: 0x7365_6372_6574_2E31,
        };
        let Digest { place, tag } = start.digest(text, &[], 0);
        Self {
            low: place,
            high: tag,
        }
    }

    /// The digest of a message in three parts, of which most have only the first. The last byte of the message is `last`.
    #[inline]
    pub(crate) fn digest(self, first: &[u8], rest: &[u8], last: u8) -> Digest {
        let mut state = State::begin(self);
        let length = first.len().wrapping_add(rest.len()).wrapping_add(1);
        let (mut word, mut held) = state.absorb(first, 0, 0);
        if !rest.is_empty() {
            (word, held) = state.absorb(rest, word, held);
        }
        word |= u64::from(last) << (8 * held);
        if held == 7 {
            state.block::<1>(word);
            word = 0;
        }
        state.block::<1>(word | (length as u64) << 56);
        state.into_digest()
    }
}

/// The state of SipHash (Aumasson and Bernstein, 2012). Digests are made with one round for each block and three at the end, as the
/// hash maps of the standard library are.
#[derive(Clone, Copy)]
struct State(u64, u64, u64, u64);

impl State {
    #[inline]
    const fn begin(secret: Secret) -> Self {
        Self(
            secret.low ^ 0x736F_6D65_7073_6575,
            secret.high ^ 0x646F_7261_6E64_6F6D,
            secret.low ^ 0x6C79_6765_6E65_7261,
            secret.high ^ 0x7465_6462_7974_6573,
        )
    }

    #[inline]
    const fn rounds<const ROUNDS: usize>(&mut self) {
        let mut left = ROUNDS;
        while left > 0 {
            self.round();
            left -= 1;
        }
    }

    #[inline]
    const fn round(&mut self) {
        self.0 = self.0.wrapping_add(self.1);
        self.2 = self.2.wrapping_add(self.3);
        self.1 = self.1.rotate_left(13) ^ self.0;
        self.3 = self.3.rotate_left(16) ^ self.2;
        self.0 = self.0.rotate_left(32);
        self.2 = self.2.wrapping_add(self.1);
        self.0 = self.0.wrapping_add(self.3);
        self.1 = self.1.rotate_left(17) ^ self.2;
        self.3 = self.3.rotate_left(21) ^ self.0;
        self.2 = self.2.rotate_left(32);
    }

    #[inline]
    const fn block<const ROUNDS: usize>(&mut self, word: u64) {
        self.3 ^= word;
        self.rounds::<ROUNDS>();
        self.0 ^= word;
    }

    /// Takes bytes in, after those that are held in `word` already; gives back those that make no whole word yet.
    #[inline]
    fn absorb(&mut self, bytes: &[u8], word: u64, held: usize) -> (u64, usize) {
        if held == 0 {
            let (words, rest) = bytes.as_chunks::<8>();
            for word in words {
                self.block::<1>(u64::from_le_bytes(*word));
            }
            let shift = |(nth, &byte): (usize, &u8)| u64::from(byte) << (8 * nth);
            return (
                rest.iter().enumerate().map(shift).fold(0, |a, b| a | b),
                rest.len(),
            );
        }
        let (mut word, mut held) = (word, held);
        for &byte in bytes {
            word |= u64::from(byte) << (8 * held);
            held += 1;
            if held == 8 {
                self.block::<1>(word);
                (word, held) = (0, 0);
            }
        }
        (word, held)
    }

    #[inline]
    const fn into_digest(self) -> Digest {
        let (place, tag) = self.finish::<3>();
        Digest {
            place,
            tag: if tag == 0 { 1 } else { tag },
        }
    }

    #[inline]
    const fn finish<const ROUNDS: usize>(mut self) -> (u64, u64) {
        self.2 ^= 0xFF;
        self.rounds::<ROUNDS>();
        let half = self.0 ^ self.1;
        (half, half ^ self.2 ^ self.3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Secret = Secret {
        low: 0x0706_0504_0302_0100,
        high: 0x0F0E_0D0C_0B0A_0908,
    };

    /// With two rounds and four, as the reference has it.
    fn reference(message: &[u8]) -> [u8; 8] {
        let mut state = State::begin(SECRET);
        let (words, rest) = message.as_chunks::<8>();
        for word in words {
            state.block::<2>(u64::from_le_bytes(*word));
        }
        let mut last = (message.len() as u64) << 56;
        for (nth, &byte) in rest.iter().enumerate() {
            last |= u64::from(byte) << (8 * nth);
        }
        state.block::<2>(last);
        state.finish::<4>().1.to_le_bytes()
    }

    #[test]
    fn the_rounds_are_those_of_the_published_vectors() {
        // The first two of the vectors that its authors publish for SipHash-2-4, and that of their paper.
        let empty = [0x31, 0x0E, 0x0E, 0xDD, 0x47, 0xDB, 0x6F, 0x72];
        assert_eq!(reference(&[]), empty);
        let zero = [0xFD, 0x67, 0xDC, 0x93, 0xC5, 0x39, 0xF8, 0x74];
        assert_eq!(reference(&[0]), zero);
        let paper: Vec<u8> = (0..15).collect();
        assert_eq!(reference(&paper), 0xA129_CA61_49BE_45E5_u64.to_le_bytes());
    }

    #[test]
    fn a_number_alone_has_the_digest_of_its_bytes() {
        for number in [0, 1, u64::MAX, 0x0123_4567_89AB_CDEF] {
            let bytes = SECRET.digest(&number.to_le_bytes(), &[], 6);
            assert_eq!(SECRET.digest_number(number, 6), bytes);
        }
    }

    #[test]
    fn shards_are_spread_over_evenly() {
        let mut counts = [0_u32; 64];
        for number in 0..64_000_u64 {
            let digest = SECRET.digest(&number.to_le_bytes(), &[], 6);
            counts[(digest.place >> 58) as usize] += 1;
        }
        // Five standard deviations.
        assert!(
            counts.iter().all(|count| count.abs_diff(1000) < 160),
            "{counts:?}"
        );
    }

    #[test]
    fn it_does_not_matter_how_a_message_is_cut() {
        let bytes: Vec<u8> = (0..40).collect();
        for length in 0..40 {
            let whole = SECRET.digest(&bytes[..length], &[], 9);
            for cut in 0..=length {
                let (first, rest) = bytes[..length].split_at(cut);
                assert_eq!(SECRET.digest(first, rest, 9), whole, "{length} at {cut}");
            }
        }
    }

    #[test]
    fn each_length_last_byte_and_secret_makes_another_digest() {
        let mut seen = std::collections::HashSet::new();
        for length in 0..300 {
            for last in 0..5 {
                assert!(seen.insert(SECRET.digest(&vec![0; length], &[], last)));
            }
        }
        let (one, other) = (Secret::random(), Secret::random());
        assert_ne!(one.digest(b"a", b"", 0), other.digest(b"a", b"", 0));
    }
}
