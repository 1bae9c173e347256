//! Starting, the first time and again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use mainstay_specs::PoolConfig;
use mainstay_specs::{ChildId, ChildSpec, EventBackendSpec, EventStoreSpec, ServiceName, Shutdown};
use mainstay_supervisors::{Child, Namespace, StartContext, StartError, Started, Supervisor};

use super::backend::{BackendError, EventBackend, Usage};
use super::cell::{Cell, Kept};
use super::error::EventStoreStartError;
use super::handle::NAME;
use super::keeper::Keeper;
use super::memory::MemoryBackend;
#[cfg(feature = "postgres")]
use super::postgres::PostgresBackend;
#[cfg(feature = "sqlite")]
use super::sqlite::SqliteBackend;
use super::terms::{Setup, Terms};
#[cfg(feature = "postgres")]
use crate::pool::managers::postgres::{Postgres, PostgresOptions, PostgresReset};
#[cfg(feature = "sqlite")]
use crate::pool::managers::sqlite::{Sqlite, SqliteOptions};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use crate::pool::{ConnectionPool, ConnectionPoolRegistry, ConnectionSpec, Inherit, PoolManager};

/// The store as a child: its keeper; if it does not live on a pool of the namespace, but needs one, that of its own, and the keeper.
#[track_caller]
pub(crate) fn child(setup: Setup) -> Child {
    let pool = match own_pool(&setup) {
        Ok(pool) => pool,
        Err(error) => {
            let fails =
                move |_| std::future::ready(Err::<Started, _>(StartError::failed(error.clone())));
            return Child::from_start(ChildSpec::new(id(NAME)), fails);
        }
    };
    let setup = Arc::new(setup);
    let Some(pool) = pool else {
        return keeper(NAME, setup);
    };
    let supervisor = Supervisor::rest_for_one()
        .intensity(RESTARTS.0, RESTARTS.1)
        .child(pool)
        .child(keeper(KEEPER, setup));
    Child::supervisor(NAME, supervisor)
}

/// Whether a store could be started by this spec, as far as that can be said without opening anything.
pub(crate) fn check(spec: &EventStoreSpec) -> Result<(), EventStoreStartError> {
    spec.validate().map_err(EventStoreStartError::Spec)?;
    match &spec.backend {
        EventBackendSpec::Sqlite { .. } if !cfg!(feature = "sqlite") => {
            Err(EventStoreStartError::NotBuiltIn("sqlite"))
        }
        EventBackendSpec::Postgres { .. } if !cfg!(feature = "postgres") => {
            Err(EventStoreStartError::NotBuiltIn("postgres"))
        }
        _ => {
            let (spec, backend) = (spec.clone(), None);
            own_pool(&Setup { spec, backend }).map(drop)
        }
    }
}

#[track_caller]
fn keeper(name: &str, setup: Arc<Setup>) -> Child {
    let limit = Terms::drain_max(&setup.spec);
    let child = Child::from_start(ChildSpec::new(id(name)), move |cx| {
        let setup = Arc::clone(&setup);
        async move { start(setup, cx).await }
    });
    child.shutdown(Shutdown::Timeout(limit))
}

fn id(name: &str) -> ChildId {
    // A name is not empty, short, and without `/` and white space: those given are.
    ChildId::new(name).expect("a name")
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
    let free = namespace.until_free(NAME).await;
    free.map_err(EventStoreStartError::Register)?;
    let kept = namespace.find_cell::<Kept>(NAME);
    let Some(cell) = kept.map(|kept| Arc::clone(&kept.0)) else {
        return first(setup, namespace).await;
    };
    let now = cell.terms();
    // A restart goes on with the backend that is there. So does another store in memory.
    let terms = if Arc::ptr_eq(&now.setup, &setup) {
        None
    } else if is_in_memory(&setup) && is_in_memory(&now.setup) {
        Some(Terms::new(setup, Arc::clone(&now.backend), &namespace)?)
    } else {
        let backend = open(&setup, &namespace)?;
        Some(Terms::new(setup, backend, &namespace)?)
    };
    let usage = match &terms {
        Some(terms) => Some(known(terms).await?),
        None => None,
    };
    Ok(Keeper {
        namespace,
        cell,
        terms,
        usage,
    })
}

