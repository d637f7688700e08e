//! Phrases, labels and patterns of all packs, found in one pass. An Aho-Corasick automaton over fragments of the rules
//! finds the places worth trying in the folded text; each try is then made by the phrase or pattern itself. A rule
//! without a fragment is tried on every line.

use crate::document::Document;
use crate::filter::vocabulary::Vocabulary;
use crate::filter::{Filter, Scratch, Stage};
use crate::fold::word_before;
use crate::mark::{Mark, Marks};
use crate::model::Hint;
use crate::pack::RuleSet;
use crate::phrase::{Fragment, Lead, Phrase};
use crate::prepare::Prepared;
use crate::rule::{Category, Confidence, Effect, Matcher, RuleId, Zone};
use crate::span::Span;
use crate::view::View;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::{Regex, RegexBuilder};
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::OnceLock;

/// Lines above and below a fragment that a pattern may reach.
const PATTERN_REACH: usize = 3;
/// Head and tail are at least so many lines.
const ZONE_LINES: usize = 8;

/// The filter for phrases, labels and patterns.
pub(super) struct Phrases {
    gate: Option<AhoCorasick>,
    /// What each fragment of the gate asks to try.
    targets: Vec<Vec<Target>>,
    phrases: Vec<(LazyPhrase, RuleId)>,
    patterns: Vec<Pattern>,
    /// Patterns that no fragment finds.
    ungated_patterns: Vec<usize>,
    /// Phrases that no fragment finds.
    ungated_phrases: Vec<usize>,
    labels: FxHashMap<Vec<u8>, Vec<RuleId>>,
    longest_label: usize,
    vocabulary: Vocabulary,
    conditions: FxHashMap<RuleId, Conditions>,
    /// Whether what built-in rules find is noted, those that are off among them.
    hints: bool,
}

#[derive(Clone, Debug)]
enum Target {
    Phrase(usize, Lead),
    Pattern(usize),
}

struct Pattern {
    rule: RuleId,
    /// For a pattern that takes whole lines, how many code points they may have.
    whole: Option<usize>,
    regex: LazyRegex,
}

/// What else a rule asks for, apart from its words.
struct Conditions {
    zone: Zone,
    unless: Vec<LazyRegex>,
    near: Option<(Vec<Category>, usize)>,
    /// Whether it is bound to languages or hosts.
    bound: Option<Box<crate::rule::Rule>>,
    category: Category,
    confidence: Confidence,
    effect: Effect,
    /// Whether it is on, and whether the line model wants to know what it finds.
    is_on: bool,
    hints: bool,
}

/// A regular expression that is compiled when it is first needed.
struct LazyRegex {
    source: String,
    ignore_case: bool,
    regex: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    fn new(source: String, ignore_case: bool) -> Self {
        Self { source, ignore_case, regex: OnceLock::new() }
    }

    /// The expression; none if it is invalid, which the lint of packs excludes.
    fn get(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| RegexBuilder::new(&self.source).case_insensitive(self.ignore_case).build().ok()).as_ref()
    }
}

/// A phrase that is parsed when it is first needed.
struct LazyPhrase {
    source: String,
    line: bool,
    phrase: OnceLock<Option<Phrase>>,
}

impl LazyPhrase {
    fn new(source: String, line: bool) -> Self {
        Self { source, line, phrase: OnceLock::new() }
    }

    /// The phrase; none if it is invalid, which the lint of packs excludes.
    fn get(&self) -> Option<&Phrase> {
        self.phrase.get_or_init(|| Phrase::parse(&self.source, self.line).ok()).as_ref()
    }
}

