//! What is known of an operation and of the pressure when it asks to be let in.

use mainstay_specs::PressureLevel;
pub use mainstay_specs::{OperationClass, OperationPriority};

/// The share of operations of this priority that it meets, where it meets this share of normal ones: none of any when it is none, all of
/// all when it is all, and in between the square of what is met, or of what is spared.
pub(super) fn scale(priority: OperationPriority, share: f64) -> f64 {
    match priority {
        OperationPriority::Low => 1.0 - (1.0 - share) * (1.0 - share),
        OperationPriority::High => share * share,
        // Normal.
        _ => share,
    }
}

/// How pressure is, as admission needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weather {
    pub(crate) level: PressureLevel,
    pub(crate) ratio: f64,
}
