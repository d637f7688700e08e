//! Phrases, labels and patterns of all packs, found in one pass over the folded text and one over its lines. The gate finds
//! the places that are worth trying inside lines, openings those at the beginnings of lines; each try is then made by the
//! phrase or pattern itself. A rule that neither finds is tried on every line. What else rules ask for is in `conditions`.

use crate::automaton::DfaCache;
use crate::document::Document;
use crate::filter::conditions::{Asked, Conditions};
use crate::filter::gate::Prefilter;
use crate::filter::lazy::{LazyPhrase, LazyRegex};
use crate::filter::lookup::LabelIndex;
use crate::filter::openings::PrefixIndex;
use crate::filter::vocabulary::Vocabulary;
use crate::filter::{Filter, Scratch, Stage};
use crate::fold::{
    NormalizedLine, NormalizedText, folds_to_word, is_word, word_after, word_before,
};
use crate::mark::{Mark, Marks};
use crate::model::RuleHit;
use crate::pack::RuleSet;
use crate::phrase::{LONGEST_FRAGMENT, Literal, LiteralContext, Phrase, line_start};
use crate::prepare::{ByteSet, RulePlan, SearchPlan};
use crate::rule::{Effect, Matcher, Rule, RuleId};
use crate::span::Span;
use crate::view::View;
use std::fmt;
use std::ops::Range;

/// Lines above and below a fragment that a pattern may reach.
const PATTERN_REACH: usize = 3;

/// The filter for phrases, labels and patterns.
pub(super) struct MatchFilter {
    index: Index,
    /// Of patterns that only protect, which need not be run where nothing goes.
    protecting: Index,
    rules: RuleSet,
    phrases: Vec<RulePhrase>,
    patterns: Vec<Pattern>,
    labels: LabelIndex,
    vocabulary: Vocabulary,
    conditions: Conditions,
    /// Whether what built-in rules find is noted, those that are off among them.
    hints: bool,
}

/// Where rules are worth trying.
#[derive(Default)]
struct Index {
    /// What each fragment asks to try.
    gate: Prefilter<Candidate>,
    /// What each opening of a line asks to try.
    openings: PrefixIndex<Candidate>,
    /// Patterns that are found by openings.
    opening_patterns: Vec<usize>,
    /// Patterns and phrases that are tried on every line.
    everywhere_patterns: Vec<usize>,
    everywhere_phrases: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Candidate {
    /// A phrase, and the number of the fragment by which it is found, if not by an opening.
    Phrase(u32, Option<u32>),
    Pattern(u32),
}

/// A phrase: its rule, and its number there.
struct RulePhrase {
    rule: RuleId,
    number: usize,
    phrase: LazyPhrase,
}

struct Pattern {
    rule: RuleId,
    /// For a pattern that takes whole lines, how many code points they may have.
    whole: Option<usize>,
    /// The most bytes that it can match, and the bytes that it can begin with.
    most: usize,
    first: ByteSet,
    regex: LazyRegex,
}

impl MatchFilter {
    /// With `hints` all built-in rules run, and what they find is noted for the line model.
    pub(super) fn new(rules: &RuleSet, is_on: &dyn Fn(RuleId) -> bool, hints: bool) -> Self {
        let mut filter = Self {
            index: Index::default(),
            protecting: Index::default(),
            rules: rules.clone(),
            phrases: Vec::new(),
            patterns: Vec::new(),
            labels: LabelIndex::default(),
            vocabulary: Vocabulary::default(),
            conditions: Conditions::default(),
            hints,
        };
        let hints = |id: RuleId| hints && rules.is_built_in(id);
        for (id, rule) in rules.iter().filter(|(id, _)| is_on(*id) || hints(*id)) {
            match (&rule.matcher, rules.prepared(id)) {
                (Matcher::Phrases { .. }, RulePlan::Phrases(all)) => {
                    all.iter()
                        .enumerate()
                        .for_each(|(number, search)| filter.add_phrase(id, number, search));
                }
                (Matcher::Patterns { patterns, line }, RulePlan::Patterns(all)) => {
                    let whole = line.then(|| rule.longest.unwrap_or(usize::MAX));
                    let protects =
                        *line && rule.effect == Effect::Keep && rule.near.is_none() && !hints(id);
                    for (source, prepared) in patterns.iter().zip(all) {
                        let most = prepared.most.map_or(usize::MAX, |most| most as usize);
                        let regex = LazyRegex::pattern(source, *line, prepared.free);
                        filter.add_pattern(
                            Pattern {
                                rule: id,
                                whole,
                                most,
                                first: prepared.first,
                                regex,
                            },
                            &prepared.search,
                            protects,
                        );
                    }
                }
                (_, RulePlan::Labels(labels)) => labels
                    .iter()
                    .enumerate()
                    .for_each(|(at, label)| filter.labels.add(label, id, at)),
                (Matcher::Words { telling, filler }, _) => {
                    filter.vocabulary.add(id, telling, filler)
                }
                _ => continue,
            }
            filter.conditions.add(id, rule, is_on(id), hints(id));
        }
        filter.index.gate.build();
        filter.protecting.gate.build();
        filter.labels.build();
        filter
    }

