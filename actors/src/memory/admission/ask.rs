//! Asking to be let in.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::class::{OperationClass, OperationPriority, Weather};
use super::intake::Wish;
use super::refusal::{Admission, MemoryPressure};
use super::reservation::MemoryReservation;
use super::stats::AdmissionStats;
use crate::memory::handle::MemoryManager;

impl MemoryManager {
    /// Whether an operation may begin that takes about so many bytes: now, after a while, or not.
    ///
    /// It sends no message and waits for nobody; while memory is not scarce it is a load and a look into a table. What frees memory and what
    /// controls the system always may ([`OperationClass`]). A large one, from `reserve_from` of the spec on, also has to fit below the
    /// critical threshold, beside all that is reserved. It holds no room here; to hold it, so that many who ask at once are not all let in,
    /// see [`reserve`](Self::reserve).
    ///
    /// Where no memory manager was ever started, everything is let in. Where one was stopped, what it has said last goes on to count, and is
    /// [stale](crate::memory::Glance::stale).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use mainstay_actors::memory::{Admission, MemoryManager, OperationClass, OperationPriority, PressureLevel};
    /// use mainstay_specs::{MemoryManagerSpec, NamespaceName};
    /// use mainstay_supervisors::{NamespacePlan, Runtime};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let spec = MemoryManagerSpec::default().simulation(true);
    /// let plan = NamespacePlan::new().service(MemoryManager::child(spec));
    /// let runtime = Runtime::new();
    /// let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
    /// let memory = MemoryManager::of(&app);
    ///
    /// memory.simulate_pressure(PressureLevel::Critical, Duration::from_secs(60))?;
    /// let ask = |class| memory.check_operation_allowed(class, 100, OperationPriority::Normal);
    /// assert!(!ask(OperationClass::Write).is_admitted());
    /// assert_eq!(ask(OperationClass::Release), Admission::Allow);
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_operation_allowed(
        &self,
        class: OperationClass,
        bytes: u64,
        priority: OperationPriority,
    ) -> Admission {
        let wish = Wish {
            class,
            bytes,
            priority,
        };
        let intake = &self.cell.admission;
        let reading = || self.cell.reading();
        intake.decide(wish, self.weather(), reading, |account, room| {
            account.check(bytes, room)
        })
    }

    /// As [`check_operation_allowed`](Self::check_operation_allowed), and holds the room for a large operation while it lasts. One that is
    /// to be delayed is not waited for here: the delay comes with the reservation.
    ///
    /// # Errors
    ///
    /// Why it may not begin, and when to come back.
    pub fn try_reserve(
        &self,
        class: OperationClass,
        bytes: u64,
        priority: OperationPriority,
    ) -> Result<(MemoryReservation, Duration), MemoryPressure> {
        let wish = Wish {
            class,
            bytes,
            priority,
        };
        let intake = &self.cell.admission;
        let mut reserved = 0;
        let reading = || self.cell.reading();
        let admission = intake.decide(wish, self.weather(), reading, |account, room| {
            account.take(bytes, room)?;
            reserved = bytes;
            Ok(())
        });
        let reservation = MemoryReservation::of(Arc::clone(&intake.account), reserved);
        admission.into_result().map(|delay| (reservation, delay))
    }

    /// Lets an operation begin, after its delay if it has one, with the room for it held until what this gives is dropped, or
    /// the operation says that it has [taken](MemoryReservation::taken) what it was promised.
    ///
    /// # Errors
    ///
    /// Why it may not begin, and when to come back: told at once.
    ///
    /// Cancel safety: dropped while it waits, it holds nothing.
    pub async fn reserve(
        &self,
        class: OperationClass,
        bytes: u64,
        priority: OperationPriority,
    ) -> Result<MemoryReservation, MemoryPressure> {
        let (reservation, delay) = self.try_reserve(class, bytes, priority)?;
        if !delay.is_zero() {
            sleep(delay).await;
        }
        Ok(reservation)
    }

    /// What has come of operations that asked to be let in.
    #[must_use]
    pub fn admission_stats(&self) -> AdmissionStats {
        self.cell.admission.stats()
    }

    /// Refuses an operation that is sure to be refused, as all of its class are for now, and counts it.
    pub(crate) fn refuse_ahead(&self, class: OperationClass, bytes: u64) -> Option<MemoryPressure> {
        let refuses = self.cell.admission.refuses_all(class, self.weather());
        refuses.then(|| self.refuse(class, bytes))
    }

    /// Refuses an operation whatever the table says, as all of its class are, and counts it.
    pub(in crate::memory) fn refuse(&self, class: OperationClass, bytes: u64) -> MemoryPressure {
        let wish = Wish {
            class,
            bytes,
            priority: OperationPriority::Normal,
        };
        let (intake, reading) = (&self.cell.admission, self.cell.reading());
        intake.refuse(wish, self.weather(), &reading)
    }

    fn weather(&self) -> Weather {
        let word = self.cell.word();
        Weather {
            level: word.level(),
            ratio: word.ratio(),
        }
    }
}
