//! What a caught panic says.

use std::any::Any;

/// The text of a payload, if it is one.
pub(super) fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&'static str>().copied());
    text.unwrap_or("a panic whose payload is not a text")
        .to_owned()
}
