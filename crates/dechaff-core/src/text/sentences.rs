//! Sentences as lines, for articles that were joined into one line. Some data sets store an article
//! without its line ends, so that its notices stand between sentences of prose:
//!
//! ```text
//! The wall was approved. Sign up for our newsletter. Work begins in June.
//! ```

use super::document::Document;
use super::lines::TextLines;
use crate::steps;

/// Most lines that are not blank of a joined text.
const MAX_LINES: usize = 4;

/// Length of its longest line from which on a text can be a joined one, in bytes.
const MIN_LEN: usize = 500;

/// Fewest sentences of that line.
const MIN_SENTENCES: usize = 5;

/// The last characters of sentences.
const ENDS: [char; 7] = ['.', '!', '?', '…', '。', '！', '？'];

/// What can stand between the end of a sentence and white space.
const CLOSING: [char; 7] = ['"', '\'', '”', '’', '»', ')', ']'];

/// Returns the document with each sentence as a line, if it is a text that was joined into a few
/// long lines; `None` otherwise. White space after a sentence belongs to its line.
pub(crate) fn split_joined<'t>(lines: &TextLines<'t>) -> Option<Document<'t>> {
    if lines.count() > MAX_LINES || (0..lines.count()).all(|line| lines.text(line).len() < MIN_LEN)
    {
        return None;
    }
    let document = lines.document();
    let starts: Vec<usize> = (0..document.line_count())
        .flat_map(|line| {
            let span = document.line(line);
            sentence_starts(&document.text()[span.range()])
                .into_iter()
                .map(move |at| span.start() + at)
        })
        .collect();
    (starts.len() >= MIN_SENTENCES).then(|| document.with_line_starts(&starts))
}

/// Returns where the last of several sentences starts, in bytes, with the white space before it;
/// `None` if the text has one sentence.
pub(super) fn last_sentence(text: &str) -> Option<usize> {
    let start = sentence_starts(text).pop()?;
    (start > 0).then(|| text[..start].trim_end().len())
}

/// Returns where the sentences of a line start, in bytes from its start; the first one at 0. A
/// sentence starts behind the end of another one and white space, with anything but a lowercase
/// letter.
fn sentence_starts(line: &str) -> Vec<usize> {
    let mut starts = vec![0];
    for (at, end) in line.match_indices(ENDS) {
        let rest = &line[at + end.len()..];
        // The last of several ends counts.
        if rest.starts_with(ENDS) {
            continue;
        }
        let rest = rest.trim_start_matches(CLOSING);
        let next = rest.trim_start();
        steps::count(line.len() - at - next.len());
        let is_apart = next.len() < rest.len() || matches!(end, "。" | "！" | "？");
        let start = line.len() - next.len();
        if is_apart
            && next.starts_with(|c: char| !c.is_lowercase())
            && starts.last() != Some(&start)
        {
            starts.push(start);
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_start_behind_the_end_of_another() {
        for (line, starts) in [
            ("One. Two!  Three", vec![0, 5, 11]),
            ("He paid 3.5 million... and left.", vec![0]),
            ("“One.” Two?! (Three.)", vec![0, 11, 17]),
            ("一。二！", vec![0, 6]),
            ("", vec![0]),
        ] {
            assert_eq!(sentence_starts(line), starts, "{line}");
        }
    }

    #[test]
    fn only_few_long_lines_are_split() {
        let joined =
            "It rained on the day of the vote, and nobody came to the town hall. ".repeat(9);
        for (text, expected) in [
            (joined.clone(), Some(9)),
            (joined.clone() + "\n" + &joined, Some(18)),
            ((joined.clone() + "\n").repeat(5), None),
            ("It rained. ".repeat(9), None),
        ] {
            let document = Document::new(&text).unwrap();
            let lines = TextLines::new(&document, Vec::new());
            let count = split_joined(&lines).map(|document| document.line_count());
            assert_eq!(count, expected);
        }
    }
}
