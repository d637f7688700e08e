//! Near misses: rules that almost removed a line that is kept. They answer the question "why was
//! this line not removed?" in `dechaff explain --line` and in failures of `dechaff rules test`.
//!
//! A rule can miss a line for three kinds of reasons, which are found in different ways:
//!
//! * **It is off.** The document is cleaned again with all rules on. A rule that matches the line
//!   then, but not with the user's cleaner, is off.
//! * **A condition fails**, such as its zone or its language. The document is cleaned again with
//!   the conditions of all rules lifted. If that makes a rule match, the document is cleaned once
//!   more for each kind of condition, with all other conditions lifted. If the rule then no longer
//!   matches, that condition is the reason.
//! * **The text differs a little.** [`NearIndex`] finds labels within one or two edits of the line,
//!   and phrases of which most words are on the line.
//!
//! For example, a rule with `zone = "tail"` and the label `Tell your friends` matches that line at
//! the top of a page only without conditions. With the zone as its only condition it does not
//! match, so [`Missed::Zone`] is reported. For the line `Tell your freinds`, the index reports a
//! label at edit distance 1.
//!
//! All this costs several runs of the cleaner for each document. That is acceptable because people
//! ask for it one line at a time.

use crate::cleaner::Cleaner;
use crate::cleaner::Scratch;
use crate::error::Error;
use crate::mark::Mark;
use crate::rules::RuleSet;
use crate::text::Document;
use crate::text::Span;
use dechaff_rules::chars::is_word;
use dechaff_rules::phrase::Phrase;
use dechaff_rules::rule::{Effect, FilterName, Level, Matcher, Rule, RuleId, Zone};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// Minimum number of different words that a line must share with a phrase to be near it.
const MIN_SHARED_WORDS: usize = 3;
/// Minimum share of a phrase's different words that must be on the line, as a fraction.
const MIN_SHARED_PART: (usize, usize) = (3, 5);
/// Maximum number of rules reported for a line because their text differs a little.
const MAX_SIMILAR: usize = 5;
/// Lengths of lines that are compared with labels, in code points. In a shorter line one edit
/// changes more than a fifth of the text.
const LABEL_LEN: RangeInclusive<usize> = 5..=60;
/// Length from which a line may be two edits away from a label instead of one, in code points.
const TWO_EDITS_LEN: usize = 9;

/// A kind of condition that a rule can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Zone,
    Unless,
    Near,
    Language,
    Host,
    /// A phrase must be the whole line.
    Line,
}

const CONDITIONS: [Condition; 6] = [
    Condition::Zone,
    Condition::Unless,
    Condition::Near,
    Condition::Language,
    Condition::Host,
    Condition::Line,
];

impl Condition {
    /// Removes the condition from `rule`. [`Condition::Line`] stays on rules with a phrase that can
    /// match fewer than [`MIN_SHARED_WORDS`] words, since such a phrase occurs in ordinary prose.
    fn lift(self, rule: &mut Rule) {
        match self {
            Self::Zone => rule.zone = Zone::Anywhere,
            Self::Unless => rule.unless.clear(),
            Self::Near => rule.near = None,
            Self::Language => rule.languages.clear(),
            Self::Host => rule.hosts.clear(),
            Self::Line => {
                if let Matcher::Phrases { phrases, line } = &mut rule.matcher
                    && phrases
                        .iter()
                        .all(|phrase| Phrase::min_words(phrase).0 >= MIN_SHARED_WORDS)
                {
                    *line = false;
                }
            }
        }
    }

    fn missed(self, rule: &Rule) -> Missed {
        match self {
            Self::Zone => Missed::Zone(rule.zone),
            Self::Unless => Missed::Unless,
            Self::Near => Missed::Near,
            Self::Language => Missed::Language,
            Self::Host => Missed::Host,
            Self::Line => Missed::Line,
        }
    }
}

/// The reason why a rule did not remove a line. The order of the variants decides between reasons
/// of the same rule that are equally near.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missed {
    /// The rule matches, but the level or the options turn it off.
    Off,
    /// The rule matches, but only applies in this zone of a document.
    Zone(Zone),
    /// An exception of the rule (`unless`) holds.
    Unless,
    /// The rule requires a removal nearby (`near`), and there is none.
    Near,
    /// The rule is bound to other languages.
    Language,
    /// The rule is bound to other hosts.
    Host,
    /// The phrase matches a part of the line, but must be the whole line.
    Line,
    /// Some words of a phrase are missing: number of words on the line, number of words in the
    /// phrase, and the phrase.
    Words(usize, usize, String),
    /// A label differs: edit distance in code points, and the label.
    Letters(usize, String),
}

