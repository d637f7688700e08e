//! The search: finds every match of several thousand phrases, patterns, labels and vocabularies in
//! one pass over a document.
//!
//! A rule passes through these steps, from its TOML table to a mark:
//!
//! ```text
//! pack (TOML) -> plan -> candidates -> verification -> conditions -> mark
//! ```
//!
//! 1. **Plan** (`dechaff_rules::plan`, when the rule is loaded, for built-in rules when dechaff is
//!    built). What must a text contain for the rule to match? Either lines that start with one of a
//!    few prefixes, or one of a few literals, whichever is rarer in ordinary text. The phrase
//!    `get the {..2} newsletter` gets the literal `newsletter`.
//! 2. **Candidates** (`candidates`). The text is normalized in windows that fit into the cache. The
//!    `prefilter` scans each window for the literals of all rules; `prefixes` looks up the first
//!    bytes of each line.
//! 3. **Verification.** A candidate of a phrase is compared at once (`phrase`). A candidate of a
//!    pattern is noted with its line if a match can have the length and the ends of the line; when
//!    the window is done, a DFA rules out most of the noted lines, and the rest is matched
//!    (`pattern`, `regex`, `dfa`). Labels are one hash lookup per line (`labels`), vocabularies one
//!    per word (`vocabulary`).
//! 4. **Conditions** (`conditions`). Zone, exceptions, language, host and neighbours of a match are
//!    checked last, because few matches get that far.
//!
//! For example, in the text
//!
//! ```text
//! It rained all day.
//! Get the free
//! newsletter!
//! ```
//!
//! the prefilter finds `newsletter` on the third line. The phrase allows at most four words before
//! it, so the matcher tries the starts of the words before the literal. The match starts at `Get`,
//! and its gap crosses the line end. [`match_span`] turns it into the span of both lines, with the
//! `!`, because the match starts a sentence.
//!
//! Tests compare what this search finds with each rule tried by itself at every position: for all
//! examples of all rules in six spellings, and for random rules and texts.

mod candidates;
mod conditions;
mod dfa;
mod labels;
mod match_span;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod naive;
mod pattern;
mod phrase;
mod prefilter;
mod prefixes;
mod regex;
mod vocabulary;

use crate::mark::{Mark, Marks};
use crate::rules::RuleSet;
use crate::text::{NormalizedText, View};
use candidates::{Candidate, CandidateIndex};
use conditions::Conditions;
use dechaff_rules::phrase::{Literal, LiteralContext, Phrase};
use dechaff_rules::plan::{RulePlan, SearchPlan};
use dechaff_rules::rule::{Effect, Matcher, RuleId};
use dfa::DfaCache;
use labels::LabelIndex;
use match_span::match_span;
use pattern::Pattern;
use regex::{LazyPhrase, LazyRegex};
use std::fmt;
use std::ops::Range;
use vocabulary::Vocabulary;

/// Finds the matches of a set of rules.
pub(crate) struct Search {
    rules: RuleSet,
    index: CandidateIndex,
    /// Whole-line patterns of keep rules. They run only on lines from which something is about to
    /// be removed.
    protection: CandidateIndex,
    phrases: Vec<PhraseEntry>,
    patterns: Vec<Pattern>,
    labels: LabelIndex,
    vocabulary: Vocabulary,
    conditions: Conditions,
}

/// A phrase of a rule.
struct PhraseEntry {
    rule: RuleId,
    /// Index among the phrases of the rule.
    number: usize,
    phrase: LazyPhrase,
}

/// Buffers and caches that a thread keeps from one document to the next.
#[derive(Debug, Default)]
pub(crate) struct SearchBuffers {
    /// The window that was normalized last.
    pub normalized: NormalizedText,
    /// Offsets at which a match of a phrase can start.
    starts: Vec<usize>,
    /// Candidates of patterns in the current window.
    candidates: Vec<PatternCandidate>,
    /// Candidates of patterns inside lines. They are verified once the whole document has been
    /// scanned.
    span_candidates: Vec<PatternCandidate>,
    dfas: DfaCache,
}

/// A pattern and a line on which it is worth trying, in one number, which is sorted faster: the
/// number of the pattern is the upper half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PatternCandidate(u64);