    fn add_phrase(&mut self, rule: RuleId, number: usize, search: &SearchPlan<Literal>) {
        let index = self.phrases.len();
        match search {
            SearchPlan::LinePrefixes(openings) => {
                openings.iter().for_each(|&opening| {
                    self.index
                        .openings
                        .add(opening, Candidate::Phrase(index as u32, None))
                });
            }
            SearchPlan::Literals(fragments) => {
                for (at, fragment) in (0..).zip(fragments) {
                    self.index
                        .gate
                        .add(&fragment.text, Candidate::Phrase(index as u32, Some(at)));
                }
            }
            SearchPlan::EveryLine => self.index.everywhere_phrases.push(index),
        }
        self.phrases.push(RulePhrase {
            rule,
            number,
            phrase: LazyPhrase::default(),
        });
    }

    /// The phrase of this number among all, with its rule.
    fn phrase(&self, index: usize) -> Option<(&Phrase, RuleId)> {
        let RulePhrase {
            rule,
            number,
            phrase,
        } = &self.phrases[index];
        let Matcher::Phrases { phrases, line } = &self.rules.get(*rule).matcher else {
            return None;
        };
        Some((phrase.get(&phrases[*number], *line)?, *rule))
    }

    /// A fragment of a phrase.
    fn fragment(&self, index: usize, fragment: u32) -> Option<&Literal> {
        let RulePhrase { rule, number, .. } = &self.phrases[index];
        let RulePlan::Phrases(all) = self.rules.prepared(*rule) else {
            return None;
        };
        let SearchPlan::Literals(fragments) = &all[*number] else {
            return None;
        };
        fragments.get(fragment as usize)
    }

    fn add_pattern(&mut self, pattern: Pattern, search: &SearchPlan<Vec<u8>>, protects: bool) {
        let number = self.patterns.len();
        let index = if protects {
            &mut self.protecting
        } else {
            &mut self.index
        };
        match search {
            SearchPlan::LinePrefixes(openings) => {
                openings.iter().for_each(|&opening| {
                    index
                        .openings
                        .add(opening, Candidate::Pattern(number as u32))
                });
                index.opening_patterns.push(number);
            }
            SearchPlan::Literals(fragments) => fragments
                .iter()
                .for_each(|fragment| index.gate.add(fragment, Candidate::Pattern(number as u32))),
            SearchPlan::EveryLine => index.everywhere_patterns.push(number),
        }
        self.patterns.push(pattern);
    }

    /// What the rules of an index match in these lines, which are folded, whatever else they ask for. Patterns are noted.
    fn find(
        &self,
        index: &Index,
        view: &View<'_>,
        lines: &Range<usize>,
        scratch: &mut Scratch,
        marks: &mut Marks,
    ) {
        self.mark_gated(index, view, lines, scratch, marks);
        self.mark_openings(index, view, lines, scratch, marks);
        self.mark_everywhere(index, view, lines, scratch, marks);
    }