/// A rule that almost removed a line, with the reason.
#[derive(Clone, Debug)]
pub struct Miss {
    /// The rule.
    pub rule: RuleId,
    /// Why it did not remove the line.
    pub missed: Missed,
    /// The text that the rule would have matched; `None` if the text itself differs.
    pub span: Option<Span>,
}

/// Finds near misses. It holds the rules of a cleaner compiled in several ways: as they are, all
/// on, and with conditions lifted.
#[derive(Debug)]
pub struct NearMisses {
    /// The user's cleaner.
    cleaner: Cleaner,
    /// All rules on.
    all_on: Cleaner,
    /// All rules on, without conditions.
    unconditional: Cleaner,
    index: NearIndex,
    /// For each of [`CONDITIONS`], all rules on with that condition only. Compiled when first
    /// needed; `None` if the rules do not compile this way.
    single_condition: [OnceLock<Option<Cleaner>>; CONDITIONS.len()],
}

impl NearMisses {
    /// Compiles the rules of `cleaner` with all of them on, with and without their conditions, and
    /// indexes their labels and phrases.
    ///
    /// # Errors
    /// Those of [`Builder::build`](crate::Builder::build).
    pub fn new(cleaner: &Cleaner) -> Result<Self, Error> {
        let all_on = compile_all_on(cleaner, |_| ())?;
        let unconditional = compile_all_on(cleaner, |rule| {
            CONDITIONS.iter().for_each(|condition| condition.lift(rule));
        })?;
        Ok(Self {
            cleaner: cleaner.clone(),
            all_on,
            unconditional,
            index: NearIndex::new(cleaner.rules()),
            single_condition: Default::default(),
        })
    }

    /// Cleans `document` three times: with the user's cleaner, with all rules on, and without
    /// conditions. The result can then be asked for the near misses of any line.
    pub fn examine<'n>(
        &'n self,
        document: &'n Document<'n>,
        scratch: &mut Scratch,
    ) -> DocumentMatches<'n> {
        DocumentMatches {
            near_misses: self,
            document,
            actual: self.matches(&self.cleaner, document, scratch),
            all_on: self.matches(&self.all_on, document, scratch),
            unconditional: self.matches(&self.unconditional, document, scratch),
            single_condition: Default::default(),
        }
    }

    /// Returns the marks of removing rules that search for a text: phrases, labels, words or
    /// patterns. Marks of structure filters and of the line model are left out, since these have no
    /// conditions to compare.
    fn matches(
        &self,
        cleaner: &Cleaner,
        document: &Document<'_>,
        scratch: &mut Scratch,
    ) -> MarkIndex {
        let rules = self.cleaner.rules();
        let (mut marks, _) = cleaner.marks(document, scratch);
        marks.retain(|mark| {
            let rule = rules.get(mark.rule());
            rule.effect == Effect::Remove && rule.filter() == FilterName::Phrases
        });
        MarkIndex::new(marks)
    }
}

/// Marks of a document, sorted so that those on a line are found quickly.
#[derive(Debug, Default)]
pub struct MarkIndex {
    /// Marks in the order of their spans.
    marks: Vec<Mark>,
    /// Length of the longest mark, in bytes.
    max_len: usize,
}

impl MarkIndex {
    /// Sorts `marks`, which may overlap and be in any order. Marks of several rules on the same
    /// span are all kept.
    #[must_use]
    pub fn new(mut marks: Vec<Mark>) -> Self {
        marks.sort_unstable();
        let max_len = marks
            .iter()
            .map(|mark| mark.span().len())
            .max()
            .unwrap_or(0);
        Self { marks, max_len }
    }

    /// Returns the marks that overlap `span`, in order. A mark can begin before the span, so the
    /// search starts `max_len` bytes ahead of it.
    pub fn overlapping(&self, span: Span) -> impl Iterator<Item = &Mark> {
        let from = self
            .marks
            .partition_point(|mark| mark.span().start() + self.max_len < span.start());
        self.marks[from..]
            .iter()
            .take_while(move |mark| mark.span().start() < span.end())
            .filter(move |mark| mark.span().overlaps(span))
    }

