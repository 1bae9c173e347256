//! What decides everything that is left to chance.

/// The environment variable that says the seed of every test, whatever its options say.
pub const SEED_VARIABLE: &str = "MAINSTAY_TEST_SEED";

/// The seed of the environment, if that is to be asked, else this one, else any.
pub(super) fn chosen(option: Option<u64>, environment: bool) -> Result<u64, String> {
    let text = match environment {
        true => std::env::var(SEED_VARIABLE).unwrap_or_default(),
        false => String::new(),
    };
    parsed(&text).map(|seed| seed.or(option).unwrap_or_else(|| fastrand::u64(..)))
}

fn parsed(text: &str) -> Result<Option<u64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let seed = text.parse();
    seed.map(Some)
        .map_err(|error| format!("{SEED_VARIABLE}: expected a number, found {text:?}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_number_or_nothing() {
        assert_eq!(parsed(""), Ok(None));
        assert_eq!(parsed("7"), Ok(Some(7)));
        let refused = parsed("seven").expect_err("no number");
        assert!(refused.contains("found \"seven\""), "{refused}");
    }
}
