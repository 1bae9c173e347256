//! The text that is really read: the source with what is at fault cut out, and what is missing put in.

/// A source text with changes. Places can be told in terms of the source throughout.
#[derive(Debug)]
pub(crate) struct Draft {
    text: String,
    /// What has been put in: before which byte of the source, and how long it is. In order.
    inserted: Vec<(usize, usize)>,
}

impl Draft {
    pub(crate) fn of(source: &str) -> Self {
        Self {
            text: source.to_owned(),
            inserted: Vec::new(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Puts `text` in before byte `at` of the source.
    pub(crate) fn insert(&mut self, at: usize, text: &str) {
        let place = self.place_of(at);
        self.text.insert_str(place, text);
        let nth = self.inserted.partition_point(|&(other, _)| other <= at);
        self.inserted.insert(nth, (at, text.len()));
    }

    /// Makes white space of these bytes of the source, and of what was put in there. Lines stay.
    pub(crate) fn blank(&mut self, start: usize, end: usize) {
        self.replace(start, end, "");
    }

    /// Puts `text`, which is not longer, in the place of these bytes of the source.
    pub(crate) fn replace(&mut self, start: usize, end: usize, text: &str) {
        let range = self.place_of(start)..self.place_of(end);
        let old = self.text[range.clone()].bytes().skip(text.len());
        let blank = old.map(|byte| if byte == b'\n' { '\n' } else { ' ' });
        let new: String = text.chars().chain(blank).collect();
        self.text.replace_range(range, &new);
    }

    /// Where in the draft a byte of the source is, behind what was put in before it.
    pub(crate) fn place_of(&self, at: usize) -> usize {
        let before = self.inserted.iter().take_while(|&&(other, _)| other <= at);
        at + before.map(|&(_, len)| len).sum::<usize>()
    }

    /// Which byte of the source is at `place` of the draft; for what was put in, the byte it stands before.
    pub(crate) fn source_of(&self, place: usize) -> usize {
        let mut shift = 0;
        for &(at, len) in &self.inserted {
            if place < at + shift {
                break;
            }
            if place < at + shift + len {
                return at;
            }
            shift += len;
        }
        place - shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanking_keeps_lines_and_lengths() {
        let mut draft = Draft::of("(a: \"é\n\", b: 1)");
        draft.blank(1, 11);
        assert_eq!(draft.text(), "(      \n   b: 1)");
        assert_eq!(draft.text().len(), "(a: \"é\n\", b: 1)".len());
    }

    #[test]
    fn places_of_the_draft_are_told_in_terms_of_the_source() {
        let mut draft = Draft::of("(b: 1)");
        draft.insert(1, "a: 2, ");
        assert_eq!(draft.text(), "(a: 2, b: 1)");
        let back: Vec<usize> = (0..12).map(|place| draft.source_of(place)).collect();
        assert_eq!(back, [0, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_was_put_in_after_a_value_goes_with_it() {
        let mut draft = Draft::of("[1 2]");
        draft.insert(2, ",");
        draft.blank(1, 2);
        assert_eq!(draft.text(), "[   2]");
    }
}
