//! Whether an event is meant, and which comes first.

use std::cmp::Ordering;

use super::{Direction, EventQuery, OrderBy};
use crate::config::{ConfigPath, ConfigValue};
use crate::event_store::event::Event;
use crate::event_store::time::bounded_micros;

impl EventQuery {
    /// Whether an event fits everything that is said. Order, offset and limit do not matter.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        self.matches_columns(event) && self.matches_data(&event.data)
    }

    fn matches_columns(&self, event: &Event) -> bool {
        let at = bounded_micros(event.wall_time);
        (self.types.is_empty() || self.types.contains(&event.event_type))
            && self.from.is_none_or(|from| from <= at)
            && self.until.is_none_or(|until| at < until)
            && self.after.is_none_or(|after| event.id > Some(after))
            && self
                .before
                .is_none_or(|before| event.id.is_some_and(|id| id < before))
            && fits(self.correlation_id.as_ref(), event.correlation_id.as_ref())
            && fits(self.parent_id.as_ref(), event.parent_id.as_ref())
            && fits(self.process.as_ref(), event.process.as_ref())
            && fits(self.node.as_ref(), event.node.as_ref())
    }

    /// Whether the data of an event fit what is said of them.
    pub(crate) fn matches_data(&self, data: &ConfigValue) -> bool {
        let mut said = self.data.iter();
        said.all(|(path, value)| at(data, path) == Some(value))
    }

    /// Which of two events comes first.
    pub(crate) fn compare(&self, a: &Event, b: &Event) -> Ordering {
        let by_id = a.id.cmp(&b.id);
        let order = match self.order_by {
            OrderBy::Id => by_id,
            OrderBy::Time => a.wall_time.cmp(&b.wall_time).then(by_id),
        };
        match self.direction {
            Direction::Ascending => order,
            Direction::Descending => order.reverse(),
        }
    }
}

fn fits<T: PartialEq>(asked: Option<&T>, found: Option<&T>) -> bool {
    asked.is_none_or(|asked| found == Some(asked))
}

fn at<'a>(data: &'a ConfigValue, path: &ConfigPath) -> Option<&'a ConfigValue> {
    path.segments()
        .iter()
        .try_fold(data, |value, segment| value.step(segment))
}
