//! "Did you mean": the known word nearest to an unknown one.

/// The candidate that `word` is most probably a slip of the hand for.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let measured = candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate));
    measured
        .filter(|&(distance, candidate)| distance <= allowed && distance < candidate.len())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// What to say of an unknown word: the nearest known one, or else all of them, as far as there is room.
pub(crate) fn hint(word: &str, known: &[&str]) -> String {
    if let Some(nearest) = nearest(word, known.iter().copied()) {
        return format!("did you mean `{nearest}`?");
    }
    let shown: Vec<String> = known
        .iter()
        .take(LISTED_MAX)
        .map(|k| format!("`{k}`"))
        .collect();
    let rest = known.len().saturating_sub(LISTED_MAX);
    match (known, rest) {
        ([], _) => "there are none".to_owned(),
        ([only], _) => format!("expected `{only}`"),
        (_, 0) => format!("expected one of {}", shown.join(", ")),
        _ => format!("expected one of {} and {rest} more", shown.join(", ")),
    }
}

const LISTED_MAX: usize = 16;

/// How many letters have to be put in, left out, changed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(LETTERS_MAX).collect();
    let b: Vec<char> = b.chars().take(LETTERS_MAX).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut next = vec![i + 1];
        for j in 0..b.len() {
            let changed = row[j] + usize::from(a[i] != b[j]);
            let mut least = changed.min(row[j + 1] + 1).min(next[j] + 1);
            let swapped = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
            if swapped {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()] // a row has one number more than `b` has letters
}

/// Words are compared by their first letters only, so that a hostile one costs nothing.
const LETTERS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_a_gap_and_a_change_are_one_slip_each() {
        assert_eq!(distance("ticker", "tikcer"), 1);
        assert_eq!(distance("ticker", "tiker"), 1);
        assert_eq!(distance("ticker", "tigker"), 1);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn the_nearest_word_is_suggested_and_none_when_all_are_far() {
        let known = ["restart", "shutdown", "id"];
        assert_eq!(nearest("restrat", known), Some("restart"));
        assert_eq!(nearest("shtdwn", known), Some("shutdown"));
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn a_hint_lists_what_is_known_when_nothing_is_near() {
        assert_eq!(hint("rest", &["rust"]), "did you mean `rust`?");
        assert_eq!(
            hint("colour", &["id", "kind"]),
            "expected one of `id`, `kind`"
        );
        assert_eq!(hint("colour", &[]), "there are none");
    }
}