impl Phrases {
    /// With `hints` all built-in rules run, and what they find is noted for the line model.
    pub(super) fn new(rules: &RuleSet, is_on: &dyn Fn(RuleId) -> bool, hints: bool) -> Self {
        let mut filter = Self {
            gate: None,
            targets: Vec::new(),
            phrases: Vec::new(),
            patterns: Vec::new(),
            ungated_patterns: Vec::new(),
            ungated_phrases: Vec::new(),
            labels: FxHashMap::default(),
            longest_label: 0,
            vocabulary: Vocabulary::default(),
            conditions: FxHashMap::default(),
            hints,
        };
        let mut gate = Gate::default();
        let hints = |id: RuleId| hints && rules.is_built_in(id);
        for (id, rule) in rules.iter().filter(|(id, _)| is_on(*id) || hints(*id)) {
            match (&rule.matcher, rules.prepared(id)) {
                (Matcher::Phrases { phrases, line }, Prepared::Phrases(all)) => {
                    for (source, fragments) in phrases.iter().zip(all) {
                        filter.add_phrase(LazyPhrase::new(source.clone(), *line), fragments, id, &mut gate);
                    }
                }
                (Matcher::Patterns { patterns, line }, Prepared::Patterns(all)) => {
                    let whole = line.then(|| rule.longest.unwrap_or(usize::MAX));
                    for (source, fragments) in patterns.iter().zip(all) {
                        filter.add_pattern(source, fragments.as_deref(), whole, id, &mut gate);
                    }
                }
                (_, Prepared::Labels(labels)) => labels.iter().for_each(|label| filter.add_label(label, id)),
                (Matcher::Words { telling, filler }, _) => filter.vocabulary.add(id, telling, filler),
                _ => continue,
            }
            filter.conditions.insert(
                id,
                Conditions {
                    zone: rule.zone,
                    unless: rule.unless.iter().map(|source| LazyRegex::new(source.clone(), true)).collect(),
                    near: rule.near.as_ref().map(|near| (near.categories.clone(), near.within)),
                    bound: (!rule.languages.is_empty() || !rule.hosts.is_empty()).then(|| Box::new(rule.clone())),
                    category: rule.category,
                    confidence: rule.confidence,
                    effect: rule.effect,
                    is_on: is_on(id),
                    hints: hints(id),
                },
            );
        }
        filter.targets = gate.targets;
        filter.gate = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&gate.fragments)
            .ok()
            .filter(|_| !gate.fragments.is_empty());
        filter
    }

    fn add_phrase(&mut self, phrase: LazyPhrase, fragments: &[Fragment], rule: RuleId, gate: &mut Gate) {
        let index = self.phrases.len();
        for fragment in fragments {
            gate.add(&fragment.text, Target::Phrase(index, fragment.lead.clone()));
        }
        if fragments.is_empty() {
            self.ungated_phrases.push(index);
        }
        self.phrases.push((phrase, rule));
    }

    fn add_label(&mut self, label: &[u8], rule: RuleId) {
        self.longest_label = self.longest_label.max(label.len());
        let rules = self.labels.entry(label.to_vec()).or_default();
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }

    fn add_pattern(&mut self, source: &str, fragments: Option<&[Vec<u8>]>, whole: Option<usize>, rule: RuleId, gate: &mut Gate) {
        let index = self.patterns.len();
        match fragments {
            Some(fragments) => fragments.iter().for_each(|fragment| gate.add(fragment, Target::Pattern(index))),
            None => self.ungated_patterns.push(index),
        }
        let source = if whole.is_some() { format!(r"\A(?:{source})\z") } else { source.to_owned() };
        self.patterns.push(Pattern { rule, whole, regex: LazyRegex::new(source, false) });
    }

    /// Tries what the gate finds, and notes the lines on which patterns are to be tried.
    fn mark_gated(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch) {
        let (text, folded) = (view.document().text(), view.folded());
        let Some(gate) = &self.gate else { return };
        for hit in gate.find_overlapping_iter(folded.bytes()) {
            for target in &self.targets[hit.pattern().as_usize()] {
                match target {
                    Target::Phrase(index, lead) => {
                        let (phrase, rule) = &self.phrases[*index];
                        let Some(phrase) = phrase.get() else { continue };
                        phrase.starts(folded, hit.start(), lead, &mut scratch.starts);
                        let found = scratch.starts.iter().find_map(|&start| Some((start, phrase.match_at(folded, start)?)));
                        if let Some((start, end)) = found {
                            marks.add(claim(view, phrase.is_line(), start, end, text), *rule);
                        }
                    }
                    Target::Pattern(index) => {
                        let line = folded.line_index(hit.start());
                        let lines = &mut scratch.candidates[*index];
                        if lines.last() != Some(&line) {
                            lines.push(line);
                        }
                    }
                }
            }
        }
    }

    fn mark_labels(&self, view: &View<'_>, marks: &mut Marks) {
        for line in 0..view.line_count() {
            let label = view.bare(line);
            if label.len() <= self.longest_label
                && !view.is_wrapped(line)
                && !view.folded().continues(line)
                && !ends_a_sentence(view.text(line))
                && let Some(rules) = self.labels.get(label)
            {
                rules.iter().for_each(|&rule| marks.add(view.span(line), rule));
            }
        }
    }

    fn mark_words(&self, view: &View<'_>, marks: &mut Marks) {
        let mut found = Vec::new();
        for line in 0..if self.vocabulary.is_empty() { 0 } else { view.line_count() } {
            self.vocabulary.matches(view.bare(line), &mut found);
            if !found.is_empty() && !view.is_wrapped(line) && !view.folded().continues(line) {
                found.iter().for_each(|&rule| marks.add(view.span(line), rule));
            }
        }
    }

    /// Tries the phrases that no fragment finds at the start of every line; such phrases are whole lines.
    fn mark_ungated_phrases(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch) {
        let (text, folded) = (view.document().text(), view.folded());
        for (phrase, rule) in self.ungated_phrases.iter().map(|&index| &self.phrases[index]) {
            let Some(phrase) = phrase.get() else { continue };
            for line in folded.lines() {
                phrase.starts(folded, line.start as usize, &Lead::nothing(), &mut scratch.starts);
                let found = scratch.starts.iter().find_map(|&start| Some((start, phrase.match_at(folded, start)?)));
                if let Some((start, end)) = found {
                    marks.add(claim(view, phrase.is_line(), start, end, text), *rule);
                }
            }
        }
    }

    fn mark_patterns(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch) {
        let all: Vec<usize> = if self.ungated_patterns.is_empty() { Vec::new() } else { (0..view.line_count()).collect() };
        for (index, pattern) in self.patterns.iter().enumerate() {
            let ungated = self.ungated_patterns.contains(&index);
            let lines = if ungated { &all } else { &scratch.candidates[index] };
            if lines.is_empty() {
                continue;
            }
            let Some(regex) = pattern.regex.get() else { continue };
            if let Some(longest) = pattern.whole {
                mark_line_pattern(regex, longest, pattern.rule, lines, view, marks);
            } else {
                mark_span_pattern(regex, pattern.rule, lines, view, marks);
            }
        }
    }

    /// Drops marks whose conditions do not hold: language and host, zone, `unless`, then `near`, which looks only at
    /// marks that do not themselves depend on neighbours.
    fn apply_conditions(&self, view: &View<'_>, marks: impl Iterator<Item = Mark>) -> Vec<Mark> {
        let document = view.document();
        let holds = |mark: &Mark| {
            let Some(conditions) = self.conditions.get(&mark.rule()) else { return true };
            let suits = conditions.bound.as_ref().is_none_or(|rule| rule.lives(document.host()) && rule.speaks(|| view.language()));
            suits
                && in_zone(view, conditions.zone, mark.span())
                && !conditions.unless.iter().any(|unless| hits(unless, document, mark.span()))
        };
        let marks: Vec<Mark> = marks.filter(holds).collect();
        let near = |mark: &Mark| self.conditions.get(&mark.rule()).and_then(|conditions| conditions.near.as_ref());
        if !marks.iter().any(|mark| near(mark).is_some()) {
            return marks;
        }
        let mut firm: Vec<(Category, usize)> = Vec::new();
        for mark in marks.iter().filter(|mark| near(mark).is_none()) {
            if let Some(conditions) = self.conditions.get(&mark.rule()).filter(|conditions| conditions.effect == Effect::Remove) {
                firm.extend(view.lines_of(mark.span()).map(|line| (conditions.category, line)));
            }
        }
        firm.sort_unstable();
        let has_neighbour = |mark: &Mark| {
            near(mark).is_none_or(|(categories, within)| {
                let lines = view.lines_of(mark.span());
                let (from, to) = (lines.start.saturating_sub(*within), lines.end + within);
                categories.iter().any(|&category| {
                    let first = firm.partition_point(|&neighbour| neighbour < (category, from));
                    let mut neighbours = firm[first..].iter().take_while(|&&(own, line)| own == category && line < to);
                    neighbours.any(|(_, line)| !lines.contains(line))
                })
            })
        };
        marks.into_iter().filter(has_neighbour).collect()
    }
}

