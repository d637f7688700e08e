//! Proposes a rule from one sentence of chaff: what in it is fixed and what varies from page to page, what kind of chaff it
//! is, how the rule may be called, and examples that prove it. A proposal is a start for its author, but one that passes
//! its own examples.

use crate::cleaner::Cleaner;
use crate::document::Document;
use crate::filter::Scratch;
use crate::pack::RuleSet;
use crate::rule::{Category, Confidence, Effect, Matcher, Rule};
use crate::verify::{Verifier, cases};
use anyhow::{Context, Result, anyhow, bail};
use rustc_hash::{FxHashMap, FxHashSet};

/// A phrase may have so many gaps.
const MOST_GAPS: usize = 3;
/// A sentence of at most so many fixed words is a label.
const LABEL_WORDS: usize = 4;
/// An id is made of so many words.
const ID_WORDS: usize = 3;
/// Words that say nothing of what a line is about.
const SMALL: &[&str] = &[
    "a", "all", "an", "and", "are", "as", "at", "be", "by", "for", "from", "get", "have", "here",
    "in", "is", "it", "of", "on", "or", "our", "please", "that", "the", "this", "to", "us", "was",
    "we", "will", "with", "you", "your",
];
/// What stands in for a name in an example.
const OTHER_NAMES: [&str; 3] = ["Blue Star", "Northgate", "Elm Hill"];

/// What its author wants of a rule; what is left open is proposed.
#[derive(Clone, Debug, Default)]
pub struct ProposalOptions {
    /// Its id.
    pub id: Option<String>,
    /// Its category.
    pub category: Option<Category>,
    /// Its confidence.
    pub confidence: Option<Confidence>,
    /// What it says of itself.
    pub description: Option<String>,
    /// Whether it is looked for inside lines too, rather than as whole lines.
    pub inside: bool,
    /// Texts that it must leave alone.
    pub keep: Vec<String>,
}

/// A rule as it is proposed.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Its full name.
    pub name: String,
    /// Its category.
    pub category: Category,
    /// Other categories that come close, the closest first.
    pub others: Vec<Category>,
    /// The rule in TOML.
    pub toml: String,
    /// Which parts of the sentence it takes to vary.
    pub varies: Vec<String>,
}

/// Proposes a rule for a pack of this name; `pack` is what the pack says so far.
///
/// # Errors
/// If no rule can be made of the sentence that passes its own examples and those of the wishes, or the pack is damaged.
pub fn propose(
    sentence: &str,
    wishes: &ProposalOptions,
    rules: &RuleSet,
    pack_name: &str,
    pack: &str,
) -> Result<Proposal> {
    let sentence = sentence.trim();
    if !sentence.chars().any(char::is_alphabetic) {
        bail!("'{sentence}' has no words to look for");
    }
    if sentence.contains('\n') {
        bail!("a rule is made of one line; give the sentence without line ends");
    }
    let words = WordSet::of(rules);
    let parts = parts(sentence, &words);
    let (category, others) = words.vote(sentence);
    let category = wishes.category.unwrap_or(category);
    let others = others
        .into_iter()
        .filter(|other| *other != category)
        .collect();
    let id = wishes
        .id
        .clone()
        .unwrap_or_else(|| free_id(sentence, pack_name, rules));
    let confidence = wishes.confidence.unwrap_or(if wishes.inside {
        Confidence::Likely
    } else {
        Confidence::Certain
    });
    let description = wishes
        .description
        .clone()
        .unwrap_or_else(|| format!("Lines such as “{}”.", shortened(sentence)));
    let mut reason = anyhow!("no rule can be made of it");
    // With all that varies, or as it stands.
    for parts in [&parts, &vec![SentencePart::Fixed(sentence.to_owned())]] {
        let draft = RuleDraft {
            id: &id,
            category,
            confidence,
            description: &description,
            inside: wishes.inside,
            sentence,
            parts,
        };
        match draft.proved(wishes, rules, pack_name, pack) {
            Ok(toml) => {
                let varies = parts.iter().filter_map(|part| {
                    if let SentencePart::Varies { text, .. } = part {
                        Some(text.clone())
                    } else {
                        None
                    }
                });
                return Ok(Proposal {
                    name: format!("{pack_name}/{id}"),
                    category,
                    others,
                    toml,
                    varies: varies.collect(),
                });
            }
            Err(error) => reason = error,
        }
    }
    Err(reason)
}