    /// Tries what the gate finds, and notes the lines on which patterns are to be tried.
    fn mark_gated(
        &self,
        index: &Index,
        view: &View<'_>,
        lines: &Range<usize>,
        scratch: &mut Scratch,
        marks: &mut Marks,
    ) {
        let Scratch {
            folded,
            starts,
            candidates,
            ..
        } = scratch;
        let folded = &*folded;
        let bytes = folded.bytes();
        let Some([first, ..]) = folded.lines().get(folded.places(lines.clone())) else {
            return;
        };
        let (from, to) = (
            first.start as usize,
            folded
                .lines()
                .get(folded.places(lines.clone()).end)
                .map_or(bytes.len(), |next| next.start as usize),
        );
        // What begins in these lines may end in the next.
        let text = &bytes[from..bytes.len().min(to + LONGEST_FRAGMENT)];
        index.gate.find(text, |at, &target| {
            let at = from + at;
            match target {
                _ if at >= to => {}
                Candidate::Phrase(index, fragment) => {
                    let fragment =
                        fragment.and_then(|fragment| self.fragment(index as usize, fragment));
                    let Some(fragment) = fragment.filter(|fragment| fragment.suits(bytes, at))
                    else {
                        return;
                    };
                    let Some((phrase, rule)) = self.phrase(index as usize) else {
                        return;
                    };
                    if let Some((start, end)) =
                        phrase.match_around(folded, at, &fragment.lead, starts)
                    {
                        marks.add(claim(view, folded, phrase.is_line(), start, end), rule);
                    }
                }
                Candidate::Pattern(number) => {
                    candidates.push((number, (folded.first() + folded.line_index(at)) as u32))
                }
            }
        });
    }

    /// Tries what can begin as lines begin.
    fn mark_openings(
        &self,
        index: &Index,
        view: &View<'_>,
        lines: &Range<usize>,
        scratch: &mut Scratch,
        marks: &mut Marks,
    ) {
        let Scratch {
            folded,
            starts,
            candidates,
            ..
        } = scratch;
        let folded = &*folded;
        let bytes = folded.bytes();
        for line in lines.clone().filter(|&line| !view.lines().continues(line)) {
            let folded_line = folded.lines()[line - folded.first()];
            starts.clear();
            line_start(bytes, folded_line.range(), starts);
            for &start in &*starts {
                for &target in index.openings.find(&bytes[start..]) {
                    match target {
                        Candidate::Phrase(index, _) => {
                            let Some((phrase, rule)) = self.phrase(index as usize) else {
                                continue;
                            };
                            if let Some(end) = phrase.match_at(folded, start) {
                                marks.add(claim(view, folded, true, start, end), rule);
                            }
                        }
                        Candidate::Pattern(number) => candidates.push((number, line as u32)),
                    }
                }
            }
            let first_word = starts.last().map_or(folded_line.end, |&start| start as u32);
            if !opens_plainly(view, line, folded_line, bytes, first_word) {
                candidates.extend(
                    index
                        .opening_patterns
                        .iter()
                        .map(|&number| (number as u32, line as u32)),
                );
            }
        }
    }

    /// Tries the phrases that nothing finds at the start of every line, for such phrases are whole lines, and notes all
    /// lines for such patterns.
    fn mark_everywhere(
        &self,
        index: &Index,
        view: &View<'_>,
        lines: &Range<usize>,
        scratch: &mut Scratch,
        marks: &mut Marks,
    ) {
        let Scratch {
            folded,
            starts,
            candidates,
            ..
        } = scratch;
        for (phrase, rule) in index
            .everywhere_phrases
            .iter()
            .filter_map(|&number| self.phrase(number))
        {
            for line in &folded.lines()[folded.places(lines.clone())] {
                let found = phrase.match_around(
                    folded,
                    line.start as usize,
                    &LiteralContext::nothing(),
                    starts,
                );
                if let Some((start, end)) = found {
                    marks.add(claim(view, folded, phrase.is_line(), start, end), rule);
                }
            }
        }
        for &number in &index.everywhere_patterns {
            candidates.extend(lines.clone().map(|line| (number as u32, line as u32)));
        }
    }

