//! Kinds of connections that the program was built with: from a source in a spec to the options of its manager.

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
use std::error::Error;

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
use mainstay_specs::Fault;
use mainstay_specs::{PoolSource, ServiceName};

use super::kinds::Make;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
use super::manager::ConnectionSpec;
use super::registry::RegisterPoolError;

pub(super) type Made = Result<Box<dyn Make>, RegisterPoolError>;

/// What a pool to this source is made of.
pub(super) fn built_in(pool: &ServiceName, source: &PoolSource) -> Made {
    match source {
        #[cfg(feature = "sqlite")]
        PoolSource::Sqlite {
            path,
            read_only,
            busy_timeout,
            synchronous,
            foreign_keys,
            setup,
            reset,
            ..
        } => {
            use super::managers::sqlite::SqliteOptions;
            let options = match path.as_str() {
                ":memory:" => SqliteOptions::memory(),
                path => SqliteOptions::file(path),
            };
            let options = options
                .busy_timeout(*busy_timeout)
                .synchronous(*synchronous)
                .foreign_keys(*foreign_keys)
                .setup(setup)
                .reset(*reset);
            sqlite(options, *read_only)
        }
        #[cfg(feature = "postgres")]
        PoolSource::Postgres {
            url,
            reset,
            cancel_after,
            setup,
            ..
        } => {
            use super::managers::postgres::PostgresOptions;
            let options = PostgresOptions::new(url).map_err(|error| wrong("url", &error))?;
            let options = options.reset(*reset).cancel_after(*cancel_after);
            postgres(options.setup(setup))
        }
        #[cfg(feature = "redis")]
        PoolSource::Redis {
            url,
            response_timeout,
            reset,
            ..
        } => {
            use super::managers::redis::RedisOptions;
            let options = RedisOptions::new(url).map_err(|error| wrong("url", &error))?;
            redis(options.response_timeout(*response_timeout).reset(*reset))
        }
        #[cfg(not(feature = "sqlite"))]
        PoolSource::Sqlite { .. } => not_built(pool, "sqlite"),
        #[cfg(not(feature = "postgres"))]
        PoolSource::Postgres { .. } => not_built(pool, "postgres"),
        #[cfg(not(feature = "redis"))]
        PoolSource::Redis { .. } => not_built(pool, "redis"),
        other => {
            let (pool, kind) = (pool.clone(), other.kind().to_owned());
            Err(RegisterPoolError::UnknownKind { pool, kind })
        }
    }
}

#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "redis")))]
fn not_built(pool: &ServiceName, kind: &'static str) -> Made {
    let pool = pool.clone();
    Err(RegisterPoolError::NotBuilt { pool, kind })
}

#[cfg(feature = "sqlite")]
fn sqlite(options: super::managers::sqlite::SqliteOptions, read_only: bool) -> Made {
    use super::managers::sqlite::{Sqlite, SqliteAccess, SqliteError};
    let access = match read_only {
        true => SqliteAccess::ReadOnly,
        false => SqliteAccess::Create,
    };
    let options = options.access(access);
    options.check().map_err(|error| match &error {
        SqliteError::Options { field, .. } if *field != "location" => wrong(field, &error),
        _ => wrong("path", &error),
    })?;
    Ok(Box::new(ConnectionSpec::new(Sqlite::new(), options)))
}

#[cfg(feature = "postgres")]
fn postgres(options: super::managers::postgres::PostgresOptions) -> Made {
    use super::managers::postgres::{Postgres, PostgresError};
    options.check().map_err(|error| match &error {
        PostgresError::Option { field, .. } => wrong(field, &error),
        _ => wrong("url", &error),
    })?;
    Ok(Box::new(ConnectionSpec::new(Postgres, options)))
}

#[cfg(feature = "redis")]
fn redis(options: super::managers::redis::RedisOptions) -> Made {
    use super::managers::redis::{Redis, RedisPoolError};
    options.check().map_err(|error| match &error {
        RedisPoolError::Option { field, .. } => wrong(field, &error),
        _ => wrong("url", &error),
    })?;
    Ok(Box::new(ConnectionSpec::new(Redis, options)))
}

/// What a manager has to say against a field of a source, which it calls by the same name.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
fn wrong(field: &str, error: &dyn Error) -> RegisterPoolError {
    let says = error.to_string();
    let says = says
        .strip_prefix(field)
        .and_then(|says| says.strip_prefix(": "));
    let place = mainstay_specs::SpecPath::root().field(field);
    let fault = Fault::new(says.map_or_else(|| error.to_string(), str::to_owned));
    RegisterPoolError::Config(fault.at(place).into())
}

#[cfg(all(test, not(feature = "postgres")))]
mod tests {
    use super::*;
    use crate::pool::PoolKinds;

    #[test]
    fn a_kind_that_was_not_built_is_told_with_what_to_do() {
        let pool = ServiceName::new("db").expect("a name");
        let source = PoolSource::postgres("postgres://db");
        let refused = PoolKinds::new().check_source(&pool, &source).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the connection pool db is of the kind `postgres`, but this program is built without it; turn the feature `postgres` of \
             the crate `mainstay` on"
        );
    }
}
