//! The registry and the processes of a scenario.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{ChildSpec, Restart};
use mainstay_supervisors::{
    Child, DynamicSupervisor, ExitReason, Keys, Listener, Process, RegisterError, Registry,
    RegistryEvent, Runtime, Started, SupervisorRef,
};
use serde_json::{Value, json};

use super::owner::{Message, Owner};
use crate::replay::drive::{Halt, Inexpressible, World};
use crate::replay::log::Log;
use crate::replay::matching::{Difference, match_multiset, match_value};
use crate::replay::scenario::{self, Reason, RegistryExpect, RegistryOp, RegistrySpec, Step};
use crate::replay::world::{exit_reason, name};

/// How long messages may take to be delivered, and processes to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after that something too many may show itself.
const AFTERMATH: Duration = Duration::from_millis(20);

pub(super) struct Names {
    runtime: Runtime,
    supervisor: SupervisorRef,
    registry: Registry<Value, Value>,
    listener: Option<Listener<Value, Value>>,
    processes: BTreeMap<String, Process>,
    delivered: Arc<Log<Value>>,
    /// Up to where deliveries were compared.
    compared: usize,
    is_duplicate: bool,
    /// Entries have no order when they are kept in several parts.
    is_ordered: bool,
}

impl World for Names {
    type Op = RegistryOp;
    type Expect = RegistryExpect;

    async fn play(
        &mut self,
        _: usize,
        step: &Step<RegistryOp, RegistryExpect>,
    ) -> Result<(), Halt> {
        let expect = &step.expect;
        let result = self.perform(&step.op).await?;
        let result = self.normal(result);
        match_value("result", &self.normal(expect.result.clone()), &result)?;
        match_multiset("listener", &expect.listener, &self.heard())?;
        self.compare_deliveries(step).await?;
        Ok(())
    }

    async fn close(self) {
        self.runtime.stop(Duration::ZERO).await;
    }
}

impl Names {
    pub(super) async fn new(spec: &RegistrySpec) -> Result<Self, Inexpressible> {
        let runtime = Runtime::new();
        let supervisor = runtime
            .start(name("processes")?, DynamicSupervisor::new())
            .await;
        let is_duplicate = spec.keys == scenario::Keys::Duplicate;
        let keys = if is_duplicate {
            Keys::Duplicate
        } else {
            Keys::Unique
        };
        let registry = Registry::new(keys);
        Ok(Self {
            runtime,
            supervisor: supervisor.map_err(|error| Inexpressible(error.to_string()))?,
            listener: spec.listeners.then(|| registry.listen()),
            registry,
            processes: BTreeMap::new(),
            delivered: Arc::default(),
            compared: 0,
            is_duplicate,
            is_ordered: spec.partitions == 1,
        })
    }

    async fn compare_deliveries(
        &mut self,
        step: &Step<RegistryOp, RegistryExpect>,
    ) -> Result<(), Difference> {
        let expected = &step.expect.delivered;
        if matches!(step.op, RegistryOp::Send { .. }) || !expected.is_empty() {
            let enough = |new: &[Value]| new.len() >= expected.len();
            self.delivered
                .wait_for(self.compared, enough, PATIENCE)
                .await;
            tokio::time::sleep(AFTERMATH).await;
        }
        let delivered = self.delivered.since(self.compared);
        self.compared += delivered.len();
        match_multiset("delivered", expected, &delivered)
    }

    async fn perform(&mut self, op: &RegistryOp) -> Result<Value, Inexpressible> {
        match op {
            RegistryOp::Spawn { proc } => self.spawn(proc).await,
            RegistryOp::Exit { proc, reason } => self.exit(proc, reason).await,
            RegistryOp::StopRegistry => Ok(self.stop().await),
            other => self.ask(other),
        }
    }