    /// Looks lines, which are folded, up among labels, and their words in vocabularies.
    fn mark_labels(
        &self,
        view: &View<'_>,
        folded: &NormalizedText,
        lines: Range<usize>,
        marks: &mut Marks,
    ) {
        let mut found = Vec::new();
        let longest = self.labels.longest().max(self.vocabulary.longest());
        for line in lines {
            let label = folded.bare(line - folded.first());
            if label.len() > longest || view.is_wrapped(line) || view.lines().continues(line) {
                continue;
            }
            for rule in self
                .labels
                .find(label, &self.rules)
                .filter(|_| !ends_a_sentence(view.text(line)))
            {
                marks.add(view.span(line), rule);
            }
            self.vocabulary.matches(label, &mut found);
            found
                .iter()
                .for_each(|&rule| marks.add(view.span(line), rule));
        }
    }

    /// Runs the patterns that take whole lines on those that were noted for them, and leaves the others.
    fn mark_line_patterns(&self, view: &View<'_>, scratch: &mut Scratch, marks: &mut Marks) {
        let Scratch {
            candidates,
            spans,
            states,
            ..
        } = scratch;
        candidates.sort_unstable();
        candidates.dedup();
        for noted in candidates.chunk_by(|a, b| a.0 == b.0) {
            let pattern = &self.patterns[noted[0].0 as usize];
            match pattern.whole {
                Some(longest) => {
                    mark_line_pattern(pattern, longest, lines_of(noted), view, states, marks)
                }
                None => spans.extend(noted),
            }
        }
        candidates.clear();
    }

    /// Runs the others once all is noted, because a text between the lines is read once, whatever stretches these were in.
    fn mark_span_patterns(&self, view: &View<'_>, scratch: &mut Scratch, marks: &mut Marks) {
        scratch.spans.sort_unstable();
        for noted in scratch.spans.chunk_by(|a, b| a.0 == b.0) {
            mark_span_pattern(
                &self.patterns[noted[0].0 as usize],
                lines_of(noted),
                view,
                marks,
            );
        }
        scratch.spans.clear();
    }
}

impl fmt::Debug for MatchFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phrases")
            .field("phrases", &self.phrases.len())
            .field("patterns", &self.patterns.len())
            .finish_non_exhaustive()
    }
}

impl Filter for MatchFilter {
    fn stage(&self) -> Stage {
        Stage::Match
    }

    fn mark(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch) {
        let mut found = Marks::default();
        let mut from = 0;
        while from < view.line_count() {
            let lines = view.fold_stretch(&mut scratch.folded, from);
            from = lines.end;
            self.find(&self.index, view, &lines, scratch, &mut found);
            self.mark_labels(view, &scratch.folded, lines, &mut found);
            self.mark_line_patterns(view, scratch, &mut found);
        }
        self.mark_span_patterns(view, scratch, &mut found);
        let found = found.take();
        let of = |wanted: fn(&Asked) -> bool| {
            found
                .iter()
                .copied()
                .filter(move |mark| self.conditions.of(mark.rule()).is_some_and(wanted))
        };
        if self.hints {
            let hint = |mark: Mark| {
                let &Rule {
                    effect,
                    category,
                    confidence,
                    ..
                } = self.rules.get(mark.rule());
                RuleHit {
                    span: mark.span(),
                    effect,
                    category,
                    confidence,
                }
            };
            let hints = self.conditions.apply(
                &self.rules,
                view,
                of(|rule| rule.hints),
                &mut scratch.states,
            );
            scratch.hints.clear();
            scratch.hints.extend(hints.into_iter().map(hint));
        }
        for mark in self.conditions.apply(
            &self.rules,
            view,
            of(|rule| rule.is_on),
            &mut scratch.states,
        ) {
            marks.add(mark.span(), mark.rule());
        }
    }

