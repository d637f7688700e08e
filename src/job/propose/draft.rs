//! A proposed rule in TOML, with examples that it passes.

use super::ProposalOptions;
use super::parts::SentencePart;
use anyhow::{Context, Result, bail};
use dechaff_core::verify::{Verifier, cases};
use dechaff_core::{Category, Confidence, RuleSet};

/// Maximum number of words of a sentence without varying parts that becomes a label.
const MAX_LABEL_WORDS: usize = 4;
/// Maximum number of `examples.no_match` up to which sentences of prose are added to those of the
/// user.
const MAX_NON_MATCHES: usize = 2;
/// Texts that replace the varying parts of a sentence in an example.
const SAMPLE_NAMES: [&str; 3] = ["Blue Star", "Northgate", "Elm Hill"];

/// A rule whose examples have not been run yet.
pub struct RuleDraft<'d> {
    pub id: &'d str,
    pub category: Category,
    pub confidence: Confidence,
    pub description: &'d str,
    /// Whether the rule also matches inside lines.
    pub inside: bool,
    /// Whether the rule protects what it matches.
    pub protects: bool,
    pub sentence: &'d str,
    /// Parts of the sentence.
    pub parts: &'d [SentencePart],
}

impl RuleDraft<'_> {
    /// Generates examples and returns the rule in TOML, with examples that it passes. Prose that
    /// the rule would match is not used as an example.
    ///
    /// # Errors
    /// If the rule does not match the sentence, or matches a text in `options.keep`.
    pub fn verified_toml(
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
    pub fn matcher(&self) -> String {
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

/// Returns a document in which `sentence` is a paragraph between two paragraphs of prose. The
/// document does not end with a line feed.
pub fn between_paragraphs(sentence: &str) -> String {
    format!("It rained for two days.\n\n{sentence}\n\nThe ferry stayed in the harbour.")
}
