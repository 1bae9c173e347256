//! The scripts that the server runs: one for each method, and one that has them all, for several limits at once.
//!
//! They are called for by their hash. A server that does not know one, as it was started anew or told to forget them, is sent its text.

use std::sync::OnceLock;

use redis::Script;

use super::policy::Shape;

const BEGIN: &str = include_str!("lua/begin.lua");
const BUCKET: &str = include_str!("lua/bucket.lua");
const FIXED: &str = include_str!("lua/fixed.lua");
const WEIGHTED: &str = include_str!("lua/weighted.lua");
const LOG: &str = include_str!("lua/log.lua");
const END: &str = include_str!("lua/end.lua");

/// The scripts of a connection. Each is put together when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    bucket: OnceLock<Text>,
    fixed: OnceLock<Text>,
    weighted: OnceLock<Text>,
    log: OnceLock<Text>,
    all: OnceLock<Text>,
}

/// A script, and what it is called for by.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) hash: String,
}

impl Text {
    fn new(methods: &[&str]) -> Self {
        let text = format!("{BEGIN}\n{}\n{END}", methods.join("\n"));
        let hash = Script::new(&text).get_hash().to_owned();
        Self { text, hash }
    }
}

impl Scripts {
    /// The one that has a method for each of these shapes.
    pub(super) fn of(&self, shapes: impl IntoIterator<Item = Shape>) -> &Text {
        let mut shapes = shapes.into_iter();
        let first = shapes.next();
        let Some(shape) = first.filter(|first| shapes.all(|other| other == *first)) else {
            let all = || Text::new(&[BUCKET, FIXED, WEIGHTED, LOG]);
            return self.all.get_or_init(all);
        };
        let (place, method) = match shape {
            Shape::Bucket => (&self.bucket, BUCKET),
            Shape::Fixed => (&self.fixed, FIXED),
            Shape::Weighted => (&self.weighted, WEIGHTED),
            Shape::Log => (&self.log, LOG),
        };
        place.get_or_init(|| Text::new(&[method]))
    }
}