impl PatternCandidate {
    fn new(pattern: u32, line: usize) -> Self {
        Self(u64::from(pattern) << 32 | line as u64)
    }

    fn pattern(self) -> usize {
        (self.0 >> 32) as usize
    }

    fn line(self) -> usize {
        self.0 as u32 as usize
    }
}

impl Search {
    /// Indexes the rules that `is_used` selects. Rules that `is_protection` selects among them may
    /// be searched for only on lines that are about to lose something, which is cheaper; this
    /// applies to whole-line patterns.
    pub(crate) fn new(
        rules: &RuleSet,
        is_used: impl Fn(RuleId) -> bool,
        is_protection: impl Fn(RuleId) -> bool,
    ) -> Self {
        let mut search = Self {
            rules: rules.clone(),
            index: CandidateIndex::default(),
            protection: CandidateIndex::default(),
            phrases: Vec::new(),
            patterns: Vec::new(),
            labels: LabelIndex::default(),
            vocabulary: Vocabulary::default(),
            conditions: Conditions::default(),
        };
        for (id, rule) in rules.iter().filter(|(id, _)| is_used(*id)) {
            match (&rule.matcher, rules.plan(id)) {
                (_, RulePlan::Phrases(plans)) => search.add_phrases(id, plans),
                (_, RulePlan::Patterns(_)) => search.add_patterns(id, is_protection(id)),
                (_, RulePlan::Labels(labels)) => {
                    for number in 0..labels.len() {
                        search.labels.add(labels.bytes(number), id, number);
                    }
                }
                (Matcher::Words { telling, filler }, _) => {
                    search.vocabulary.add(id, telling, filler);
                }
                _ => continue,
            }
            search.conditions.add(id, rule);
        }
        search.index.build();
        search.protection.build();
        search
    }

    fn add_phrases(&mut self, rule: RuleId, plans: &[SearchPlan<Literal>]) {
        for (number, plan) in plans.iter().enumerate() {
            self.index.add_phrase(self.phrases.len() as u32, plan);
            let phrase = LazyPhrase::default();
            self.phrases.push(PhraseEntry {
                rule,
                number,
                phrase,
            });
        }
    }

    fn add_patterns(&mut self, id: RuleId, is_protection: bool) {
        let rules = self.rules.clone();
        let rule = rules.get(id);
        let (Matcher::Patterns { patterns, line }, RulePlan::Patterns(plans)) =
            (&rule.matcher, rules.plan(id))
        else {
            return;
        };
        let is_protection =
            is_protection && *line && rule.effect == Effect::Keep && rule.near.is_none();
        let index = if is_protection {
            &mut self.protection
        } else {
            &mut self.index
        };
        for (source, plan) in patterns.iter().zip(plans) {
            index.add_pattern(self.patterns.len() as u32, &plan.search);
            self.patterns.push(Pattern {
                rule: id,
                max_line_chars: line.then(|| rule.longest.unwrap_or(usize::MAX)),
                max_len: plan.max_len.map_or(usize::MAX, |len| len as usize),
                ends: (plan.first, plan.last),
                regex: LazyRegex::pattern(source, *line, plan.starts_with_any),
            });
        }
    }

    /// Returns the phrase with this number, parsed, with its rule; `None` if it is invalid, which
    /// the lint of packs excludes.
    fn phrase(&self, number: u32) -> Option<(&Phrase, RuleId)> {
        let PhraseEntry {
            rule,
            number,
            phrase,
        } = &self.phrases[number as usize];
        let Matcher::Phrases { phrases, line } = &self.rules.get(*rule).matcher else {
            return None;
        };
        Some((phrase.get(&phrases[*number], *line)?, *rule))
    }

    /// Returns the literal with index `literal` of the phrase with number `phrase`, from the search
    /// plan of its rule; `None` if the phrase is not searched for by literals.
    fn literal(&self, phrase: u32, literal: u32) -> Option<&Literal> {
        let PhraseEntry { rule, number, .. } = &self.phrases[phrase as usize];
        let RulePlan::Phrases(plans) = self.rules.plan(*rule) else {
            return None;
        };
        let SearchPlan::Literals(literals) = &plans[*number] else {
            return None;
        };
        literals.get(literal as usize)
    }

