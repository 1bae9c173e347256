//! Which commands leave something in a connection. Pure.
//!
//! What can be left is what the documentation of `RESET` says that it undoes; everything else a command does is done to the data.

use ::redis::{Arg, Cmd};

/// What a command, or several, leave in a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trace {
    /// Nothing.
    #[default]
    Nothing,
    /// Something that a reset undoes.
    Session,
    /// It does not answer commands one by one any more.
    Unusable,
}

/// Commands after which a connection is not as it was made.
const SESSION: [&[u8]; 13] = [
    b"ASKING",
    b"AUTH",
    b"CLIENT",
    b"DISCARD",
    b"EXEC",
    b"HELLO",
    b"MULTI",
    b"READONLY",
    b"READWRITE",
    b"RESET",
    b"SELECT",
    b"UNWATCH",
    b"WATCH",
];

/// Commands after which the server says things of its own accord, or nothing.
const UNUSABLE: [&[u8]; 7] = [
    b"MONITOR",
    b"PSUBSCRIBE",
    b"PSYNC",
    b"QUIT",
    b"SSUBSCRIBE",
    b"SUBSCRIBE",
    b"SYNC",
];

impl Trace {
    /// What one command leaves.
    pub(super) fn of(command: &Cmd) -> Self {
        let mut words = command.args_iter().map(|word| match word {
            Arg::Simple(word) => word,
            _ => &[],
        });
        let is = |word: &[u8], name: &[u8]| word.eq_ignore_ascii_case(name);
        let name = words.next().unwrap_or_default();
        if is(name, b"CLIENT") && words.next().is_some_and(|word| is(word, b"REPLY")) {
            return Self::Unusable;
        }
        if UNUSABLE.iter().any(|other| is(name, other)) {
            return Self::Unusable;
        }
        if SESSION.iter().any(|other| is(name, other)) {
            return Self::Session;
        }
        Self::Nothing
    }
}

#[cfg(test)]
mod tests {
    use ::redis::cmd;

    use super::Trace;

    #[test]
    fn commands_on_data_leave_nothing_and_those_on_the_connection_do() {
        for name in ["GET", "set", "EVALSHA", "BLPOP", "PING", "PUBLISH"] {
            assert_eq!(Trace::of(cmd(name).arg("x")), Trace::Nothing, "{name}");
        }
        for name in ["MULTI", "watch", "Select", "AUTH", "HELLO", "EXEC", "RESET"] {
            assert_eq!(Trace::of(cmd(name).arg("x")), Trace::Session, "{name}");
        }
        for name in ["SUBSCRIBE", "psubscribe", "MONITOR", "QUIT"] {
            assert_eq!(Trace::of(cmd(name).arg("x")), Trace::Unusable, "{name}");
        }
        assert_eq!(Trace::of(cmd("CLIENT").arg("TRACKING")), Trace::Session);
        assert_eq!(
            Trace::of(cmd("client").arg("reply").arg("OFF")),
            Trace::Unusable
        );
        assert_eq!(Trace::of(&cmd("")), Trace::Nothing);
    }
}
