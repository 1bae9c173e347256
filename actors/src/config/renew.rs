//! A config server going by another spec while it runs.

use std::sync::Arc;

use mainstay_specs::ConfigServerSpec;
use mainstay_supervisors::Namespace;

use super::actor::Message;
use super::event::Reload;
use super::guards::Guards;
use super::handle::ConfigServer;
use super::rules::Setup;
use super::start::{child_of, plan};
use crate::RenewError;

impl ConfigServer {
    /// What it goes by now: the spec of its start, or of the last [`renew`](Self::renew).
    #[must_use]
    pub fn spec(&self) -> ConfigServerSpec {
        self.cell.current().plan().setup.spec.clone()
    }

    /// Has it go by another spec from now on, and by the rules that it has, and its successors, too. Who reads and who has subscribed does not
    /// notice, but of what becomes different.
    ///
    /// Another content to start with ([`initial`](ConfigServerSpec::initial), or [`file`](ConfigServerSpec::file), which is read again) is
    /// followed by all that is as it was at the start, or after the last reset: a value that was changed since stays as it was changed, and a
    /// reset goes back to the new start from now on. What became different by that is one version, and gives what was told of it.
    ///
    /// # Errors
    ///
    /// [`RenewError`]: the server goes by the old spec, but for its guards, if those were found fine, and for its successors: renew it with the
    /// old spec then.
    ///
    /// Cancel safety: part of it may be done when this is dropped; do it again for the rest.
    pub async fn renew(
        namespace: &Namespace,
        spec: &ConfigServerSpec,
    ) -> Result<Option<Reload>, RenewError> {
        let server = Self::in_namespace(namespace);
        let server = server.ok_or(RenewError::NotRunning)?;
        let rules = server.cell.current().plan().setup.rules.clone();
        let spec = spec.clone();
        let setup = Arc::new(Setup { spec, rules });
        let plan = plan(Arc::clone(&setup)).await?;
        let guards = Guards::of(namespace, &setup.spec)?;
        let root = namespace.root().ok_or(RenewError::NotRunning)?;
        // First: whoever is started from here on goes by it.
        root.change_child(child_of(setup)).await?;
        server.cell.set_guards(guards, namespace);
        let renewed = server.request(|ticket| Message::Renew(Arc::clone(&plan), ticket));
        Ok(renewed.await?)
    }
}
