//! What is wrong with the services of a namespace that only this program knows: content of the configuration, what pools connect to, what keeps events.

use mainstay_actors::config::ConfigValue;
use mainstay_actors::event_store::EventStore;
use mainstay_actors::pool::{PoolKinds, RegisterPoolError};
use mainstay_specs::{Args, Fault, Faults, Kinds, NamedPool, PoolSource, ServicesSpec, SpecPath};

/// The kinds of connections that the application brings; there are no kinds of children where there are no children.
pub(super) struct Brought<'a>(pub(super) &'a PoolKinds);

impl Kinds for Brought<'_> {
    fn names(&self) -> Vec<&str> {
        Vec::new()
    }

    fn check(&self, _: &str, _: &Args) -> Result<(), Faults> {
        Ok(())
    }

    fn pool_names(&self) -> Vec<&str> {
        self.0.names()
    }

    fn knows_pool(&self, kind: &str) -> bool {
        self.0.knows(kind)
    }

    fn check_pool(&self, kind: &str, args: &Args) -> Result<(), Faults> {
        self.0.check(kind, args)
    }
}

/// What is wrong with a spec by itself, and what else is wrong. Of what was told once, no more is told.
pub(crate) fn beside(
    own: Result<(), Faults>,
    more: impl IntoIterator<Item = Fault>,
) -> Result<(), Faults> {
    let mut all: Vec<Fault> = own.err().into_iter().flatten().collect();
    let told = all.len();
    for fault in more {
        if !all[..told].iter().any(|one| fault.path.leads_to(&one.path)) {
            all.push(fault);
        }
    }
    Faults::from_list(all).map_or(Ok(()), Err)
}

/// All that is wrong, with paths from the services inwards. What is wrong with the specs by themselves is told by these.
pub(crate) fn faults<'a>(
    services: &'a ServicesSpec,
    kinds: &'a PoolKinds,
) -> impl Iterator<Item = Fault> + 'a {
    let pools = services.connection_pools.iter();
    let pools = pools.flat_map(|spec| spec.pools.iter().enumerate());
    content(services)
        .into_iter()
        .chain(pools.flat_map(|(nth, pool)| source(nth, pool, kinds)))
        .chain(event_backend(services))
}

/// An event store on what this program was not built for, or can make nothing of.
fn event_backend(services: &ServicesSpec) -> Option<Fault> {
    let wrong = EventStore::check_spec(services.event_store.as_ref()?).err()?;
    let place = SpecPath::root().field("event_store").field("backend");
    Some(Fault::new(wrong.to_string()).at(place))
}

/// Content of the config server that cannot be configuration.
fn content(services: &ServicesSpec) -> Vec<Fault> {
    let server = services.config_server.as_ref();
    let content = server.and_then(|server| server.initial.as_ref());
    let wrong = content.and_then(|content| content.decode::<ConfigValue>().err());
    let place = SpecPath::root().field("config_server").field("initial");
    let faults = wrong.into_iter().flatten();
    faults.map(|fault| fault.inside(&place)).collect()
}

/// A pool to what this program was not built for.
fn source(nth: usize, pool: &NamedPool, kinds: &PoolKinds) -> Vec<Fault> {
    let list = SpecPath::root().field("connection_pools").field("pools");
    let place = list.index(nth).field("source");
    match kinds.check_source(&pool.name, &pool.source) {
        Err(wrong @ RegisterPoolError::NotBuilt { .. }) => {
            vec![Fault::new(wrong.to_string()).at(place)]
        }
        // What is registered was checked with the rest of the spec.
        Err(RegisterPoolError::Config(wrong)) if !is_other(&pool.source) => {
            let faults = wrong.into_iter();
            faults.map(|fault| fault.inside(&place)).collect()
        }
        _ => Vec::new(),
    }
}

const fn is_other(source: &PoolSource) -> bool {
    matches!(source, PoolSource::Other { .. })
}