    async fn spawn(&mut self, proc: &str) -> Result<Value, Inexpressible> {
        let mut spec = ChildSpec::new(name(proc)?);
        spec.restart = Restart::Temporary;
        let owner = Owner {
            name: proc.to_owned(),
            delivered: Arc::clone(&self.delivered),
        };
        let child = Child::from_start(spec, move |cx| {
            let owner = owner.clone();
            async move { cx.spawn_actor(owner, ()).await.map(Started::from) }
        });
        match self.supervisor.start_child(child).await {
            Ok(Started::Process { process, .. }) => {
                self.processes.insert(proc.to_owned(), process);
                Ok(Value::Null)
            }
            other => Ok(json!(format!("unexpected: {other:?}"))),
        }
    }

    async fn exit(&self, name: &str, reason: &str) -> Result<Value, Inexpressible> {
        let process = self.process(name)?;
        // Any word that is no reason of steps is one of the process's own.
        let reason = Reason::try_from(reason.to_owned())
            .unwrap_or_else(|_| Reason::Error(reason.to_owned()));
        if reason == Reason::Kill {
            process.kill();
        } else if let Some(actor) = process.actor_ref::<Message>() {
            // One that has ended meanwhile is found ended below.
            let _ = actor.send_message(Message::Exit(exit_reason(&reason)));
        }
        match tokio::time::timeout(PATIENCE, process.ended()).await {
            Ok(_) => Ok(Value::Null),
            Err(_) => Ok(json!("the process did not end")),
        }
    }

    async fn stop(&self) -> Value {
        self.registry.stop(&ExitReason::Shutdown);
        tokio::time::sleep(AFTERMATH).await;
        let alive = self
            .processes
            .iter()
            .filter(|(_, process)| process.is_alive());
        json!({"alive": alive.map(|(name, _)| name).collect::<Vec<_>>()})
    }

    /// What is done at once.
    fn ask(&self, op: &RegistryOp) -> Result<Value, Inexpressible> {
        let registry = &self.registry;
        Ok(match op {
            RegistryOp::Register { proc, key, value } => {
                match registry.register(self.process(proc)?, key.clone(), value.clone()) {
                    Ok(_) => json!("ok"),
                    Err(error) => json!({"error": self.refusal(&error)}),
                }
            }
            RegistryOp::RegisterName { proc, key } => {
                let registered = registry.register(self.process(proc)?, key.clone(), Value::Null);
                json!(if registered.is_ok() { "yes" } else { "no" })
            }
            RegistryOp::Unregister { proc, key } => {
                registry.unregister(self.process(proc)?, key);
                json!("ok")
            }
            RegistryOp::UnregisterMatch { proc, key, value } => {
                registry.unregister_match(self.process(proc)?, key, |own| is_match(value, own));
                json!("ok")
            }
            RegistryOp::Lookup { key } => json!({"entries": self.entries(registry.lookup(key))}),
            RegistryOp::Match { key, value } => {
                let found = registry.lookup_match(key, |own| is_match(value, own));
                json!({"entries": self.entries(found)})
            }
            RegistryOp::CountMatch { key, value } => {
                json!(registry.lookup_match(key, |own| is_match(value, own)).len())
            }
            RegistryOp::Keys { proc } => {
                json!({"keys": sorted(registry.keys(self.process(proc)?))})
            }
            RegistryOp::Values { proc, key } => {
                json!({"values": registry.values(self.process(proc)?, key)})
            }
            RegistryOp::Count => json!(registry.count()),
            RegistryOp::UpdateValue { proc, key, add } => self.update(proc, key, *add)?,
            RegistryOp::Dispatch { key } => self.dispatch(key),
            RegistryOp::WhereisName { key } => match registry.whereis(key) {
                Some(process) => json!({"proc": self.name_of(&process)}),
                None => json!("undefined"),
            },
            RegistryOp::Send { key, msg } => self.send(key, msg),
            other => return self.ask_meta(other),
        })
    }

