//! What `#[instrumented]` writes calls of. To be used through it.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | a call that goes on, from its begin to its outcome |
//! | `sync.rs`, `future.rs` | calls that return, and calls that give a future |
//! | `site.rs` | [`Site`]: what is recorded of a function, and under which name |
//! | `series.rs` | the series of a site, resolved once for each store |
//! | `verdict.rs` | what a returned value says of its call |
//! | `nesting.rs` | which calls go on in this thread |

mod future;
mod nesting;
mod series;
mod site;
mod sync;
mod verdict;

use std::sync::Arc;

use mainstay_supervisors::current;
use tokio::time::Instant;

pub use future::{Instrumented, future};
pub(crate) use series::Sites;
pub use site::Site;
pub use sync::call;
pub use verdict::{AsStore, OfAny, OfResult, Returned, Verdict, judge};

use crate::MetricsStore;
use crate::metrics::Outcome;
use series::SiteSeries;

/// A call that goes on.
#[derive(Debug)]
struct Call {
    store: MetricsStore,
    series: Arc<SiteSeries>,
    began: Instant,
    is_outermost: bool,
    /// What it comes to if it is dropped before its end.
    dropped: Outcome,
    is_over: bool,
}

impl Call {
    /// `None` if there is nothing to record to: no store is given, and the process that runs here has none in its namespace.
    fn begin(site: &'static Site, store: Option<MetricsStore>, dropped: Outcome) -> Option<Self> {
        let store = store.or_else(|| MetricsStore::in_namespace(&current()?.namespace()?))?;
        Some(Self {
            series: store.sites().of(site),
            store,
            began: Instant::now(),
            is_outermost: !nesting::is_inside(site.service()),
            dropped,
            is_over: false,
        })
    }

    fn end(mut self, outcome: Outcome) {
        self.record(outcome);
    }

    fn record(&mut self, outcome: Outcome) {
        if !std::mem::replace(&mut self.is_over, true) {
            let took = self.began.elapsed();
            self.series
                .record(&self.store, outcome, took, self.is_outermost);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.record(self.dropped);
    }
}
