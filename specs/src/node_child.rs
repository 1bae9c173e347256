//! A child in a file: a child spec, and what to start.

use std::fmt;
use std::num::NonZeroUsize;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Args, Backoff, ChildId, ChildSpec, ChildType, Restart, ServiceName, Shutdown, SupervisorFlags,
};

/// A child of a namespace or of a supervisor in one: either a worker of some kind, or a supervisor with children.
///
/// In a file the fields of [`spec`](Self::spec) stand beside the others:
///
/// ```ron
/// (id: "ticker", kind: "ticker", args: (every: "1s"), restart: transient)
/// (id: "pool", supervisor: (strategy: one_for_all), children: [])
/// ```
///
/// [`worker`](Self::worker) and [`supervisor`](Self::supervisor) cannot go wrong; a child with both a kind and a
/// supervisor, or with neither, is refused by validation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NodeChild {
    /// Identity, restart, shutdown. The type of a child with a [`supervisor`](Self::supervisor) is supervisor by default.
    pub spec: ChildSpec,
    /// The name of what to start, as the node knows it. Exactly one of this and [`supervisor`](Self::supervisor) is given.
    pub kind: Option<String>,
    /// What the kind gets to start with. Default: none; none without a kind.
    pub args: Args,
    /// How the supervisor behaves that is this child. `()` takes all defaults.
    pub supervisor: Option<SupervisorFlags>,
    /// The children of that supervisor, in start order; none without one.
    pub children: Vec<Self>,
}

impl NodeChild {
    /// A child of this kind, without arguments.
    #[must_use]
    pub fn worker(spec: ChildSpec, kind: impl Into<String>) -> Self {
        Self {
            kind: Some(kind.into()),
            ..Self::bare(spec)
        }
    }

    /// A supervisor with these children. The type in `spec` becomes supervisor.
    #[must_use]
    pub fn supervisor(
        spec: ChildSpec,
        flags: SupervisorFlags,
        children: impl IntoIterator<Item = Self>,
    ) -> Self {
        Self {
            supervisor: Some(flags),
            children: children.into_iter().collect(),
            ..Self::bare(spec.child_type(ChildType::Supervisor))
        }
    }

    /// Sets what the kind gets to start with.
    #[must_use]
    pub fn args(mut self, args: Args) -> Self {
        self.args = args;
        self
    }

    const fn bare(spec: ChildSpec) -> Self {
        Self {
            spec,
            kind: None,
            args: Args::NONE,
            supervisor: None,
            children: Vec::new(),
        }
    }

    const fn default_type(&self) -> ChildType {
        match self.supervisor {
            Some(_) => ChildType::Supervisor,
            None => ChildType::Worker,
        }
    }
}

/// A field as it stands in a file.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Id,
    Kind,
    Args,
    Supervisor,
    Children,
    Restart,
    Shutdown,
    Type,
    Significant,
    DependsOn,
    Name,
    MailboxLimit,
    Backoff,
}

const FIELDS: &[&str] = &[
    "id",
    "kind",
    "args",
    "supervisor",
    "children",
    "restart",
    "shutdown",
    "type",
    "significant",
    "depends_on",
    "name",
    "mailbox_limit",
    "backoff",
];

// By hand, because serde's `flatten` goes neither with `deny_unknown_fields` nor with RON's structs.
impl<'de> Deserialize<'de> for NodeChild {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("NodeChild", FIELDS, Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = NodeChild;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a child")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NodeChild, A::Error> {
        let mut given = Given::default();
        let mut seen = Vec::with_capacity(FIELDS.len());
        while let Some(field) = map.next_key::<Field>()? {
            if seen.contains(&field) {
                return Err(A::Error::duplicate_field(FIELDS[field as usize]));
            }
            seen.push(field);
            given.take(field, &mut map)?;
        }
        let id = given.id.take();
        let id = id.ok_or_else(|| A::Error::missing_field("id"))?;
        Ok(given.child(id))
    }
}

/// The fields read so far.
#[derive(Default)]
struct Given {
    id: Option<ChildId>,
    kind: Option<String>,
    args: Option<Args>,
    supervisor: Option<SupervisorFlags>,
    children: Vec<NodeChild>,
    restart: Restart,
    shutdown: Option<Shutdown>,
    child_type: Option<ChildType>,
    significant: bool,
    depends_on: Vec<ChildId>,
    name: Option<ServiceName>,
    mailbox_limit: Option<NonZeroUsize>,
    backoff: Option<Backoff>,
}

impl Given {
    fn take<'de, A: MapAccess<'de>>(&mut self, field: Field, map: &mut A) -> Result<(), A::Error> {
        match field {
            Field::Id => self.id = Some(map.next_value()?),
            Field::Kind => self.kind = map.next_value()?,
            Field::Args => self.args = Some(map.next_value()?),
            Field::Supervisor => self.supervisor = map.next_value()?,
            Field::Children => self.children = map.next_value()?,
            Field::Restart => self.restart = map.next_value()?,
            Field::Shutdown => self.shutdown = map.next_value()?,
            Field::Type => self.child_type = Some(map.next_value()?),
            Field::Significant => self.significant = map.next_value()?,
            Field::DependsOn => self.depends_on = map.next_value()?,
            Field::Name => self.name = map.next_value()?,
            Field::MailboxLimit => self.mailbox_limit = map.next_value()?,
            Field::Backoff => self.backoff = map.next_value()?,
        }
        Ok(())
    }

    fn child(self, id: ChildId) -> NodeChild {
        let mut child = NodeChild {
            kind: self.kind,
            args: self.args.unwrap_or_default(),
            supervisor: self.supervisor,
            children: self.children,
            spec: ChildSpec {
                restart: self.restart,
                shutdown: self.shutdown,
                significant: self.significant,
                depends_on: self.depends_on,
                name: self.name,
                mailbox_limit: self.mailbox_limit,
                backoff: self.backoff,
                ..ChildSpec::new(id)
            },
        };
        child.spec.child_type = self.child_type.unwrap_or_else(|| child.default_type());
        child
    }
}

impl Serialize for NodeChild {
    /// Leaves out what is as by default.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let spec = &self.spec;
        let mut out = serializer.serialize_struct("NodeChild", FIELDS.len())?;
        out.serialize_field("id", &spec.id)?;
        if let Some(kind) = &self.kind {
            out.serialize_field("kind", kind)?;
        }
        if !self.args.is_empty() {
            out.serialize_field("args", &self.args)?;
        }
        if spec.restart != Restart::default() {
            out.serialize_field("restart", &spec.restart)?;
        }
        if let Some(shutdown) = &spec.shutdown {
            out.serialize_field("shutdown", shutdown)?;
        }
        if spec.child_type != self.default_type() {
            out.serialize_field("type", &spec.child_type)?;
        }
        if spec.significant {
            out.serialize_field("significant", &true)?;
        }
        if !spec.depends_on.is_empty() {
            out.serialize_field("depends_on", &spec.depends_on)?;
        }
        if let Some(name) = &spec.name {
            out.serialize_field("name", name)?;
        }
        if let Some(limit) = &spec.mailbox_limit {
            out.serialize_field("mailbox_limit", limit)?;
        }
        if let Some(backoff) = &spec.backoff {
            out.serialize_field("backoff", backoff)?;
        }
        if let Some(flags) = &self.supervisor {
            out.serialize_field("supervisor", flags)?;
        }
        if !self.children.is_empty() {
            out.serialize_field("children", &self.children)?;
        }
        out.end()
    }
}
