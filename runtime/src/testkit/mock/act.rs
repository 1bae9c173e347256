//! What is done, and what becomes of it.

use std::time::Duration;

/// What is done with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MockOp {
    /// It is made.
    Create,
    /// It is pinged.
    Ping,
    /// It is brought back.
    Reset,
    /// It is closed.
    Close,
}

impl MockOp {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Create, Self::Ping, Self::Reset, Self::Close];
}

/// What becomes of an operation. By default it succeeds at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "an act is told to `MockConnections::next` or `usually`"]
pub struct MockAct {
    pub(super) after: Duration,
    pub(super) end: End,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    #[default]
    Succeed,
    Fail(String),
    Hang,
    Panic(String),
}

impl MockAct {
    /// It does what it should.
    pub fn succeed() -> Self {
        Self::default()
    }

    /// It fails, and says this.
    pub fn fail(why: impl Into<String>) -> Self {
        Self::to(End::Fail(why.into()))
    }

    /// It never ends.
    pub fn hang() -> Self {
        Self::to(End::Hang)
    }

    /// It panics, and says this.
    pub fn panic(why: impl Into<String>) -> Self {
        Self::to(End::Panic(why.into()))
    }

    /// The same, after such a time.
    pub const fn after(mut self, time: Duration) -> Self {
        self.after = time;
        self
    }

    const fn to(end: End) -> Self {
        Self {
            after: Duration::ZERO,
            end,
        }
    }
}
