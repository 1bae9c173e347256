//! What every backend of an event store has to do.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`event_backend`], the suite |
//! | `trial.rs` | one backend that is tried, and what it should hold |
//! | `samples.rs` | events and questions to try with |
//! | `numbers.rs`, `content.rs`, `groups.rs`, `bounds.rs`, `questions.rs`, `old.rs`, `apart.rs` | the rules |

mod apart;
mod bounds;
mod content;
mod groups;
mod numbers;
mod old;
mod questions;
mod samples;
mod trial;

use std::future::Future;
use std::sync::Arc;

use mainstay_actors::event_store::EventBackend;
use mainstay_specs::NamespaceName;

use super::Violation;
use trial::Trial;

/// Holds a backend against what an [`EventStore`](mainstay_actors::EventStore) relies on. `make` is to make one for the events of this
/// namespace, each time with another name; all may be in the same place. It runs in tokio.
///
/// ```
/// use std::sync::Arc;
///
/// use mainstay::actors::event_store::{EventBackend, MemoryBackend};
/// use mainstay::testkit::conformance;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let make = |_namespace| async { Arc::new(MemoryBackend::new()) as Arc<dyn EventBackend> };
/// assert_eq!(conformance::event_backend(make).await, Ok(()));
/// # }
/// ```
///
/// # Errors
///
/// The first rule that is broken, with what should have come and what came.
pub async fn event_backend<F, B>(make: F) -> Result<(), Violation>
where
    F: Fn(NamespaceName) -> B,
    B: Future<Output = Arc<dyn EventBackend>>,
{
    let trial = |name: &'static str| Trial::new(name, &make);
    numbers::rise_and_are_never_given_again(&mut trial("numbers").await).await?;
    content::comes_back_as_it_was(&mut trial("content").await).await?;
    content::may_be_large(&mut trial("large").await).await?;
    groups::are_stored_whole_or_not_at_all(&mut trial("groups").await).await?;
    groups::may_be_stored_again(&mut trial("again").await).await?;
    groups::may_share_a_number(&mut trial("shared").await).await?;
    groups::are_seen_whole(&mut trial("seen").await).await?;
    bounds::are_kept_by_the_lowest_going(&mut trial("bounds").await).await?;
    bounds::that_were_lowered_are_kept_in_parts(&mut trial("lowered").await).await?;
    bounds::count_bytes_too(&mut trial("bytes").await).await?;
    bounds::have_no_room_for_what_would_go_at_once(&mut trial("room").await).await?;
    questions::have_every_answer_that_fits(&mut trial("questions").await).await?;
    questions::are_answered_in_pages(&mut trial("pages").await).await?;
    questions::end_with_so_many_bytes(&mut trial("ends").await).await?;
    old::go_the_earliest_first(&mut trial("old").await).await?;
    old::go_once_each_while_others_come(&mut trial("meanwhile").await).await?;
    apart::namespaces_do_not_see_each_other(trial("one").await, trial("other").await).await
}
