//! All series at once, and how they are written for others.
//!
//! | file | holds |
//! |---|---|
//! | `name.rs` | under which names families are exported |

mod name;

pub(crate) use name::exported_names;