    fn contains(&self, rule: RuleId, span: Span) -> bool {
        self.overlapping(span).any(|mark| mark.rule() == rule)
    }
}

/// What the rules match in one document, with and without their conditions.
#[derive(Debug)]
pub struct DocumentMatches<'n> {
    near_misses: &'n NearMisses,
    document: &'n Document<'n>,
    /// Matches of the user's cleaner.
    actual: MarkIndex,
    all_on: MarkIndex,
    unconditional: MarkIndex,
    /// Matches with one condition only, for each of [`CONDITIONS`]; computed when first needed.
    single_condition: [OnceLock<Option<MarkIndex>>; CONDITIONS.len()],
}

impl DocumentMatches<'_> {
    /// Returns the rules that almost matched `line`: first those that are off, then those with a
    /// failing condition, then at most [`MAX_SIMILAR`] whose text differs a little, nearest first.
    /// Rules that match the line are left out.
    pub fn near_misses(&self, line: Span, scratch: &mut Scratch) -> Vec<Miss> {
        let cleaner = &self.near_misses.cleaner;
        let mut misses: Vec<Miss> = self
            .all_on
            .overlapping(line)
            .map(|mark| (mark.rule(), mark.span()))
            .filter(|&(rule, _)| !self.actual.contains(rule, line) && !cleaner.is_on(rule))
            .map(|(rule, span)| Miss {
                rule,
                missed: Missed::Off,
                span: Some(span),
            })
            .collect();
        for mark in self.unconditional.overlapping(line) {
            if !self.all_on.contains(mark.rule(), line) {
                misses.extend(
                    self.failing_conditions(mark.rule(), line, scratch)
                        .map(|missed| Miss {
                            rule: mark.rule(),
                            missed,
                            span: Some(mark.span()),
                        }),
                );
            }
        }
        let known: Vec<RuleId> = self
            .actual
            .overlapping(line)
            .map(|mark| mark.rule())
            .chain(misses.iter().map(|miss| miss.rule))
            .collect();
        let text = &self.document.text()[line.range()];
        let similar = self
            .near_misses
            .index
            .similar(text)
            .into_iter()
            .filter(|miss| !known.contains(&miss.rule));
        misses.extend(similar.take(MAX_SIMILAR));
        misses
    }

    /// Returns the conditions of `rule` each of which alone prevents a match on `line`.
    fn failing_conditions(
        &self,
        rule: RuleId,
        line: Span,
        scratch: &mut Scratch,
    ) -> impl Iterator<Item = Missed> {
        CONDITIONS
            .into_iter()
            .enumerate()
            .filter(move |&(index, _)| {
                self.with_single_condition(index, scratch)
                    .is_some_and(|matches| !matches.contains(rule, line))
            })
            .map(move |(_, condition)| condition.missed(self.near_misses.cleaner.rules().get(rule)))
    }

    /// Returns the matches of all rules with only the condition `CONDITIONS[index]`, or `None` if
    /// the rules do not compile this way.
    fn with_single_condition(&self, index: usize, scratch: &mut Scratch) -> Option<&MarkIndex> {
        let cleaner = self.near_misses.single_condition[index].get_or_init(|| {
            compile_all_on(&self.near_misses.cleaner, |rule| {
                for other in CONDITIONS {
                    if other != CONDITIONS[index] {
                        other.lift(rule);
                    }
                }
            })
            .ok()
        });
        self.single_condition[index]
            .get_or_init(|| {
                Some(
                    self.near_misses
                        .matches(cleaner.as_ref()?, self.document, scratch),
                )
            })
            .as_ref()
    }
}

/// Compiles the rules of `cleaner`, each changed by `change`, with all of them on and without the
/// line model, which would only cost time.
fn compile_all_on(cleaner: &Cleaner, change: impl Fn(&mut Rule)) -> Result<Cleaner, Error> {
    Cleaner::builder()
        .rules(cleaner.rules().with(change))
        .level(Level::Thorough)
        .skip(["model"])
        .max_removed(1.0)
        .build()
}

/// A label in the index.
#[derive(Debug)]
struct IndexedLabel {
    rule: RuleId,
    /// The label as its rule spells it.
    label: String,
    /// The label in lower case.
    lowercase: String,
    /// Its [`letter_set`].
    letters: u64,
}

