//! Values that all readers share, decoded once.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::ConfigError;
use super::cache::CacheCleared;
use super::handle::ConfigServer;
use super::path::{ConfigPath, IntoConfigPath};
use super::size::bytes_of;
use super::snapshot::Snapshot;

impl ConfigServer {
    /// The value at a path, as a `T` that all who ask for it share: decoded once for each change of it, and kept until it changes or
    /// the cache is [cleared](Self::clear_cache). For what is read often and is more than a number: the rules of a router, a list of hosts.
    ///
    /// Up to `cache_max` of the spec are kept; beyond that each is decoded anew for whoever asks. Nothing of it survives the namespace.
    ///
    /// ```
    /// # use mainstay_actors::ConfigServer;
    /// # use mainstay_specs::{Args, ConfigServerSpec, NamespaceName};
    /// # use mainstay_supervisors::{NamespacePlan, Runtime};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let spec = ConfigServerSpec::default().initial(Args::from_ron(r#"(hosts: ["a", "b"])"#)?);
    /// let plan = NamespacePlan::new().service(ConfigServer::child(spec));
    /// let runtime = Runtime::new();
    /// let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
    /// let config = ConfigServer::in_namespace(&app).expect("it was just started");
    ///
    /// let hosts = config.get_shared::<Vec<String>>("hosts")?;
    /// assert!(std::sync::Arc::ptr_eq(&hosts, &config.get_shared("hosts")?));
    /// config.update("hosts", vec!["c"]).await?;
    /// assert_eq!(*config.get_shared::<Vec<String>>("hosts")?, ["c"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`get_as`](Self::get_as), which are not kept.
    pub fn get_shared<T>(&self, path: impl IntoConfigPath) -> Result<Arc<T>, ConfigError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        self.look(|| {
            let path = path.into_path()?;
            let now = self.cell.current();
            let version = now.version_of(&path);
            let cached = version.and_then(|version| self.cell.cache.get(&path, version));
            match cached {
                Some(value) => Ok(value),
                None => self.decode(&now, &path),
            }
        })
    }

    fn decode<T>(&self, now: &Snapshot, path: &ConfigPath) -> Result<Arc<T>, ConfigError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        let value: Arc<T> = Arc::new(now.get_as(path.clone())?);
        if let (Some(version), Some(source)) = (now.version_of(path), now.document().get(path)) {
            let bytes = bytes_of(source);
            let max = now.plan().setup.spec.cache_max;
            let kept = (Arc::clone(&value), bytes);
            self.cell
                .cache
                .put(path, version, kept, max, self.is_stale());
        }
        Ok(value)
    }

    /// Lets go all values that were decoded for [`get_shared`](Self::get_shared): they are decoded again when somebody asks for them. The
    /// configuration stays as it is. For when memory is scarce.
    pub fn clear_cache(&self) -> CacheCleared {
        self.cell.cache.clear()
    }

    /// Lets go those of the decoded values that nobody has asked for since this was last done, and those that have changed since.
    pub fn clear_idle_cache(&self) -> CacheCleared {
        self.cell.cache.clear_idle(self.is_stale())
    }

    fn is_stale(&self) -> impl Fn(&ConfigPath, u64) -> bool + use<> {
        let now = self.cell.current();
        move |path, version| now.version_of(path) != Some(version)
    }
}