    fn ask_meta(&self, op: &RegistryOp) -> Result<Value, Inexpressible> {
        match op {
            RegistryOp::PutMeta { key, value } => {
                self.registry.put_meta(word(key), value.clone());
                Ok(json!("ok"))
            }
            RegistryOp::Meta { key } => match self.registry.meta(&word(key)) {
                Some(value) => Ok(json!({"ok": value})),
                None => Ok(json!("error")),
            },
            RegistryOp::DeleteMeta { key } => {
                self.registry.delete_meta(&word(key));
                Ok(json!("ok"))
            }
            other => Err(Inexpressible(format!("{other:?}"))),
        }
    }

    fn update(&self, proc: &str, key: &Value, add: i64) -> Result<Value, Inexpressible> {
        let added = |value: &Value| json!(value.as_i64().unwrap_or_default() + add);
        let updated = self.registry.update_value(self.process(proc)?, key, added);
        match updated {
            Some((new, old)) => Ok(json!({"new": new, "old": old})),
            // An entry under a shared key is not known by its key: Elixir raises, we have nothing to change.
            None if self.is_duplicate => Ok(json!({"raised": true})),
            None => Ok(json!("error")),
        }
    }

    fn dispatch(&self, key: &Value) -> Value {
        let (mut calls, mut entries) = (0, Vec::new());
        self.registry.dispatch(key, |found| {
            calls += 1;
            entries = self.entries(found);
        });
        match self.is_ordered {
            true => json!({"calls": calls, "entries": entries}),
            false => json!({"entries": entries}),
        }
    }

    fn send(&self, key: &Value, message: &Value) -> Value {
        let owner = self.registry.whereis(key);
        let actor = owner.and_then(|owner| owner.actor_ref::<Message>());
        let sent = actor.map(|actor| actor.send_message(Message::Deliver(message.clone())));
        match sent {
            Some(Ok(())) => json!("ok"),
            _ => json!({"raised": true}),
        }
    }

    fn process(&self, name: &str) -> Result<&Process, Inexpressible> {
        let process = self.processes.get(name);
        process.ok_or_else(|| Inexpressible(format!("{name} was never spawned")))
    }

    fn name_of(&self, process: &Process) -> &str {
        let found = self.processes.iter().find(|(_, other)| *other == process);
        found.map_or("unknown process", |(name, _)| name)
    }

    fn refusal(&self, error: &RegisterError) -> Value {
        match error {
            RegisterError::AlreadyRegistered(owner) => {
                json!(["already_registered", self.name_of(owner)])
            }
            other => json!(format!("unexpected: {other}")),
        }
    }

    fn entries(&self, found: Vec<(Process, Value)>) -> Vec<Value> {
        let entry = |(process, value): (Process, Value)| json!([self.name_of(&process), value]);
        found.into_iter().map(entry).collect()
    }

    /// What the listener has received. Elixir tells nothing of ends, so what we tell of them is left out.
    fn heard(&mut self) -> Vec<Value> {
        let mut heard = Vec::new();
        let mut listener = self.listener.take();
        while let Some(event) = listener
            .as_mut()
            .and_then(|listener| listener.try_recv().ok())
        {
            match event {
                RegistryEvent::Registered {
                    key,
                    process,
                    value,
                } => {
                    heard.push(json!(["register", key, self.name_of(&process), value]));
                }
                RegistryEvent::Unregistered { key, process } => {
                    heard.push(json!(["unregister", key, self.name_of(&process)]));
                }
                _ => {}
            }
        }
        self.listener = listener;
        heard
    }

    fn normal(&self, mut result: Value) -> Value {
        if !self.is_ordered
            && let Some(entries) = result.get_mut("entries").and_then(Value::as_array_mut)
        {
            entries.sort_by_key(Value::to_string);
        }
        result
    }
}

fn is_match(pattern: &Value, value: &Value) -> bool {
    pattern == "_" || pattern == value
}

fn sorted(mut keys: Vec<Value>) -> Vec<Value> {
    keys.sort_by_key(|key| (key.as_str().is_some(), key.as_i64(), key.to_string()));
    keys
}

fn word(key: &Value) -> String {
    key.as_str()
        .map_or_else(|| key.to_string(), ToOwned::to_owned)
}