impl fmt::Debug for Phrases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phrases").field("phrases", &self.phrases.len()).field("patterns", &self.patterns.len()).finish_non_exhaustive()
    }
}

impl Filter for Phrases {
    fn stage(&self) -> Stage {
        Stage::Match
    }

    fn mark(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch) {
        let mut found = Marks::default();
        scratch.candidates.resize_with(self.patterns.len(), Vec::new);
        scratch.candidates.iter_mut().for_each(Vec::clear);
        self.mark_gated(view, &mut found, scratch);
        self.mark_labels(view, &mut found);
        self.mark_words(view, &mut found);
        self.mark_ungated_phrases(view, &mut found, scratch);
        self.mark_patterns(view, &mut found, scratch);
        let found = found.take();
        let of = |wanted: fn(&Conditions) -> bool| {
            found.iter().copied().filter(move |mark| self.conditions.get(&mark.rule()).is_some_and(wanted))
        };
        if self.hints {
            let hint = |mark: Mark| {
                let Conditions { effect, category, confidence, .. } = self.conditions[&mark.rule()];
                Hint { span: mark.span(), effect, category, confidence }
            };
            scratch.hints.clear();
            scratch.hints.extend(self.apply_conditions(view, of(|rule| rule.hints)).into_iter().map(hint));
        }
        for mark in self.apply_conditions(view, of(|rule| rule.is_on)) {
            marks.add(mark.span(), mark.rule());
        }
    }
}