/// The rule that removes a sentence already, if one does.
#[must_use]
pub fn removed_already(sentence: &str, cleaner: &Cleaner) -> Option<String> {
    let text = format!(
        "It rained for two days.\n\n{}\n\nThe ferry stayed in the harbour.\n",
        sentence.trim()
    );
    let document = Document::new(&text).ok()?;
    let cleaned = cleaner.clean(&document, &mut Scratch::default());
    let at = text.find(sentence.trim())?;
    let whole = |removal: &&crate::cleaner::Removal| {
        removal.span.start() <= at && removal.span.end() >= at + sentence.trim().len()
    };
    cleaned
        .removals()
        .iter()
        .find(whole)
        .map(|removal| cleaner.rules().get(removal.rule).name.clone())
}

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SentencePart {
    Fixed(String),
    /// So many words, or a number, that differ from page to page.
    Varies {
        text: String,
        words: usize,
        number: bool,
    },
}

/// Cuts a sentence into what is fixed and what varies: names, numbers, addresses.
fn parts(sentence: &str, words: &WordSet) -> Vec<SentencePart> {
    let tokens: Vec<&str> = sentence.split_whitespace().collect();
    let capital = |token: &str| {
        token
            .trim_start_matches(|c: char| !c.is_alphanumeric())
            .starts_with(char::is_uppercase)
    };
    // In a heading all words are capital, and none of them is a name.
    let is_heading =
        tokens.iter().filter(|token| capital(token)).count() * 2 > tokens.len() && tokens.len() > 3;
    let mut parts: Vec<SentencePart> = Vec::new();
    let mut starts = true;
    for token in tokens {
        let bare = token.trim_matches(|c: char| !c.is_alphanumeric());
        let digits = bare.chars().filter(char::is_ascii_digit).count();
        let number = digits > 0 && bare.chars().all(|c| c.is_ascii_digit());
        let address = bare.contains('@') || bare.contains("://") || bare.starts_with("www.");
        let name = capital(token) && !starts && !is_heading && !words.knows(bare);
        let special = token.contains(['(', ')', '[', ']', '{', '}', '|']);
        starts = token.ends_with(['.', '!', '?', ':']);
        if !(number || address || name || special || (digits > 0 && !words.knows(bare))) {
            match parts.last_mut() {
                Some(SentencePart::Fixed(text)) => *text = format!("{text} {token}"),
                _ => parts.push(SentencePart::Fixed(token.to_owned())),
            }
            continue;
        }
        // What an address is made of may be several words.
        let count = token
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .count()
            .max(1);
        match parts.last_mut() {
            Some(SentencePart::Varies {
                text,
                words,
                number,
            }) => {
                *text = format!("{text} {token}");
                *words += count;
                *number = false;
            }
            _ => parts.push(SentencePart::Varies {
                text: token.to_owned(),
                words: count,
                number: number && bare == token,
            }),
        }
    }
    while parts
        .iter()
        .filter(|part| matches!(part, SentencePart::Varies { .. }))
        .count()
        > MOST_GAPS
    {
        let shortest = parts
            .iter()
            .enumerate()
            .filter_map(|(at, part)| match part {
                SentencePart::Varies { text, .. } => Some((text.len(), at, text.clone())),
                SentencePart::Fixed(_) => None,
            });
        let Some((_, at, text)) = shortest.min() else {
            break;
        };
        parts[at] = SentencePart::Fixed(text);
    }
    parts
}

/// A rule that is not proved yet.
struct RuleDraft<'d> {
    id: &'d str,
    category: Category,
    confidence: Confidence,
    description: &'d str,
    inside: bool,
    sentence: &'d str,
    parts: &'d [SentencePart],
}

