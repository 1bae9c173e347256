//! Bytes that an operation has been promised.

use std::sync::Arc;

use super::account::Account;

/// Bytes that an operation has been promised while it lasts: no other operation is promised them meanwhile.
///
/// Dropped, they are free again. As nobody can tell from what is measured whose bytes these are, what an operation has taken counts twice,
/// as reserved and as measured, until it says so with [`taken`](Self::taken), or gives back what it does not need with
/// [`shrink`](Self::shrink). So an operation that says nothing keeps at most as many bytes from others as it has reserved: rather too few
/// are let in than too many.
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

    /// How many bytes are reserved, and not said to be taken: none for an operation that is too small to be accounted for.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Says that so many of the bytes have been taken by now, of which there are no more than are reserved. They stay reserved until the next
    /// sample that begins after this is in: from then on they count as what is measured. What is freed again is not reserved again.
    pub fn taken(&mut self, bytes: u64) {
        let taken = bytes.min(self.bytes);
        self.bytes -= taken;
        self.account.taken(taken);
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
