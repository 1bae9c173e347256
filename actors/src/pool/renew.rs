//! The pools of a namespace going by another spec while they run.

use mainstay_specs::ConnectionPoolsSpec;

use super::kinds::PoolKinds;
use super::registry::{ConnectionPoolRegistry, RegisterPoolError};

impl ConnectionPoolRegistry {
    /// Goes by `new` where it differs from `old`, by which the pools have been until now: pools that it does not name any more are closed
    /// as by [`close_pool`](Self::close_pool), others go by their new configuration, and those that come are made. One that somebody has
    /// closed meanwhile stays closed. What a pool connects to stays what it was; to change that takes another pool.
    ///
    /// # Errors
    ///
    /// [`RegisterPoolError`], with its place; [`RegisterPoolError::Config`] before anything has changed, all others after what comes before.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time.
    ///
    /// Cancel safety: part of it may be done when this is dropped; do it again for the rest.
    pub async fn renew(
        &self,
        old: &ConnectionPoolsSpec,
        new: &ConnectionPoolsSpec,
        kinds: &PoolKinds,
    ) -> Result<(), RegisterPoolError> {
        new.validate().map_err(RegisterPoolError::Config)?;
        for gone in &old.pools {
            if !new.pools.iter().any(|one| one.name == gone.name) {
                // Somebody may have closed it before.
                self.close_pool(&gone.name).await.ok();
            }
        }
        for (nth, after) in new.pools.iter().enumerate() {
            let mut before = old.pools.iter().filter(|one| one.name == after.name);
            if before.any(|before| before.config != after.config) {
                let done = self.pools().reconfigure(self.namespace(), after);
                done.map_err(|wrong| wrong.at_pool(nth, "config"))?;
            }
        }
        for pool in self.pools().readopt(self.namespace(), new, kinds)? {
            self.start_or_forget(&pool).await?;
        }
        Ok(())
    }
}
