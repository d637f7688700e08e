//! The removals of a document as a list, as `dechaff explain` prints it: for each the lines, the
//! rule, why it removes them, and the words that it found. Single lines, with the reasons for and
//! against their removal, are in `why`; the whole text with its removals is in `marked`.
//!
//! ```text
//!    3-5  structure/share-run: Several labels of a share bar in a row.
//!         'Facebook', 'Twitter', 'WhatsApp'
//!     16  model/line: The line model is 97.5 % sure that it is chaff; more than 62.3 % is enough.
//!         'By Ruth Calder'
//! ```

use super::{NAME, REMOVED, SAVED, decimal, paint, quote, stats};
use dechaff_core::model::LineScore;
use dechaff_core::{
    Cleaned, Document, FilterName, Mark, Outcome, Removal, Rule, RuleId, RuleSet, Score, Span, Veto,
};
use rustc_hash::FxHashMap;
use std::fmt::Write;

/// Texts that are quoted of a removal; the others are counted.
const QUOTED_TEXTS: usize = 3;

/// What a list of removals is made of.
#[derive(Clone, Copy, Debug)]
pub struct RemovalList<'t> {
    /// The document.
    pub document: &'t Document<'t>,
    /// The document after cleaning.
    pub cleaned: &'t Cleaned<'t>,
    /// The rules that removals name.
    pub rules: &'t RuleSet,
    /// All marks of the document, sorted by span.
    pub marks: &'t [Mark],
    /// The scores of the lines that the model removes, sorted by span.
    pub line_scores: &'t [LineScore],
    /// Whether all rules of a removal are listed, and what weighed most in the line model.
    pub verbose: bool,
    /// Whether to print colour codes.
    pub colour: bool,
}

/// Removals of one rule on lines that follow each other, or texts that one keep rule protected.
struct Entry<'t> {
    span: Span,
    rule: RuleId,
    removals: &'t [Removal],
}

