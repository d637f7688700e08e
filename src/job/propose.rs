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

mod draft;
mod pack;
mod parts;
mod words;

pub use self::pack::{pack_head, pack_name};

use self::draft::{RuleDraft, between_paragraphs};
use self::parts::{SentencePart, split_sentence};
use self::words::{STOP_WORDS, WordSet, words};
use anyhow::{Result, anyhow, bail};
use dechaff_core::{Category, Cleaner, Confidence, Document, RuleSet, Scratch};

/// Maximum number of words in a generated id.
const MAX_ID_WORDS: usize = 3;
/// Maximum length of a sentence quoted in a description, in bytes.
const MAX_QUOTE: usize = 70;

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
