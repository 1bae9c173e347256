//! `#[protected]`.

mod answers;
mod fallbacks;
mod names;
mod signatures;

use mainstay_actors::breaker::Unanswered;

/// What the functions here fail with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
enum Wrong {
    #[error("it failed")]
    Failed,
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

impl Wrong {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Unanswered(Unanswered::Open(_)))
    }
}
