//! The cleaner: compiles rules and options once, then cleans documents. It knows no file, thread, clock or terminal.

mod cleaned;
mod restore;
mod run;

pub use cleaned::{Cleaned, Outcome, Removal, Veto};
pub use restore::restore;

use crate::error::Error;
use crate::filter::{Filters, MatchFilter};
use crate::mark::Mark;
use crate::model::{ExplainOptions, LineModel, LineScore, ModelBuffers};
use crate::rules::RuleSet;
use crate::search::SearchBuffers;
use crate::text::{Document, TextLines, View};
use dechaff_rules::rule::{Category, Effect, FilterName, Level, Rule, RuleId};
use run::{DocumentRun, Explained};
use std::borrow::Cow;
use std::sync::Arc;

/// What a cleaner is to do. See [`Cleaner::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    rules: RuleSet,
    level: Level,
    only: Vec<String>,
    skip: Vec<String>,
    max_removed: f64,
    max_loss: Option<f64>,
}

impl Builder {
    /// Uses these rules instead of the built-in ones.
    #[must_use]
    pub fn rules(mut self, rules: RuleSet) -> Self {
        self.rules = rules;
        self
    }

    /// How much is removed; [`Level::Balanced`] unless said otherwise.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Removes only what answers to one of these names: of a category, a pack, a rule or a filter. Cues, protection and
    /// the tidying of layout after removals stay on.
    #[must_use]
    pub fn only<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.only.extend(names.into_iter().map(Into::into));
        self
    }

    /// Switches off what answers to one of these names. It wins over [`only`](Self::only).
    #[must_use]
    pub fn skip<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.skip.extend(names.into_iter().map(Into::into));
        self
    }

    /// A document that would lose more than this share of its bytes (0 to 1) is held: passed on whole. 0.95 unless said
    /// otherwise.
    #[must_use]
    pub fn max_removed(mut self, share: f64) -> Self {
        self.max_removed = share;
        self
    }

    /// Lets the line model remove as much as it can while rules of the chosen level and model together lose at most this
    /// share (0 to 1) of the words of prose, as it was measured on labelled pages. Without it each level has its own.
    #[must_use]
    pub fn max_loss(mut self, share: f64) -> Self {
        self.max_loss = Some(share);
        self
    }

    /// Compiles the rules.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for a name that means nothing, [`Error::Option`] for a share outside 0 to 1 or
    /// a loss that was never so low, [`Error::Model`] if the line model does not fit this version.
    pub fn build(self) -> Result<Cleaner, Error> {
        if !(0.0..=1.0).contains(&self.max_removed) {
            return Err(Error::Option(format!(
                "max-removed is a share from 0 to 1, not {}",
                self.max_removed
            )));
        }
        if let Some(share) = self.max_loss.filter(|share| !(0.0..=1.0).contains(share)) {
            return Err(Error::Option(format!(
                "max-loss is a share from 0 to 1, not {share}"
            )));
        }
        for name in self.only.iter().chain(&self.skip) {
            check_name(name, &self.rules)?;
        }
        let enabled: Vec<bool> = self
            .rules
            .iter()
            .map(|(_, rule)| self.is_enabled(rule))
            .collect();
        let is_enabled = |id: RuleId| enabled[id.index()];
        let find_enabled = |name: &str| self.rules.find(name).filter(|&id| is_enabled(id));
        let model = match find_enabled(LineModel::RULE) {
            Some(rule) => Some(LineModel::new(
                rule,
                &self.rules,
                self.level,
                self.max_loss,
            )?),
            None => None,
        };
        let collects_hits = model.is_some() && self.rules.has_built_in();
        let engine = Engine {
            matching: MatchFilter::new(&self.rules, is_enabled, collects_hits),
            filters: Filters::new(&find_enabled),
            model,
            max_removed: self.max_removed,
            rules: self.rules,
            enabled,
        };
        Ok(Cleaner {
            engine: Arc::new(engine),
        })
    }

    fn is_enabled(&self, rule: &Rule) -> bool {
        let names = |list: &[String]| list.iter().any(|name| rule.matches_name(name));
        if names(&self.skip) {
            return false;
        }
        let wanted = self.only.is_empty() || names(&self.only) || rule.category == Category::Layout;
        rule.effect != Effect::Remove || (wanted && self.level.applies(rule.confidence))
    }
}

/// Whether a name means a rule, pack, category or filter.
fn check_name(name: &str, rules: &RuleSet) -> Result<(), Error> {
    let fixed = || {
        Category::ALL
            .iter()
            .map(|c| c.name())
            .chain(FilterName::ALL.iter().map(|f| f.name()))
    };
    if fixed().any(|known| known == name) || rules.iter().any(|(_, rule)| rule.matches_name(name)) {
        return Ok(());
    }
    let of_rules = rules
        .iter()
        .flat_map(|(_, rule)| [rule.name.as_str(), rule.pack()]);
    let nearest = fixed()
        .chain(of_rules)
        .map(|known| (strsim::osa_distance(name, known), known))
        .min();
    let nearest =
        nearest.filter(|(distance, known)| *distance <= known.len().max(name.len()).div_ceil(3));
    Err(Error::UnknownName {
        name: name.to_owned(),
        nearest: nearest.map(|(_, known)| known.to_owned()),
    })
}

