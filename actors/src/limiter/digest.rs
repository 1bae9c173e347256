//! What is kept of a key.

use std::hash::{BuildHasher, RandomState};

/// 128 bits that stand for a key. Nobody who does not know the secret of the limiter can tell which key they are of, or find two
/// keys that have them in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest {
    /// Where it is looked for.
    pub(crate) place: u64,
    /// What it is known by there; not 0.
    pub(crate) tag: u64,
}

/// The secret of a limiter.
#[derive(Clone, Copy)]
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
        let (place, tag) = state.finish::<3>();
        Digest {
            place,
            tag: tag.max(1),
        }
    }
}

/// The state of SipHash (Aumasson and Bernstein, 2012) in its form with 128 bits of output. Digests are made with one round for
/// each block and three at the end, as the hash maps of the standard library are.
#[derive(Clone, Copy)]
struct State(u64, u64, u64, u64);

impl State {
    #[inline]
    const fn begin(secret: Secret) -> Self {
        Self(
            secret.low ^ 0x736F_6D65_7073_6575,
            secret.high ^ 0x646F_7261_6E64_6F6D ^ 0xEE,
            secret.low ^ 0x6C79_6765_6E65_7261,
            secret.high ^ 0x7465_6462_7974_6573,
        )
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
    fn block<const ROUNDS: usize>(&mut self, word: u64) {
        self.3 ^= word;
        for _ in 0..ROUNDS {
            self.round();
        }
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
    fn finish<const ROUNDS: usize>(mut self) -> (u64, u64) {
        self.2 ^= 0xEE;
        for _ in 0..ROUNDS {
            self.round();
        }
        let first = self.0 ^ self.1 ^ self.2 ^ self.3;
        self.1 ^= 0xDD;
        for _ in 0..ROUNDS {
            self.round();
        }
        (first, self.0 ^ self.1 ^ self.2 ^ self.3)
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
    fn reference(message: &[u8]) -> [u8; 16] {
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
        let (low, high) = state.finish::<4>();
        let mut out = [0; 16];
        out[..8].copy_from_slice(&low.to_le_bytes());
        out[8..].copy_from_slice(&high.to_le_bytes());
        out
    }

    #[test]
    fn the_rounds_are_those_of_the_published_vectors() {
        // The first two of the vectors that its authors publish for SipHash-2-4 with 128 bits.
        assert_eq!(
            reference(&[]),
            [
                0xA3, 0x81, 0x7F, 0x04, 0xBA, 0x25, 0xA8, 0xE6, 0x6D, 0xF6, 0x72, 0x14, 0xC7, 0x55,
                0x02, 0x93
            ]
        );
        assert_eq!(
            reference(&[0]),
            [
                0xDA, 0x87, 0xC1, 0xD8, 0x6B, 0x99, 0xAF, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9B, 0x22,
                0xFC, 0x45
            ]
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
