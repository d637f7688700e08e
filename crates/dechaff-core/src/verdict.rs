//! The verdict on a document: what kind of page it is, how much of it was removed, and how likely
//! it is that prose was damaged. Pipelines filter documents by it, without a second pass.

mod findings;
mod kind;
mod risk;

pub mod training;

pub(crate) use findings::{Findings, Remover};

use crate::error::Error;
use crate::model::{Observed, SUM_NAMES, checksum, open_file};
use dechaff_rules::rule::Level;
use kind::KindModel;
use risk::{RiskModel, risk_features};
use std::fmt;

/// First bytes of the model file, and version of its format.
const MAGIC: &[u8; 4] = b"DCVM";
const FORMAT: u16 = 1;
/// Version of the meaning of the features. Raise it when the value of a feature changes.
const FEATURE_VERSION: u16 = 1;
/// The built-in model file.
const BUILT_IN: &[u8] = include_bytes!("../models/verdict.bin");

/// Returns the bytes of the built-in file with which verdicts are given. The manifest of a run with
/// verdicts hashes them, as it does those of the line model.
#[must_use]
pub const fn verdict_file() -> &'static [u8] {
    BUILT_IN
}

/// Gives verdicts on documents that were cleaned at a level.
#[derive(Debug)]
pub(crate) struct Judge {
    kind: KindModel,
    risk: RiskModel,
}

impl Judge {
    /// Loads the built-in models. `with_model` says whether the line model removes text, or rules
    /// alone.
    ///
    /// # Errors
    /// [`Error::Model`] if they do not fit this version.
    pub(crate) fn built_in(level: Level, with_model: bool) -> Result<Self, Error> {
        let mut reader = open_file(BUILT_IN, *MAGIC, FORMAT, FEATURE_VERSION)?;
        if reader.u64()? != checksum(feature_names().join(" ").as_bytes()) {
            return Err(Error::Model(
                "its verdicts were trained on other features than this dechaff computes".to_owned(),
            ));
        }
        Ok(Self {
            kind: KindModel::read(&mut reader)?,
            risk: RiskModel::read(&mut reader, level, with_model)?,
        })
    }

    /// Returns the kind of a document.
    pub(crate) fn kind(&self, observed: &Observed) -> DocumentKind {
        self.kind.kind(observed)
    }

    /// Returns the log-odds that a document of this kind, from which something was removed, lost a
    /// line of prose, in 4096ths.
    pub(crate) fn log_odds(
        &self,
        observed: &Observed,
        findings: &Findings,
        kind: DocumentKind,
    ) -> i32 {
        self.risk.log_odds(observed, findings, kind)
    }
}

/// Returns the names of all features of verdicts. Their hash is in the model file.
fn feature_names() -> Vec<&'static str> {
    let risk = risk_features(&Observed::default(), &Findings::default()).map(|(name, _)| name);
    SUM_NAMES.iter().copied().chain(risk).collect()
}

/// What a cleaner found out about a document. Shares and probabilities are rounded to thousandths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The kind of page.
    pub kind: DocumentKind,
    /// Share of the bytes that was removed, 0 to 1; if the document is held, the share that would
    /// have been removed.
    pub removed_share: f64,
    /// Share of the lines with words that were kept, but almost removed, 0 to 1.
    pub almost_removed_share: f64,
    /// Probability that a line of prose was removed, or a part of one, 0 to 1. It is calibrated: of
    /// the documents with a risk of 0.2, about a fifth are damaged.
    pub risk: f64,
    /// Whether the document was held: more would have been removed than the options allow.
    pub held: bool,
}

/// A kind of page, told by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// News, a blog entry, an essay: mostly prose about one thing.
    Article,
    /// Headings, teasers or entries that lead to other pages.
    List,
    /// Posts of several people.
    Forum,
    /// A thing for sale, with its properties.
    Product,
    /// Reference, a manual or an instruction.
    Documentation,
    /// Anything else, such as the home page of a company.
    Other,
}

impl DocumentKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Article,
        Self::List,
        Self::Forum,
        Self::Product,
        Self::Documentation,
        Self::Other,
    ];

    /// Returns the name of the kind in outputs, such as `article`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Article => "article",
            Self::List => "list",
            Self::Forum => "forum",
            Self::Product => "product",
            Self::Documentation => "documentation",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
