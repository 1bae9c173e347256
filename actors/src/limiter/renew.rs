//! The limiters of a namespace going by another spec while they run.

use mainstay_specs::{NamedLimiter, RateLimitConfig, RateLimitersSpec};

use super::error::RegisterLimiterError;
use super::limiters::Limiters;

impl Limiters {
    /// Goes by `new`, which was found valid, where it differs from `old`.
    ///
    /// # Errors
    ///
    /// One that cannot be made, with its place. Those before it go by the new spec.
    pub(crate) fn renew(
        &self,
        old: &RateLimitersSpec,
        new: &RateLimitersSpec,
    ) -> Result<(), RegisterLimiterError> {
        for gone in &old.limiters {
            if !new.limiters.iter().any(|one| one.name == gone.name) {
                self.remove(gone.name.as_str());
            }
        }
        self.adopt(new)?;
        for (nth, after) in new.limiters.iter().enumerate() {
            let before = old.limiters.iter().find(|one| one.name == after.name);
            let done = self.renew_one(before, after);
            done.map_err(|wrong| wrong.at_limiter(nth))?;
        }
        Ok(())
    }

    /// One that somebody has taken away since stays away.
    fn renew_one(
        &self,
        before: Option<&NamedLimiter>,
        after: &NamedLimiter,
    ) -> Result<(), RegisterLimiterError> {
        let (name, config) = (&after.name, &after.config);
        let Some(before) = before else {
            return match self.insert(name.clone(), config.clone()) {
                // Somebody has made it before: it stays as it is.
                Ok(_) | Err(RegisterLimiterError::AlreadyRegistered(_)) => Ok(()),
                Err(wrong) => Err(wrong),
            };
        };
        let limiter = self.find(name.as_str());
        let Some(limiter) = limiter.filter(|_| before.config != *config) else {
            return Ok(());
        };
        if counts_alike(&before.config, config) {
            return limiter.reconfigure(config.clone());
        }
        self.remove(name.as_str());
        self.insert(name.clone(), config.clone()).map(drop)
    }
}

/// Whether the counts of one mean something to the other. If they do not, there is another limiter of this name from then on.
fn counts_alike(before: &RateLimitConfig, after: &RateLimitConfig) -> bool {
    before.algorithm == after.algorithm && before.backend == after.backend
}
