//! The protections of a namespace going by another spec while they run.

use mainstay_specs::ProtectionsSpec;
use mainstay_supervisors::Namespace;

use super::error::ConfigureProtectionError;
use super::protections::Protections;

impl Protections {
    /// Goes by `new`, which was found valid, where it differs from `old`.
    ///
    /// # Errors
    ///
    /// If there is no room for one. Those before it go by the new spec.
    pub(crate) fn renew(
        &self,
        namespace: &Namespace,
        old: &ProtectionsSpec,
        new: &ProtectionsSpec,
    ) -> Result<(), ConfigureProtectionError> {
        for gone in &old.operations {
            if !new.operations.iter().any(|one| one.name == gone.name) {
                self.remove(gone.name.as_str());
            }
        }
        self.adopt(namespace, new)?;
        for after in &new.operations {
            if !old.operations.contains(after) {
                self.configure(namespace, after.name.clone(), &after.config)?;
            }
        }
        Ok(())
    }
}