/// A phrase in the index.
#[derive(Debug)]
struct IndexedPhrase {
    rule: RuleId,
    /// The phrase as its rule spells it.
    phrase: String,
    /// Number of different words that it requires.
    words: usize,
}

/// Labels and phrases of removing rules, indexed for approximate search.
#[derive(Debug, Default)]
struct NearIndex {
    /// Labels by their length in code points.
    labels: FxHashMap<usize, Vec<IndexedLabel>>,
    phrases: Vec<IndexedPhrase>,
    /// Indices into `phrases` by the words that the phrases require.
    by_word: FxHashMap<String, Vec<usize>>,
}

impl NearIndex {
    /// Indexes the labels and phrases of all removing rules. Of a phrase only the words that each
    /// match has are indexed, since optional words are no reason for a miss.
    fn new(rules: &RuleSet) -> Self {
        let mut index = Self::default();
        for (id, rule) in rules.iter() {
            if rule.effect != Effect::Remove {
                continue;
            }
            match &rule.matcher {
                Matcher::Labels(labels) => {
                    labels.iter().for_each(|label| index.add_label(id, label));
                }
                Matcher::Phrases { phrases, .. } => phrases
                    .iter()
                    .for_each(|phrase| index.add_phrase(id, phrase)),
                _ => {}
            }
        }
        index
    }

    fn add_label(&mut self, rule: RuleId, label: &str) {
        let lowercase = label.to_lowercase();
        self.labels
            .entry(lowercase.chars().count())
            .or_default()
            .push(IndexedLabel {
                rule,
                label: label.to_owned(),
                letters: letter_set(&lowercase),
                lowercase,
            });
    }

    fn add_phrase(&mut self, rule: RuleId, phrase: &str) {
        let words = distinct_words(&Phrase::shortest_match(phrase));
        let index = self.phrases.len();
        self.phrases.push(IndexedPhrase {
            rule,
            phrase: phrase.to_owned(),
            words: words.len(),
        });
        for word in words {
            self.by_word.entry(word).or_default().push(index);
        }
    }

    /// Returns the rules whose labels or phrases are similar to `line`, nearest first, each rule
    /// once. The distance is relative: edits per code point of the line, or the missing part of the
    /// phrase's words.
    fn similar(&self, line: &str) -> Vec<Miss> {
        let mut misses = self.similar_labels(line);
        misses.extend(self.similar_phrases(line));
        misses.sort_by(|(one_distance, one), (other_distance, other)| {
            (one_distance, one.rule, &one.missed).cmp(&(other_distance, other.rule, &other.missed))
        });
        let mut seen = FxHashSet::default();
        misses
            .into_iter()
            .map(|(_, miss)| miss)
            .filter(|miss| seen.insert(miss.rule))
            .collect()
    }

    /// Returns the phrases that share enough words with `line`, in any order, with the share of
    /// missing words in thousandths.
    fn similar_phrases(&self, line: &str) -> Vec<(usize, Miss)> {
        let mut shared_words: FxHashMap<usize, usize> = FxHashMap::default();
        for word in distinct_words(line) {
            for &index in self.by_word.get(&word).into_iter().flatten() {
                *shared_words.entry(index).or_default() += 1;
            }
        }
        let (numerator, denominator) = MIN_SHARED_PART;
        shared_words
            .into_iter()
            .map(|(index, shared)| (&self.phrases[index], shared))
            .filter(|&(phrase, shared)| {
                shared >= MIN_SHARED_WORDS && shared * denominator >= phrase.words * numerator
            })
            .map(|(phrase, shared)| {
                let miss = Miss {
                    rule: phrase.rule,
                    missed: Missed::Words(shared, phrase.words, phrase.phrase.clone()),
                    span: None,
                };
                ((phrase.words - shared) * 1000 / phrase.words, miss)
            })
            .collect()
    }