impl RemovalList<'_> {
    /// Returns the list as text for people: removals and protected texts in the order of the lines,
    /// and last how many blank lines go too. Control characters are escaped.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Outcome::Held { share } = self.cleaned.outcome() {
            let _ = writeln!(text, "{}", held_line(share));
        }
        let mut paragraphs: Vec<(Span, String)> = self
            .entries()
            .iter()
            .map(|entry| (entry.span, self.removed(entry)))
            .collect();
        paragraphs.extend(self.protected());
        paragraphs.sort_by_key(|(span, _)| *span);
        for (_, paragraph) in &paragraphs {
            text.push_str(paragraph);
        }
        self.push_blank_lines(&mut text);
        if text.is_empty() {
            text.push_str("nothing is removed\n");
        }
        text
    }

    fn source(&self, span: Span) -> &str {
        &self.cleaned.source()[span.range()]
    }

    fn is_blank(&self, removal: &Removal) -> bool {
        self.source(removal.span).trim().is_empty()
    }

    /// Returns the removals that are not blank, those of the same rules on adjacent lines together.
    fn entries(&self) -> Vec<Entry<'_>> {
        let found = self.cleaned.found();
        found
            .chunk_by(|one, next| self.belong_together(one, next))
            .filter(|removals| !self.is_blank(&removals[0]))
            .map(|removals| Entry {
                span: Span::from_offsets(
                    removals[0].span.start(),
                    removals[removals.len() - 1].span.end(),
                ),
                rule: removals[0].rule,
                removals,
            })
            .collect()
    }

    fn belong_together(&self, one: &Removal, next: &Removal) -> bool {
        let (end, start) = (self.last_line(one.span), self.first_line(next.span));
        one.rule == next.rule && start <= end + 1 && !self.is_blank(one) && !self.is_blank(next)
    }

    fn first_line(&self, span: Span) -> usize {
        let text = self.source(span);
        let blanks = text.len() - text.trim_start().len();
        self.document.line_at(span.start() + blanks)
    }

    fn last_line(&self, span: Span) -> usize {
        let end = span.start() + self.source(span).trim_end().len();
        self.document
            .line_at(end.saturating_sub(1).max(span.start()))
    }

    /// Returns the lines of a span, counted from 1, in a column of their own: `7` or `7-9`.
    fn lines(&self, span: Span) -> String {
        let (first, last) = (self.first_line(span) + 1, self.last_line(span) + 1);
        let lines = if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        };
        format!("{lines:>7}")
    }

    /// Returns the paragraph of an entry.
    fn removed(&self, entry: &Entry<'_>) -> String {
        let rule = self.rules.get(entry.rule);
        let mut text = format!(
            "{}  {}: {}\n         {}\n",
            paint(&self.lines(entry.span), REMOVED, self.colour),
            paint(&rule.name, NAME, self.colour),
            self.why(entry, rule),
            self.quotes(entry),
        );
        if self.verbose {
            self.push_details(&mut text, entry);
        }
        text
    }

    /// Returns why an entry is removed, as a sentence: how sure the line model is, on how many
    /// pages of its site it is, or what the rule says of itself.
    fn why(&self, entry: &Entry<'_>, rule: &Rule) -> String {
        let scores = entry.removals.iter().map(|removal| removal.score);
        let (Some(low), Some(high)) = (scores.clone().min(), scores.max()) else {
            return rule.description.clone();
        };
        match rule.filter() {
            FilterName::Model => {
                let sure = if low == high {
                    percent(low)
                } else {
                    format!("{} to {}", percent(low), percent(high))
                };
                let enough = self
                    .scores_of(entry.span)
                    .first()
                    .map_or_else(String::new, |score| {
                        format!("; more than {} is enough here", percent(score.threshold))
                    });
                format!("The line model is {sure} sure that it is chaff{enough}.")
            }
            FilterName::Site if low != Score::RULE => format!("It {}.", site_clause(low)),
            _ => rule.description.clone(),
        }
    }

    /// Returns the scores of the lines that a span touches.
    fn scores_of(&self, span: Span) -> &[LineScore] {
        let from = self
            .line_scores
            .partition_point(|score| score.span.end() <= span.start());
        let count = self.line_scores[from..]
            .iter()
            .take_while(|score| score.span.overlaps(span))
            .count();
        &self.line_scores[from..from + count]
    }

    /// Returns what the rule of an entry found in it, in quotes. Matches that are far longer than
    /// what is removed, and removals that only complete a line, are quoted as removed.
    fn quotes(&self, entry: &Entry<'_>) -> String {
        let mut spans: Vec<Span> = self
            .marks
            .iter()
            .filter(|mark| mark.rule() == entry.rule && mark.span().overlaps(entry.span))
            .map(|mark| mark.span())
            .collect();
        if spans.is_empty() {
            spans.extend(entry.removals.iter().map(|removal| removal.span));
        }
        let mut texts: Vec<String> = spans
            .iter()
            .take(QUOTED_TEXTS)
            .map(|&span| quote(self.source(span)))
            .collect();
        if let Some(more) = spans
            .len()
            .checked_sub(QUOTED_TEXTS)
            .filter(|&more| more > 0)
        {
            texts.push(format!("and {more} more"));
        }
        texts.join(", ")
    }

    /// Appends the other rules of an entry, and what weighed most if the line model removed it.
    fn push_details(&self, text: &mut String, entry: &Entry<'_>) {
        let mut others: Vec<&str> = Vec::new();
        for id in entry.removals.iter().flat_map(|removal| &removal.also) {
            let name = self.rules.get(*id).name.as_str();
            if !others.contains(&name) {
                others.push(name);
            }
        }
        if !others.is_empty() {
            let _ = writeln!(text, "         also by {}", others.join(", "));
        }
        if self.rules.get(entry.rule).filter() == FilterName::Model {
            for score in self.scores_of(entry.span) {
                push_weights(text, score, "         ");
            }
        }
    }

    /// Returns a paragraph for each text that a keep rule protects, with its span.
    fn protected(&self) -> Vec<(Span, String)> {
        let mut rules: FxHashMap<(Span, RuleId), Vec<&str>> = FxHashMap::default();
        for Veto { mark, by } in self.cleaned.vetoed() {
            let names = rules.entry((mark.span(), *by)).or_default();
            names.push(&self.rules.get(mark.rule()).name);
        }
        let paragraphs = rules.into_iter().map(|((span, by), names)| {
            let text = format!(
                "{}  kept: {} protects it from {}\n         {}\n",
                paint(&self.lines(span), SAVED, self.colour),
                paint(&self.rules.get(by).name, SAVED, self.colour),
                names.join(", "),
                quote(self.source(span)),
            );
            (span, text)
        });
        let mut paragraphs: Vec<(Span, String)> = paragraphs.collect();
        paragraphs.sort_unstable();
        paragraphs
    }

    /// Appends the number of blank lines that are removed, if there are any.
    fn push_blank_lines(&self, text: &mut String) {
        let blank = self.cleaned.found().iter().filter(|it| self.is_blank(it));
        let mut names: Vec<&str> = Vec::new();
        let mut lines = 0;
        for removal in blank {
            lines += self.source(removal.span).matches('\n').count().max(1);
            let name = self.rules.get(removal.rule).name.as_str();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if lines > 0 {
            let lines = stats::count(lines as u64, "blank line");
            let _ = writeln!(text, "         and {lines} ({})", names.join(", "));
        }
    }
}

/// Returns the sentence about a held document, above what would be removed from it.
pub(super) fn held_line(share: f64) -> String {
    format!(
        "held: {:.1} % would be removed, more than --max-removed allows, so nothing is. \
         The removals would be:",
        share * 100.0
    )
}

/// Returns a score as a percentage with one decimal, as in `97.5 %`.
pub(super) fn percent(score: Score) -> String {
    format!("{:.1} %", 100.0 * decimal(score))
}

/// Returns on how many pages of its site a text is, as a predicate.
pub(super) fn site_clause(score: Score) -> String {
    let pages = score.pages().unwrap_or_default();
    format!(
        "is on {pages} pages of its site, {:.0} % of them",
        100.0 * decimal(score)
    )
}

/// Appends the features that weighed most in a score, in words, a line for each, with what it added
/// to the log-odds of chaff.
pub(super) fn push_weights(text: &mut String, line_score: &LineScore, indent: &str) {
    if line_score.weights.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "{indent}what weighed most (+ for chaff, - for prose):"
    );
    for weight in &line_score.weights {
        let _ = writeln!(
            text,
            "{indent}  {:+.1}  {}",
            weight.weight,
            weight.meaning()
        );
    }
}
