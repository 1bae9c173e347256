//! Bytes that an operation has been promised.

use std::sync::Arc;

use super::account::Account;

/// Bytes that an operation has been promised while it lasts: no other operation is promised them meanwhile.
///
/// Dropped, they are free again. What is measured as taken meanwhile counts beside what is reserved, so that for a moment some bytes count
/// twice: then rather too few operations are let in than too many. An operation that knows better gives back what it does not need any more
/// with [`shrink`](Self::shrink).
#[derive(Debug)]
#[must_use = "what is reserved is given back when this is dropped"]
pub struct MemoryReservation {
    account: Arc<Account>,
    bytes: u64,
}

impl MemoryReservation {
    /// So many bytes, which were taken from the account.
    pub(super) const fn of(account: Arc<Account>, bytes: u64) -> Self {
        Self { account, bytes }
    }

    /// How many bytes are reserved: none for an operation that is too small to be accounted for.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Keeps so many bytes at most, and gives the others back.
    pub fn shrink(&mut self, bytes: u64) {
        let back = self.bytes.saturating_sub(bytes);
        self.bytes -= back;
        self.account.give_back(back);
    }
}

impl Drop for MemoryReservation {
    fn drop(&mut self) {
        self.shrink(0);
    }
}
