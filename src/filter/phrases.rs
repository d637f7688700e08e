//! Phrases, labels and patterns of all packs, found in one pass over the folded text and one over its lines. The gate finds
//! the places that are worth trying inside lines, openings those at the beginnings of lines; each try is then made by the
//! phrase or pattern itself. A rule that neither finds is tried on every line.

use crate::automaton::States;
use crate::document::Document;
use crate::filter::gate::Gate;
use crate::filter::lazy::{LazyPhrase, LazyRegex};
use crate::filter::openings::Openings;
use crate::filter::vocabulary::Vocabulary;
use crate::filter::{Filter, Scratch, Stage};
use crate::fold::{folds_to_word, is_word, word_after, word_before};
use crate::mark::{Mark, Marks};
use crate::model::Hint;
use crate::pack::RuleSet;
use crate::phrase::{Fragment, Lead, line_start};
use crate::prepare::{ByteSet, Prepared, Search};
use crate::rule::{Category, Confidence, Effect, Matcher, RuleId, Zone};
use crate::span::Span;
use crate::view::View;
use rustc_hash::FxHashMap;
use std::fmt;

/// Lines above and below a fragment that a pattern may reach.
const PATTERN_REACH: usize = 3;
/// Head and tail are at least so many lines.
const ZONE_LINES: usize = 8;

