//! The files of an audit: the sample of lines that people judge, and their answers.
//!
//! `audit.json` holds an [`Audit`]: the strata of the corpus, the items to judge in order, and the
//! documents that they are in. Answers are labelled pages; see [`AnswerSheet`].

mod advice;
mod answers;
mod check;
mod outcome;
mod view;

pub use advice::{Advice, Alternative, advice_json, advice_text};
pub use answers::{Answer, AnswerSheet, AnsweredPage, Judgement};
pub use check::{Change, CheckedLine, checked_json, checked_text};
pub use outcome::{AuditOutcome, answered_strata};
pub use view::item_view;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A sample of the lines of a corpus.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Audit {
    /// Version of dechaff that drew the sample.
    pub dechaff: String,
    /// Identifies the sample: 16 hexadecimal digits.
    pub audit: String,
    /// Names of the inputs, for people.
    pub corpus: String,
    /// The options that decide what is removed, for people.
    pub options: String,
    /// The level.
    pub level: String,
    /// Other seeds draw other samples.
    pub seed: u64,
    /// What the corpus has.
    pub totals: AuditTotals,
    /// The parts of the corpus from which items were drawn.
    pub strata: Vec<AuditStratum>,
    /// The lines to judge, in order.
    pub items: Vec<AuditItem>,
    /// The documents that they are in.
    pub documents: Vec<AuditDocument>,
}

/// What a corpus has.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AuditTotals {
    /// Documents with words.
    pub documents: u64,
    /// Their lines with words.
    pub lines: u64,
    /// Their words.
    pub words: u64,
}

/// A part of the corpus from which items were drawn in proportion to their words.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditStratum {
    /// What its lines have in common.
    pub name: String,
    /// Whether they are removed or kept.
    pub side: AuditSide,
    /// Words of all of them.
    pub words: u64,
    /// Number of all of them.
    pub lines: u64,
    /// Indices of items, in the order in which they count. An item counts several times if it has
    /// many words.
    pub picks: Vec<usize>,
}

/// Whether something is removed or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditSide {
    /// Removed.
    Removed,
    /// Kept.
    Kept,
}

/// What is removed of a line, or what is kept of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditItem {
    /// Index of its stratum.
    pub stratum: usize,
    /// Index of its document.
    pub document: usize,
    /// Number of the line among the parts of the text between line feeds, from 1.
    pub line: usize,
    /// What is removed of the line, in code points from its start.
    pub spans: Vec<(usize, usize)>,
    /// Words of the item.
    pub words: u64,
    /// Whether it is removed or kept.
    pub side: AuditSide,
    /// Whether all words of the line are on this side.
    pub whole: bool,
    /// The rule that removes or protects it.
    pub rule: Option<String>,
    /// The score of the line model, 0 to 1.
    pub score: Option<f64>,
    /// The score that it must exceed to be removed.
    pub threshold: Option<f64>,
    /// The kind of page.
    pub kind: String,
    /// Why it is removed or kept, in words.
    pub why: String,
}

/// A document with items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditDocument {
    /// Path, number of the record, and field.
    pub name: String,
    /// Id of the record.
    pub id: Option<String>,
    /// Site.
    pub site: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// Language, if it is certain.
    pub lang: Option<String>,
    /// The text before cleaning; of a long document the lines around the item.
    pub text: String,
}

impl Audit {
    /// Returns the line of an item, without its line feed.
    #[must_use]
    pub fn line_of(&self, item: &AuditItem) -> &str {
        let text = &self.documents[item.document].text;
        text.split('\n').nth(item.line - 1).unwrap_or_default()
    }

    /// Checks that all indices point to something, so that a file that was edited or is of another
    /// version is refused and not trusted.
    ///
    /// # Errors
    /// If an index or a line number is too large.
    pub fn check(&self) -> anyhow::Result<()> {
        let lines: BTreeMap<usize, usize> = self
            .documents
            .iter()
            .enumerate()
            .map(|(index, document)| (index, document.text.split('\n').count()))
            .collect();
        for item in &self.items {
            let has_line = lines
                .get(&item.document)
                .is_some_and(|lines| (1..=*lines).contains(&item.line));
            anyhow::ensure!(
                has_line && item.stratum < self.strata.len(),
                "an item is not in the documents or strata of the sample"
            );
        }
        let mut picks = self.strata.iter().flat_map(|stratum| &stratum.picks);
        anyhow::ensure!(
            picks.all(|pick| *pick < self.items.len()),
            "a pick is not among the items"
        );
        Ok(())
    }
}
