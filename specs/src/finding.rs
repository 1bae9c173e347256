//! What validation finds: a fault, and what it would be silly to say it after.

use crate::fault::FAULTS_MAX;
use crate::{Fault, Faults, SpecPath};

/// A fault of a spec that could be read.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) fault: Fault,
    /// Where the same thing was given before.
    pub(crate) first: Option<SpecPath>,
    /// The parts it follows from. If one of them could not be read, the fault may be none.
    pub(crate) rests_on: Vec<SpecPath>,
    /// A list, and the field that names what is in it: if one of them, or its name, could not be read, the fault may be none.
    pub(crate) rests_on_names: Option<(SpecPath, &'static str)>,
    /// If a field directly inside the part at fault could not be read, the fault may be none.
    pub(crate) rests_on_fields: bool,
}

impl Finding {
    /// A fault that follows from the part at `path` alone.
    pub(crate) fn new(path: SpecPath, message: impl Into<String>) -> Self {
        Self {
            rests_on: vec![path.clone()],
            fault: Fault::new(message).at(path),
            first: None,
            rests_on_names: None,
            rests_on_fields: false,
        }
    }

    pub(crate) fn first_at(mut self, path: SpecPath) -> Self {
        self.first = Some(path);
        self
    }

    pub(crate) fn and_on(mut self, path: SpecPath) -> Self {
        self.rests_on.push(path);
        self
    }

    /// It names something of this list, in which each has its name in this field.
    pub(crate) fn and_on_names_in(mut self, list: SpecPath, field: &'static str) -> Self {
        self.rests_on_names = Some((list, field));
        self
    }

    /// The fault of a spec that has no text.
    fn without_text(self) -> Fault {
        let mut fault = self.fault;
        if let Some(first) = self.first {
            fault.message = format!("{}, first given at {first}", fault.message);
        }
        fault
    }
}

/// All findings of one validation, up to a limit.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    pub(crate) cut_short: bool,
}

impl Report {
    pub(crate) fn add(&mut self, finding: Finding) {
        if self.findings.len() == FAULTS_MAX {
            self.cut_short = true;
        } else {
            self.findings.push(finding);
        }
    }

    /// The outcome for a spec that was built in code.
    pub(crate) fn without_text(self) -> Result<(), Faults> {
        let faults = self.findings.into_iter().map(Finding::without_text);
        match Faults::from_list(faults.collect()) {
            Some(faults) => Err(faults.cut_short(self.cut_short)),
            None => Ok(()),
        }
    }
}