impl RuleDraft<'_> {
    /// The rule in TOML, with examples that it passes.
    fn proved(
        &self,
        wishes: &ProposalOptions,
        rules: &RuleSet,
        pack_name: &str,
        pack: &str,
    ) -> Result<String> {
        let remove = vec![self.sentence.to_owned(), self.variation()];
        let mut keep = wishes.keep.clone();
        // The nearest misses that it really leaves alone.
        for candidate in self.near_misses() {
            if keep.len() >= 2 {
                break;
            }
            let tried = [candidate.clone(), "It rained for two days.".to_owned()];
            if self
                .failures(&self.toml(&remove, &tried), rules, pack_name, pack)?
                .is_empty()
            {
                keep.push(candidate);
            }
        }
        let toml = self.toml(&remove, &keep);
        let failures = self.failures(&toml, rules, pack_name, pack)?;
        match failures.first() {
            None => Ok(toml),
            Some(failure) => {
                bail!("the rule that would be made of it fails its own examples: {failure}")
            }
        }
    }

    /// What goes wrong with the examples of the rule.
    fn failures(
        &self,
        toml: &str,
        rules: &RuleSet,
        pack_name: &str,
        pack: &str,
    ) -> Result<Vec<String>> {
        let mut rules = rules.clone();
        rules.add_pack(&format!("{pack}{toml}"), "the pack")?;
        let name = format!("{pack_name}/{}", self.id);
        let verifier = Verifier::new(&rules)?;
        let own: Vec<_> = cases(&rules)
            .into_iter()
            .filter(|case| case.rule.name == name)
            .collect();
        own.first()
            .with_context(|| format!("the rule {name} is not in its pack"))?;
        Ok(own
            .iter()
            .filter_map(|case| verifier.run(case).err())
            .collect())
    }

    fn toml(&self, remove: &[String], keep: &[String]) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let list = |texts: &[String]| {
            texts
                .iter()
                .map(|text| format!("\n  {},", quoted(text)))
                .collect::<Vec<_>>()
                .concat()
        };
        let fixed = self
            .parts
            .iter()
            .all(|part| matches!(part, SentencePart::Fixed(_)));
        let is_label =
            !self.inside && fixed && self.sentence.split_whitespace().count() <= LABEL_WORDS;
        let sought = match (is_label, self.inside) {
            (true, _) => format!(
                "labels = [{}]",
                quoted(
                    self.sentence
                        .trim_end_matches(|c: char| !c.is_alphanumeric())
                )
            ),
            (false, true) => format!("phrase = {}", quoted(&self.phrase())),
            (false, false) => format!("line = true\nphrase = {}", quoted(&self.phrase())),
        };
        format!(
            "\n[[rule]]\nid = {}\ndescription = {}\ncategory = \"{}\"\nconfidence = \"{}\"\n{sought}\nexamples.remove = [{}\n]\n\
             examples.keep = [{}\n]\n",
            quoted(self.id),
            quoted(self.description),
            self.category,
            self.confidence,
            list(remove),
            list(keep)
        )
    }

    /// The sentence in the phrase language.
    fn phrase(&self) -> String {
        let part = |part: &SentencePart| match part {
            SentencePart::Fixed(text) => text.to_lowercase(),
            SentencePart::Varies { number: true, .. } => "{#}".to_owned(),
            SentencePart::Varies { words, .. } => format!("{{1..{}}}", words + 2),
        };
        let phrase = self.parts.iter().map(part).collect::<Vec<_>>().join(" ");
        phrase
            .trim_end_matches(['.', '!', '?', '…', ':', ' '])
            .to_owned()
    }

    /// The sentence with other names and numbers, or, where nothing varies, between others.
    fn variation(&self) -> String {
        let mut names = OTHER_NAMES.iter();
        let part = |part: &SentencePart| match part {
            SentencePart::Fixed(text) => text.clone(),
            SentencePart::Varies { number: true, .. } => "12".to_owned(),
            SentencePart::Varies { .. } => names.next().unwrap_or(&"Elm Hill").to_string(),
        };
        let other = self.parts.iter().map(part).collect::<Vec<_>>().join(" ");
        if other == self.sentence {
            format!("It rained for two days.\n\n{other}\n\nThe ferry stayed in the harbour.")
        } else {
            other
        }
    }

    /// Prose that comes close to the sentence, the closest first.
    fn near_misses(&self) -> Vec<String> {
        let bare = self
            .sentence
            .trim_end_matches(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = bare.split_whitespace().collect();
        let half = |words: &[&str]| words.join(" ");
        vec![
            format!("The notice in the window read “{bare}”, and nobody took it down for a year."),
            format!(
                "She read “{} …” and put the paper away.",
                half(&words[..words.len().div_ceil(2)])
            ),
            format!(
                "He could not make out more than “{}”.",
                half(&words[words.len() / 2..])
            ),
            format!("The sign said {}.", half(&words[..words.len().min(2)])),
            "It rained for two days, and the ferry stayed in the harbour.".to_owned(),
            "Nobody on the quay had asked for it.".to_owned(),
        ]
    }
}