/// A text cleaner: compiled once, shared by all threads.
///
/// ```
/// use dechaff_core::{Cleaner, Level};
/// let cleaner = Cleaner::builder().level(Level::Precise).build()?;
/// let text = "The bridge opens on Monday.\nAdvertisement\nIt cost four million.\n";
/// assert_eq!(cleaner.clean_text(text), "The bridge opens on Monday.\nIt cost four million.\n");
/// # Ok::<(), dechaff_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cleaner {
    engine: Arc<Engine>,
}

/// A compiled cleaner.
#[derive(Debug)]
struct Engine {
    rules: RuleSet,
    enabled: Vec<bool>,
    matching: MatchFilter,
    filters: Filters,
    model: Option<LineModel>,
    max_removed: f64,
}

/// Buffers that a thread keeps from one document to the next. Making one is cheap; keeping it saves allocations and the
/// states of automata.
#[derive(Debug, Default)]
pub struct Scratch {
    lines: Vec<u32>,
    search: SearchBuffers,
    model: ModelBuffers,
}

impl Cleaner {
    /// Starts from the built-in rules at the level `balanced`.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            rules: RuleSet::built_in(),
            level: Level::Balanced,
            only: Vec::new(),
            skip: Vec::new(),
            max_removed: 0.95,
            max_loss: None,
        }
    }

    /// The rules of this cleaner, those that are off among them.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        &self.engine.rules
    }

    /// Whether a rule is on.
    #[must_use]
    pub fn is_on(&self, rule: RuleId) -> bool {
        self.engine.enabled[rule.index()]
    }

    /// Cleans a text of which nothing else is known. A text that is too long for a [`Document`] comes back as it was.
    #[must_use]
    pub fn clean_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Document::new(text).map_or(Cow::Borrowed(text), |document| {
            self.clean(&document, &mut Scratch::default()).text()
        })
    }

    /// Cleans a document. `scratch` is best kept for the next document.
    #[must_use]
    pub fn clean<'t>(&self, document: &Document<'t>, scratch: &mut Scratch) -> Cleaned<'t> {
        self.run(document, scratch, false, None).1
    }

    /// Cleans a document and explains the result. Beside the cleaned document it returns every mark that any rule made, and
    /// the judgements of the line model that `options` selects; no judgements if the model is off or the document is too
    /// short for it.
    #[must_use]
    pub fn explain<'t>(
        &self,
        document: &Document<'t>,
        options: &ExplainOptions,
        scratch: &mut Scratch,
    ) -> Explanation<'t> {
        let (explained, cleaned) = self.run(document, scratch, true, Some(options));
        Explanation {
            cleaned,
            marks: explained.marks,
            scores: explained.scores,
        }
    }

    /// Cleans a document and returns, with the result, every mark that any rule made, cues and protection included.
    pub(crate) fn marks<'t>(
        &self,
        document: &Document<'t>,
        scratch: &mut Scratch,
    ) -> (Vec<Mark>, Cleaned<'t>) {
        let (explained, cleaned) = self.run(document, scratch, true, None);
        (explained.marks, cleaned)
    }

    fn run<'t>(
        &self,
        document: &Document<'t>,
        scratch: &mut Scratch,
        all_marks: bool,
        explain: Option<&ExplainOptions>,
    ) -> (Explained, Cleaned<'t>) {
        let lines = TextLines::new(document, std::mem::take(&mut scratch.lines));
        scratch.search.normalized.clear();
        let run = DocumentRun::new(&self.engine, View::new(&lines), all_marks);
        let result = run.finish(document, scratch, explain);
        scratch.lines = lines.into_buffer();
        result
    }
}

/// A cleaned document, and how it came about.
#[derive(Clone, Debug)]
pub struct Explanation<'t> {
    /// The result.
    pub cleaned: Cleaned<'t>,
    /// Every mark that any rule made, cues and protection included, in the order in which stages made them.
    pub marks: Vec<Mark>,
    /// How the line model judged lines, in order.
    pub scores: Vec<LineScore>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::NormalizedText;
    use dechaff_rules::phrase::MAX_MATCH_LEN;

    #[test]
    fn windows_make_no_difference_at_any_stage() {
        let rules = RuleSet::built_in();
        let examples = rules.iter().flat_map(|(_, rule)| {
            rule.examples
                .remove
                .iter()
                .take(1)
                .chain(rule.examples.keep.iter().take(1))
        });
        let text: String = examples.flat_map(|example| [example, "\n\n"]).collect();
        let document = Document::new(&text).unwrap();
        for level in Level::ALL {
            let cleaner = Cleaner::builder().level(*level).build().unwrap();
            let clean = |window: usize| {
                let mut scratch = Scratch::default();
                scratch.search.normalized = NormalizedText::with_window(window);
                let (marks, cleaned) = cleaner.marks(&document, &mut scratch);
                (marks, cleaned.found().to_vec(), cleaned.vetoed().to_vec())
            };
            let whole = clean(usize::MAX >> 1);
            assert!(whole.1.len() > 300 && text.len() > 3 * MAX_MATCH_LEN);
            assert!(clean(1) == whole, "{level}");
        }
    }
}
