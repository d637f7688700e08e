//! The words that rules search for: they tell the category of a sentence, and which of its parts do
//! not vary.

use dechaff_core::{Category, Effect, Matcher, Rule, RuleSet};
use rustc_hash::{FxHashMap, FxHashSet};

/// English words that do not say what a sentence is about. They are not used for ids and
/// categories.
pub const STOP_WORDS: &[&str] = &[
    "a", "all", "an", "and", "are", "as", "at", "be", "by", "for", "from", "get", "have", "here",
    "in", "is", "it", "of", "on", "or", "our", "please", "that", "the", "this", "to", "us", "was",
    "we", "will", "with", "you", "your",
];

/// The words that the removing rules of a set search for.
pub struct WordSet {
    /// For each word in lower case, the number of rules of each category that search for it.
    categories: FxHashMap<String, FxHashMap<Category, usize>>,
}

impl WordSet {
    /// Collects the words of all removing rules in `rules`. Keep rules and cues are left out, since
    /// their words say nothing about a category of chaff.
    pub fn new(rules: &RuleSet) -> Self {
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

    pub fn contains(&self, word: &str) -> bool {
        self.categories.contains_key(&word.to_lowercase())
    }

    /// Returns the category whose rules share most words with a sentence, and the next two. A word
    /// has one vote, which it divides among the categories of its rules by their number. Without
    /// any known word the category is [`Category::Other`].
    pub fn likely_categories(&self, sentence: &str) -> (Category, Vec<Category>) {
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
pub fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().any(char::is_alphabetic))
        .map(str::to_lowercase)
}