    /// Returns all matches in a document, sorted, before conditions are checked. Protection is left
    /// out as far as it can wait for [`find_protection`](Self::find_protection).
    pub(crate) fn find(&self, view: &View<'_>, buffers: &mut SearchBuffers) -> Vec<Mark> {
        let mut matches = Marks::default();
        let mut from = 0;
        while from < view.line_count() {
            let lines = view.normalize_window(&mut buffers.normalized, from);
            from = lines.end;
            self.search_window(&self.index, view, &lines, buffers, &mut matches);
            self.find_labels(view, &buffers.normalized, lines, &mut matches);
            self.verify_line_patterns(view, buffers, &mut matches);
        }
        self.verify_span_patterns(view, buffers, &mut matches);
        matches.take()
    }

    /// Returns whether [`find`](Self::find) left out protection, for which
    /// [`find_protection`](Self::find_protection) has to be called.
    pub(crate) fn has_protection(&self) -> bool {
        !self.protection.is_empty()
    }

    /// Returns the matches in `lines` of the protection that [`find`](Self::find) left out, with
    /// their conditions checked. Normalizes `lines` if they are not in the buffer.
    pub(crate) fn find_protection(
        &self,
        view: &View<'_>,
        lines: Range<usize>,
        buffers: &mut SearchBuffers,
    ) -> Vec<Mark> {
        let mut matches = Marks::default();
        view.normalize(&mut buffers.normalized, lines.clone());
        self.search_window(&self.protection, view, &lines, buffers, &mut matches);
        self.verify_line_patterns(view, buffers, &mut matches);
        let mut matches = matches.take();
        self.check_alone(view, &mut matches, buffers);
        self.check_neighbours(view, matches)
    }

    /// Removes the marks of which a condition does not hold that does not depend on other marks:
    /// zone, exceptions, language, host.
    pub(crate) fn check_alone(
        &self,
        view: &View<'_>,
        matches: &mut Vec<Mark>,
        buffers: &mut SearchBuffers,
    ) {
        self.conditions
            .check_alone(&self.rules, view, matches, &mut buffers.dfas);
    }

    /// Returns the marks whose conditions on neighbours hold. `matches` must be all matches of
    /// interest at once, because neighbours are looked for among them, and the other conditions
    /// must have been [checked](Self::check_alone).
    pub(crate) fn check_neighbours(&self, view: &View<'_>, matches: Vec<Mark>) -> Vec<Mark> {
        self.conditions.check_neighbours(&self.rules, view, matches)
    }

    /// Adds the matches of phrases that start in `lines`, which `buffers` holds normalized, and
    /// collects the candidates of patterns there. Phrases are verified here, since their text is in
    /// the cache; patterns later, since they read the source.
    fn search_window(
        &self,
        index: &CandidateIndex,
        view: &View<'_>,
        lines: &Range<usize>,
        buffers: &mut SearchBuffers,
        matches: &mut Marks,
    ) {
        let SearchBuffers {
            normalized: text,
            starts,
            candidates,
            ..
        } = buffers;
        index.for_each_literal(text, lines, |offset, candidate| match candidate {
            Candidate::Phrase(number, literal) => {
                let literal = literal.and_then(|literal| self.literal(number, literal));
                if let Some(literal) = literal
                    && literal.is_at_word_edges(text.bytes(), offset)
                    && let Some((phrase, rule)) = self.phrase(number)
                    && let Some((start, end)) =
                        phrase::match_around(phrase, text, offset, &literal.context, starts)
                {
                    matches.add(match_span(view, text, phrase.is_line(), start, end), rule);
                }
            }
            Candidate::Pattern(pattern) => {
                let line = text.first() + text.line_index(offset);
                if self.patterns[pattern as usize].may_match(view, line) {
                    candidates.push(PatternCandidate::new(pattern, line));
                }
            }
        });
        index.for_each_prefix(
            view,
            text,
            lines,
            starts,
            |line, start, candidate| match candidate {
                Candidate::Phrase(number, _) => {
                    if let Some((phrase, rule)) = self.phrase(number)
                        && let Some(end) = phrase::match_at(phrase, text, start)
                    {
                        matches.add(match_span(view, text, true, start, end), rule);
                    }
                }
                Candidate::Pattern(pattern) => {
                    if self.patterns[pattern as usize].may_match(view, line) {
                        candidates.push(PatternCandidate::new(pattern, line));
                    }
                }
            },
        );
        for (phrase, rule) in index
            .every_line_phrases()
            .iter()
            .filter_map(|&n| self.phrase(n))
        {
            for line in &text.lines()[text.indices(lines.clone())] {
                let (start, context) = (line.start as usize, LiteralContext::nothing());
                if let Some((start, end)) =
                    phrase::match_around(phrase, text, start, &context, starts)
                {
                    matches.add(match_span(view, text, phrase.is_line(), start, end), rule);
                }
            }
        }
        for &pattern in index.every_line_patterns() {
            let lines = lines
                .clone()
                .filter(|&line| self.patterns[pattern as usize].may_match(view, line));
            candidates.extend(lines.map(|line| PatternCandidate::new(pattern, line)));
        }
    }

