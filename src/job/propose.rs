//! Proposal of a rule for one sentence of chaff, for `dechaff rules new`.
//!
//! A proposal is made in four steps:
//!
//! 1. The sentence is cut into fixed parts and parts that vary from page to page: names, numbers
//!    and addresses. `Book a trip with Harwell Ferries, from 12 pounds!` becomes the phrase
//!    `book a trip with {1..4} from {#} pounds`.
//! 2. The category is that of the built-in rules that share most words with the sentence.
//! 3. The id is made of the first words that say what the sentence is about.
//! 4. Examples are generated and run. Texts that the rule must match are the sentence itself and a
//!    variation of it; texts that it must not match are sentences of prose that resemble it.
//!
//! A proposal always passes its own examples. If the phrase with varying parts does not, a rule for
//! the literal sentence is tried.

use anyhow::{Context, Result, anyhow, bail};
use dechaff_core::verify::{Verifier, cases};
use dechaff_core::{
    Category, Cleaner, Confidence, Document, Effect, Matcher, Rule, RuleSet, Scratch,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// Maximum number of varying parts in a phrase.
const MAX_GAPS: usize = 3;
/// Maximum number of words of a sentence without varying parts that becomes a label.
const MAX_LABEL_WORDS: usize = 4;
/// Maximum number of words in a generated id.
const MAX_ID_WORDS: usize = 3;
/// Maximum number of `examples.no_match` up to which sentences of prose are added to those of the
/// user.
const MAX_NON_MATCHES: usize = 2;
/// Maximum length of a sentence quoted in a description, in bytes.
const MAX_QUOTE: usize = 70;
/// English words that do not say what a sentence is about. They are not used for ids and
/// categories.
const STOP_WORDS: &[&str] = &[
    "a", "all", "an", "and", "are", "as", "at", "be", "by", "for", "from", "get", "have", "here",
    "in", "is", "it", "of", "on", "or", "our", "please", "that", "the", "this", "to", "us", "was",
    "we", "will", "with", "you", "your",
];
/// Texts that replace the varying parts of a sentence in an example.
const SAMPLE_NAMES: [&str; 3] = ["Blue Star", "Northgate", "Elm Hill"];

/// Properties of the rule that the user chose; those that are `None` are proposed.
#[derive(Clone, Debug, Default)]
pub struct ProposalOptions {
    /// Id in the pack.
    pub id: Option<String>,
    /// Category.
    pub category: Option<Category>,
    /// Confidence; by default `likely` for rules that match inside lines, otherwise `certain`.
    pub confidence: Option<Confidence>,
    /// Description.
    pub description: Option<String>,
    /// Whether the rule also matches inside lines, not only whole lines.
    pub inside: bool,
    /// Texts that the rule must not match.
    pub keep: Vec<String>,
    /// Whether the rule protects the sentence instead of removing it. It then has neither category
    /// nor confidence.
    pub protects: bool,
}

/// A proposed rule.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Full name: pack and id.
    pub name: String,
    /// Category.
    pub category: Category,
    /// Other likely categories, at most two, the likeliest first.
    pub others: Vec<Category>,
    /// The rule in TOML, to be appended to its pack.
    pub toml: String,
    /// What the rule looks for: the line of `toml` with its phrase or label.
    pub matcher: String,
    /// Words of the sentence that the rule looks for as they are.
    pub fixed_words: usize,
    /// Parts of the sentence that are assumed to vary from page to page.
    pub varies: Vec<String>,
}

