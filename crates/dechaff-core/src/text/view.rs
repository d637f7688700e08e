//! Views: a document as the filters of one stage see it. A view has the non-blank lines of the
//! document, with which of them earlier stages removed, and the cues about them. Filters read
//! nothing but the view, which does not change within a stage, so their order does not matter.

use super::document::Document;
use super::language::detect_language;
use super::lines::TextLines;
use super::normalize::NormalizedText;
use super::page_texts::PageTexts;
use super::span::Span;
use super::structure::{Found, structures};
use super::words::has_word;
use dechaff_rules::rule::Cue;
use std::cell::OnceCell;
use std::ops::Range;

/// A document without the lines that earlier stages removed.
///
/// In all methods, lines are numbered among the non-blank lines of the document, from 0.
#[derive(Debug)]
pub(crate) struct View<'d> {
    document: &'d Document<'d>,
    lines: &'d TextLines<'d>,
    states: Vec<LineState>,
    /// The detected language, once a filter needed it.
    language: OnceCell<Option<String>>,
    /// The structures of the document, once they were needed.
    structures: OnceCell<Vec<Found>>,
    /// The texts of the page, once they were needed.
    page_texts: OnceCell<PageTexts>,
}

/// What is known about a non-blank line.
#[derive(Clone, Copy, Debug, Default)]
struct LineState {
    /// Whether an earlier stage removed the line.
    cut: bool,
    /// A bit for each [`Cue`] that a rule gave the line.
    cues: u8,
}

impl<'d> View<'d> {
    /// Makes a view of a document of which nothing is removed and about which there are no cues.
    pub(crate) fn new(lines: &'d TextLines<'d>) -> Self {
        Self {
            document: lines.document(),
            lines,
            states: vec![LineState::default(); lines.count()],
            language: OnceCell::new(),
            structures: OnceCell::new(),
            page_texts: OnceCell::new(),
        }
    }

    /// Gives a cue to all lines that a span touches. Stages add cues between filters, never while
    /// one reads the view.
    pub(crate) fn add_cue(&mut self, span: Span, cue: Cue) {
        for line in self.lines_of(span) {
            self.states[line].cues |= 1 << cue as u8;
        }
    }

    /// Hides the lines of which the removal of `spans` leaves at most white space, punctuation and
    /// symbols. The spans must be sorted and disjoint. Lines that are hidden already stay hidden.
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

