//! All protections of a namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use mainstay_specs::{NamedProtection, ProtectionConfig, ProtectionsSpec, ServiceName};
use mainstay_supervisors::{Namespace, WeakNamespace};

use super::error::ConfigureProtectionError;
use super::handle::Protection;
use super::registry::NAME;
use super::signals::{Signals, Told};

/// What the keeper, its successors and everybody who asks for a protection share.
#[derive(Debug)]
pub(crate) struct Protections {
    namespace: WeakNamespace,
    signals: Signals,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    named: BTreeMap<ServiceName, Kept>,
    max: u32,
    /// What the spec names and was made, so that what is removed since stays away.
    adopted: BTreeSet<ServiceName>,
}

#[derive(Clone, Debug)]
struct Kept {
    protection: Protection,
    told: Arc<Told>,
}

/// How often the keeper tells what was refused.
pub(crate) const REPORT_EVERY: Duration = Duration::from_secs(1);

impl Protections {
    /// Those of the namespace; none at first.
    pub(crate) fn of(namespace: &Namespace) -> Arc<Self> {
        namespace.cell(NAME, || Self {
            namespace: namespace.downgrade(),
            signals: Signals::new(namespace),
            state: RwLock::new(State {
                named: BTreeMap::new(),
                max: ProtectionsSpec::default().operations_max,
                adopted: BTreeSet::new(),
            }),
        })
    }

    /// Goes by a spec that was found valid. What it names for the first time is made; whatever is there, stays as it is.
    pub(crate) fn adopt(
        &self,
        namespace: &Namespace,
        spec: &ProtectionsSpec,
    ) -> Result<(), ConfigureProtectionError> {
        let mut state = self.write();
        state.max = spec.operations_max;
        for operation in &spec.operations {
            state.adopt(namespace, operation)?;
        }
        // What it does not name any more may be named again.
        let named = spec.operations.iter().map(|one| one.name.clone());
        state.adopted = named.collect();
        drop(state);
        Ok(())
    }

    /// Makes a protection, or has one that is there go by another configuration. It was found valid.
    pub(crate) fn configure(
        &self,
        namespace: &Namespace,
        name: ServiceName,
        config: &ProtectionConfig,
    ) -> Result<Protection, ConfigureProtectionError> {
        let mut state = self.write();
        if let Some(kept) = state.named.get(&name) {
            kept.protection.reconfigure(config)?;
            return Ok(kept.protection.clone());
        }
        state.add(namespace, name, config)
    }

    pub(crate) fn find(&self, name: &str) -> Option<Protection> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Some(state.named.get(name)?.protection.clone())
    }

    pub(crate) fn remove(&self, name: &str) -> Option<Protection> {
        let kept = self.write().named.remove(name)?;
        // For the last time.
        self.signals.tell(&kept.protection.stats(), &kept.told);
        Some(kept.protection)
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> Vec<Protection> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let kept = state.named.values();
        kept.map(|kept| kept.protection.clone()).collect()
    }

    /// Tells what has been refused since it was told last.
    pub(crate) fn report(&self) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let kept: Vec<_> = state.named.values().cloned().collect();
        drop(state);
        for Kept { protection, told } in kept {
            self.signals.tell(&protection.stats(), &told);
        }
    }

    pub(crate) fn namespace(&self) -> Option<Namespace> {
        self.namespace.upgrade()
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn adopt(
        &mut self,
        namespace: &Namespace,
        operation: &NamedProtection,
    ) -> Result<(), ConfigureProtectionError> {
        let NamedProtection { name, config, .. } = operation;
        if self.adopted.contains(name) {
            return Ok(());
        }
        if !self.named.contains_key(name) {
            self.add(namespace, name.clone(), config)?;
        }
        // At once: should there be no room for the next, the next start is not to make this one again.
        self.adopted.insert(name.clone());
        Ok(())
    }

    fn add(
        &mut self,
        namespace: &Namespace,
        name: ServiceName,
        config: &ProtectionConfig,
    ) -> Result<Protection, ConfigureProtectionError> {
        let max = self.max;
        if self.named.len() >= max as usize {
            return Err(ConfigureProtectionError::TooMany { name, max });
        }
        let protection = Protection::born(namespace, name.clone(), config);
        let kept = Kept {
            protection: protection.clone(),
            told: Arc::default(),
        };
        self.named.insert(name, kept);
        Ok(protection)
    }
}
