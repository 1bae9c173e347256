//! Events of kinds that many programs have.

use std::time::Duration;

use super::{Event, EventBuilder, nanoseconds};
use crate::config::ConfigValue;

impl Event {
    /// That a function was called: of type `function_entry`, with `module`, `function`, `arity` and `args` as its data. A list of arguments
    /// counts as so many, a map too, and nothing as none; anything else is one.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use mainstay_actors::config::ConfigValue;
    /// use mainstay_actors::event_store::{Event, EventId};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let entry = Event::function_entry("shop", "pay", ConfigValue::list([7, 100]))
    ///     .correlation_id("cart-7")
    ///     .build()?;
    /// assert_eq!(entry.event_type().as_str(), "function_entry");
    /// assert_eq!(entry.data().step("arity"), Some(&2.into()));
    ///
    /// // As the store has numbered it.
    /// let call = EventId::FIRST;
    /// let took = Duration::from_micros(3);
    /// let exit = Event::function_exit("shop", "pay", "paid", took).parent_id(call).build()?;
    /// assert_eq!(exit.data().step("duration_ns"), Some(&3000.into()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn function_entry(
        module: &str,
        function: &str,
        args: impl Into<ConfigValue>,
    ) -> EventBuilder {
        let args = args.into();
        let arity = match &args {
            ConfigValue::Null => 0,
            ConfigValue::List(args) => args.len(),
            ConfigValue::Map(args) => args.len(),
            _ => 1,
        };
        Self::builder("function_entry").data(ConfigValue::map([
            ("module", module.into()),
            ("function", function.into()),
            ("arity", arity.into()),
            ("args", args),
        ]))
    }

    /// That a function has returned: of type `function_exit`, with `module`, `function`, `result` and `duration_ns`, how long it took in
    /// nanoseconds, as its data. The event of its call is to be its parent.
    pub fn function_exit(
        module: &str,
        function: &str,
        result: impl Into<ConfigValue>,
        took: Duration,
    ) -> EventBuilder {
        Self::builder("function_exit").data(ConfigValue::map([
            ("module", module.into()),
            ("function", function.into()),
            ("result", result.into()),
            ("duration_ns", nanoseconds(took).into()),
        ]))
    }

    /// That the state of something has changed: of type `state_change`, with `subject`, `cause`, `old_state`, `new_state` and `changed`,
    /// whether the one is not the other, as its data.
    ///
    /// ```
    /// use mainstay_actors::event_store::Event;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let change = Event::state_change("door", "key 7", "shut", "open").build()?;
    /// assert_eq!(change.data().step("changed"), Some(&true.into()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn state_change(
        subject: &str,
        cause: &str,
        old_state: impl Into<ConfigValue>,
        new_state: impl Into<ConfigValue>,
    ) -> EventBuilder {
        let (old_state, new_state) = (old_state.into(), new_state.into());
        let changed = old_state != new_state;
        Self::builder("state_change").data(ConfigValue::map([
            ("subject", subject.into()),
            ("cause", cause.into()),
            ("old_state", old_state),
            ("new_state", new_state),
            ("changed", changed.into()),
        ]))
    }
}