fn is_in_memory(setup: &Setup) -> bool {
    setup.backend.is_none() && setup.spec.backend == EventBackendSpec::Memory
}

async fn first(setup: Arc<Setup>, namespace: Namespace) -> Result<Keeper, EventStoreStartError> {
    let backend = open(&setup, &namespace)?;
    let name = namespace.name().clone();
    let terms = Terms::new(setup, backend, &namespace)?;
    let usage = Some(known(&terms).await?);
    let kept = namespace.cell(NAME, || Kept(Arc::new(Cell::new(name, terms))));
    Ok(Keeper {
        cell: Arc::clone(&kept.0),
        namespace,
        terms: None,
        usage,
    })
}

/// What is there already. A server that cannot be asked now may be later; a file that cannot be is no place for events.
async fn known(terms: &Terms) -> Result<Usage, EventStoreStartError> {
    let is_server = matches!(terms.spec().backend, EventBackendSpec::Postgres { .. });
    // Backends have limits of their own, which are told better.
    let limit = terms.spec().time_limit * 2;
    let usage = tokio::time::timeout(limit, terms.backend.usage()).await;
    let late = |_| Err(BackendError::failed(format!("no answer within {limit:?}")));
    match usage.unwrap_or_else(late) {
        Ok(usage) => Ok(usage),
        Err(error @ BackendError::Failed(_)) if is_server => {
            tracing::warn!(%error, "the event store starts without its events");
            Ok(Usage::default())
        }
        Err(error) => Err(error.into()),
    }
}

fn open(
    setup: &Setup,
    namespace: &Namespace,
) -> Result<Arc<dyn EventBackend>, EventStoreStartError> {
    if let Some(backend) = &setup.backend {
        return Ok(Arc::clone(backend));
    }
    match &setup.spec.backend {
        EventBackendSpec::Sqlite { pool, .. } => on_sqlite(pool.as_ref(), setup, namespace),
        EventBackendSpec::Postgres { pool, .. } => on_postgres(pool.as_ref(), setup, namespace),
        _ => Ok(Arc::new(MemoryBackend::new())),
    }
}