    /// Returns the document, with its blank lines and with the lines that earlier stages removed.
    #[must_use]
    pub fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// Returns the language of the document as a code such as `en`: the one that the user set, or
    /// else the one that is detected from the text, on the first call. Returns `None` if the
    /// language is not certain.
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        self.document.language().or_else(|| {
            self.language
                .get_or_init(|| detect_language(self.document.text()))
                .as_deref()
        })
    }

    /// Returns the non-blank lines of the document, which are numbered as those of the view.
    pub(crate) fn lines(&self) -> &'d TextLines<'d> {
        self.lines
    }

    /// Returns the structures of the document, in the order of their first lines. Detects them on
    /// the first call.
    pub(crate) fn structures(&self) -> &[Found] {
        self.structures.get_or_init(|| structures(self.lines))
    }

    /// Returns the texts of the page that its site may repeat, those that were removed included.
    /// Finds them on the first call, and normalizes lines for it that are not in `buffer` yet.
    pub(crate) fn page_texts(&self, buffer: &mut NormalizedText) -> &PageTexts {
        self.page_texts
            .get_or_init(|| PageTexts::of(self.lines, buffer))
    }

    /// Makes sure that `buffer` contains `lines` in normalized form. Free if it does already, as
    /// for the lines of the current window.
    pub(crate) fn normalize(&self, buffer: &mut NormalizedText, lines: Range<usize>) {
        buffer.ensure(self.lines, lines);
    }

    /// Normalizes the window that starts with line `from` into `buffer`, with the text around it
    /// that a match can reach. Returns the lines of the window.
    pub(crate) fn normalize_window(
        &self,
        buffer: &mut NormalizedText,
        from: usize,
    ) -> Range<usize> {
        buffer.advance_window(self.lines, from)
    }

    /// Returns the number of non-blank lines, including the hidden ones.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.states.len()
    }

    /// Returns the number of a line in the document, where blank lines count as well. Both numbers
    /// start at 0.
    #[must_use]
    pub fn number(&self, line: usize) -> usize {
        self.lines.number(line)
    }

    /// Returns the span of a line in the source text, including its terminator. A filter that
    /// removes the line marks this span.
    #[must_use]
    pub fn span(&self, line: usize) -> Span {
        self.document.line(self.number(line))
    }

    /// Returns the source text of a line, without white space at its ends. It is never empty.
    #[must_use]
    pub fn text(&self, line: usize) -> &'d str {
        self.lines.text(line)
    }

    /// Returns the normalized text of a line, without punctuation and symbols at its ends; empty if
    /// it has no letter or digit. Normalizes the line into `buffer` if it is not there.
    pub(crate) fn trimmed<'b>(&self, line: usize, buffer: &'b mut NormalizedText) -> &'b [u8] {
        self.normalize(buffer, line..line + 1);
        buffer.trimmed(buffer.indices(line..line + 1).start)
    }

    /// Returns a 32-bit fingerprint of the [trimmed](Self::trimmed) line. Equal texts have equal
    /// fingerprints. Collisions are possible; compare the texts before acting on one. `buffer` must
    /// belong to the same document: it remembers the fingerprints of all lines that it has
    /// contained.
    pub(crate) fn fingerprint(&self, line: usize, buffer: &mut NormalizedText) -> u32 {
        if buffer.fingerprint(line).is_none() {
            self.normalize(buffer, 0..line + 1);
        }
        buffer.fingerprint(line).unwrap_or_default()
    }

    /// Returns the normalized text of consecutive lines, with `\n` between them. Normalizes them
    /// into `buffer` if they are not there.
    pub(crate) fn normalized<'b>(
        &self,
        lines: Range<usize>,
        buffer: &'b mut NormalizedText,
    ) -> &'b [u8] {
        self.normalize(buffer, lines.clone());
        let lines = &buffer.lines()[buffer.indices(lines)];
        let range =
            lines.first().map_or(0, |line| line.start)..lines.last().map_or(0, |line| line.end);
        &buffer.bytes()[range.start as usize..range.end as usize]
    }

    /// Returns whether an earlier stage removed the line, apart from punctuation and symbols.
    #[must_use]
    pub fn is_cut(&self, line: usize) -> bool {
        self.states[line].cut
    }

    /// Returns whether a rule gave this cue to the line. A line can have several cues, and can be
    /// removed nevertheless.
    #[must_use]
    pub fn has_cue(&self, line: usize, cue: Cue) -> bool {
        self.states[line].cues & (1 << cue as u8) != 0
    }

    /// Returns whether the next line follows the line directly, without a blank line between them.
    /// Returns `false` for the last line.
    #[must_use]
    pub fn touches_next(&self, line: usize) -> bool {
        line + 1 < self.line_count() && self.number(line + 1) == self.number(line) + 1
    }

    /// Returns whether hard wrapping broke the line, so that the next line continues its sentence.
    /// Filters do not treat such lines as labels or titles.
    #[must_use]
    pub fn is_wrapped(&self, line: usize) -> bool {
        self.lines.joins(line)
    }

    /// Extends a range of lines to whole paragraphs: to all lines from which hard wrapping
    /// separated its first and its last line. Returns an empty range unchanged.
    pub(crate) fn paragraphs(&self, lines: Range<usize>) -> Range<usize> {
        let Range { mut start, mut end } = lines;
        while start < end && self.lines.continues(start) {
            start -= 1;
        }
        while start < end && self.is_wrapped(end - 1) {
            end += 1;
        }
        start..end
    }

    /// Returns the non-blank lines that a span touches. Finds the first one by binary search.
    pub(crate) fn lines_of(&self, span: Span) -> Range<usize> {
        let number = self.document.line_at(span.start());
        let from = self.lines.count_before(number);
        let end = (from..self.line_count()).find(|&line| self.span(line).start() >= span.end());
        from..end.unwrap_or(self.line_count())
    }
}
