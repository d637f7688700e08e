//! A document less what earlier stages cut, as the filters of one stage see it: its lines that are not blank, which of
//! them are gone, and what the cues say they are. Filters read views and nothing else, so that within a stage their
//! order cannot matter.

use super::document::Document;
use super::language::detect_language;
use super::lines::TextLines;
use super::normalize::NormalizedText;
use dechaff_rules::chars::is_word;

use super::span::Span;
use dechaff_rules::rule::Cue;
use std::cell::OnceCell;

/// A document less what earlier stages cut.
///
/// Lines are counted among those that are not blank.
#[derive(Debug)]
pub(crate) struct View<'d> {
    document: &'d Document<'d>,
    lines: &'d TextLines<'d>,
    states: Vec<LineState>,
    /// The language, once somebody asked.
    language: OnceCell<Option<String>>,
}

/// What is known of a line that is not blank.
#[derive(Clone, Copy, Debug, Default)]
struct LineState {
    cut: bool,
    /// One bit for each cue.
    cues: u8,
}

impl<'d> View<'d> {
    /// A view of a document of which nothing is cut.
    pub(crate) fn new(lines: &'d TextLines<'d>) -> Self {
        Self {
            document: lines.document(),
            lines,
            states: vec![LineState::default(); lines.count()],
            language: OnceCell::new(),
        }
    }

    /// Notes that the lines of a span are this.
    pub(crate) fn add_cue(&mut self, span: Span, cue: Cue) {
        for line in self.lines_of(span) {
            self.states[line].cues |= 1 << cue as u8;
        }
    }

    /// Hides the lines that lie wholly, or but for punctuation, in one of these spans, which are sorted and disjoint.
    pub(crate) fn hide(&mut self, spans: &[Span]) {
        let mut spans = spans;
        for line in 0..self.line_count() {
            let span = self.span(line);
            while spans.first().is_some_and(|cut| cut.end() <= span.start()) {
                spans = &spans[1..];
            }
            let touched =
                !self.states[line].cut && spans.first().is_some_and(|cut| cut.overlaps(span));
            self.states[line].cut |= touched
                && span
                    .without(spans)
                    .all(|rest| !has_word(&self.document.text()[rest.range()]));
        }
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// The language of the document, as a code such as `en`: the one that was given, or else a guess from its text, where
    /// that is sure.
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        self.document.language().or_else(|| {
            self.language
                .get_or_init(|| detect_language(self.document.text()))
                .as_deref()
        })
    }

    pub(crate) fn lines(&self) -> &'d TextLines<'d> {
        self.lines
    }

    /// Has lines folded in a buffer, if they are not there.
    pub(crate) fn normalize(&self, folded: &mut NormalizedText, lines: std::ops::Range<usize>) {
        folded.ensure(self.lines, lines);
    }

    /// Folds the stretch of text that begins with a line, and what stands within reach of it. Says which lines it has.
    pub(crate) fn normalize_window(
        &self,
        folded: &mut NormalizedText,
        from: usize,
    ) -> std::ops::Range<usize> {
        folded.advance_window(self.lines, from)
    }

    /// Number of lines that are not blank.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.states.len()
    }

    /// The number of a line in the document, blank ones counted, from 0.
    #[must_use]
    pub fn number(&self, line: usize) -> usize {
        self.lines.number(line)
    }

    /// The span of a line, its terminator included.
    #[must_use]
    pub fn span(&self, line: usize) -> Span {
        self.document.line(self.number(line))
    }

    /// The text of a line, without white space at its ends.
    #[must_use]
    pub fn text(&self, line: usize) -> &'d str {
        self.lines.text(line)
    }

    /// The line folded, without punctuation and symbols at its ends; empty if it has no letter or digit.
    pub(crate) fn trimmed<'f>(&self, line: usize, folded: &'f mut NormalizedText) -> &'f [u8] {
        self.normalize(folded, line..line + 1);
        folded.trimmed(folded.indices(line..line + 1).start)
    }

    /// A fingerprint of a trimmed line: the same for the same texts, and for others next to never.
    pub(crate) fn fingerprint(&self, line: usize, folded: &mut NormalizedText) -> u32 {
        if folded.fingerprint(line).is_none() {
            self.normalize(folded, 0..line + 1);
        }
        folded.fingerprint(line).unwrap_or_default()
    }

    /// Lines folded.
    pub(crate) fn folded<'f>(
        &self,
        lines: std::ops::Range<usize>,
        folded: &'f mut NormalizedText,
    ) -> &'f [u8] {
        self.normalize(folded, lines.clone());
        let lines = &folded.lines()[folded.indices(lines)];
        let range =
            lines.first().map_or(0, |line| line.start)..lines.last().map_or(0, |line| line.end);
        &folded.bytes()[range.start as usize..range.end as usize]
    }

    /// Whether an earlier stage cut the line.
    #[must_use]
    pub fn is_cut(&self, line: usize) -> bool {
        self.states[line].cut
    }

    /// Whether a cue rule says that the line is this.
    #[must_use]
    pub fn has_cue(&self, line: usize, cue: Cue) -> bool {
        self.states[line].cues & (1 << cue as u8) != 0
    }

    /// Whether no blank line stands between a line and the next.
    #[must_use]
    pub fn touches_next(&self, line: usize) -> bool {
        line + 1 < self.line_count() && self.number(line + 1) == self.number(line) + 1
    }

    /// Whether hard wrapping broke a line, so that the next goes on with its sentence.
    #[must_use]
    pub fn is_wrapped(&self, line: usize) -> bool {
        self.lines.joins(line)
    }

    /// Lines with all others that hard wrapping broke them off from.
    pub(crate) fn paragraphs(&self, lines: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let std::ops::Range { mut start, mut end } = lines;
        while start < end && self.lines.continues(start) {
            start -= 1;
        }
        while start < end && self.is_wrapped(end - 1) {
            end += 1;
        }
        start..end
    }

    /// The lines that a span touches.
    pub(crate) fn lines_of(&self, span: Span) -> std::ops::Range<usize> {
        let number = self.document.line_at(span.start());
        let from = self.lines.before(number);
        let after = (from..self.line_count()).find(|&line| self.span(line).start() >= span.end());
        from..after.unwrap_or(self.line_count())
    }
}

/// Whether a text has a letter or digit.
pub(crate) fn has_word(text: &str) -> bool {
    text.chars().any(is_word)
}

/// Number of words in a text; in scripts without spaces, two characters count as one.
pub(crate) fn word_count(text: &str) -> usize {
    let spaceless = text
        .chars()
        .filter(|&c| dechaff_rules::chars::is_spaceless(c))
        .count();
    let spaced = text
        .split_whitespace()
        .filter(|word| {
            word.chars()
                .any(|c| is_word(c) && !dechaff_rules::chars::is_spaceless(c))
        })
        .count();
    spaced + spaceless.div_ceil(2)
}

/// Whether a line ends as a sentence does. A closing quotation mark or bracket does not hide the stop before it.
pub(crate) fn ends_like_sentence(text: &str) -> bool {
    let inner = text.trim_end_matches(['"', '\'', '”', '’', '»', ')', ']', '」', '』', ' ']);
    inner.ends_with(['.', '!', '?', '…', '。', '！', '？', '।', '؟', ';', ','])
}
