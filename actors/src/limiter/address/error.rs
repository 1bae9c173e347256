//! What can go wrong.

/// Why nobody knows whose request it is. What a client has written is not told: it may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoClientIp {
    /// The peer of the connection is not known, as behind a Unix socket, or because nobody has put it into the request.
    #[error("the address of the peer is not known")]
    NoPeer,
    /// Fewer proxies than there are have added something: the request has come another way.
    #[error("expected at least {expected} addresses in {header}, found {found}")]
    TooFew {
        /// The header.
        header: &'static str,
        /// How many proxies add something.
        expected: u8,
        /// How many have.
        found: u8,
    },
    /// What a trusted proxy has added is no address: it does not know, or does not tell.
    #[error("expected an address in {header}, found something else at place {place} from the end")]
    Unreadable {
        /// The header.
        header: &'static str,
        /// Where, from the end, from 1.
        place: usize,
    },
}

/// Why somebody cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustedProxiesError {
    /// It is no network.
    #[error("expected a network such as 10.0.0.0/8 or an address, found {0:?}")]
    NoNetwork(String),
    /// There is more behind the prefix: one of the two is a mistake.
    #[error("expected the network {expected}, found {found}, which is an address in it")]
    BeyondPrefix {
        /// The network it is in.
        expected: String,
        /// What was given.
        found: String,
    },
    /// It is everybody, and so every client could say who it is.
    #[error(
        "expected a network, found {0}, which is everybody: where the addresses of proxies are not known, trust in hops"
    )]
    Everybody(String),
    /// They are too many to be looked through for each request.
    #[error("expected at most {max} networks, found more")]
    TooMany {
        /// How many there may be.
        max: usize,
    },
}