/// Proposes a rule that removes or protects `sentence`. `rules` are the rules in use without those of the pack,
/// and `pack` is the source of the pack named `pack_name`, to which the rule will be added.
///
/// # Errors
/// If the sentence has no letters or several lines, if the pack does not parse, or if no rule for
/// the sentence passes its own examples and those of `options`.
pub fn propose(
    sentence: &str,
    options: &ProposalOptions,
    rules: &RuleSet,
    pack_name: &str,
    pack: &str,
) -> Result<Proposal> {
    let sentence = sentence.trim();
    if !sentence.chars().any(char::is_alphabetic) {
        bail!("'{sentence}' has no words to look for");
    }
    if sentence.contains('\n') {
        bail!("a rule is made from one line; pass the sentence without line ends");
    }
    let words = WordSet::new(rules);
    let (category, others) = words.likely_categories(sentence);
    let category = options.category.unwrap_or(category);
    let others = others
        .into_iter()
        .filter(|other| *other != category)
        .collect();
    let id = options
        .id
        .clone()
        .unwrap_or_else(|| free_id(sentence, pack_name, rules));
    let confidence = options.confidence.unwrap_or(if options.inside {
        Confidence::Likely
    } else {
        Confidence::Certain
    });
    let description = options
        .description
        .clone()
        .unwrap_or_else(|| format!("Lines such as “{}”.", shorten(sentence)));
    let mut reason = anyhow!("no rule can be made from '{sentence}'");
    for parts in [
        split_sentence(sentence, &words),
        vec![SentencePart::Fixed(sentence.to_owned())],
    ] {
        let draft = RuleDraft {
            id: &id,
            category,
            confidence,
            description: &description,
            inside: options.inside,
            protects: options.protects,
            sentence,
            parts: &parts,
        };
        match draft.verified_toml(options, rules, pack_name, pack) {
            Ok(toml) => {
                return Ok(Proposal {
                    name: format!("{pack_name}/{id}"),
                    category,
                    others,
                    toml,
                    matcher: draft.matcher(),
                    fixed_words: parts
                        .iter()
                        .filter_map(SentencePart::fixed)
                        .flat_map(str::split_whitespace)
                        .filter(|word| word.contains(char::is_alphabetic))
                        .count(),
                    varies: parts
                        .iter()
                        .filter_map(SentencePart::varying)
                        .map(str::to_owned)
                        .collect(),
                });
            }
            Err(error) => reason = error,
        }
    }
    Err(reason)
}

/// Returns the full name of the rule that removes the whole of `sentence`, or `None`. The sentence
/// is cleaned as a paragraph between two others, because some rules depend on the lines around.
#[must_use]
pub fn removing_rule(sentence: &str, cleaner: &Cleaner) -> Option<String> {
    let sentence = sentence.trim();
    let text = between_paragraphs(sentence) + "\n";
    let document = Document::new(&text).ok()?;
    let cleaned = cleaner.clean(&document, &mut Scratch::default());
    let start = text.find(sentence)?;
    let end = start + sentence.len();
    cleaned
        .removals()
        .iter()
        .find(|removal| removal.span.start() <= start && removal.span.end() >= end)
        .map(|removal| cleaner.rules().get(removal.rule).name.clone())
}

/// Returns a document in which `sentence` is a paragraph between two paragraphs of prose. The
/// document does not end with a line feed.
fn between_paragraphs(sentence: &str) -> String {
    format!("It rained for two days.\n\n{sentence}\n\nThe ferry stayed in the harbour.")
}

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SentencePart {
    /// Text that is the same on every page.
    Fixed(String),
    /// Text that differs from page to page.
    Varies {
        text: String,
        /// Number of words.
        words: usize,
        /// Whether the text is a single number.
        number: bool,
    },
}

impl SentencePart {
    fn fixed(&self) -> Option<&str> {
        match self {
            Self::Fixed(text) => Some(text),
            Self::Varies { .. } => None,
        }
    }

    fn varying(&self) -> Option<&str> {
        match self {
            Self::Fixed(_) => None,
            Self::Varies { text, .. } => Some(text),
        }
    }

    /// Returns the part in the phrase language. The gap for a varying part may have up to two words
    /// more than the part has, since other names are longer.
    fn to_phrase(&self) -> String {
        match self {
            Self::Fixed(text) => text.to_lowercase(),
            Self::Varies { number: true, .. } => "{#}".to_owned(),
            Self::Varies { words, .. } => format!("{{1..{}}}", words + 2),
        }
    }
}

/// Splits a sentence into fixed and varying parts, which alternate. Varying are numbers, addresses,
/// words with brackets, and capitalized words that are unknown to the rules and do not begin a
/// sentence. Of more than [`MAX_GAPS`] varying parts the shortest become fixed.
fn split_sentence(sentence: &str, words: &WordSet) -> Vec<SentencePart> {
    let tokens: Vec<&str> = sentence.split_whitespace().collect();
    // In a heading most words are capitalized, so that capitals do not indicate names.
    let is_heading = tokens.len() > 3
        && tokens.iter().filter(|token| is_capitalized(token)).count() * 2 > tokens.len();
    let mut parts: Vec<SentencePart> = Vec::new();
    let mut starts_sentence = true;
    for token in tokens {
        let bare = token.trim_matches(|c: char| !c.is_alphanumeric());
        let has_digits = bare.contains(|c: char| c.is_ascii_digit());
        let is_number = has_digits && bare.chars().all(|c| c.is_ascii_digit());
        let is_address = bare.contains('@') || bare.contains("://") || bare.starts_with("www.");
        let is_known = words.contains(bare);
        let is_name = is_capitalized(token) && !starts_sentence && !is_heading && !is_known;
        // These characters have a meaning in the phrase language.
        let is_special = token.contains(['(', ')', '[', ']', '{', '}', '|']);
        starts_sentence = token.ends_with(['.', '!', '?', ':']);
        if is_number || is_address || is_name || is_special || (has_digits && !is_known) {
            append_varying(&mut parts, token, is_number && bare == token);
        } else if let Some(SentencePart::Fixed(text)) = parts.last_mut() {
            *text = format!("{text} {token}");
        } else {
            parts.push(SentencePart::Fixed(token.to_owned()));
        }
    }
    while parts.iter().filter_map(SentencePart::varying).count() > MAX_GAPS {
        let shortest = parts
            .iter()
            .enumerate()
            .filter_map(|(at, part)| part.varying().map(|text| (text.len(), at)))
            .min();
        let Some((_, at)) = shortest else { break };
        let text = parts[at].varying().unwrap_or_default().to_owned();
        parts[at] = SentencePart::Fixed(text);
    }
    parts
}