    fn protect(
        &self,
        view: &View<'_>,
        lines: Range<usize>,
        marks: &mut Marks,
        scratch: &mut Scratch,
    ) {
        let mut found = Marks::default();
        view.fold(&mut scratch.folded, lines.clone());
        self.find(&self.protecting, view, &lines, scratch, &mut found);
        self.mark_line_patterns(view, scratch, &mut found);
        for mark in self.conditions.apply(
            &self.rules,
            view,
            found.take().into_iter(),
            &mut scratch.states,
        ) {
            marks.add(mark.span(), mark.rule());
        }
    }
}

/// Whether a line looks like the last words of a sentence that was broken over lines (no capital, and a full stop), or
/// like an answer in a dialogue (a dash, and the end of a sentence).
fn ends_a_sentence(line: &str) -> bool {
    let line = line.trim_end_matches(['"', '\'', '”', '’', ')']);
    let answers = line.starts_with("— ") || line.starts_with("– ");
    (line.starts_with(char::is_lowercase) && line.ends_with('.'))
        || (answers && line.ends_with(['.', '!', '?', '…', ',']))
}

/// The source span that a match claims: whole lines, or what was matched with the punctuation that closes it and the
/// white space that would be doubled.
fn claim(view: &View<'_>, folded: &NormalizedText, line: bool, start: usize, end: usize) -> Span {
    let document = view.document();
    if line {
        let (first, last) = (
            folded.first() + folded.line_index(start),
            folded.first() + folded.line_index(end - 1),
        );
        return Span::at(view.span(first).start(), view.span(last).end());
    }
    let span = folded.source(start, end, document.text());
    let opens = start == 0 || !word_before(folded.bytes(), start - 1);
    tidy(document, span, opens)
}

/// Widens a span over closing punctuation, where it began a sentence or line, and over white space on one of its sides.
fn tidy(document: &Document<'_>, span: Span, opens: bool) -> Span {
    let text = document.text();
    let blank = |c: char| c.is_whitespace() && c != '\n';
    let after = &text[span.end()..];
    let closing = if opens {
        after.len()
            - after
                .trim_start_matches(['.', '!', '?', '…', '。', '！'])
                .len()
    } else {
        0
    };
    let end = span.end() + closing;
    let after = &text[end..];
    let spaces = after.len() - after.trim_start_matches(blank).len();
    let before = &text[..span.start()];
    let trimmed = before.trim_end_matches(blank);
    let at_line_end = after[spaces..].starts_with('\n') || spaces == after.len();
    if at_line_end {
        Span::at(trimmed.len(), end)
    } else if trimmed.len() < before.len() || before.is_empty() || before.ends_with('\n') {
        Span::at(span.start(), end + spaces)
    } else {
        Span::at(span.start(), end)
    }
}

/// Whether the first word of a line, said to start at an offset of the folded bytes, is one for patterns too. A line that
/// begins with "½" or "™" has a word there that no pattern knows.
fn opens_plainly(
    view: &View<'_>,
    line: usize,
    folded: NormalizedLine,
    bytes: &[u8],
    first_word: u32,
) -> bool {
    let NormalizedLine {
        start, end, source, ..
    } = folded;
    if first_word == start
        && view.document().text().as_bytes()[source as usize].is_ascii_alphanumeric()
    {
        return true;
    }
    if first_word == end {
        return !view.is_wrapped(line);
    }
    let first = view
        .text(line)
        .chars()
        .find(|&c| is_word(c) || folds_to_word(c));
    word_after(bytes, first_word as usize)
        && first.is_some_and(|c| c.is_alphabetic() || c.is_ascii())
}

fn lines_of(noted: &[(u32, u32)]) -> impl Iterator<Item = usize> {
    noted.iter().map(|&(_, line)| line as usize)
}

