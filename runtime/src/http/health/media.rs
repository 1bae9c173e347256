//! As which type health is told.

use axum::http::{HeaderMap, header};

/// What there is to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/health+json`, as the draft of the IETF has it.
    Draft,
    /// `application/json`: services by name, statuses as they are called here.
    Native,
}

impl Media {
    /// That which the caller likes better; the draft's if it likes both as much, or says nothing, or neither.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT).iter();
        let accepted = accepted.filter_map(|value| value.to_str().ok());
        let (mut draft, mut native) = (Liking::default(), Liking::default());
        for range in accepted.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let range = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = quality(parts);
            match range.as_str() {
                "application/health+json" => draft.say(2, quality),
                "application/json" => native.say(2, quality),
                "application/*" => [&mut draft, &mut native]
                    .into_iter()
                    .for_each(|liking| liking.say(1, quality)),
                "*/*" => [&mut draft, &mut native]
                    .into_iter()
                    .for_each(|liking| liking.say(0, quality)),
                _ => {}
            }
        }
        if native.quality() > draft.quality() {
            Self::Native
        } else {
            Self::Draft
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Draft => "application/health+json",
            Self::Native => "application/json",
        }
    }
}

/// How much a type is liked: what is said of it more closely counts.
#[derive(Default)]
struct Liking(Option<(u8, f32)>);

impl Liking {
    fn say(&mut self, closeness: u8, quality: f32) {
        if self.0.is_none_or(|(before, _)| before <= closeness) {
            self.0 = Some((closeness, quality));
        }
    }

    fn quality(&self) -> f32 {
        self.0.map_or(0.0, |(_, quality)| quality)
    }
}

fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> f32 {
    let given = parameters.find_map(|parameter| parameter.strip_prefix("q="));
    let given = given.map(|number| number.trim().parse().unwrap_or(0.0));
    given.unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(accept: &'static str) -> Media {
        let accept = axum::http::HeaderValue::from_static(accept);
        Media::of(&HeaderMap::from_iter([(header::ACCEPT, accept)]))
    }

    #[test]
    fn the_type_is_the_one_that_is_liked_best() {
        use Media::{Draft, Native};
        assert_eq!(Media::of(&HeaderMap::new()), Draft);
        for (accept, media) in [
            ("*/*", Draft),
            ("text/html", Draft),
            ("application/json", Native),
            ("Application/JSON", Native),
            ("application/health+json", Draft),
            ("application/json, application/health+json", Draft),
            (
                "application/json;q=0.9, application/health+json;q=0.5",
                Native,
            ),
            ("application/health+json;q=0, */*", Native),
            ("application/json;q=0, */*", Draft),
            (
                "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
                Native,
            ),
        ] {
            assert_eq!(asked(accept), media, "{accept}");
        }
    }
}
