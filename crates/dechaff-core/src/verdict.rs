//! The verdict on a document: what kind of page it is, how much of it was removed, and how likely
//! it is that prose was damaged. Pipelines filter documents by it, without a second pass.

use std::fmt;

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
