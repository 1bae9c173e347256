//! What is in an event.

use mainstay_actors::event_store::{Event, EventId};

use super::samples::{moment, values};
use super::trial::Trial;
use crate::testkit::conformance::{Violation, same};

const AS_IT_WAS: &str = "an event is given back as it was given";
const LARGE: &str = "an event may have a megabyte";
const NONE: &str = "there is no event where none was stored";

pub(super) async fn comes_back_as_it_was(trial: &mut Trial) -> Result<(), Violation> {
    same(NONE, &trial.get(1).await?, &None)?;
    trial.look(NONE).await?;
    let mut number = 0;
    for data in values() {
        number += 1;
        let event = Event::builder("a type \"with\" 'quotes' %_ ü🙂")
            .wall_time(moment(number))
            .correlation_id(format!("matter' {number}"))
            .process("production/children/clock")
            .parent_id(EventId::FIRST)
            .data(data);
        let event = event.build().expect("an event");
        trial.put(AS_IT_WAS, vec![event], &[number]).await?;
    }
    // With nothing that can be left out, at the ends of the times that there are.
    for at in [std::time::UNIX_EPOCH, moment(8_000_000_000_000_000 * 30)] {
        number += 1;
        let event = Event::builder("e").wall_time(at).build().expect("an event");
        trial.put(AS_IT_WAS, vec![event], &[number]).await?;
    }
    for event in &trial.events {
        let id = event.id().map_or(0, EventId::get);
        same(AS_IT_WAS, &trial.get(id).await?.as_ref(), &Some(event))?;
    }
    same(NONE, &trial.get(number + 1).await?, &None)?;
    trial.look(AS_IT_WAS).await
}

pub(super) async fn may_be_large(trial: &mut Trial) -> Result<(), Violation> {
    let event = Event::builder("large").data("x".repeat((1 << 20) - 2).as_str());
    trial
        .put(LARGE, vec![event.build().expect("an event")], &[1])
        .await?;
    trial.look(LARGE).await
}
