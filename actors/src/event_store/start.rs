//! Starting, the first time and again.

use std::sync::Arc;

use mainstay_specs::{ChildId, ChildSpec, EventBackendSpec, Shutdown};
use mainstay_supervisors::{Child, Namespace, RegisterError, StartContext, StartError, Started};

use super::backend::{EventBackend, Usage};
use super::cell::{Cell, Kept};
use super::error::EventStoreStartError;
use super::handle::NAME;
use super::keeper::Keeper;
use super::memory::MemoryBackend;
use super::terms::{Setup, Terms};

#[track_caller]
pub(crate) fn child(setup: Setup) -> Child {
    // A name is not empty, short, and without `/` and white space: this one is.
    let id = ChildId::new(NAME).expect("a name");
    let limit = Terms::drain_max(&setup.spec);
    let setup = Arc::new(setup);
    let child = Child::from_start(ChildSpec::new(id), move |cx| {
        let setup = Arc::clone(&setup);
        async move { start(setup, cx).await }
    });
    child.shutdown(Shutdown::Timeout(limit))
}

async fn start(setup: Arc<Setup>, cx: StartContext) -> Result<Started, StartError> {
    let keeper = prepare(setup, cx.namespace()).await;
    let keeper = keeper.map_err(StartError::failed)?;
    let body = move |stop, ready| keeper.keep(stop, ready);
    cx.spawn_task_ready(body).await.map(Started::from)
}

async fn prepare(
    setup: Arc<Setup>,
    namespace: Option<Namespace>,
) -> Result<Keeper, EventStoreStartError> {
    let namespace = namespace.ok_or(EventStoreStartError::NoNamespace)?;
    setup.spec.validate().map_err(EventStoreStartError::Spec)?;
    if let Some(owner) = namespace.whereis(NAME) {
        let error = RegisterError::AlreadyRegistered(owner);
        return Err(EventStoreStartError::Register(error));
    }
    let kept = namespace.find_cell::<Kept>(NAME);
    let Some(cell) = kept.map(|kept| Arc::clone(&kept.0)) else {
        return first(setup, namespace).await;
    };
    let now = cell.terms();
    // A restart goes on with the backend that is there. So does another store that names the same one.
    let terms = if Arc::ptr_eq(&now.setup, &setup) {
        None
    } else if setup.backend.is_none() && setup.spec.backend == now.spec().backend {
        Some(Terms::new(setup, Arc::clone(&now.backend), &namespace))
    } else {
        let backend = open(&setup, &namespace).await?;
        Some(Terms::new(setup, backend, &namespace))
    };
    let usage = match &terms {
        Some(terms) => known(&*terms.backend).await,
        None => cell.usage(),
    };
    Ok(Keeper {
        namespace,
        cell,
        terms,
        usage,
    })
}

async fn first(
    setup: Arc<Setup>,
    namespace: Namespace,
) -> Result<Keeper, EventStoreStartError> {
    let backend = open(&setup, &namespace).await?;
    let usage = known(&*backend).await;
    let name = namespace.name().clone();
    let terms = Terms::new(setup, backend, &namespace);
    let kept = namespace.cell(NAME, || Kept(Arc::new(Cell::new(name, terms))));
    Ok(Keeper {
        cell: Arc::clone(&kept.0),
        namespace,
        terms: None,
        usage,
    })
}

/// What is there already. A server that cannot be asked now may be later.
async fn known(backend: &dyn EventBackend) -> Usage {
    match backend.usage().await {
        Ok(usage) => usage,
        Err(error) => {
            tracing::warn!(%error, "the event store starts without its events");
            Usage::default()
        }
    }
}

async fn open(
    setup: &Setup,
    namespace: &Namespace,
) -> Result<Arc<dyn EventBackend>, EventStoreStartError> {
    if let Some(backend) = &setup.backend {
        return Ok(Arc::clone(backend));
    }
    match &setup.spec.backend {
        EventBackendSpec::Sqlite {
            path,
            in_memory: _,
            pool,
        } => sqlite(path.as_deref(), pool.as_ref(), namespace).await,
        EventBackendSpec::Postgres { url, pool } => {
            postgres(url.as_deref(), pool.as_ref(), setup, namespace)
        }
        _ => Ok(Arc::new(MemoryBackend::new())),
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite(
    path: Option<&std::path::Path>,
    pool: Option<&mainstay_specs::ServiceName>,
    namespace: &Namespace,
) -> Result<Arc<dyn EventBackend>, EventStoreStartError> {
    use super::sqlite::SqliteBackend;

    if let Some(pool) = pool {
        let pool = pool.as_str().to_owned();
        return Err(EventStoreStartError::NoPool(pool, "SQLite"));
    }
    let name = namespace.name().clone();
    let backend = match path {
        Some(path) => SqliteBackend::open(path, name).await?,
        None => SqliteBackend::in_memory(name).await?,
    };
    Ok(Arc::new(backend))
}

#[cfg(not(feature = "sqlite"))]
#[allow(clippy::unused_async)] // it is in the place of one that awaits
async fn sqlite(
    _path: Option<&std::path::Path>,
    _pool: Option<&mainstay_specs::ServiceName>,
    _namespace: &Namespace,
) -> Result<Arc<dyn EventBackend>, EventStoreStartError> {
    Err(EventStoreStartError::NotBuiltIn("sqlite"))
}

#[cfg(feature = "postgres")]
fn postgres(
    url: Option<&str>,
    pool: Option<&mainstay_specs::ServiceName>,
    setup: &Setup,
    namespace: &Namespace,
) -> Result<Arc<dyn EventBackend>, EventStoreStartError> {
    use super::postgres::PostgresBackend;

    let Some(url) = url else {
        let pool = pool.map_or("", |pool| pool.as_str()).to_owned();
        return Err(EventStoreStartError::NoPool(pool, "PostgreSQL"));
    };
    let name = namespace.name().clone();
    let backend = PostgresBackend::new(url, name, setup.spec.time_limit)?;
    Ok(Arc::new(backend))
}

#[cfg(not(feature = "postgres"))]
fn postgres(
    _url: Option<&str>,
    _pool: Option<&mainstay_specs::ServiceName>,
    _setup: &Setup,
    _namespace: &Namespace,
) -> Result<Arc<dyn EventBackend>, EventStoreStartError> {
    Err(EventStoreStartError::NotBuiltIn("postgres"))
}
