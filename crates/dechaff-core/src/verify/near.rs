//! Which rules came near a line that stays: those that are off, those of which a condition fails, those that find only a
//! part of it or nearly what they look for. It answers "why not", and is asked by people, line by line, so that it may try
//! every rule in several ways.

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
use std::sync::OnceLock;

/// A phrase is near where at least so many of its words are on the line, and so large a part of them.
const FEWEST_WORDS: usize = 3;
const LEAST_PART: (usize, usize) = (3, 5);
/// So many rules of which words or letters are missing are told.
const MOST: usize = 5;

/// A condition of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Zone,
    Unless,
    NearMissReport,
    Language,
    Host,
    /// A phrase that must be the whole line.
    Line,
}

const CONDITIONS: [Condition; 6] = [
    Condition::Zone,
    Condition::Unless,
    Condition::NearMissReport,
    Condition::Language,
    Condition::Host,
    Condition::Line,
];

impl Condition {
    /// Frees a rule of the condition.
    fn lift(self, rule: &mut Rule) {
        match self {
            Self::Zone => rule.zone = Zone::Anywhere,
            Self::Unless => rule.unless.clear(),
            Self::NearMissReport => rule.near = None,
            Self::Language => rule.languages.clear(),
            Self::Host => rule.hosts.clear(),
            Self::Line => {
                // A short phrase would be found in any prose.
                if let Matcher::Phrases { phrases, line } = &mut rule.matcher
                    && phrases
                        .iter()
                        .all(|phrase| Phrase::min_words(phrase).0 >= FEWEST_WORDS)
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
            Self::NearMissReport => Missed::NearMissReport,
            Self::Language => Missed::Language,
            Self::Host => Missed::Host,
            Self::Line => Missed::Line,
        }
    }
}

/// Why a rule did not take a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missed {
    /// It matches, but the level or the options leave it off.
    Off,
    /// It matches elsewhere in a document only.
    Zone(Zone),
    /// Its own exception holds.
    Unless,
    /// Nothing that it asks for was removed nearby.
    NearMissReport,
    /// It is for other languages.
    Language,
    /// It is for other hosts.
    Host,
    /// It matches a part, and asks for the whole line.
    Line,
    /// So many of the words of its phrase are there.
    Words(usize, usize, String),
    /// The line is so many letters away from its label.
    Letters(usize, String),
}

/// A rule that came near.
#[derive(Clone, Debug)]
pub struct Miss {
    pub rule: RuleId,
    pub missed: Missed,
    /// What it would have matched, where it would.
    pub span: Option<Span>,
}

/// Tries all rules of a cleaner, whether they are on or not, with and without their conditions.
#[derive(Debug)]
pub struct NearMisses {
    cleaner: Cleaner,
    /// All rules on.
    on: Cleaner,
    /// All rules on, without conditions.
    free: Cleaner,
    sought: NearIndex,
    /// All rules on, with one condition each; made when a rule has to be asked which it is.
    bound: [OnceLock<Option<Cleaner>>; CONDITIONS.len()],
}

impl NearMisses {
    /// Compiles what is needed.
    ///
    /// # Errors
    /// What the cleaner's builder has against the rules.
    pub fn new(cleaner: &Cleaner) -> Result<Self, Error> {
        let on = all_on(cleaner, |_| ())?;
        let free = all_on(cleaner, |rule| {
            CONDITIONS.iter().for_each(|condition| condition.lift(rule))
        })?;
        let sought = NearIndex::new(cleaner.rules());
        Ok(Self {
            cleaner: cleaner.clone(),
            on,
            free,
            sought,
            bound: Default::default(),
        })
    }

