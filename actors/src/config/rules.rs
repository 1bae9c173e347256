//! What may become of the configuration: which paths, how large, and what the application's own validators say.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use mainstay_specs::{ConfigServerSpec, Fault, Faults};

use super::ConfigError;
use super::document::Document;
use super::path::ConfigPath;
use super::size::Limits;
use super::value::ConfigValue;

type Validator = dyn Fn(&Document) -> Result<(), Vec<Fault>> + Send + Sync;

/// The application's own rules for its configuration: which paths may be updated, and what a whole configuration must be like.
///
/// By default every path may be updated, and whatever keeps the limits of the spec is taken.
#[derive(Clone, Default)]
#[must_use = "rules do nothing until a config server is started with them"]
pub struct ConfigRules {
    updatable: Option<Vec<ConfigPath>>,
    validators: Vec<Arc<Validator>>,
}

impl ConfigRules {
    /// No rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows updates at these paths and further in only. Called again, it adds to them. The content at the start and a
    /// reset are not bound by it.
    pub fn updatable(mut self, paths: impl IntoIterator<Item = ConfigPath>) -> Self {
        self.updatable.get_or_insert_default().extend(paths);
        self
    }

    /// Asks `check` about each configuration before it comes to be, the one at the start included; the faults it returns refuse
    /// the change. Called again, it adds one more validator; all are asked, so that all faults are told.
    ///
    /// It runs in the actor, which does nothing else meanwhile: keep it short, and do no input or output in it. A panic in it
    /// refuses the change as well.
    pub fn validator<F>(mut self, check: F) -> Self
    where
        F: Fn(&Document) -> Result<(), Vec<Fault>> + Send + Sync + 'static,
    {
        self.validators.push(Arc::new(check));
        self
    }

    fn is_updatable(&self, path: &ConfigPath) -> bool {
        let Some(updatable) = &self.updatable else {
            return true;
        };
        updatable.iter().any(|allowed| path.is_within(allowed))
    }

    fn validate(&self, document: &Document) -> Result<(), ConfigError> {
        let mut faults = Vec::new();
        for validator in &self.validators {
            // Nothing is shared with it but a document that cannot change, so nothing is left half done.
            match catch_unwind(AssertUnwindSafe(|| validator(document))) {
                Ok(Ok(())) => {}
                Ok(Err(told)) if told.is_empty() => faults.push(Fault::new(SAID_NO)),
                Ok(Err(told)) => faults.extend(told),
                Err(payload) => return Err(ConfigError::ValidatorPanicked(text_of(&*payload))),
            }
        }
        refuse_if_any(faults)
    }
}

impl fmt::Debug for ConfigRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigRules")
            .field("updatable", &self.updatable)
            .field("validators", &self.validators.len())
            .finish()
    }
}

/// What a child that is a config server was made from.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) spec: ConfigServerSpec,
    pub(crate) rules: ConfigRules,
}

/// What a config server goes by: its limits, its rules and the content it goes back to.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) initial: Document,
    pub(crate) limits: Limits,
    pub(crate) setup: Arc<Setup>,
}

impl Plan {
    pub(crate) fn is_updatable(&self, path: &ConfigPath) -> bool {
        self.setup.rules.is_updatable(path)
    }

    /// Refuses what can be refused by looking at the request alone.
    pub(crate) fn check_request(
        &self,
        path: &ConfigPath,
        value: &ConfigValue,
    ) -> Result<(), ConfigError> {
        if !self.is_updatable(path) {
            return Err(ConfigError::NotUpdatable { path: path.clone() });
        }
        refuse_if_any(self.limits.check(path, value))
    }

    /// Refuses a document whose parts are known to be fine, but not the whole.
    pub(crate) fn check_whole(&self, document: &Document) -> Result<(), ConfigError> {
        if document.bytes() > self.limits.bytes_max {
            refuse_if_any(vec![Fault::new(self.limits.too_large())])?;
        }
        self.setup.rules.validate(document)
    }

    /// Refuses a document of which nothing is known.
    pub(crate) fn check(&self, document: &Document) -> Result<(), ConfigError> {
        refuse_if_any(self.limits.check(&ConfigPath::root(), document.root()))?;
        self.setup.rules.validate(document)
    }
}

fn refuse_if_any(faults: Vec<Fault>) -> Result<(), ConfigError> {
    Faults::from_list(faults).map_or(Ok(()), |faults| Err(ConfigError::Invalid(faults)))
}

fn text_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic whose payload is not a text")
        .to_owned()
}

/// For a validator that refuses and gives no reason.
const SAID_NO: &str = "refused by a validator that gave no reason";