    /// Returns the labels within one or two edits of `line`, with the number of edits per thousand
    /// code points of the line. Labels that equal the line are left out.
    fn similar_labels(&self, line: &str) -> Vec<(usize, Miss)> {
        let line = line.trim_matches(|c: char| !is_word(c)).to_lowercase();
        let len = line.chars().count();
        if !LABEL_LEN.contains(&len) {
            return Vec::new();
        }
        let max_edits = if len < TWO_EDITS_LEN { 1 } else { 2 };
        let letters = letter_set(&line);
        (len - max_edits..=len + max_edits)
            .filter_map(|len| self.labels.get(&len))
            .flatten()
            // One edit changes at most two bits of the set: it can remove a letter and add one.
            .filter(|label| (label.letters ^ letters).count_ones() as usize <= 2 * max_edits)
            .map(|label| (label, strsim::osa_distance(&line, &label.lowercase)))
            .filter(|(_, edits)| (1..=max_edits).contains(edits))
            .map(|(label, edits)| {
                let miss = Miss {
                    rule: label.rule,
                    missed: Missed::Letters(edits, label.label.clone()),
                    span: None,
                };
                (edits * 1000 / len, miss)
            })
            .collect()
    }
}

/// Returns the set of code points in `text` as 64 bits. Code points that are equal modulo 64 share
/// a bit, so the sets can be equal although the texts differ.
fn letter_set(text: &str) -> u64 {
    text.chars()
        .fold(0, |letters, c| letters | 1 << (c as u32 % 64))
}

/// Returns the different words of `text` in lower case, sorted. Words of a single code point are
/// left out, because they say little about a text.
fn distinct_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text
        .split(|c: char| !is_word(c))
        .filter(|word| word.chars().count() > 1)
        .map(str::to_lowercase)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLES: &str = "examples.match = ['a', 'b']\nexamples.no_match = ['c', 'd']\n\
                            category = 'share'\ndescription = 'D.'\n";

    /// Returns the names of the rules that almost matched `line` at the top of a page, with the
    /// reasons.
    fn misses(pack: &str, line: &str) -> Vec<(String, Missed)> {
        let pack = pack.replace("[[rule]]", &format!("[[rule]]\n{EXAMPLES}"));
        let mut rules = RuleSet::default();
        rules
            .add_pack(&format!("[pack]\nname = 'p'\n{pack}"), "p.toml")
            .unwrap();
        let cleaner = Cleaner::builder()
            .rules(rules)
            .level(Level::Balanced)
            .build()
            .unwrap();
        let text = format!("{line}\n{}", "It rained on the quay.\n".repeat(30));
        let near_misses = NearMisses::new(&cleaner).unwrap();
        let (document, mut scratch) = (Document::new(&text).unwrap(), Scratch::default());
        near_misses
            .examine(&document, &mut scratch)
            .near_misses(Span::from_offsets(0, line.len()), &mut scratch)
            .into_iter()
            .map(|miss| (cleaner.rules().get(miss.rule).name.clone(), miss.missed))
            .collect()
    }

    #[test]
    fn near_misses_have_the_reason_of_the_miss() {
        let pack = "
            [[rule]]
            id = 'off'
            confidence = 'possible'
            labels = ['Tell a friend']
            [[rule]]
            id = 'zone'
            confidence = 'certain'
            zone = 'tail'
            labels = ['Tell your friends']
            [[rule]]
            id = 'unless'
            confidence = 'certain'
            unless = ['said']
            phrase = 'tell all the world'
            [[rule]]
            id = 'line'
            confidence = 'certain'
            line = true
            phrase = 'tell everybody you know'
            [[rule]]
            id = 'words'
            confidence = 'certain'
            phrase = 'tell whoever owns the [old] boat about it'
            [[rule]]
            id = 'host'
            confidence = 'certain'
            hosts = ['example.org']
            labels = ['Tell nobody']";
        for (line, rule, missed) in [
            ("Tell a friend", "p/off", Missed::Off),
            ("Tell your friends", "p/zone", Missed::Zone(Zone::Tail)),
            ("Tell all the world, she said.", "p/unless", Missed::Unless),
            ("We tell everybody you know.", "p/line", Missed::Line),
            ("Tell nobody", "p/host", Missed::Host),
            (
                "Tell your freinds",
                "p/zone",
                Missed::Letters(1, "Tell your friends".to_owned()),
            ),
            (
                "Tell whoever owns the boat",
                "p/words",
                Missed::Words(5, 7, "tell whoever owns the [old] boat about it".to_owned()),
            ),
        ] {
            assert_eq!(misses(pack, line), [(rule.to_owned(), missed)], "{line}");
        }
        assert_eq!(misses(pack, "It snowed."), []);
    }
}