/// Appends a token that varies, to the last part if that varies too. An address counts as several
/// words: its runs of letters and digits.
fn append_varying(parts: &mut Vec<SentencePart>, token: &str, is_number: bool) {
    let count = token
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .count()
        .max(1);
    if let Some(SentencePart::Varies {
        text,
        words,
        number,
    }) = parts.last_mut()
    {
        *text = format!("{text} {token}");
        *words += count;
        *number = false;
    } else {
        parts.push(SentencePart::Varies {
            text: token.to_owned(),
            words: count,
            number: is_number,
        });
    }
}

/// Returns whether the first letter or digit of a token is an upper-case letter.
fn is_capitalized(token: &str) -> bool {
    token
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .starts_with(char::is_uppercase)
}

/// A rule whose examples have not been run yet.
struct RuleDraft<'d> {
    id: &'d str,
    category: Category,
    confidence: Confidence,
    description: &'d str,
    /// Whether the rule also matches inside lines.
    inside: bool,
    /// Whether the rule protects what it matches.
    protects: bool,
    sentence: &'d str,
    /// Parts of the sentence.
    parts: &'d [SentencePart],
}

impl RuleDraft<'_> {
    /// Generates examples and returns the rule in TOML, with examples that it passes. Prose that
    /// the rule would match is not used as an example.
    ///
    /// # Errors
    /// If the rule does not match the sentence, or matches a text in `options.keep`.
    fn verified_toml(
        &self,
        options: &ProposalOptions,
        rules: &RuleSet,
        pack_name: &str,
        pack: &str,
    ) -> Result<String> {
        let matches = vec![self.sentence.to_owned(), self.variation()];
        let mut non_matches = options.keep.clone();
        for candidate in self.prose_candidates() {
            if non_matches.len() >= MAX_NON_MATCHES {
                break;
            }
            // A rule must have two such examples; the second one is harmless.
            let tried = [candidate.clone(), "It rained for two days.".to_owned()];
            if self
                .failures(&self.toml(&matches, &tried), rules, pack_name, pack)?
                .is_empty()
            {
                non_matches.push(candidate);
            }
        }
        let toml = self.toml(&matches, &non_matches);
        let failures = self.failures(&toml, rules, pack_name, pack)?;
        match failures.first() {
            None => Ok(toml),
            Some(failure) => bail!("the proposed rule fails its own examples: {failure}"),
        }
    }

    /// Adds the rule to its pack and runs its examples. Returns a message for each one that fails.
    ///
    /// # Errors
    /// If the pack with the rule does not parse, or if the rules do not compile.
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

    /// Returns the rule in TOML with the given examples. A short sentence without varying parts
    /// becomes a label, any other one a phrase.
    fn toml(&self, matches: &[String], non_matches: &[String]) -> String {
        let matcher = self.matcher();
        let effect = if self.protects {
            "keep = true".to_owned()
        } else {
            format!(
                "category = \"{}\"\nconfidence = \"{}\"",
                self.category, self.confidence
            )
        };
        format!(
            "\n[[rule]]\n\
             id = {}\n\
             description = {}\n\
             {effect}\n\
             {matcher}\n\
             examples.match = [{}\n]\n\
             examples.no_match = [{}\n]\n",
            toml_string(self.id),
            toml_string(self.description),
            toml_items(matches),
            toml_items(non_matches)
        )
    }

    /// Returns what the rule looks for, in TOML.
    fn matcher(&self) -> String {
        let is_label = !self.inside
            && !self.protects
            && self.parts.iter().all(|part| part.fixed().is_some())
            && self.sentence.split_whitespace().count() <= MAX_LABEL_WORDS;
        if is_label {
            let label = self
                .sentence
                .trim_end_matches(|c: char| !c.is_alphanumeric());
            format!("labels = [{}]", toml_string(label))
        } else {
            let line = if self.inside { "" } else { "line = true\n" };
            format!("{line}phrase = {}", toml_string(&self.phrase()))
        }
    }

    /// Returns the sentence in the phrase language, without the punctuation at its end.
    fn phrase(&self) -> String {
        let phrase: Vec<String> = self.parts.iter().map(SentencePart::to_phrase).collect();
        phrase
            .join(" ")
            .trim_end_matches(['.', '!', '?', '…', ':', ' '])
            .to_owned()
    }

    /// Returns another text that the rule must match: the sentence with other names and numbers,
    /// or, if nothing varies, the sentence as a paragraph of a document.
    fn variation(&self) -> String {
        let mut names = SAMPLE_NAMES.iter();
        let texts: Vec<&str> = self
            .parts
            .iter()
            .map(|part| match part {
                SentencePart::Fixed(text) => text.as_str(),
                SentencePart::Varies { number: true, .. } => "12",
                SentencePart::Varies { .. } => names.next().unwrap_or(&"Elm Hill"),
            })
            .collect();
        let variation = texts.join(" ");
        if variation == self.sentence {
            between_paragraphs(&variation)
        } else {
            variation
        }
    }

    /// Returns sentences of prose that the rule should not match, those that resemble the chaff
    /// most first: quotations of the whole sentence and of parts of it, then unrelated sentences.
    fn prose_candidates(&self) -> Vec<String> {
        let bare = self
            .sentence
            .trim_end_matches(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = bare.split_whitespace().collect();
        let first_half = words[..words.len().div_ceil(2)].join(" ");
        let second_half = words[words.len() / 2..].join(" ");
        let first_words = words[..words.len().min(2)].join(" ");
        vec![
            format!("The notice in the window read “{bare}”, and nobody took it down for a year."),
            format!("She read “{first_half} …” and put the paper away."),
            format!("He could not make out more than “{second_half}”."),
            format!("The sign said {first_words}."),
            "It rained for two days, and the ferry stayed in the harbour.".to_owned(),
            "Nobody on the quay had asked for it.".to_owned(),
        ]
    }
}

fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Returns texts as the items of a TOML array, each on a line and followed by a comma. The line
/// feed comes before each item, so the closing bracket needs one of its line.
fn toml_items(texts: &[String]) -> String {
    texts
        .iter()
        .map(|text| format!("\n  {},", toml_string(text)))
        .collect::<Vec<_>>()
        .concat()
}

/// The words that the removing rules of a set search for.
struct WordSet {
    /// For each word in lower case, the number of rules of each category that search for it.
    categories: FxHashMap<String, FxHashMap<Category, usize>>,
}

impl WordSet {
    /// Collects the words of all removing rules in `rules`. Keep rules and cues are left out, since
    /// their words say nothing about a category of chaff.
    fn new(rules: &RuleSet) -> Self {
        let mut categories: FxHashMap<String, FxHashMap<Category, usize>> = FxHashMap::default();
        for (_, rule) in rules.iter() {
            if rule.effect != Effect::Remove {
                continue;
            }
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

    fn contains(&self, word: &str) -> bool {
        self.categories.contains_key(&word.to_lowercase())
    }

    /// Returns the category whose rules share most words with a sentence, and the next two. A word
    /// has one vote, which it divides among the categories of its rules by their number. Without
    /// any known word the category is [`Category::Other`].
    fn likely_categories(&self, sentence: &str) -> (Category, Vec<Category>) {
        let mut votes: FxHashMap<Category, f64> = FxHashMap::default();
        for word in words(sentence).filter(|word| !STOP_WORDS.contains(&word.as_str())) {
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

/// Returns the different words that a rule searches for, in lower case. Patterns and filters have
/// none, because it is not known which words they match.
fn words_of(rule: &Rule) -> FxHashSet<String> {
    match &rule.matcher {
        Matcher::Phrases { phrases, .. } => phrases.iter().flat_map(words).collect(),
        Matcher::Labels(labels) => labels.iter().flat_map(words).collect(),
        Matcher::Words { telling, .. } => telling.iter().flat_map(words).collect(),
        Matcher::Patterns { .. } | Matcher::Filter(_) => FxHashSet::default(),
    }
}

/// Returns the words of a text in lower case, in order: runs of letters and digits that have at
/// least one letter.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().any(char::is_alphabetic))
        .map(str::to_lowercase)
}

/// Returns an id that no rule of the pack named `pack` has. It consists of the first few ASCII
/// words of the sentence that are fixed and no stop words, joined by hyphens, with a number if that
/// is taken. The id of a sentence without ASCII words is `rule`.
#[must_use]
pub fn free_id(sentence: &str, pack: &str, rules: &RuleSet) -> String {
    let parts = split_sentence(sentence, &WordSet::new(rules));
    let fixed: Vec<&str> = parts.iter().filter_map(SentencePart::fixed).collect();
    let mut id = ascii_words(&fixed.join(" "))
        .filter(|word| !STOP_WORDS.contains(&word.as_str()))
        .take(MAX_ID_WORDS)
        .collect::<Vec<_>>();
    if id.is_empty() {
        id = ascii_words(sentence).take(MAX_ID_WORDS).collect();
    }
    let id = if id.is_empty() {
        "rule".to_owned()
    } else {
        id.join("-")
    };
    // One more candidate than there are rules: one of them is free.
    std::iter::once(id.clone())
        .chain((2..rules.len() + 3).map(|number| format!("{id}-{number}")))
        .find(|id| rules.find(&format!("{pack}/{id}")).is_none())
        .unwrap_or(id)
}

fn ascii_words(text: &str) -> impl Iterator<Item = String> {
    words(text).filter(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Returns `text` cut to at most [`MAX_QUOTE`] bytes, with an ellipsis if something was cut.
fn shorten(text: &str) -> String {
    let short = &text[..text.floor_char_boundary(MAX_QUOTE)];
    if short.len() < text.len() {
        format!("{}…", short.trim_end())
    } else {
        short.to_owned()
    }
}

/// Returns the TOML header of a new pack with this name, ended by a line feed. The name must not
/// need escaping in TOML.
#[must_use]
pub fn pack_head(name: &str) -> String {
    format!("[pack]\nname = \"{name}\"\ndescription = \"Rules of our own.\"\n")
}

/// Returns the name of the pack with this TOML source. If the source does not state one, for
/// example because the file is new, the name is made from the file name in `path`: lower case, with
/// a hyphen for every character other than an ASCII letter or digit.
#[must_use]
pub fn pack_name(source: &str, path: &std::path::Path) -> String {
    let stated = toml::from_str::<toml::Table>(source)
        .ok()
        .and_then(|table| table.get("pack")?.get("name")?.as_str().map(str::to_owned));
    stated.unwrap_or_else(|| {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        if stem.is_empty() {
            return "mine".to_owned();
        }
        stem.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_propose(sentence: &str, options: &ProposalOptions) -> Result<Proposal> {
        let rules = RuleSet::built_in();
        propose(sentence, options, &rules, "mine", &pack_head("mine"))
    }

    /// Returns the TOML of the rule that is proposed without options.
    fn proposed_toml(sentence: &str) -> String {
        try_propose(sentence, &ProposalOptions::default())
            .unwrap_or_else(|error| panic!("{sentence}: {error:#}"))
            .toml
    }

    #[test]
    fn names_and_numbers_vary_and_words_of_chaff_are_fixed() {
        let proposal = try_propose(
            "Book your day trip with Harwell Ferries today, from 12 pounds!",
            &ProposalOptions::default(),
        )
        .unwrap();
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
    }

    #[test]
    fn category_is_that_of_similar_rules() {
        let sentence = "Join the Harwell Herald newsletter for free stories by email each Sunday";
        let proposal = try_propose(sentence, &ProposalOptions::default()).unwrap();
        assert_eq!(proposal.category, Category::Newsletter);
    }

    #[test]
    fn short_sentences_become_labels() {
        let toml = proposed_toml("Tides and tables");
        assert!(toml.contains("labels = [\"Tides and tables\"]"), "{toml}");
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
            assert!(!proposed_toml(sentence).is_empty());
        }
        let options = ProposalOptions {
            inside: true,
            keep: vec!["We booked a trip.".to_owned()],
            ..ProposalOptions::default()
        };
        let proposal = try_propose("Book your trip with Harwell Ferries", &options).unwrap();
        assert!(proposal.toml.contains("We booked a trip."));
    }

    #[test]
    fn sentences_without_a_rule_are_errors() {
        let conflicting = ProposalOptions {
            keep: vec!["Tides and tables".to_owned(), "It rained.".to_owned()],
            ..ProposalOptions::default()
        };
        for (sentence, options, message) in [
            ("***", &ProposalOptions::default(), "no words"),
            ("One\ntwo", &ProposalOptions::default(), "one line"),
            ("Tides and tables", &conflicting, "should remove nothing"),
        ] {
            let error = try_propose(sentence, options).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
