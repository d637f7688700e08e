//! Answers to an audit, as labelled pages.
//!
//! A row of `answers.jsonl` is a document with at least one answer. It has the `text` and the
//! `labels` that `dechaff eval` and `training/run` read: `k` or `d` for lines that people judged,
//! and `u` for all others. The field `audit` has the answers themselves:
//!
//! ```json
//! {"id": "a.txt", "text": "It rained.\nShare", "labels": "ud", "dataset": "audit", "extractor": "audit",
//!  "split": "train", "audit": {"audit": "0f…", "level": "balanced", "answers": [{"item": 3, "line": 2,
//!  "answer": "chaff", "side": "removed", "words": 1, "rule": "share/label", "by": "ann", "at": 1796000000,
//!  "seconds": 2.5}]}}
//! ```

use super::{Audit, AuditSide};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A person's judgement of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judgement {
    /// It is chaff.
    Chaff,
    /// It is prose.
    Prose,
    /// The person can't say.
    Unsure,
}

impl Judgement {
    /// Returns the judgement in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chaff => "chaff",
            Self::Prose => "prose",
            Self::Unsure => "can't say",
        }
    }
}

/// The answer of a person to an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Index of the item in the sample.
    pub item: usize,
    /// Number of the line, from 1.
    pub line: usize,
    /// What the person said.
    pub answer: Judgement,
    /// Whether the item was removed or kept.
    pub side: AuditSide,
    /// Words of the item.
    pub words: u64,
    /// The rule that removed or protected it.
    #[serde(default)]
    pub rule: Option<String>,
    /// The name of the person.
    #[serde(default)]
    pub by: String,
    /// When the answer was given, in seconds since 1970.
    #[serde(default)]
    pub at: u64,
    /// How long it took, in seconds.
    #[serde(default)]
    pub seconds: f64,
}

/// A document with answers: a row of `answers.jsonl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AnsweredPage {
    /// The name of the document.
    pub id: String,
    /// Its text before cleaning.
    pub text: String,
    /// A letter for each part of the text between line feeds: k, d or u.
    pub labels: String,
    /// Its site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// Its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its language.
    #[serde(default)]
    pub lang: Option<String>,
    /// `audit`.
    pub dataset: String,
    /// `audit`, since the extractor is not known.
    pub extractor: String,
    /// `train`, so that `training/run` trains on it.
    pub split: String,
    /// The answers.
    pub audit: PageAnswers,
}

/// The answers to the items of a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PageAnswers {
    /// Identifies the sample.
    pub audit: String,
    /// The level at which it was drawn.
    pub level: String,
    /// The answers, in the order of the items.
    pub answers: Vec<Answer>,
}

/// The answers to a sample: at most one for each item and person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnswerSheet {
    answers: BTreeMap<(usize, String), Answer>,
}

impl AnswerSheet {
    /// Returns the answers in the order of the items.
    pub fn iter(&self) -> impl Iterator<Item = &Answer> {
        self.answers.values()
    }

    /// Returns the answers to an item.
    pub fn of(&self, item: usize) -> impl Iterator<Item = &Answer> {
        let all = (item, String::new())..(item + 1, String::new());
        self.answers.range(all).map(|(_, answer)| answer)
    }

    /// Returns the answer of a person to an item.
    #[must_use]
    pub fn get(&self, item: usize, by: &str) -> Option<&Answer> {
        self.answers.get(&(item, by.to_owned()))
    }

    /// Returns whether this person answered the item.
    #[must_use]
    pub fn has(&self, item: usize, by: &str) -> bool {
        self.get(item, by).is_some()
    }

    /// Adds an answer. It replaces an older one of the same person to the same item.
    pub fn add(&mut self, answer: Answer) {
        let key = (answer.item, answer.by.clone());
        let is_newer = self.answers.get(&key).is_none_or(|old| old.at <= answer.at);
        if is_newer {
            self.answers.insert(key, answer);
        }
    }

    /// Adds the answers of labelled pages, as [`to_lines`](Self::to_lines) writes them. Returns how
    /// many there were.
    ///
    /// # Errors
    /// If a row is not a page with answers, or has answers to another sample.
    pub fn add_lines(&mut self, audit: &Audit, lines: &str) -> Result<usize> {
        let mut count = 0;
        for (index, line) in lines.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let page: AnsweredPage = serde_json::from_str(line)
                .with_context(|| format!("line {} has no answers to an audit", index + 1))?;
            ensure!(
                page.audit.audit == audit.audit,
                "line {} has answers to another sample, {}; this one is {}",
                index + 1,
                page.audit.audit,
                audit.audit
            );
            for answer in page.audit.answers {
                ensure!(
                    answer.item < audit.items.len(),
                    "line {} has an answer to the item {}, but there are {}",
                    index + 1,
                    answer.item,
                    audit.items.len()
                );
                count += 1;
                self.add(answer);
            }
        }
        Ok(count)
    }

    /// Returns the pages with answers, in the order of the documents.
    #[must_use]
    pub fn pages(&self, audit: &Audit) -> Vec<AnsweredPage> {
        let mut pages: BTreeMap<usize, Vec<&Answer>> = BTreeMap::new();
        for answer in self.iter() {
            let document = audit.items[answer.item].document;
            pages.entry(document).or_default().push(answer);
        }
        pages
            .into_iter()
            .map(|(document, answers)| Self::page(audit, document, answers))
            .collect()
    }

    /// Returns the answers as labelled pages in JSON Lines, in the order of the documents.
    #[must_use]
    pub fn to_lines(&self, audit: &Audit) -> String {
        let mut lines = String::new();
        for page in self.pages(audit) {
            if let Ok(line) = serde_json::to_string(&page) {
                lines.push_str(&line);
                lines.push('\n');
            }
        }
        lines
    }

    fn page(audit: &Audit, index: usize, answers: Vec<&Answer>) -> AnsweredPage {
        let document = &audit.documents[index];
        AnsweredPage {
            id: document.name.clone(),
            text: document.text.clone(),
            labels: Self::labels(audit, &document.text, &answers),
            publisher: document.site.clone(),
            host: document.host.clone(),
            lang: document.lang.clone(),
            dataset: "audit".to_owned(),
            extractor: "audit".to_owned(),
            split: "train".to_owned(),
            audit: PageAnswers {
                audit: audit.audit.clone(),
                level: audit.level.clone(),
                answers: answers.into_iter().cloned().collect(),
            },
        }
    }

    /// Returns a letter for each line of a text. A line on which people disagree is unsure, and so
    /// is one of which only a part was judged to be chaff.
    fn labels(audit: &Audit, text: &str, answers: &[&Answer]) -> String {
        let mut labels = vec!['u'; text.split('\n').count()];
        let mut lines: BTreeMap<usize, Vec<char>> = BTreeMap::new();
        for answer in answers {
            let label = match answer.answer {
                Judgement::Prose => 'k',
                Judgement::Chaff if audit.items[answer.item].whole => 'd',
                Judgement::Chaff | Judgement::Unsure => 'u',
            };
            lines.entry(answer.line).or_default().push(label);
        }
        for (line, judged) in lines {
            if judged.iter().all(|label| *label == judged[0])
                && let Some(label) = labels.get_mut(line.wrapping_sub(1))
            {
                *label = judged[0];
            }
        }
        labels.into_iter().collect()
    }
}
