//! What was learned of sites, in the form in which it is looked up, and the learner that makes it
//! from texts in memory.

use super::counts::{SiteCounts, TextCounts};
use crate::error::Error;
use crate::text::{Document, PageTexts};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Fewest different pages with a text that is kept.
const MIN_PAGES: u64 = 2;

/// Least share of a site's pages with a text that is kept.
const MIN_SHARE: f64 = 0.01;

/// A text that a site repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnedText {
    /// Number of documents that contain it.
    pub documents: u64,
    /// Number of different pages that contain it.
    pub pages: u64,
    /// Number of documents in which it stands before the prose.
    pub head: u64,
    /// Number of documents in which it stands in the prose.
    pub body: u64,
    /// Number of documents in which it stands after the prose.
    pub tail: u64,
    /// The text as it stands on one of the pages, cut after 400 bytes.
    pub text: Box<str>,
}

impl LearnedText {
    /// Returns whether it stands in the prose of at least half of the documents that contain it.
    #[must_use]
    pub fn is_in_prose(&self) -> bool {
        self.body >= self.documents.div_ceil(2)
    }

    /// Returns whether anything is kept of the counts of a text on a site with `site_pages`
    /// different pages: it is on several pages, and on one page in a hundred.
    #[must_use]
    pub fn is_kept(counts: &TextCounts, site_pages: u64) -> bool {
        let pages = counts.pages.count();
        pages >= MIN_PAGES && pages as f64 >= MIN_SHARE * site_pages as f64
    }

    /// Returns what is kept of the counts of a text on a site with `site_pages` different pages:
    /// `None` if the text is on a single page, or on less than one page in a hundred.
    #[must_use]
    pub fn of(counts: &TextCounts, site_pages: u64) -> Option<Self> {
        Self::is_kept(counts, site_pages).then(|| Self {
            documents: counts.documents,
            pages: counts.pages.count(),
            head: counts.head,
            body: counts.body,
            tail: counts.tail,
            text: counts.text.clone(),
        })
    }
}

/// What was learned of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LearnedSite {
    pages: u64,
    texts: FxHashMap<u64, LearnedText>,
}

impl LearnedSite {
    /// Makes a site with this number of different pages and these texts, by their keys.
    #[must_use]
    pub fn new(pages: u64, texts: impl IntoIterator<Item = (u64, LearnedText)>) -> Self {
        Self {
            pages,
            texts: texts.into_iter().collect(),
        }
    }

    /// Returns the number of different pages that were learned from.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// Returns the text with this key, or `None` if the site does not repeat it.
    #[must_use]
    pub fn text(&self, key: u64) -> Option<&LearnedText> {
        self.texts.get(&key)
    }

    /// Iterates over the texts with their keys, in no particular order.
    pub fn texts(&self) -> impl Iterator<Item = (u64, &LearnedText)> {
        self.texts.iter().map(|(key, text)| (*key, text))
    }

    /// Returns the share of the site's pages that have a text of it, 0 to 1.
    #[must_use]
    pub fn share(&self, text: &LearnedText) -> f64 {
        (text.pages as f64 / self.pages.max(1) as f64).min(1.0)
    }
}

impl From<&SiteCounts> for LearnedSite {
    fn from(counts: &SiteCounts) -> Self {
        let pages = counts.pages.count();
        let texts = counts
            .texts
            .iter()
            .filter_map(|(key, text)| Some((*key, LearnedText::of(text, pages)?)));
        Self::new(pages, texts)
    }
}

/// Finds what was learned of a site. [`Learned`] keeps all sites in memory; other implementations
/// can read a site when it is first needed.
pub trait Sites: Send + Sync + fmt::Debug {
    /// Returns what was learned of the site called `name`, or `None` if nothing was.
    fn site(&self, name: &str) -> Option<Arc<LearnedSite>>;

    /// Returns why a site could not be read, if that ever happened; `site` returned `None` then.
    fn error(&self) -> Option<String> {
        None
    }
}

/// What was learned of any number of sites, in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    sites: BTreeMap<String, Arc<LearnedSite>>,
}

impl Learned {
    /// Iterates over the sites with their names, in the order of the names.
    pub fn sites(&self) -> impl Iterator<Item = (&str, &LearnedSite)> {
        self.sites
            .iter()
            .map(|(name, site)| (name.as_str(), &**site))
    }
}

impl Sites for Learned {
    fn site(&self, name: &str) -> Option<Arc<LearnedSite>> {
        self.sites.get(name).cloned()
    }
}

/// Learns what sites repeat from texts in memory.
///
/// ```
/// use dechaff_core::learn::Learner;
/// use dechaff_core::{Cleaner, Document, Scratch};
/// use std::sync::Arc;
///
/// let names = ["bridge", "tunnel", "ferry", "station", "road", "port", "dam", "pier"];
/// let article = |name: &str| {
///     format!(
///         "The {name} opens on Monday, a year later than planned.\n\
///          Nobody had thought that work on the {name} would take so long.\n\
///          It cost the town four million, and the old {name} will be sold.\n"
///     )
/// };
/// let page = |name| article(name) + "Letters of the week\nBuilt by hand since 1872\n";
/// let mut learner = Learner::default();
/// for name in names {
///     learner.add("example.org", &page(name))?;
/// }
/// let cleaner = Cleaner::builder().learned(Arc::new(learner.finish())).build()?;
/// let text = page("bridge");
/// let document = Document::new(&text)?.with_site("example.org");
/// let cleaned = cleaner.clean(&document, &mut Scratch::default());
/// assert_eq!(cleaned.text(), article("bridge"));
/// # Ok::<(), dechaff_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Learner {
    sites: BTreeMap<String, SiteCounts>,
}

impl Learner {
    /// Counts the texts of a page of the site called `site`.
    ///
    /// # Errors
    /// [`Error::TooLong`] if the text is too long for a document.
    pub fn add(&mut self, site: &str, text: &str) -> Result<(), Error> {
        let page = PageTexts::new(&Document::new(text)?);
        if !self.sites.contains_key(site) {
            self.sites.insert(site.to_owned(), SiteCounts::default());
        }
        if let Some(counts) = self.sites.get_mut(site) {
            counts.add(&page, text);
        }
        Ok(())
    }

    /// Adds what another learner counted. The result does not depend on how pages are divided.
    pub fn merge(&mut self, other: Self) {
        for (name, counts) in other.sites {
            self.sites.entry(name).or_default().merge(counts);
        }
    }

    /// Returns what the sites repeat.
    #[must_use]
    pub fn finish(self) -> Learned {
        let sites = self.sites.into_iter();
        Learned {
            sites: sites
                .map(|(name, counts)| (name, Arc::new(LearnedSite::from(&counts))))
                .collect(),
        }
    }
}
