//! What operators see of admission.

use serde::Serialize;

use super::class::OperationClass;
use super::intake::{Intake, read};

/// What has come of operations. Those that were simply let in are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AdmissionStats {
    /// How many bytes are reserved now, those included that were taken and that no sample has seen.
    pub reserved: u64,
    /// What has come of the operations of each class.
    pub classes: Vec<ClassAdmissions>,
}

/// What has come of the operations of one class that were not simply let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClassAdmissions {
    /// The class.
    pub class: OperationClass,
    /// Let in after a delay.
    pub delayed: u64,
    /// Refused by chance.
    pub shed: u64,
    /// Refused as all of the class were.
    pub refused: u64,
    /// Refused as there was no room for them.
    pub no_room: u64,
}

impl ClassAdmissions {
    /// How many were refused, for whatever reason.
    #[must_use]
    pub const fn all_refused(&self) -> u64 {
        self.shed + self.refused + self.no_room
    }
}

impl AdmissionStats {
    /// How many operations were refused, of all classes and for whatever reason.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.classes.iter().map(ClassAdmissions::all_refused).sum()
    }

    /// What has come of the operations of one class.
    #[must_use]
    pub fn of(&self, class: OperationClass) -> Option<&ClassAdmissions> {
        self.classes.iter().find(|found| found.class == class)
    }
}

impl Intake {
    pub(crate) fn stats(&self) -> AdmissionStats {
        let of = |class: OperationClass| {
            let (nth, counts) = (class as usize, &self.counts);
            ClassAdmissions {
                class,
                delayed: read(&counts.delayed[nth]),
                shed: read(&counts.shed[nth]),
                refused: read(&counts.by_level[nth]),
                no_room: read(&counts.no_room[nth]),
            }
        };
        AdmissionStats {
            reserved: self.reserved(),
            classes: OperationClass::ALL.map(of).to_vec(),
        }
    }
}
