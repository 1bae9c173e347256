//! What can go wrong.

use mainstay_specs::Faults;

/// Why the alerts did not do what they were asked for. Nothing is changed then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AlertError {
    /// The rule is wrong.
    #[error("the rule is wrong: {0}")]
    Invalid(Faults),
    /// There are as many rules as there may be.
    #[error("there are {max} rules, as many as there may be")]
    TooManyRules {
        /// How many there may be.
        max: u32,
    },
    /// There are as many subscribers as there may be.
    #[error("there are {max} subscribers, as many as there may be")]
    TooManySubscribers {
        /// How many there may be.
        max: u32,
    },
    /// The namespace has ended: no alert will come any more.
    #[error("the namespace of the alerts has ended")]
    Stopped,
}
