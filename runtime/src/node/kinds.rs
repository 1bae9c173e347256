//! What stands behind the kinds of a node file: functions that make children.

use std::collections::BTreeMap;
use std::fmt;

use mainstay_specs::{Args, ChildSpec, ChildType, Fault, Faults, Kinds, NodeChild};
use mainstay_supervisors::Child;
use serde::de::DeserializeOwned;

/// What the function behind a kind may return: a [`Child`], or a result of one.
pub trait IntoChild {
    /// The child, or why there is none.
    ///
    /// # Errors
    ///
    /// Whatever the function has to say against the arguments.
    fn into_child(self) -> Result<Child, Box<dyn std::error::Error + Send + Sync>>;
}

impl IntoChild for Child {
    fn into_child(self) -> Result<Child, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self)
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> IntoChild for Result<Child, E> {
    fn into_child(self) -> Result<Child, Box<dyn std::error::Error + Send + Sync>> {
        self.map_err(Into::into)
    }
}

type Factory = dyn Fn(&Args) -> Result<Child, Faults> + Send + Sync;

/// The kinds of a node, by name.
#[derive(Default)]
pub(crate) struct Factories(BTreeMap<String, Box<Factory>>);

impl Factories {
    pub(crate) fn insert<A, K, F>(&mut self, name: String, factory: F)
    where
        A: DeserializeOwned,
        K: IntoChild,
        F: Fn(A) -> K + Send + Sync + 'static,
    {
        let make = move |args: &Args| {
            let child = factory(args.decode::<A>()?).into_child();
            child.map_err(|error| refused(args, &*error))
        };
        self.0.insert(name, Box::new(make));
    }

    /// The child that a file describes: started by its kind, and for the rest as the file says.
    ///
    /// `None` if there is no such kind.
    pub(crate) fn child(&self, kind: &str, child: &NodeChild) -> Option<Result<Child, Faults>> {
        let made = (self.0.get(kind)?)(&child.args);
        Some(made.map(|made| made.with_spec(|spec| take_over(spec, &child.spec))))
    }
}

/// The file decides; what it leaves open is as the kind has it.
fn take_over(spec: &mut ChildSpec, file: &ChildSpec) {
    let made = std::mem::replace(spec, file.clone());
    if made.child_type == ChildType::Supervisor {
        spec.child_type = ChildType::Supervisor;
    }
    spec.shutdown = file.shutdown.or(made.shutdown);
    spec.backoff = file.backoff.or(made.backoff);
    spec.mailbox_limit = file.mailbox_limit.or(made.mailbox_limit);
    spec.name = file.name.clone().or(made.name);
}

fn refused(args: &Args, error: &dyn std::error::Error) -> Faults {
    let fault = Fault::new(error.to_string());
    let Some(position) = args.position() else {
        return fault.into();
    };
    let first_line = args.text().lines().next().unwrap_or_default();
    fault
        .positioned(position, first_line.chars().count())
        .into()
}

impl Kinds for Factories {
    fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    fn knows(&self, kind: &str) -> bool {
        self.0.contains_key(kind)
    }

    fn check(&self, kind: &str, args: &Args) -> Result<(), Faults> {
        self.0.get(kind).map_or(Ok(()), |make| make(args).map(drop))
    }
}

impl fmt::Debug for Factories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
