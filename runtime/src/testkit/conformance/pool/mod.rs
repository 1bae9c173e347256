//! What every manager of connections has to do.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`connection_pool`], the suite |
//! | `face.rs` | [`Connections`]: a manager, and how its connections are spoilt |
//! | `trial.rs` | one manager that is tried |
//! | `life.rs`, `left.rs`, `cut.rs` | the rules: from its making to its end; what is left in one; what is dropped halfway |

mod cut;
mod face;
mod left;
mod life;
mod trial;

pub use face::Connections;

use super::Violation;
use trial::Trial;

/// Holds a manager of connections against what pools rely on. `make` is to give a new manager, each time it is asked; what they
/// connect to may be the same.
///
/// Time is that of tokio. Where connections go to a real server it has to be real; anything that takes longer than 10 seconds breaks
/// a rule.
///
/// ```
/// use mainstay::actors::pool::{Condition, LeaseEnd};
/// use mainstay::testkit::conformance::{self, Connections};
/// use mainstay::testkit::{MockConnection, MockConnections, MockOptions};
///
/// struct Mock;
///
/// impl Connections for Mock {
///     type Manager = MockConnections;
///
///     fn manager(&self) -> MockConnections {
///         MockConnections::new()
///     }
///
///     fn options(&self) -> MockOptions {
///         MockOptions::default()
///     }
///
///     async fn soil(&self, connection: &mut MockConnection) -> bool {
///         connection.soil();
///         true
///     }
///
///     async fn is_soiled(&self, connection: &mut MockConnection) -> bool {
///         connection.is_soiled()
///     }
///
///     async fn sever(&self, connection: &mut MockConnection) -> bool {
///         connection.sever();
///         true
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(conformance::connection_pool(&Mock).await, Ok(()));
/// # }
/// ```
///
/// # Errors
///
/// The first rule that is broken, with what should have come and what came.
pub async fn connection_pool<C: Connections>(face: &C) -> Result<(), Violation> {
    let trial = Trial::new(face);
    life::a_new_one_works(&trial).await?;
    life::several_are_apart(&trial).await?;
    life::whoever_died_leaves_it_unclean(&trial).await?;
    life::one_that_ended_is_broken(&trial).await?;
    life::closing_ends(&trial).await?;
    left::nothing_is_handed_on(&trial).await?;
    left::it_can_be_brought_back_again_and_again(&trial).await?;
    cut::making_can_be_dropped(&trial).await?;
    cut::a_ping_can_be_dropped(&trial).await?;
    cut::a_reset_can_be_dropped(&trial).await?;
    cut::an_operation_can_be_dropped(&trial).await?;
    cut::closing_can_be_dropped(&trial).await
}
