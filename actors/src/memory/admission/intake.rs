//! What the cell keeps of admission: the table, the account, and what has come of operations.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use mainstay_specs::MemoryManagerSpec;

use super::account::{Account, Full, Unseen};
use super::class::{OperationClass, OperationPriority, Weather};
use super::refusal::{Admission, MemoryPressure, RefusalReason};
use super::table::{Table, Verdict};
use crate::memory::cleanup::Told;
use crate::memory::reading::Reading;

/// What the cell keeps of admission.
#[derive(Debug)]
pub(crate) struct Intake {
    table: ArcSwap<Table>,
    pub(super) account: Arc<Account>,
    pub(super) counts: Counts,
    /// What telemetry was told of them.
    pub(crate) told: Told,
}

/// What has come of operations that were not simply let in, by class.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(super) delayed: [AtomicU64; OperationClass::ALL.len()],
    pub(super) shed: [AtomicU64; OperationClass::ALL.len()],
    pub(super) by_level: [AtomicU64; OperationClass::ALL.len()],
    pub(super) no_room: [AtomicU64; OperationClass::ALL.len()],
}

/// An operation that asks to be let in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) class: OperationClass,
    pub(crate) bytes: u64,
    pub(crate) priority: OperationPriority,
}

impl Intake {
    pub(crate) fn new(spec: &MemoryManagerSpec) -> Self {
        Self {
            table: ArcSwap::from_pointee(table(spec)),
            account: Arc::default(),
            counts: Counts::default(),
            told: Told::default(),
        }
    }

    /// Goes by another spec from now on. What is reserved stays so.
    pub(crate) fn adopt(&self, spec: &MemoryManagerSpec) {
        self.table.store(Arc::new(table(spec)));
    }

    /// A sample is begun.
    pub(crate) fn begin_sample(&self) -> Unseen<'_> {
        self.account.begin_sample()
    }

    /// Whether samples are taken from now on.
    pub(crate) fn set_watched(&self, is_watched: bool) {
        self.account.set_watched(is_watched);
    }

    /// How many bytes are reserved.
    pub(crate) fn reserved(&self) -> u64 {
        self.account.reserved()
    }

    /// Whether the table says that all of a class are refused, whatever their luck.
    pub(super) fn refuses_all(&self, class: OperationClass, weather: Weather) -> bool {
        let table = self.table.load();
        table.decide(class, OperationPriority::Normal, weather, 1.0) == Verdict::Refuse
    }

    /// Refuses whatever the table says, and counts that.
    pub(super) fn refuse(&self, wish: Wish, weather: Weather, reading: &Reading) -> MemoryPressure {
        let reason = RefusalReason::Level;
        self.counts.note(wish.class, Verdict::Refuse, Some(reason));
        refusal(wish, reason, weather, reading, &self.table.load())
    }

    /// What the table says, counted, and the account if the operation is that large: `settle` looks whether there is room, or takes it.
    pub(super) fn decide(
        &self,
        wish: Wish,
        weather: Weather,
        reading: impl Fn() -> Arc<Reading>,
        settle: impl FnOnce(&Account, Option<u64>) -> Result<(), Full>,
    ) -> Admission {
        let table = self.table.load();
        let verdict = table.decide(wish.class, wish.priority, weather, fastrand::f64());
        let reason = match verdict {
            Verdict::Shed => Some(RefusalReason::Shed),
            Verdict::Refuse => Some(RefusalReason::Level),
            Verdict::Allow | Verdict::Delay(_) if wish.bytes < table.spec.reserve_from => None,
            Verdict::Allow | Verdict::Delay(_) => {
                let room = if wish.class.always_passes() {
                    None
                } else {
                    room(&reading(), table.full())
                };
                let settled = settle(&self.account, room);
                settled.err().map(|full| RefusalReason::NoRoom {
                    room: room.unwrap_or(u64::MAX),
                    reserved: full.reserved,
                })
            }
        };
        self.counts.note(wish.class, verdict, reason);
        match (reason, verdict) {
            (Some(reason), _) => {
                let refusal = refusal(wish, reason, weather, &reading(), &table);
                Admission::Refuse(refusal)
            }
            (None, Verdict::Delay(time)) => Admission::Delay(time),
            (None, _) => Admission::Allow,
        }
    }
}

fn table(spec: &MemoryManagerSpec) -> Table {
    Table::new(spec.admission, |level| spec.threshold(level))
}

/// How many bytes there are up to this share, by the source that has the least; none if no source counts bytes.
fn room(reading: &Reading, full: f64) -> Option<u64> {
    let sources = reading.sources.iter();
    let rooms = sources.filter_map(|source| {
        let most = (source.limit? as f64 * full) as u64;
        Some(most.saturating_sub(source.used?))
    });
    rooms.min()
}

fn refusal(
    wish: Wish,
    reason: RefusalReason,
    weather: Weather,
    reading: &Reading,
    table: &Table,
) -> MemoryPressure {
    let spread = 0.75 + 0.5 * fastrand::f64();
    MemoryPressure {
        class: wish.class,
        bytes: wish.bytes,
        reason,
        level: weather.level,
        ratio: weather.ratio,
        source_name: reading.cause.clone(),
        retry_after: table.spec.retry_after.mul_f64(spread),
    }
}

impl Counts {
    fn note(&self, class: OperationClass, verdict: Verdict, reason: Option<RefusalReason>) {
        let counts = match (reason, verdict) {
            (Some(RefusalReason::Level), _) => &self.by_level,
            (Some(RefusalReason::Shed), _) => &self.shed,
            (Some(RefusalReason::NoRoom { .. }), _) => &self.no_room,
            (None, Verdict::Delay(_)) => &self.delayed,
            (None, _) => return,
        };
        counts[class as usize].fetch_add(1, Ordering::Relaxed);
    }
}

pub(super) fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}