/// The pool that the store needs and the namespace does not have.
#[track_caller]
fn own_pool(setup: &Setup) -> Result<Option<Child>, EventStoreStartError> {
    match &setup.spec.backend {
        _ if setup.backend.is_some() => Ok(None),
        EventBackendSpec::Sqlite {
            path, pool: None, ..
        } => sqlite_pool(path.as_deref(), setup).map(Some),
        EventBackendSpec::Postgres {
            url: Some(url),
            pool: None,
        } => postgres_pool(url, setup).map(Some),
        _ => Ok(None),
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn own_name() -> ServiceName {
    ServiceName::new(EventStoreSpec::POOL).expect("a name")
}

/// What becomes of the pool of a store that was removed: one with the same backend goes on with it.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn inherit(setup: &Setup) -> impl Fn(&Namespace) -> Inherit + Send + Sync + use<> {
    let backend = setup.spec.backend.clone();
    move |namespace| {
        if namespace.whereis(NAME).is_some() {
            return Inherit::Nothing;
        }
        let kept = namespace.find_cell::<Kept>(NAME);
        let terms = kept.map(|kept| kept.0.terms());
        let is_same = terms
            .is_some_and(|terms| terms.setup.backend.is_none() && terms.spec().backend == backend);
        if is_same {
            Inherit::Pool
        } else {
            Inherit::Name
        }
    }
}

/// The configuration of a pool of the store's own: one connection stores, the others answer questions.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn own_config(setup: &Setup) -> PoolConfig {
    PoolConfig::new(CONNECTIONS).checkout_timeout(setup.spec.time_limit)
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn find<P: ConnectionPool>(
    name: Option<&ServiceName>,
    namespace: &Namespace,
    kind: &'static str,
) -> Result<PoolManager<P>, EventStoreStartError> {
    let name = name.cloned().unwrap_or_else(own_name);
    let found = ConnectionPoolRegistry::of(namespace).pool::<P>(&name);
    found.map_err(|_| EventStoreStartError::NoPool(name.as_str().to_owned(), kind))
}

#[cfg(feature = "sqlite")]
#[track_caller]
fn sqlite_pool(path: Option<&Path>, setup: &Setup) -> Result<Child, EventStoreStartError> {
    let options = path.map_or_else(SqliteOptions::memory, SqliteOptions::file);
    // After a rush of questions, which hold the log up, it gives its room back.
    let options = options.setup("PRAGMA journal_size_limit = 67108864");
    let spec = ConnectionSpec::new(Sqlite::new(), options);
    let (name, config) = (own_name(), own_config(setup));
    Ok(PoolManager::child_after(name, config, spec, inherit(setup)))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite_pool(_path: Option<&Path>, _setup: &Setup) -> Result<Child, EventStoreStartError> {
    Err(EventStoreStartError::NotBuiltIn("sqlite"))
}

#[cfg(feature = "sqlite")]
fn on_sqlite(
    pool: Option<&ServiceName>,
    setup: &Setup,
    namespace: &Namespace,
) -> Result<Arc<dyn EventBackend>, EventStoreStartError> {
    let pool = find::<Sqlite>(pool, namespace, "SQLite")?;
    let backend = SqliteBackend::new(pool, namespace.name().clone(), setup.spec.time_limit);
    Ok(Arc::new(backend))
}

#[cfg(not(feature = "sqlite"))]
fn on_sqlite(
    _pool: Option<&ServiceName>,
    _setup: &Setup,
    _namespace: &Namespace,
) -> Result<Arc<dyn EventBackend>, EventStoreStartError> {
    Err(EventStoreStartError::NotBuiltIn("sqlite"))
}

#[cfg(feature = "postgres")]
#[track_caller]
fn postgres_pool(url: &str, setup: &Setup) -> Result<Child, EventStoreStartError> {
    let options = PostgresOptions::new(url).map_err(BackendError::failed)?;
    // Each transaction is ended by whoever has begun it, or by this; nothing else is left behind.
    let spec = ConnectionSpec::new(Postgres, options.reset(PostgresReset::Rollback));
    let (name, config) = (own_name(), own_config(setup));
    Ok(PoolManager::child_after(name, config, spec, inherit(setup)))
}

#[cfg(not(feature = "postgres"))]
fn postgres_pool(_url: &str, _setup: &Setup) -> Result<Child, EventStoreStartError> {
    Err(EventStoreStartError::NotBuiltIn("postgres"))
}

#[cfg(feature = "postgres")]
fn on_postgres(
    pool: Option<&ServiceName>,
    setup: &Setup,
    namespace: &Namespace,
) -> Result<Arc<dyn EventBackend>, EventStoreStartError> {
    let pool = find::<Postgres>(pool, namespace, "PostgreSQL")?;
    let (name, limit) = (namespace.name().clone(), setup.spec.time_limit);
    Ok(Arc::new(PostgresBackend::new(pool, name, limit)))
}

#[cfg(not(feature = "postgres"))]
fn on_postgres(
    _pool: Option<&ServiceName>,
    _setup: &Setup,
    _namespace: &Namespace,
) -> Result<Arc<dyn EventBackend>, EventStoreStartError> {
    Err(EventStoreStartError::NotBuiltIn("postgres"))
}

/// The id of the keeper's child, where the store has a pool of its own.
const KEEPER: &str = "keeper";

#[cfg(any(feature = "sqlite", feature = "postgres"))]
const CONNECTIONS: u32 = 4;

/// How often the processes of a store with a pool may be restarted, in how long, before it gives up.
const RESTARTS: (u32, Duration) = (10, Duration::from_secs(60));
