//! Events: a sequence in which some blocks leave the order open.

use serde_json::Value;

use super::Difference;
use crate::replay::scenario::EventItem;

/// One event as it is written: a kind, a path, an attempt and what belongs to it.
pub type Event = Vec<Value>;

/// Compares the events that happened with those expected.
///
/// They match when they are the same, and every expected neighbour comes wholly before the next: a block between two
/// events comes after all of the one and before all of the other, and inside a block only each sequence has an order.
///
/// # Errors
///
/// The first event that could not come at its place, with what could have.
pub fn match_events(expected: &[EventItem], got: &[Event]) -> Result<(), Difference> {
    let expected = without_empty(expected);
    if same_events(&flat(&expected), got) && is_ordered(&expected, got) {
        return Ok(());
    }
    Err(first_difference(&expected, got))
}

/// Whether something happened that cannot come at its place, so that waiting for the rest is of no use.
#[must_use]
pub fn deviates(expected: &[EventItem], got: &[Event]) -> bool {
    let expected = without_empty(expected);
    let done: Vec<&Event> = got.iter().collect();
    (0..got.len()).any(|at| !next_events(&expected, &done[..at]).contains(&&got[at]))
}

/// Blocks and sequences with nothing in them have no place and so no order.
fn without_empty(items: &[EventItem]) -> Vec<EventItem> {
    let kept = items.iter().filter_map(|item| match item {
        EventItem::Event(_) => Some(item.clone()),
        EventItem::Block { any_order } => {
            let mut any_order: Vec<_> = any_order.iter().map(|seq| without_empty(seq)).collect();
            any_order.retain(|seq| !seq.is_empty());
            (!any_order.is_empty()).then_some(EventItem::Block { any_order })
        }
    });
    kept.collect()
}

/// All events in a sequence, blocks opened up, in order.
fn flat(items: &[EventItem]) -> Vec<&Event> {
    let mut events = Vec::new();
    for item in items {
        match item {
            EventItem::Event(event) => events.push(event),
            EventItem::Block { any_order } => {
                events.extend(any_order.iter().flat_map(|seq| flat(seq)));
            }
        }
    }
    events
}

/// No event occurs twice in a step, so this is a comparison of sets; it counts all the same.
fn same_events(expected: &[&Event], got: &[Event]) -> bool {
    let mut rest: Vec<&Event> = got.iter().collect();
    let all_there = expected.iter().all(|wanted| {
        let index = rest.iter().position(|there| there == wanted);
        index.map(|index| rest.swap_remove(index)).is_some()
    });
    all_there && rest.is_empty()
}

/// Smallest and largest place of an item's events; `None` when one of them did not happen.
fn span(item: &EventItem, got: &[Event]) -> Option<(usize, usize)> {
    let place = |event: &Event| got.iter().position(|there| there == event);
    let mut span: Option<(usize, usize)> = None;
    for event in flat(std::slice::from_ref(item)) {
        let at = place(event)?;
        let (first, last) = span.unwrap_or((at, at));
        span = Some((first.min(at), last.max(at)));
    }
    span
}

fn is_ordered(items: &[EventItem], got: &[Event]) -> bool {
    let neighbours = items.windows(2).all(|pair| {
        let (Some(before), Some(after)) = (span(&pair[0], got), span(&pair[1], got)) else {
            return false;
        };
        before.1 < after.0
    });
    neighbours
        && items.iter().all(|item| match item {
            EventItem::Event(_) => true,
            EventItem::Block { any_order } => any_order.iter().all(|seq| is_ordered(seq, got)),
        })
}

/// Walks through what happened, as far as each event is one that may come next.
fn first_difference(expected: &[EventItem], got: &[Event]) -> Difference {
    let mut done: Vec<&Event> = Vec::new();
    for (index, event) in got.iter().enumerate() {
        let next = next_events(expected, &done);
        if !next.contains(&event) {
            return Difference::new(place(index), &show(&next), &text(event));
        }
        done.push(event);
    }
    let next = next_events(expected, &done);
    Difference::new(place(got.len()), &show(&next), &"nothing")
}

/// The events that may come after those done.
fn next_events<'a>(items: &'a [EventItem], done: &[&Event]) -> Vec<&'a Event> {
    let is_done = |event: &&Event| done.contains(event);
    let current = items
        .iter()
        .find(|item| !flat(std::slice::from_ref(*item)).iter().all(is_done));
    match current {
        None => Vec::new(),
        Some(EventItem::Event(event)) => vec![event],
        Some(EventItem::Block { any_order }) => any_order
            .iter()
            .flat_map(|seq| next_events(seq, done))
            .collect(),
    }
}

fn place(index: usize) -> String {
    format!("event {index}")
}