fn mark_line_pattern(
    pattern: &Pattern,
    longest: usize,
    lines: impl Iterator<Item = usize>,
    view: &View<'_>,
    states: &mut DfaCache,
    marks: &mut Marks,
) {
    let mut done = 0;
    for line in lines {
        // The lines of a paragraph that hard wrapping broke are tried once.
        if line < done {
            continue;
        }
        let lines = view.paragraphs(line..line + 1);
        done = lines.end;
        let span = Span::at(
            view.span(lines.start).start(),
            view.span(lines.end - 1).end(),
        );
        let text = view.document().text()[span.range()]
            .trim_matches(|c: char| c.is_whitespace() || crate::fold::is_invisible(c));
        let fits = text.len() <= pattern.most
            && text
                .as_bytes()
                .first()
                .is_some_and(|&first| pattern.first.contains(first))
            && (text.len() <= longest
                || text.chars().take(longest.saturating_add(1)).count() <= longest);
        if fits && pattern.regex.is_match(text, states) {
            marks.add(span, pattern.rule);
        }
    }
}

/// Runs a pattern over the neighbourhoods of the lines, each text once.
fn mark_span_pattern(
    pattern: &Pattern,
    lines: impl Iterator<Item = usize>,
    view: &View<'_>,
    marks: &mut Marks,
) {
    let document = view.document();
    let Some(regex) = pattern.regex.regex() else {
        return;
    };
    let mut windows: Vec<Span> = lines
        .map(|line| {
            let last = (line + PATTERN_REACH).min(view.line_count() - 1);
            Span::at(
                view.span(line.saturating_sub(PATTERN_REACH)).start(),
                view.span(last).end(),
            )
        })
        .collect();
    crate::span::union(&mut windows);
    for window in windows {
        for found in regex
            .find_iter(&document.text()[window.range()])
            .filter(|found| !found.is_empty())
        {
            let span = Span::at(window.start() + found.start(), window.start() + found.end());
            let before = document.text()[..span.start()]
                .trim_end_matches(|c: char| c.is_whitespace() && c != '\n');
            let opens = before.is_empty() || before.ends_with(|c: char| !crate::fold::is_word(c));
            marks.add(tidy(document, span, opens), pattern.rule);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::TextLines;

    /// What a rule matches, tried everywhere.
    fn plainly(filter: &MatchFilter, rule: RuleId, view: &View<'_>) -> Vec<Mark> {
        let folded = &NormalizedText::whole(view.document());
        let mut marks = Marks::default();
        for (phrase, _) in (0..filter.phrases.len())
            .filter_map(|index| filter.phrase(index))
            .filter(|(_, own)| *own == rule)
        {
            let mut starts = Vec::new();
            if phrase.is_line() {
                let lines = (0..view.line_count()).filter(|&line| !folded.continues(line));
                lines.for_each(|line| {
                    line_start(folded.bytes(), folded.lines()[line].range(), &mut starts)
                });
            } else {
                let folded = std::str::from_utf8(folded.bytes()).unwrap();
                starts.extend(
                    folded
                        .char_indices()
                        .filter(|(_, c)| !c.is_whitespace())
                        .map(|(at, _)| at),
                );
            }
            for (start, end) in starts
                .iter()
                .filter_map(|&start| Some((start, phrase.match_at(folded, start)?)))
            {
                marks.add(claim(view, folded, phrase.is_line(), start, end), rule);
            }
        }
        for pattern in filter
            .patterns
            .iter()
            .filter(|pattern| pattern.rule == rule)
        {
            let anything = Pattern {
                rule,
                whole: pattern.whole,
                most: usize::MAX,
                first: ByteSet::ALL,
                regex: pattern.regex.plainly(),
            };
            match pattern.whole {
                Some(longest) => mark_line_pattern(
                    &anything,
                    longest,
                    0..view.line_count(),
                    view,
                    &mut DfaCache::default(),
                    &mut marks,
                ),
                None => mark_span_pattern(&anything, 0..view.line_count(), view, &mut marks),
            }
        }
        marks.take()
    }

    /// Compares what the search for all rules at once finds in a text with what a rule by itself finds.
    fn compare(filter: &MatchFilter, rule: RuleId, text: &str, scratch: &mut Scratch) -> usize {
        let document = Document::new(text).unwrap();
        let lines = TextLines::new(&document, Vec::new());
        let view = View::new(&lines);
        let mut found = Marks::default();
        scratch.folded.clear();
        let mut from = 0;
        while from < view.line_count() {
            let lines = view.fold_stretch(&mut scratch.folded, from);
            from = lines.end;
            for index in [&filter.index, &filter.protecting] {
                filter.find(index, &view, &lines, scratch, &mut found);
            }
        }
        filter.mark_line_patterns(&view, scratch, &mut found);
        filter.mark_span_patterns(&view, scratch, &mut found);
        let mut found = found.take();
        found.retain(|mark| mark.rule() == rule);
        assert_eq!(
            found,
            plainly(filter, rule, &view),
            "{:?} in {text:?}",
            filter.rules.get(rule)
        );
        found.len()
    }

    /// In their examples, in several writings, built-in rules are found wherever each finds itself.
    #[test]
    fn nothing_is_missed_by_looking_for_all_rules_at_once() {
        let rules = RuleSet::built_in();
        let filter = MatchFilter::new(&rules, &|_| true, false);
        let writings: [fn(&str) -> String; 6] = [
            str::to_owned,
            |text| text.replace('\n', "\r\n"),
            |text| text.replace(' ', "\u{a0} "),
            |text| {
                text.split(' ')
                    .enumerate()
                    .flat_map(|(at, word)| [word, if at % 3 == 1 { "\n" } else { " " }])
                    .collect()
            },
            |text| {
                format!(
                    "It rained.\n\n» {}\nIt stopped.",
                    text.replace('"', "“").replace('\'', "’")
                )
            },
            |text| format!("½ {text} ™"),
        ];
        let (mut scratch, mut compared) = (Scratch::default(), 0);
        let searched = rules.iter().filter(|(_, rule)| {
            matches!(
                rule.matcher,
                Matcher::Phrases { .. } | Matcher::Patterns { .. }
            )
        });
        for (id, rule) in searched {
            for example in rule.examples.remove.iter().chain(rule.examples.keep.iter()) {
                compared += writings
                    .iter()
                    .map(|writing| compare(&filter, id, &writing(example), &mut scratch))
                    .sum::<usize>();
            }
        }
        assert!(compared > 5000, "{compared}");
    }

    /// A document of all examples, in stretches of one line and of many, gives what it gives in one piece.
    #[test]
    fn nothing_is_missed_between_stretches() {
        let rules = RuleSet::built_in();
        let filter = MatchFilter::new(&rules, &|_| true, false);
        let examples = rules
            .iter()
            .flat_map(|(_, rule)| rule.examples.remove.iter().chain(rule.examples.keep.iter()));
        let text: String = examples
            .zip(["\n", " ", "\n\n"].iter().cycle())
            .flat_map(|(example, end)| [example, *end])
            .collect();
        let document = Document::new(&text).unwrap();
        let lines = TextLines::new(&document, Vec::new());
        let view = View::new(&lines);
        let found = |stretch: usize| {
            let mut marks = Marks::default();
            filter.mark(
                &view,
                &mut marks,
                &mut Scratch {
                    folded: NormalizedText::in_stretches(stretch),
                    ..Scratch::default()
                },
            );
            marks.take()
        };
        let whole = found(usize::MAX >> 1);
        assert!(
            whole.len() > 1500 && text.len() > 200_000,
            "{} in {}",
            whole.len(),
            text.len()
        );
        assert!(found(1) == whole && found(20_000) == whole);
    }

    /// The same for rules and texts that chance makes of few words: short ones that have no fragment, words of other scripts,
    /// whose case is more than a bit, words that are spelled in several ways.
    #[test]
    fn nothing_is_missed_of_rules_that_chance_makes() {
        const WORDS: &[[&str; 2]] = &[
            ["a", "A"],
            ["ab", "aB"],
            ["read", "READ"],
            ["más", "MA\u{301}S"],
            ["straße", "STRASSE"],
            ["it's", "It’s"],
            ["新聞", "新聞"],
            ["фото", "ФОТО"],
            ["x1", "Ｘ1"],
            ["σας", "ΣΑΣ"],
            ["off", "oﬀ"],
            ["@", "@"],
        ];
        const SPACES: &[&str] = &[
            " ", " ", " ", "\n", "\r\n", "\u{a0}", "  ", "\n\n", ", ", ". ",
        ];
        let mut state = 3u64;
        let mut draw = move |most: usize| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (state >> 33) as usize % most
        };
        let (mut scratch, mut compared) = (Scratch::default(), 0);
        for _ in 0..40 {
            let mut pack =
                String::from("[pack]\nname = 'chance'\ndescription = 'Made by chance.'\n");
            for number in 0..12 {
                let mut parts: Vec<String> = (0..=draw(4))
                    .map(|_| WORDS[draw(WORDS.len())][0].to_owned())
                    .collect();
                let (at, line) = (draw(parts.len()), draw(2) == 0);
                let other = WORDS[draw(WORDS.len())][0];
                let kind = if draw(3) == 0 { "pattern" } else { "phrase" };
                match (kind, draw(4)) {
                    ("phrase", 0) => parts[at] = format!("({}|{other})", parts[at]),
                    ("phrase", 1) => parts[at] = format!("{} {{..3}} {other}", parts[at]),
                    ("phrase", 2) => parts.push(format!("[{other}]")),
                    ("pattern", 0 | 1) => parts[at] = format!("(?:{}|{other})", parts[at]),
                    ("pattern", 2) if line => parts.insert(0, r"[^\n]{0,9}".to_owned()),
                    _ => {}
                }
                // A pattern says itself what white space and case may be.
                let body = if kind == "phrase" {
                    parts.join(" ")
                } else {
                    format!("(?i){}", parts.join(r"\s+"))
                };
                pack.push_str(&format!(
                    "[[rule]]\nid = 'r{number}'\ndescription = 'Made.'\ncategory = 'other'\nconfidence = 'certain'\n{kind} = \"\"\"{}\"\"\"\n\
                     line = {line}\nexamples.remove = ['One.', 'Two.']\nexamples.keep = ['Three.', 'Four.']\n",
                    body.replace('\\', r"\\")
                ));
            }
            let mut rules = RuleSet::default();
            rules.add_linted(&pack, "chance");
            let filter = MatchFilter::new(&rules, &|_| true, false);
            for _ in 0..12 {
                let text: String = (0..40)
                    .flat_map(|_| {
                        [
                            WORDS[draw(WORDS.len())][draw(2)],
                            SPACES[draw(SPACES.len())],
                        ]
                    })
                    .collect();
                compared += rules
                    .iter()
                    .map(|(id, _)| compare(&filter, id, &text, &mut scratch))
                    .sum::<usize>();
            }
        }
        assert!(compared > 2000, "{compared}");
    }

    #[test]
    fn a_span_takes_its_full_stop_and_one_side_of_white_space_along() {
        for (text, cut, rest) in [
            ("One. Cut this. Two.", "Cut this", "One. Two."),
            ("Cut this. Two.", "Cut this", "Two."),
            ("One. Cut this.\nTwo.", "Cut this", "One.\nTwo."),
            ("One (Cut this) two", "Cut this", "One () two"),
        ] {
            let document = Document::new(text).unwrap();
            let start = text.find(cut).unwrap();
            let span = tidy(&document, Span::at(start, start + cut.len()), true);
            let left = format!("{}{}", &text[..span.start()], &text[span.end()..]);
            assert_eq!(left, rest);
        }
    }
}