/// The fragments under which rules are looked for.
#[derive(Default)]
struct Gate {
    fragments: Vec<Vec<u8>>,
    targets: Vec<Vec<Target>>,
    index: FxHashMap<Vec<u8>, usize>,
}

impl Gate {
    fn add(&mut self, fragment: &[u8], target: Target) {
        let index = *self.index.entry(fragment.to_vec()).or_insert_with(|| {
            self.fragments.push(fragment.to_vec());
            self.targets.push(Vec::new());
            self.fragments.len() - 1
        });
        self.targets[index].push(target);
    }
}

/// Whether a line looks like the last words of a sentence that was broken over lines: no capital, and a full stop.
fn ends_a_sentence(line: &str) -> bool {
    line.starts_with(char::is_lowercase) && line.trim_end_matches(['"', '\'', '”', '’', ')']).ends_with('.')
}

/// The source span that a match claims: whole lines, or what was matched with the punctuation that closes it and the
/// white space that would be doubled.
fn claim(view: &View<'_>, line: bool, start: usize, end: usize, text: &str) -> Span {
    let (document, folded) = (view.document(), view.folded());
    if line {
        let (first, last) = (folded.line_index(start), folded.line_index(end - 1));
        return Span::at(view.span(first).start(), view.span(last).end());
    }
    let span = folded.source(start, end, text);
    let opens = start == 0 || !word_before(folded.bytes(), start - 1);
    tidy(document, span, opens)
}

/// Widens a span over closing punctuation, where it began a sentence or line, and over white space on one of its sides.
fn tidy(document: &Document<'_>, span: Span, opens: bool) -> Span {
    let text = document.text();
    let blank = |c: char| c.is_whitespace() && c != '\n';
    let after = &text[span.end()..];
    let closing = if opens { after.len() - after.trim_start_matches(['.', '!', '?', '…', '。', '！']).len() } else { 0 };
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

fn mark_line_pattern(regex: &Regex, longest: usize, rule: RuleId, lines: &[usize], view: &View<'_>, marks: &mut Marks) {
    let folded = view.folded();
    for &line in lines {
        let (mut first, mut last) = (line, line);
        while folded.continues(first) {
            first -= 1;
        }
        while view.is_wrapped(last) {
            last += 1;
        }
        let span = Span::at(view.span(first).start(), view.span(last).end());
        let text = view.document().text()[span.range()].trim_matches(|c: char| c.is_whitespace() || crate::fold::is_invisible(c));
        let fits = text.len() <= longest || text.chars().take(longest.saturating_add(1)).count() <= longest;
        if fits && regex.is_match(text) {
            marks.add(span, rule);
        }
    }
}

/// Runs a pattern over the neighbourhoods of the lines, each text once.
fn mark_span_pattern(regex: &Regex, rule: RuleId, lines: &[usize], view: &View<'_>, marks: &mut Marks) {
    let document = view.document();
    let mut windows: Vec<Span> = lines
        .iter()
        .map(|&line| {
            let last = (line + PATTERN_REACH).min(view.line_count() - 1);
            Span::at(view.span(line.saturating_sub(PATTERN_REACH)).start(), view.span(last).end())
        })
        .collect();
    crate::span::union(&mut windows);
    for window in windows {
        for found in regex.find_iter(&document.text()[window.range()]).filter(|found| !found.is_empty()) {
            let span = Span::at(window.start() + found.start(), window.start() + found.end());
            let before = document.text()[..span.start()].trim_end_matches(|c: char| c.is_whitespace() && c != '\n');
            let opens = before.is_empty() || before.ends_with(|c: char| !crate::fold::is_word(c));
            marks.add(tidy(document, span, opens), rule);
        }
    }
}

/// Whether an exception hits on the lines that a span touches.
fn hits(unless: &LazyRegex, document: &Document<'_>, span: Span) -> bool {
    let start = document.line(document.line_at(span.start())).start();
    let end = document.line(document.line_at(span.end().saturating_sub(1))).end();
    unless.get().is_some_and(|regex| regex.is_match(&document.text()[start..end]))
}

fn in_zone(view: &View<'_>, zone: Zone, span: Span) -> bool {
    let count = view.line_count();
    let reach = ZONE_LINES.max(count.div_ceil(5));
    let lines = view.lines_of(span);
    match zone {
        Zone::Anywhere => true,
        Zone::Head => lines.end <= reach,
        Zone::Tail => lines.start + reach >= count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
