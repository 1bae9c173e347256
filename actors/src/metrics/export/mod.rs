//! All series at once, and how they are written for others.
//!
//! | file | holds |
//! |---|---|
//! | `snapshot.rs` | [`Snapshot`]: what was recorded to each series since it began |
//! | `text.rs`, `ladder.rs` | [`TextFormat`]: Prometheus and OpenMetrics, and their buckets |
//! | `families.rs` | which families one text can hold |
//! | `help.rs` | what people are told of families |
//! | `json.rs` | how series are written as JSON |
//! | `name.rs` | under which names families are exported |

mod families;
mod help;
mod json;
mod ladder;
mod name;
mod snapshot;
mod text;

pub use snapshot::{SeriesTotal, Snapshot, TotalValue};
pub use text::TextFormat;

pub(crate) use name::exported_names;
