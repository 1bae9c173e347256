//! What holds whatever is stored and asked: in memory and in SQLite by turns.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | how a property is tried |
//! | `samples.rs` | any event, any question |
//! | `content.rs` | what is stored is what is given back |
//! | `matters.rs` | what belongs together |
//! | `state.rs` | storing, taking away and asking, one after the other and at the same time |

mod content;
mod matters;
mod samples;
mod state;

use std::future::Future;

use mainstay_actors::event_store::Event;
use mainstay_supervisors::specs::{EventBackendSpec, EventStoreSpec};
use proptest::test_runner::{TestCaseError, TestCaseResult};

use super::support::Bed;

/// Tries something on a store of its own, which keeps whatever it is given, in virtual time.
fn on_a_store<F>(in_sqlite: bool, work: impl FnOnce(Bed) -> F) -> TestCaseResult
where
    F: Future<Output = Result<Bed, TestCaseError>>,
{
    let backend = match in_sqlite {
        true => EventBackendSpec::sqlite_in_memory(),
        false => EventBackendSpec::Memory,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let spec = EventStoreSpec::memory().backend(backend);
    let spec = spec.max_age(std::time::Duration::from_secs(3_000_000_000));
    runtime.block_on(async {
        let bed = work(Bed::with(spec).await).await?;
        bed.end().await;
        Ok(())
    })
}

fn numbers<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<u64> {
    let ids = events.into_iter().filter_map(Event::id);
    ids.map(|id| id.get()).collect()
}
