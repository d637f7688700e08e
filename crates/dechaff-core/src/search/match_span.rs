//! From a match to the span of the source text that it marks: whole lines, or the match with the
//! punctuation and white space that would be left over beside it.

use crate::text::{Document, LINE_ENDS, NormalizedText, Span, View};
use dechaff_rules::chars::word_before;

/// Returns the source span of the match `start..end` of a phrase, in bytes of the normalized text.
/// A match of a whole-line phrase marks all lines that it touches; another one is trimmed by
/// [`trim_span`].
pub(super) fn match_span(
    view: &View<'_>,
    text: &NormalizedText,
    line: bool,
    start: usize,
    end: usize,
) -> Span {
    if line {
        let first = text.first() + text.line_index(start);
        let last = text.first() + text.line_index(end - 1);
        return Span::from_offsets(view.span(first).start(), view.span(last).end());
    }
    let document = view.document();
    let span = text.source(start, end, document.text());
    let starts_phrase = start == 0 || !word_before(text.bytes(), start - 1);
    trim_span(document, span, starts_phrase)
}

/// Extends a span over what would be left over without it: closing punctuation if `starts_phrase`
/// says that the span starts a sentence or line, and white space on one of its sides. In "One. Cut
/// this. Two." the span of "Cut this" becomes that of "Cut this. ".
pub(super) fn trim_span(document: &Document<'_>, span: Span, starts_phrase: bool) -> Span {
    const CLOSING: [char; 6] = ['.', '!', '?', '…', '。', '！'];
    let text = document.text();
    let after = &text[span.end()..];
    let closing = after.len() - after.trim_start_matches(CLOSING).len();
    let end = if starts_phrase {
        span.end() + closing
    } else {
        span.end()
    };
    let after = &text[end..];
    let spaces = after.len() - after.trim_start_matches(is_space).len();
    let before = &text[..span.start()];
    let trimmed = before.trim_end_matches(is_space);
    let ends_line = after[spaces..].starts_with(LINE_ENDS) || spaces == after.len();
    if ends_line {
        Span::from_offsets(trimmed.len(), end)
    } else if trimmed.len() < before.len() || before.is_empty() || before.ends_with(LINE_ENDS) {
        Span::from_offsets(span.start(), end + spaces)
    } else {
        Span::from_offsets(span.start(), end)
    }
}

/// Returns whether a character is white space within a line, rather than the end of one.
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() && !LINE_ENDS.contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_includes_its_full_stop_and_white_space_on_one_side() {
        for (text, cut, rest) in [
            ("One. Cut this. Two.", "Cut this", "One. Two."),
            ("Cut this. Two.", "Cut this", "Two."),
            ("One. Cut this.\nTwo.", "Cut this", "One.\nTwo."),
            ("One. Cut this. \r\nTwo.", "Cut this", "One. \r\nTwo."),
            ("One.\rCut this. Two.\r", "Cut this", "One.\rTwo.\r"),
            ("One (Cut this) two", "Cut this", "One () two"),
        ] {
            let document = Document::new(text).unwrap();
            let start = text.find(cut).unwrap();
            let span = Span::from_offsets(start, start + cut.len());
            let span = trim_span(&document, span, true);
            assert_eq!(
                format!("{}{}", &text[..span.start()], &text[span.end()..]),
                rest
            );
        }
    }
}