    /// Adds the lines of `lines`, which are normalized, that are labels or consist of words of a
    /// vocabulary. Lines that hard wrapping broke off are parts of a paragraph and are no labels.
    fn find_labels(
        &self,
        view: &View<'_>,
        text: &NormalizedText,
        lines: Range<usize>,
        matches: &mut Marks,
    ) {
        let mut found = Vec::new();
        let max_len = self.labels.max_len().max(self.vocabulary.max_len());
        for line in lines {
            let label = text.trimmed(line - text.first());
            if label.len() > max_len || view.is_wrapped(line) || view.lines().continues(line) {
                continue;
            }
            for rule in self.labels.find(label, &self.rules) {
                if !is_end_of_sentence(view.text(line)) {
                    matches.add(view.span(line), rule);
                }
            }
            self.vocabulary.matches(label, &mut found);
            found
                .iter()
                .for_each(|&rule| matches.add(view.span(line), rule));
        }
    }

    /// Runs whole-line patterns on their candidates of this window, each line once per pattern.
    /// Candidates of other patterns are kept for
    /// [`verify_span_patterns`](Self::verify_span_patterns).
    fn verify_line_patterns(
        &self,
        view: &View<'_>,
        buffers: &mut SearchBuffers,
        matches: &mut Marks,
    ) {
        let SearchBuffers {
            candidates,
            span_candidates,
            dfas,
            ..
        } = buffers;
        candidates.sort_unstable();
        candidates.dedup();
        for candidates in candidates.chunk_by(|a, b| a.pattern() == b.pattern()) {
            let pattern = &self.patterns[candidates[0].pattern()];
            if pattern.max_line_chars.is_some() {
                pattern.mark_lines(lines_of(candidates), view, dfas, matches);
            } else {
                span_candidates.extend(candidates);
            }
        }
        candidates.clear();
    }

    /// Runs patterns that match inside lines. They reach over several lines, so they run when all
    /// candidates of the document are known, and the result does not depend on where windows end.
    fn verify_span_patterns(
        &self,
        view: &View<'_>,
        buffers: &mut SearchBuffers,
        matches: &mut Marks,
    ) {
        buffers.span_candidates.sort_unstable();
        for candidates in buffers
            .span_candidates
            .chunk_by(|a, b| a.pattern() == b.pattern())
        {
            let pattern = &self.patterns[candidates[0].pattern()];
            pattern.mark_spans(lines_of(candidates), view, matches);
        }
        buffers.span_candidates.clear();
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search")
            .field("phrases", &self.phrases.len())
            .field("patterns", &self.patterns.len())
            .finish_non_exhaustive()
    }
}

fn lines_of(candidates: &[PatternCandidate]) -> impl Iterator<Item = usize> {
    candidates.iter().map(|candidate| candidate.line())
}

/// Returns whether a line looks like the end of a sentence that was broken over lines (it starts in
/// lower case and ends with a full stop), or like an answer in a dialogue (it starts with a dash
/// and ends as a sentence does). Such a line is prose even if its words are a label.
fn is_end_of_sentence(line: &str) -> bool {
    let line = line.trim_end_matches(['"', '\'', '”', '’', ')']);
    let is_answer = line.starts_with("— ") || line.starts_with("– ");
    (line.starts_with(char::is_lowercase) && line.ends_with('.'))
        || (is_answer && line.ends_with(['.', '!', '?', '…', ',']))
}

#[cfg(test)]
mod tests;