/// The words that built-in rules look for, and of which categories.
struct WordSet {
    categories: FxHashMap<String, FxHashMap<Category, usize>>,
}

impl WordSet {
    fn of(rules: &RuleSet) -> Self {
        let mut categories: FxHashMap<String, FxHashMap<Category, usize>> = FxHashMap::default();
        for (_, rule) in rules
            .iter()
            .filter(|(_, rule)| rule.effect == Effect::Remove)
        {
            for word in words_of(rule) {
                *categories
                    .entry(word)
                    .or_default()
                    .entry(rule.category)
                    .or_default() += 1;
            }
        }
        Self { categories }
    }

    fn knows(&self, word: &str) -> bool {
        self.categories.contains_key(&word.to_lowercase())
    }

    /// The category whose rules share most with a sentence, rare words counting more, and those that come next.
    fn vote(&self, sentence: &str) -> (Category, Vec<Category>) {
        let mut votes: FxHashMap<Category, f64> = FxHashMap::default();
        for word in split(sentence).filter(|word| !SMALL.contains(&word.as_str())) {
            let Some(counts) = self.categories.get(&word) else {
                continue;
            };
            let all: usize = counts.values().sum();
            for (category, count) in counts {
                *votes.entry(*category).or_default() += *count as f64 / all as f64;
            }
        }
        let mut votes: Vec<(Category, f64)> = votes.into_iter().collect();
        votes.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        let mut ranked = votes.into_iter().map(|(category, _)| category);
        (
            ranked.next().unwrap_or(Category::Other),
            ranked.take(2).collect(),
        )
    }
}

/// The words that a rule looks for, each once.
fn words_of(rule: &Rule) -> FxHashSet<String> {
    match &rule.matcher {
        Matcher::Phrases { phrases, .. } => phrases.iter().flat_map(split).collect(),
        Matcher::Labels(labels) => labels.iter().flat_map(split).collect(),
        Matcher::Words { telling, .. } => telling.iter().flat_map(split).collect(),
        Matcher::Patterns { .. } | Matcher::Filter(_) => FxHashSet::default(),
    }
}

fn split(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().any(char::is_alphabetic))
        .map(str::to_lowercase)
}

/// An id of the telling words that are fixed, which no other rule of the pack has.
#[must_use]
pub fn free_id(sentence: &str, pack: &str, rules: &RuleSet) -> String {
    let parts = parts(sentence, &WordSet::of(rules));
    let fixed = parts.iter().filter_map(|part| {
        if let SentencePart::Fixed(text) = part {
            Some(text.as_str())
        } else {
            None
        }
    });
    let is_plain = |word: &String| word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let telling = |word: &String| is_plain(word) && !SMALL.contains(&word.as_str());
    let fixed = fixed.collect::<Vec<_>>().join(" ");
    let mut chosen: Vec<String> = split(&fixed).filter(telling).take(ID_WORDS).collect();
    if chosen.is_empty() {
        chosen = split(sentence).filter(is_plain).take(ID_WORDS).collect();
    }
    let id = if chosen.is_empty() {
        "rule".to_owned()
    } else {
        chosen.join("-")
    };
    let taken = |id: &String| rules.find(&format!("{pack}/{id}")).is_some();
    let numbered = (2..).map(|number| format!("{id}-{number}"));
    std::iter::once(id.clone())
        .chain(numbered)
        .find(|id| !taken(id))
        .unwrap_or(id)
}