    /// Tries them on a document.
    pub fn look<'n>(
        &'n self,
        document: &'n Document<'n>,
        scratch: &mut Scratch,
    ) -> LineMatches<'n> {
        let actual = self.took(&self.cleaner, document, scratch);
        let on = self.took(&self.on, document, scratch);
        let free = self.took(&self.free, document, scratch);
        LineMatches {
            near: self,
            document,
            actual,
            on,
            free,
            bound: Default::default(),
        }
    }

    /// What phrases, labels and patterns would take of a document.
    fn took(
        &self,
        cleaner: &Cleaner,
        document: &Document<'_>,
        scratch: &mut Scratch,
    ) -> NearMissReport {
        let rules = self.cleaner.rules();
        let (mut marks, _) = cleaner.marks(document, scratch);
        marks.retain(|mark| {
            rules.get(mark.rule()).effect == Effect::Remove
                && rules.get(mark.rule()).filter() == FilterName::Phrases
        });
        NearMissReport::new(marks)
    }
}

/// Marks in the order of their spans.
#[derive(Debug, Default)]
pub struct NearMissReport {
    marks: Vec<Mark>,
    longest: usize,
}

impl NearMissReport {
    pub fn new(mut marks: Vec<Mark>) -> Self {
        marks.sort_unstable();
        let longest = marks
            .iter()
            .map(|mark| mark.span().len())
            .max()
            .unwrap_or(0);
        Self { marks, longest }
    }

    /// Those that touch a span.
    pub fn on(&self, span: Span) -> impl Iterator<Item = &Mark> {
        let from = self
            .marks
            .partition_point(|mark| mark.span().start() + self.longest < span.start());
        self.marks[from..]
            .iter()
            .take_while(move |mark| mark.span().start() < span.end())
            .filter(move |mark| mark.span().overlaps(span))
    }

    fn has(&self, rule: RuleId, span: Span) -> bool {
        self.on(span).any(|mark| mark.rule() == rule)
    }
}

/// What rules would take of a document, with and without their conditions.
#[derive(Debug)]
pub struct LineMatches<'n> {
    near: &'n NearMisses,
    document: &'n Document<'n>,
    actual: NearMissReport,
    on: NearMissReport,
    free: NearMissReport,
    /// With one condition each.
    bound: [OnceLock<Option<NearMissReport>>; CONDITIONS.len()],
}

impl LineMatches<'_> {
    /// The rules that came near a line, those with the clearest reason first.
    pub fn of_line(&self, line: Span, scratch: &mut Scratch) -> Vec<Miss> {
        let cleaner = &self.near.cleaner;
        let rules = cleaner.rules();
        let mut misses: Vec<Miss> = Vec::new();
        for mark in self
            .on
            .on(line)
            .filter(|mark| !self.actual.has(mark.rule(), line) && !cleaner.is_on(mark.rule()))
        {
            misses.push(Miss {
                rule: mark.rule(),
                missed: Missed::Off,
                span: Some(mark.span()),
            });
        }
        for mark in self
            .free
            .on(line)
            .filter(|mark| !self.on.has(mark.rule(), line))
        {
            for (index, condition) in CONDITIONS.into_iter().enumerate() {
                if !self
                    .bound(index, condition, scratch)
                    .is_none_or(|bound| bound.has(mark.rule(), line))
                {
                    let missed = condition.missed(rules.get(mark.rule()));
                    misses.push(Miss {
                        rule: mark.rule(),
                        missed,
                        span: Some(mark.span()),
                    });
                }
            }
        }
        let known: Vec<RuleId> = self
            .actual
            .on(line)
            .map(|mark| mark.rule())
            .chain(misses.iter().map(|miss| miss.rule))
            .collect();
        let text = &self.document.text()[line.range()];
        let near = self
            .near
            .sought
            .near(text)
            .into_iter()
            .map(|(_, miss)| miss)
            .filter(|miss| !known.contains(&miss.rule));
        misses.extend(near.take(MOST));
        misses
    }

    /// What rules would take that have one condition only.
    fn bound(
        &self,
        index: usize,
        condition: Condition,
        scratch: &mut Scratch,
    ) -> Option<&NearMissReport> {
        let cleaner = self.near.bound[index].get_or_init(|| {
            let others = CONDITIONS.into_iter().filter(|other| *other != condition);
            all_on(&self.near.cleaner, |rule| {
                others.clone().for_each(|other| other.lift(rule))
            })
            .ok()
        });
        self.bound[index]
            .get_or_init(|| Some(self.near.took(cleaner.as_ref()?, self.document, scratch)))
            .as_ref()
    }
}