fn show(next: &[&Event]) -> String {
    let texts: Vec<String> = next.iter().map(|event| text(event)).collect();
    match texts.len() {
        0 => "no more".to_owned(),
        _ => texts.join(" or "),
    }
}

fn text(event: &Event) -> String {
    Value::from(event.clone()).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items(value: Value) -> Vec<EventItem> {
        serde_json::from_value(value).unwrap()
    }

    fn events(names: &str) -> Vec<Event> {
        let event = |name: char| vec![json!(name.to_string())];
        names.chars().map(event).collect()
    }

    fn block() -> Vec<EventItem> {
        items(json!([["a"], {"any_order": [[["b"], ["c"]], [["d"]]]}, ["e"]]))
    }

    #[test]
    fn a_plain_sequence_has_one_order() {
        let expected = items(json!([["a"], ["b"]]));
        assert_eq!(match_events(&expected, &events("ab")), Ok(()));
        let swapped = Difference::new("event 0", &r#"["a"]"#, &r#"["b"]"#);
        assert_eq!(match_events(&expected, &events("ba")), Err(swapped));
    }

    #[test]
    fn sequences_of_a_block_interleave_in_any_way_and_keep_their_own_order() {
        for good in ["abcde", "abdce", "adbce"] {
            assert_eq!(match_events(&block(), &events(good)), Ok(()), "{good}");
        }
        for bad in ["acbde", "badce", "abced", "dabce"] {
            assert!(match_events(&block(), &events(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_difference_in_a_block_tells_everything_that_could_have_come() {
        let difference = match_events(&block(), &events("ace")).unwrap_err();
        let expected = Difference::new("event 1", &r#"["b"] or ["d"]"#, &r#"["c"]"#);
        assert_eq!(difference, expected);
    }

    #[test]
    fn a_missing_and_an_additional_event_are_differences() {
        let expected = items(json!([["a"], ["b"]]));
        let missing = Difference::new("event 1", &r#"["b"]"#, &"nothing");
        assert_eq!(match_events(&expected, &events("a")), Err(missing));
        let additional = Difference::new("event 2", &"no more", &r#"["c"]"#);
        assert_eq!(match_events(&expected, &events("abc")), Err(additional));
        let twice = Difference::new("event 2", &"no more", &r#"["a"]"#);
        assert_eq!(match_events(&expected, &events("aba")), Err(twice));
    }

    #[test]
    fn a_beginning_does_not_deviate() {
        assert!(!deviates(&block(), &events("ad")));
        assert!(deviates(&block(), &events("ac")));
        assert!(deviates(&block(), &events("abcdef")));
    }

    #[test]
    fn empty_blocks_have_no_place() {
        let expected = items(json!([["a"], {"any_order": [[]]}, ["b"]]));
        assert_eq!(match_events(&expected, &events("ab")), Ok(()));
        assert_eq!(match_events(&items(json!([])), &[]), Ok(()));
        assert!(match_events(&expected, &events("ba")).is_err());
    }

    #[test]
    fn blocks_nest() {
        let expected = items(json!([
            {"any_order": [[["a"], {"any_order": [[["b"]], [["c"]]]}], [["d"]]]}, ["e"]
        ]));
        for good in ["abcde", "acbde", "adcbe", "dacbe"] {
            assert_eq!(match_events(&expected, &events(good)), Ok(()), "{good}");
        }
        for bad in ["badce", "abced", "edabc"] {
            assert!(match_events(&expected, &events(bad)).is_err(), "{bad}");
        }
    }

    /// Two ways to decide: by spans, as the oracle defines it, and by walking, as the message is made.
    #[test]
    fn the_walk_finds_a_difference_exactly_where_the_spans_do() {
        let shapes = [
            json!([["a"], {"any_order": [[["b"], ["c"]], [["d"]]]}, ["e"]]),
            json!([{"any_order": [[["a"], {"any_order": [[["b"]], [["c"]]]}], [["d"], ["e"]]]}]),
            json!([{"any_order": [[["a"]], [["b"]]]}, {"any_order": [[["c"], ["d"]], [["e"]]]}]),
            json!([["a"], ["b"], ["c"], ["d"], ["e"]]),
        ];
        for shape in shapes {
            let expected = items(shape);
            for order in permutations("abcde") {
                let got = events(&order);
                let walk = !deviates(&expected, &got);
                assert_eq!(is_ordered(&expected, &got), walk, "{expected:?} {order}");
            }
        }
    }

    fn permutations(letters: &str) -> Vec<String> {
        if letters.is_empty() {
            return vec![String::new()];
        }
        let with_first = |first: char| {
            permutations(&letters.replace(first, ""))
                .into_iter()
                .map(move |rest| format!("{first}{rest}"))
        };
        letters.chars().flat_map(with_first).collect()
    }
}