/// The filter for phrases, labels and patterns.
pub(super) struct Phrases {
    /// What each fragment asks to try.
    gate: Gate<Target>,
    /// What each opening of a line asks to try.
    openings: Openings<Target>,
    phrases: Vec<(LazyPhrase, RuleId)>,
    patterns: Vec<Pattern>,
    /// Patterns that are found by openings.
    opening_patterns: Vec<usize>,
    /// Patterns and phrases that are tried on every line.
    ungated_patterns: Vec<usize>,
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
    /// A phrase, and the fragment or opening by which it is found.
    Phrase(usize, Option<Fragment>),
    Pattern(usize),
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

impl Phrases {
    /// With `hints` all built-in rules run, and what they find is noted for the line model.
    pub(super) fn new(rules: &RuleSet, is_on: &dyn Fn(RuleId) -> bool, hints: bool) -> Self {
        let mut filter = Self {
            gate: Gate::default(),
            openings: Openings::default(),
            phrases: Vec::new(),
            patterns: Vec::new(),
            opening_patterns: Vec::new(),
            ungated_patterns: Vec::new(),
            ungated_phrases: Vec::new(),
            labels: FxHashMap::default(),
            longest_label: 0,
            vocabulary: Vocabulary::default(),
            conditions: FxHashMap::default(),
            hints,
        };
        let hints = |id: RuleId| hints && rules.is_built_in(id);
        for (id, rule) in rules.iter().filter(|(id, _)| is_on(*id) || hints(*id)) {
            match (&rule.matcher, rules.prepared(id)) {
                (Matcher::Phrases { phrases, line }, Prepared::Phrases(all)) => {
                    for (source, search) in phrases.iter().zip(all) {
                        filter.add_phrase(LazyPhrase::new(source.clone(), *line), search, id);
                    }
                }
                (Matcher::Patterns { patterns, line }, Prepared::Patterns(all)) => {
                    let whole = line.then(|| rule.longest.unwrap_or(usize::MAX));
                    for (source, prepared) in patterns.iter().zip(all) {
                        let most = prepared.most.map_or(usize::MAX, |most| most as usize);
                        let regex = LazyRegex::pattern(source, *line, prepared.free);
                        filter.add_pattern(Pattern { rule: id, whole, most, first: prepared.first, regex }, &prepared.search);
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
        filter.gate.build();
        filter
    }

    fn add_phrase(&mut self, phrase: LazyPhrase, search: &Search<Fragment>, rule: RuleId) {
        let index = self.phrases.len();
        match search {
            Search::Openings(openings) => {
                openings.iter().for_each(|opening| self.openings.add(opening, Target::Phrase(index, None)));
            }
            Search::Fragments(fragments) => {
                fragments.iter().for_each(|fragment| self.gate.add(&fragment.text, Target::Phrase(index, Some(fragment.clone()))));
            }
            Search::Everywhere => self.ungated_phrases.push(index),
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

    fn add_pattern(&mut self, pattern: Pattern, search: &Search<Vec<u8>>) {
        let index = self.patterns.len();
        match search {
            Search::Openings(openings) => {
                openings.iter().for_each(|opening| self.openings.add(opening, Target::Pattern(index)));
                self.opening_patterns.push(index);
            }
            Search::Fragments(fragments) => fragments.iter().for_each(|fragment| self.gate.add(fragment, Target::Pattern(index))),
            Search::Everywhere => self.ungated_patterns.push(index),
        }
        self.patterns.push(pattern);
    }

    /// What all rules match, whatever else they ask for.
    fn find(&self, view: &View<'_>, scratch: &mut Scratch) -> Vec<Mark> {
        let mut found = Marks::default();
        scratch.candidates.clear();
        self.mark_gated(view, &mut found, scratch);
        self.mark_openings(view, &mut found, scratch);
        self.mark_labels(view, &mut found);
        self.mark_ungated_phrases(view, &mut found, scratch);
        self.mark_patterns(view, &mut found, scratch);
        found.take()
    }

    /// Tries what the gate finds, and notes the lines on which patterns are to be tried.
    fn mark_gated(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch) {
        let (text, folded) = (view.document().text(), view.folded());
        self.gate.find(folded.bytes(), |at, targets| {
            for target in targets {
                match target {
                    Target::Phrase(index, fragment) => {
                        let Some(fragment) = fragment.as_ref().filter(|fragment| fragment.suits(folded.bytes(), at)) else { continue };
                        let (phrase, rule) = &self.phrases[*index];
                        let Some(phrase) = phrase.get() else { continue };
                        if let Some((start, end)) = phrase.match_around(folded, at, &fragment.lead, &mut scratch.starts) {
                            marks.add(claim(view, phrase.is_line(), start, end, text), *rule);
                        }
                    }
                    Target::Pattern(index) => scratch.candidates.push((*index as u32, folded.line_index(at) as u32)),
                }
            }
        });
    }

    /// Tries what can begin as lines begin.
    fn mark_openings(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch) {
        let (text, folded) = (view.document().text(), view.folded());
        let bytes = folded.bytes();
        for line in (0..view.line_count()).filter(|&line| !folded.continues(line)) {
            let range = folded.lines()[line].range();
            scratch.starts.clear();
            line_start(bytes, range.clone(), &mut scratch.starts);
            for &start in &scratch.starts {
                for target in self.openings.find(&bytes[start..]) {
                    match target {
                        Target::Phrase(index, _) => {
                            let (phrase, rule) = &self.phrases[*index];
                            if let Some(end) = phrase.get().and_then(|phrase| phrase.match_at(folded, start)) {
                                marks.add(claim(view, true, start, end, text), *rule);
                            }
                        }
                        Target::Pattern(index) => scratch.candidates.push((*index as u32, line as u32)),
                    }
                }
            }
            let first_word = scratch.starts.last().map_or(range.end, |&start| start);
            if !opens_plainly(view, line, first_word) {
                scratch.candidates.extend(self.opening_patterns.iter().map(|&index| (index as u32, line as u32)));
            }
        }
    }

    /// Looks the line up among labels, and its words in vocabularies.
    fn mark_labels(&self, view: &View<'_>, marks: &mut Marks) {
        let mut found = Vec::new();
        let longest = self.longest_label.max(self.vocabulary.longest());
        for line in 0..view.line_count() {
            let label = view.bare(line);
            if label.len() > longest || view.is_wrapped(line) || view.folded().continues(line) {
                continue;
            }
            if let Some(rules) = self.labels.get(label).filter(|_| !ends_a_sentence(view.text(line))) {
                rules.iter().for_each(|&rule| marks.add(view.span(line), rule));
            }
            self.vocabulary.matches(label, &mut found);
            found.iter().for_each(|&rule| marks.add(view.span(line), rule));
        }
    }

    /// Tries the phrases that nothing finds at the start of every line; such phrases are whole lines.
    fn mark_ungated_phrases(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch) {
        let (text, folded) = (view.document().text(), view.folded());
        for (phrase, rule) in self.ungated_phrases.iter().map(|&index| &self.phrases[index]) {
            let Some(phrase) = phrase.get() else { continue };
            for line in folded.lines() {
                let found = phrase.match_around(folded, line.start as usize, &Lead::nothing(), &mut scratch.starts);
                if let Some((start, end)) = found {
                    marks.add(claim(view, phrase.is_line(), start, end, text), *rule);
                }
            }
        }
    }

    /// Runs patterns on the lines that were noted for them.
    fn mark_patterns(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch) {
        let Scratch { candidates, states, .. } = scratch;
        for &index in &self.ungated_patterns {
            candidates.extend((0..view.line_count()).map(|line| (index as u32, line as u32)));
        }
        candidates.sort_unstable();
        candidates.dedup();
        for lines in candidates.chunk_by(|a, b| a.0 == b.0) {
            let pattern = &self.patterns[lines[0].0 as usize];
            let lines = lines.iter().map(|&(_, line)| line as usize);
            if let Some(longest) = pattern.whole {
                mark_line_pattern(pattern, longest, lines, view, states, marks);
            } else {
                mark_span_pattern(pattern, lines, view, marks);
            }
        }
    }

    /// Drops marks whose conditions do not hold: language and host, zone, `unless`, then `near`, which looks only at
    /// marks that do not themselves depend on neighbours.
    fn apply_conditions(&self, view: &View<'_>, marks: impl Iterator<Item = Mark>, states: &mut States) -> Vec<Mark> {
        let document = view.document();
        let holds = |mark: &Mark| {
            let Some(conditions) = self.conditions.get(&mark.rule()) else { return true };
            let suits = conditions.bound.as_ref().is_none_or(|rule| rule.lives(document.host()) && rule.speaks(|| view.language()));
            suits
                && in_zone(view, conditions.zone, mark.span())
                && !conditions.unless.iter().any(|unless| hits(unless, document, mark.span(), states))
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
        let found = self.find(view, scratch);
        let of = |wanted: fn(&Conditions) -> bool| {
            found.iter().copied().filter(move |mark| self.conditions.get(&mark.rule()).is_some_and(wanted))
        };
        if self.hints {
            let hint = |mark: Mark| {
                let Conditions { effect, category, confidence, .. } = self.conditions[&mark.rule()];
                Hint { span: mark.span(), effect, category, confidence }
            };
            let hints = self.apply_conditions(view, of(|rule| rule.hints), &mut scratch.states);
            scratch.hints.clear();
            scratch.hints.extend(hints.into_iter().map(hint));
        }
        for mark in self.apply_conditions(view, of(|rule| rule.is_on), &mut scratch.states) {
            marks.add(mark.span(), mark.rule());
        }
    }
}

/// Whether a line looks like the last words of a sentence that was broken over lines (no capital, and a full stop), or
/// like an answer in a dialogue (a dash, and the end of a sentence).
fn ends_a_sentence(line: &str) -> bool {
    let line = line.trim_end_matches(['"', '\'', '”', '’', ')']);
    let answers = line.starts_with("— ") || line.starts_with("– ");
    (line.starts_with(char::is_lowercase) && line.ends_with('.')) || (answers && line.ends_with(['.', '!', '?', '…', ',']))
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

/// Whether the first word of a line, said to start at a folded offset, is one for patterns too. A line that begins with
/// "½" or "™" has a word there that no pattern knows.
fn opens_plainly(view: &View<'_>, line: usize, first_word: usize) -> bool {
    let folded = view.folded();
    if first_word == folded.lines()[line].end as usize {
        return !view.is_wrapped(line);
    }
    let first = view.text(line).chars().find(|&c| is_word(c) || folds_to_word(c));
    word_after(folded.bytes(), first_word) && first.is_some_and(|c| c.is_alphabetic() || c.is_ascii())
}

fn mark_line_pattern(
    pattern: &Pattern,
    longest: usize,
    lines: impl Iterator<Item = usize>,
    view: &View<'_>,
    states: &mut States,
    marks: &mut Marks,
) {
    let folded = view.folded();
    let mut done = 0;
    for line in lines {
        // The lines of a paragraph that hard wrapping broke are tried once.
        if line < done {
            continue;
        }
        let (mut first, mut last) = (line, line);
        while folded.continues(first) {
            first -= 1;
        }
        while view.is_wrapped(last) {
            last += 1;
        }
        done = last + 1;
        let span = Span::at(view.span(first).start(), view.span(last).end());
        let text = view.document().text()[span.range()].trim_matches(|c: char| c.is_whitespace() || crate::fold::is_invisible(c));
        let fits = text.len() <= pattern.most
            && text.as_bytes().first().is_some_and(|&first| pattern.first.contains(first))
            && (text.len() <= longest || text.chars().take(longest.saturating_add(1)).count() <= longest);
        if fits && pattern.regex.is_match(text, states) {
            marks.add(span, pattern.rule);
        }
    }
}

/// Runs a pattern over the neighbourhoods of the lines, each text once.
fn mark_span_pattern(pattern: &Pattern, lines: impl Iterator<Item = usize>, view: &View<'_>, marks: &mut Marks) {
    let document = view.document();
    let Some(regex) = pattern.regex.regex() else { return };
    let mut windows: Vec<Span> = lines
        .map(|line| {
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
            marks.add(tidy(document, span, opens), pattern.rule);
        }
    }
}

/// Whether an exception hits on the lines that a span touches.
fn hits(unless: &LazyRegex, document: &Document<'_>, span: Span, states: &mut States) -> bool {
    let start = document.line(document.line_at(span.start())).start();
    let end = document.line(document.line_at(span.end().saturating_sub(1))).end();
    unless.is_match(&document.text()[start..end], states)
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
    use crate::fold::Folded;

    /// What a rule matches, tried everywhere.
    fn plainly(filter: &Phrases, rule: RuleId, view: &View<'_>) -> Vec<Mark> {
        let (folded, text) = (view.folded(), view.document().text());
        let mut marks = Marks::default();
        for (phrase, _) in filter.phrases.iter().filter(|(_, own)| *own == rule) {
            let phrase = phrase.get().unwrap();
            let mut starts = Vec::new();
            if phrase.is_line() {
                let lines = (0..view.line_count()).filter(|&line| !folded.continues(line));
                lines.for_each(|line| line_start(folded.bytes(), folded.lines()[line].range(), &mut starts));
            } else {
                let folded = std::str::from_utf8(folded.bytes()).unwrap();
                starts.extend(folded.char_indices().filter(|(_, c)| !c.is_whitespace()).map(|(at, _)| at));
            }
            for (start, end) in starts.iter().filter_map(|&start| Some((start, phrase.match_at(folded, start)?))) {
                marks.add(claim(view, phrase.is_line(), start, end, text), rule);
            }
        }
        for pattern in filter.patterns.iter().filter(|pattern| pattern.rule == rule) {
            let anything = Pattern { rule, whole: pattern.whole, most: usize::MAX, first: ByteSet::ALL, regex: pattern.regex.plainly() };
            match pattern.whole {
                Some(longest) => mark_line_pattern(&anything, longest, 0..view.line_count(), view, &mut States::default(), &mut marks),
                None => mark_span_pattern(&anything, 0..view.line_count(), view, &mut marks),
            }
        }
        marks.take()
    }

    /// Each rule by itself finds in its examples, in several writings, just what the search for all rules at once finds.
    #[test]
    fn nothing_is_missed_by_looking_for_all_rules_at_once() {
        let rules = RuleSet::built_in();
        let filter = Phrases::new(&rules, &|_| true, false);
        let writings: [fn(&str) -> String; 6] = [
            str::to_owned,
            |text| text.replace('\n', "\r\n"),
            |text| text.replace(' ', "\u{a0} "),
            |text| text.split(' ').enumerate().flat_map(|(at, word)| [word, if at % 3 == 1 { "\n" } else { " " }]).collect(),
            |text| format!("It rained.\n\n» {}\nIt stopped.", text.replace('"', "“").replace('\'', "’")),
            |text| format!("½ {text} ™"),
        ];
        let (mut scratch, mut folded, mut compared) = (Scratch::default(), Folded::default(), 0);
        for (id, rule) in rules.iter() {
            for (example, writing) in rule.examples.remove.iter().chain(&rule.examples.keep).flat_map(|text| writings.map(|w| (text, w))) {
                let text = writing(example);
                let document = Document::new(&text).unwrap();
                folded.fill(&document);
                let view = View::new(&document, &folded);
                let plain = plainly(&filter, id, &view);
                if matches!(rule.matcher, Matcher::Phrases { .. } | Matcher::Patterns { .. }) {
                    let mut found = filter.find(&view, &mut scratch);
                    found.retain(|mark| mark.rule() == id);
                    assert_eq!(found, plain, "{} in {text:?}", rule.name);
                    compared += found.len();
                }
            }
        }
        assert!(compared > 5000, "{compared}");
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