/// A cleaner with all rules on, each changed, and without the model.
fn all_on(cleaner: &Cleaner, change: impl Fn(&mut Rule)) -> Result<Cleaner, Error> {
    Cleaner::builder()
        .rules(cleaner.rules().with(change))
        .level(Level::Thorough)
        .skip(["model"])
        .max_removed(1.0)
        .build()
}

/// What rules look for, found by what a line has of it.
#[derive(Debug, Default)]
struct NearIndex {
    /// Labels by their length: rule, the label as it is written and folded, which letters it has.
    labels: FxHashMap<usize, Vec<(RuleId, String, String, u64)>>,
    /// Phrases, with the number of different words that they ask for.
    phrases: Vec<(RuleId, String, usize)>,
    /// The phrases that ask for a word.
    by_word: FxHashMap<String, Vec<usize>>,
}

impl NearIndex {
    fn new(rules: &RuleSet) -> Self {
        let mut sought = Self::default();
        for (id, rule) in rules
            .iter()
            .filter(|(_, rule)| rule.effect == Effect::Remove)
        {
            match &rule.matcher {
                Matcher::Labels(labels) => labels.iter().for_each(|label| {
                    let folded = label.to_lowercase();
                    let (length, letters) = (folded.chars().count(), letters(&folded));
                    sought.labels.entry(length).or_default().push((
                        id,
                        label.to_owned(),
                        folded,
                        letters,
                    ));
                }),
                Matcher::Phrases { phrases, .. } => phrases.iter().for_each(|phrase| {
                    let words = words(&Phrase::shortest_match(phrase));
                    let place = sought.phrases.len();
                    sought.phrases.push((id, phrase.to_owned(), words.len()));
                    words
                        .into_iter()
                        .for_each(|word| sought.by_word.entry(word).or_default().push(place));
                }),
                _ => {}
            }
        }
        sought
    }

    /// Rules that are near a line, with how far they are, in thousandths.
    fn near(&self, line: &str) -> Vec<(usize, Miss)> {
        let mut near = self.labels_near(line);
        let mut there: FxHashMap<usize, usize> = FxHashMap::default();
        for word in words(line) {
            self.by_word
                .get(&word)
                .into_iter()
                .flatten()
                .for_each(|&place| *there.entry(place).or_default() += 1);
        }
        for (place, there) in there {
            let (rule, phrase, all) = &self.phrases[place];
            if there >= FEWEST_WORDS && there * LEAST_PART.1 >= all * LEAST_PART.0 {
                near.push((
                    (all - there) * 1000 / all,
                    Miss {
                        rule: *rule,
                        missed: Missed::Words(there, *all, phrase.clone()),
                        span: None,
                    },
                ));
            }
        }
        near.sort_by(|one, other| {
            (one.0, one.1.rule, &one.1.missed).cmp(&(other.0, other.1.rule, &other.1.missed))
        });
        let mut told = FxHashSet::default();
        near.retain(|(_, miss)| told.insert(miss.rule));
        near
    }

    fn labels_near(&self, line: &str) -> Vec<(usize, Miss)> {
        let line = line.trim_matches(|c: char| !is_word(c)).to_lowercase();
        let length = line.chars().count();
        if !(5..=60).contains(&length) {
            return Vec::new();
        }
        let most = if length < 9 { 1 } else { 2 };
        let letters = letters(&line);
        let about = (length - most..=length + most)
            .filter_map(|length| self.labels.get(&length))
            .flatten();
        // A change of one letter for another is one letter less and one more.
        let alike = about.filter(|(.., own)| (own ^ letters).count_ones() as usize <= 2 * most);
        let distant = alike
            .map(|(rule, label, folded, _)| (strsim::osa_distance(&line, folded), rule, label));
        let near = distant.filter(|(distance, ..)| (1..=most).contains(distance));
        near.map(|(distance, rule, label)| {
            (
                distance * 1000 / length,
                Miss {
                    rule: *rule,
                    missed: Missed::Letters(distance, label.clone()),
                    span: None,
                },
            )
        })
        .collect()
    }
}

