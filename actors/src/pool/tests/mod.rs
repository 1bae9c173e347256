//! Pools with a small driver in place of the keeper.