fn shortened(text: &str) -> String {
    let short = &text[..text.floor_char_boundary(70)];
    if short.len() < text.len() {
        format!("{}…", short.trim_end())
    } else {
        short.to_owned()
    }
}

/// What a pack of this name begins with.
#[must_use]
pub fn pack_head(name: &str) -> String {
    format!("[pack]\nname = \"{name}\"\ndescription = \"Rules of our own.\"\n")
}

/// The name of a pack that is in this file.
#[must_use]
pub fn pack_name(source: &str, path: &std::path::Path) -> String {
    let named = toml::from_str::<toml::Table>(source).ok();
    let named = named.and_then(|table| table.get("pack")?.get("name")?.as_str().map(str::to_owned));
    named.unwrap_or_else(|| {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let plain: String = stem
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        if plain.is_empty() {
            "mine".to_owned()
        } else {
            plain
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed(sentence: &str, wishes: &ProposalOptions) -> Proposal {
        propose(
            sentence,
            wishes,
            &RuleSet::built_in(),
            "mine",
            &pack_head("mine"),
        )
        .unwrap_or_else(|error| panic!("{sentence}: {error:#}"))
    }

    #[test]
    fn names_and_numbers_vary_and_words_of_chaff_are_fixed() {
        let proposal = proposed(
            "Book your day trip with Harwell Ferries today, from 12 pounds!",
            &ProposalOptions::default(),
        );
        assert!(
            proposal
                .toml
                .contains("phrase = \"book your day trip with {1..4} today, from {#} pounds\""),
            "{}",
            proposal.toml
        );
        assert_eq!(
            (proposal.name.as_str(), proposal.varies.len()),
            ("mine/book-day-trip", 2)
        );
        let proposal = proposed(
            "Join the Harwell Herald newsletter for free stories by email each Sunday",
            &ProposalOptions::default(),
        );
        assert_eq!(proposal.category, Category::Newsletter);
        let proposal = proposed("Tides and tables", &ProposalOptions::default());
        assert!(
            proposal.toml.contains("labels = [\"Tides and tables\"]"),
            "{}",
            proposal.toml
        );
    }

    #[test]
    fn any_sentence_becomes_a_rule_that_passes_its_examples() {
        for sentence in [
            "Write to desk@harwell.example or call 01632 960 001 (weekdays only).",
            "\"Quoted\" — with a \\ and 'others'…",
            "続きを読むには会員登録してください",
            "Ferries Hull Leeds York Bath Ely Wells",
            "A1 B2 C3 D4",
        ] {
            assert!(
                !proposed(sentence, &ProposalOptions::default())
                    .toml
                    .is_empty()
            );
        }
        let wishes = ProposalOptions {
            inside: true,
            keep: vec!["We booked a trip.".to_owned()],
            ..ProposalOptions::default()
        };
        assert!(
            proposed("Book your trip with Harwell Ferries", &wishes)
                .toml
                .contains("We booked a trip.")
        );
    }

    #[test]
    fn what_cannot_be_a_rule_says_why() {
        let error = |sentence: &str, wishes: &ProposalOptions| {
            propose(
                sentence,
                wishes,
                &RuleSet::built_in(),
                "mine",
                &pack_head("mine"),
            )
            .unwrap_err()
        };
        assert!(
            error("***", &ProposalOptions::default())
                .to_string()
                .contains("no words")
        );
        assert!(
            error("One\ntwo", &ProposalOptions::default())
                .to_string()
                .contains("one line")
        );
        let same = ProposalOptions {
            keep: vec!["Tides and tables".to_owned(), "It rained.".to_owned()],
            ..ProposalOptions::default()
        };
        assert!(
            error("Tides and tables", &same)
                .to_string()
                .contains("should remove nothing"),
            "{}",
            error("Tides and tables", &same)
        );
    }
}