/// Which letters a text has, some sharing a bit.
fn letters(text: &str) -> u64 {
    text.chars()
        .fold(0, |letters, c| letters | 1 << (c as u32 % 64))
}

/// The different words of a text, folded.
fn words(text: &str) -> Vec<String> {
    let words = text
        .split(|c: char| !is_word(c))
        .filter(|word| word.chars().count() > 1);
    let mut words: Vec<String> = words.map(str::to_lowercase).collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misses(pack: &str, text: &str, line: &str, level: Level) -> Vec<(String, Missed)> {
        let mut rules = RuleSet::default();
        let head = "examples.remove = ['a', 'b']\nexamples.keep = ['c', 'd']\ncategory = 'share'\ndescription = 'D.'\n";
        rules
            .add_pack(
                &format!(
                    "[pack]\nname = 'p'\n{}",
                    pack.replace("[[rule]]", &format!("[[rule]]\n{head}"))
                ),
                "p.toml",
            )
            .unwrap();
        let cleaner = Cleaner::builder()
            .rules(rules)
            .level(level)
            .build()
            .unwrap();
        let start = text.find(line).unwrap();
        let near = NearMisses::new(&cleaner).unwrap();
        let (document, mut scratch) = (Document::new(text).unwrap(), Scratch::default());
        let found = near
            .look(&document, &mut scratch)
            .of_line(Span::from_offsets(start, start + line.len()), &mut scratch);
        found
            .into_iter()
            .map(|miss| (cleaner.rules().get(miss.rule).name.clone(), miss.missed))
            .collect()
    }

    #[test]
    fn what_came_near_is_told_with_what_was_missing() {
        let pack = "
            [[rule]]\nid = 'off'\nconfidence = 'possible'\nlabels = ['Tell a friend']
            [[rule]]\nid = 'zone'\nconfidence = 'certain'\nzone = 'tail'\nlabels = ['Tell your friends']
            [[rule]]\nid = 'unless'\nconfidence = 'certain'\nunless = ['said']\nphrase = 'tell all the world'
            [[rule]]\nid = 'line'\nconfidence = 'certain'\nline = true\nphrase = 'tell everybody you know'
            [[rule]]\nid = 'words'\nconfidence = 'certain'\nphrase = 'tell whoever owns the [old] boat about it'
            [[rule]]\nid = 'host'\nconfidence = 'certain'\nhosts = ['example.org']\nlabels = ['Tell nobody']";
        let of = |line: &str| {
            misses(
                pack,
                &format!("{line}\n{}", "It rained on the quay.\n".repeat(30)),
                line,
                Level::Balanced,
            )
        };
        let one = |name: &str, missed| vec![(format!("p/{name}"), missed)];
        assert_eq!(of("Tell a friend"), one("off", Missed::Off));
        assert_eq!(
            of("Tell your friends"),
            one("zone", Missed::Zone(Zone::Tail))
        );
        assert_eq!(
            of("Tell all the world, she said."),
            one("unless", Missed::Unless)
        );
        assert_eq!(of("We tell everybody you know."), one("line", Missed::Line));
        assert_eq!(of("Tell nobody"), one("host", Missed::Host));
        assert_eq!(
            of("Tell your freinds"),
            one("zone", Missed::Letters(1, "Tell your friends".to_owned()))
        );
        assert!(
            matches!(&of("Tell whoever owns the boat")[..], [(name, Missed::Words(5, 7, _))] if name == "p/words")
        );
        assert_eq!(of("It snowed."), []);
    }
}
