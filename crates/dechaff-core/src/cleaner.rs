//! The cleaner: compiles rules and options once, then cleans any number of documents. It touches no
//! file, thread, clock or terminal.
//!
//! [`Builder`] collects the options, [`Cleaner`] holds what was compiled, and [`Scratch`] the
//! buffers of a thread. The stages of one document are in `run`, its result in `cleaned`, and
//! maps between its offsets and those of the source in `offsets`.

mod cleaned;
mod judge;
mod offsets;
mod repeated;
mod restore;
mod run;

pub use cleaned::{Cleaned, Outcome, Removal, Veto};
pub use offsets::OffsetMap;
pub use restore::restore;

use crate::error::Error;
use crate::filter::{Filters, MatchFilter};
use crate::learn::{Evidence, Sites};
use crate::mark::Mark;
use crate::model::{ExplainOptions, LineModel, LineScore, ModelBuffers, Wanted};
use crate::rules::RuleSet;
use crate::search::SearchBuffers;
use crate::text::{Document, PageTexts, TextLine, TextLines, View};
use crate::verdict::Judge;
use crate::verdict::training::VerdictFeatures;
use dechaff_rules::rule::{Category, Effect, FilterName, Level, Rule, RuleId};
use repeated::clean_again;
use run::{DocumentRun, Explained};
use std::borrow::Cow;
use std::sync::Arc;

/// The options of a cleaner. See [`Cleaner::builder`] for the defaults.
#[derive(Clone, Debug)]
pub struct Builder {
    rules: RuleSet,
    level: Level,
    /// Names of what to apply; everything if there are none.
    only: Vec<String>,
    /// Names of what not to apply.
    skip: Vec<String>,
    /// Share of the bytes of a document, 0 to 1.
    max_removed: f64,
    /// Share of the words of prose, 0 to 1.
    max_loss: Option<f64>,
    is_idempotent: bool,
    gives_verdicts: bool,
    observes: bool,
    learned: Option<Arc<dyn Sites>>,
    /// `None` for that of the level.
    evidence: Option<Evidence>,
}

impl Builder {
    /// Uses `rules` instead of the built-in rules. To add packs to the built-in rules, start from
    /// [`RuleSet::built_in`]. Filters such as the line model have rules too: a set without them
    /// switches these filters off.
    #[must_use]
    pub fn rules(mut self, rules: RuleSet) -> Self {
        self.rules = rules;
        self
    }

    /// Sets how much is removed: the level decides which rules apply, by their confidence, and the
    /// threshold of the line model. The default is [`Level::Balanced`].
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Applies only removing rules that have one of these `names`: of a category, a pack, a rule or
    /// a filter. Cues, keep rules and the rules of the category `layout`, which repair the layout
    /// after removals, still apply. Several calls add up.
    ///
    /// ```
    /// use dechaff_core::Cleaner;
    /// let cleaner = Cleaner::builder().only(["advert"]).build()?;
    /// let text = "Advertisement\nShare this article\nThe bridge opens on Monday.\n";
    /// assert_eq!(cleaner.clean_text(text), "Share this article\nThe bridge opens on Monday.\n");
    /// # Ok::<(), dechaff_core::Error>(())
    /// ```
    #[must_use]
    pub fn only<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.only.extend(names.into_iter().map(Into::into));
        self
    }

    /// Switches off all rules that have one of these `names`: of a category, a pack, a rule or a
    /// filter. Takes precedence over [`only`](Self::only). Several calls add up.
    #[must_use]
    pub fn skip<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.skip.extend(names.into_iter().map(Into::into));
        self
    }

    /// Holds documents that would lose more than this `share` of their bytes (0 to 1): they are
    /// passed through unchanged. The default is 0.95; 1 holds no document.
    #[must_use]
    pub fn max_removed(mut self, share: f64) -> Self {
        self.max_removed = share;
        self
    }

    /// Sets the thresholds of the line model to the lowest at which the rules of the chosen level
    /// and the model together lost at most this `share` (0 to 1) of the words of prose, as measured
    /// on labelled pages. By default each level has its own thresholds.
    #[must_use]
    pub fn max_loss(mut self, share: f64) -> Self {
        self.max_loss = Some(share);
        self
    }

    /// Cleans each text again until nothing more is found, so that cleaning the result changes
    /// nothing. By default a text is cleaned once; in few of them, a second run would find more.
    #[must_use]
    pub fn idempotent(mut self, is_idempotent: bool) -> Self {
        self.is_idempotent = is_idempotent;
        self
    }

    /// Gives a verdict on each document; see [`Cleaned::verdict`]. By default none is given.
    #[must_use]
    pub fn verdicts(mut self, gives_verdicts: bool) -> Self {
        self.gives_verdicts = gives_verdicts;
        self
    }

    /// Observes each document for [`Cleaner::verdict_features`], which only training needs.
    #[must_use]
    pub fn verdict_features(mut self, observes: bool) -> Self {
        self.observes = observes;
        self
    }

    /// Removes what sites repeat on their pages, as was learned of them: see [`Learner`]. A document
    /// is cleaned by what was learned of its [site](Document::site). By default nothing is known of
    /// any site.
    ///
    /// [`Learner`]: crate::learn::Learner
    #[must_use]
    pub fn learned(mut self, sites: Arc<dyn Sites>) -> Self {
        self.learned = Some(sites);
        self
    }

    /// Sets on how many pages of a site a text must stand to be removed. The default depends on the
    /// level: see [`Evidence::at`].
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = Some(evidence);
        self
    }

    /// Compiles the enabled rules into a cleaner. This takes much longer than cleaning a page, so
    /// build a cleaner once and share it.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for a name of [`only`](Self::only) or [`skip`](Self::skip) that no
    /// rule, pack, category or filter has, [`Error::Option`] for a share outside 0 to 1 or a loss
    /// below all that were measured, [`Error::Model`] if the line model does not fit this version.
    pub fn build(self) -> Result<Cleaner, Error> {
        if !(0.0..=1.0).contains(&self.max_removed) {
            return Err(Error::Option(format!(
                "max-removed must be a share from 0 to 1, not {}",
                self.max_removed
            )));
        }
        if let Some(share) = self.max_loss.filter(|share| !(0.0..=1.0).contains(share)) {
            return Err(Error::Option(format!(
                "max-loss must be a share from 0 to 1, not {share}"
            )));
        }
        if let Some(share) = self
            .evidence
            .map(|evidence| evidence.min_share)
            .filter(|share| !(0.0..=1.0).contains(share))
        {
            return Err(Error::Option(format!(
                "min-share must be a share from 0 to 1, not {share}"
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
        let find_enabled = |name: &str| -> Option<RuleId> {
            self.rules.find(name).filter(|id| enabled[id.index()])
        };
        let model = match find_enabled(LineModel::RULE) {
            Some(rule) => Some(LineModel::new(
                rule,
                &self.rules,
                self.level,
                self.max_loss,
            )?),
            None if self.gives_verdicts || self.observes => Some(LineModel::observer(&self.rules)?),
            None => None,
        };
        let judge = self
            .gives_verdicts
            .then(|| Judge::built_in(self.level, find_enabled(LineModel::RULE).is_some()))
            .transpose()?;
        let evidence = self.evidence.unwrap_or_else(|| Evidence::at(self.level));
        let collects_hits = model.is_some() && self.rules.has_built_in();
        let engine = Engine {
            matching: MatchFilter::new(&self.rules, |id| enabled[id.index()], collects_hits),
            filters: Filters::new(&find_enabled, self.learned.as_ref(), evidence),
            learned: self.learned,
            model,
            max_removed: self.max_removed,
            is_idempotent: self.is_idempotent,
            observes: self.observes || judge.is_some(),
            judge,
            rules: self.rules,
            enabled,
        };
        Ok(Cleaner {
            engine: Arc::new(engine),
        })
    }

    /// Returns whether the options enable `rule`. Only removing rules depend on the level and on
    /// [`only`](Self::only); [`skip`](Self::skip) disables rules of every effect.
    fn is_enabled(&self, rule: &Rule) -> bool {
        if has_any_name(rule, &self.skip) {
            return false;
        }
        let selected = self.only.is_empty()
            || has_any_name(rule, &self.only)
            || rule.category == Category::Layout;
        rule.effect != Effect::Remove || (selected && self.level.applies(rule.confidence))
    }
}

/// Returns whether one of `names` is the name of the rule, of its pack or filter, or of its
/// category if it is a removing rule.
fn has_any_name(rule: &Rule, names: &[String]) -> bool {
    names.iter().any(|name| rule.matches_name(name))
}

/// Checks that `name` is the name of a rule or pack of `rules`, or of a category or filter, even of
/// one that no rule has.
///
/// # Errors
/// [`Error::UnknownName`] otherwise. It suggests the nearest name by edit distance, unless more
/// than a third of the longer of the two names would have to change.
fn check_name(name: &str, rules: &RuleSet) -> Result<(), Error> {
    if fixed_names().any(|known| known == name)
        || rules.iter().any(|(_, rule)| rule.matches_name(name))
    {
        return Ok(());
    }
    let rule_names = rules
        .iter()
        .flat_map(|(_, rule)| [rule.name.as_str(), rule.pack()]);
    let nearest = fixed_names()
        .chain(rule_names)
        .map(|known| (strsim::osa_distance(name, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len().max(name.len()).div_ceil(3));
    Err(Error::UnknownName {
        name: name.to_owned(),
        nearest: nearest.map(|(_, known)| known.to_owned()),
    })
}

/// Iterates over the names that do not depend on the rules: those of all categories, then those of
/// all filters.
fn fixed_names<'n>() -> impl Iterator<Item = &'n str> {
    Category::ALL
        .iter()
        .map(|category| category.name())
        .chain(FilterName::ALL.iter().map(|filter| filter.name()))
}

/// A text cleaner. It is compiled once and can be shared by all threads; clones share what was
/// compiled.
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

/// What a cleaner compiles from its options.
#[derive(Debug)]
struct Engine {
    rules: RuleSet,
    /// Whether each rule is enabled, by the index of its id.
    enabled: Vec<bool>,
    matching: MatchFilter,
    filters: Filters,
    /// `None` if the rule of the line model is disabled and no verdicts are given.
    model: Option<LineModel>,
    learned: Option<Arc<dyn Sites>>,
    max_removed: f64,
    is_idempotent: bool,
    /// `None` if no verdicts are given.
    judge: Option<Judge>,
    /// Whether the line model tells what it saw of each document.
    observes: bool,
}

/// Buffers that a thread keeps from one document to the next. Creating them is cheap; reusing them
/// saves allocations and keeps the states of lazy DFAs. They never change the result.
#[derive(Debug, Default)]
pub struct Scratch {
    lines: Vec<TextLine>,
    pub(crate) search: SearchBuffers,
    model: ModelBuffers,
}

impl Scratch {
    /// Finds the texts of a page that its site may repeat, as [`PageTexts::new`] does.
    #[must_use]
    pub fn page_texts(&mut self, document: &Document<'_>) -> PageTexts {
        let lines = TextLines::new(document, std::mem::take(&mut self.lines));
        self.search.normalized.clear();
        let page = PageTexts::of(&lines, &mut self.search.normalized);
        self.search.normalized.clear();
        self.lines = lines.into_buffer();
        page
    }
}

impl Cleaner {
    /// Returns the default options: the built-in rules, level [`Level::Balanced`], nothing skipped,
    /// and documents held that would lose more than 95 % of their bytes.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            rules: RuleSet::built_in(),
            level: Level::Balanced,
            only: Vec::new(),
            skip: Vec::new(),
            max_removed: 0.95,
            max_loss: None,
            is_idempotent: false,
            gives_verdicts: false,
            observes: false,
            learned: None,
            evidence: None,
        }
    }

    /// Returns the rules that the cleaner was built from, including those that its options disable.
    /// Ids in marks and removals refer to this set.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        &self.engine.rules
    }

    /// Returns the largest share of its bytes that a document may lose, from 0 to 1; one that would
    /// lose more is held.
    #[must_use]
    pub fn max_removed(&self) -> f64 {
        self.engine.max_removed
    }

    /// Returns whether the cleaner gives a verdict on each document.
    #[must_use]
    pub fn gives_verdicts(&self) -> bool {
        self.engine.judge.is_some()
    }

    /// Returns what the cleaner knows of sites, or `None` if nothing was learned.
    #[must_use]
    pub fn learned(&self) -> Option<&dyn Sites> {
        self.engine.learned.as_deref()
    }

    /// Returns whether the options enable a rule. Panics if `rule` is not an id of the cleaner's
    /// [`rules`](Self::rules).
    #[must_use]
    pub fn is_on(&self, rule: RuleId) -> bool {
        self.engine.enabled[rule.index()]
    }

    /// Cleans a text whose language and host are unknown, and returns only the cleaned text. A text
    /// that is too long for a [`Document`] is returned unchanged. For many texts,
    /// [`clean`](Self::clean) with a [`Scratch`] is faster.
    #[must_use]
    pub fn clean_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Document::new(text).map_or(Cow::Borrowed(text), |document| {
            self.clean(&document, &mut Scratch::default()).text()
        })
    }

    /// Cleans a document. `scratch` holds buffers; pass the same one for all documents of a thread.
    /// The result borrows the text of the document and does not depend on earlier documents.
    #[must_use]
    pub fn clean<'t>(&self, document: &Document<'t>, scratch: &mut Scratch) -> Cleaned<'t> {
        self.run(document, scratch, false, None).1
    }

    /// Cleans a document and explains the result. In addition to the cleaned document it returns
    /// every mark that any rule made, and the judgements of the line model that `options` selects.
    /// There are no judgements if the model is disabled or the document is too short for it. Slower
    /// than [`clean`](Self::clean), which skips what only an explanation needs.
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
            scores: explained.judged.scores,
        }
    }

    /// Cleans a document, and also returns how the line model scored its blocks, in order. Slower
    /// than [`clean`](Self::clean), and faster than [`explain`](Self::explain).
    #[must_use]
    pub fn scores<'t>(
        &self,
        document: &Document<'t>,
        scratch: &mut Scratch,
    ) -> (Vec<LineScore>, Cleaned<'t>) {
        let options = ExplainOptions {
            all_lines: true,
            max_features: 0,
        };
        let (explained, cleaned) = self.run(document, scratch, false, Some(&options));
        (explained.judged.scores, cleaned)
    }

    /// Cleans a document. Also returns every mark that any rule made, cues and protecting marks
    /// included, in the order of the stages; those of keep rules even where nothing is removed.
    pub(crate) fn marks<'t>(
        &self,
        document: &Document<'t>,
        scratch: &mut Scratch,
    ) -> (Vec<Mark>, Cleaned<'t>) {
        let (explained, cleaned) = self.run(document, scratch, true, None);
        (explained.marks, cleaned)
    }

    /// Cleans a document. Also returns the features by which its verdict is given, or `None` if the
    /// cleaner was built without [`Builder::verdict_features`].
    #[must_use]
    pub fn verdict_features<'t>(
        &self,
        document: &Document<'t>,
        scratch: &mut Scratch,
    ) -> (Option<VerdictFeatures>, Cleaned<'t>) {
        let (explained, cleaned) = self.run(document, scratch, false, None);
        let observed = explained.judged.observed;
        let features = observed.map(|observed| {
            VerdictFeatures::new(&observed, &self.engine.findings(&observed, &cleaned))
        });
        (features, cleaned)
    }

    /// Runs all stages on a document with the buffers of `scratch`. `all_marks` requests all marks
    /// of keep rules, and `explain` the judgements of the line model; without them the search for
    /// what protects text is limited to the lines from which something is removed.
    fn run<'t>(
        &self,
        document: &Document<'t>,
        scratch: &mut Scratch,
        all_marks: bool,
        explain: Option<&ExplainOptions>,
    ) -> (Explained, Cleaned<'t>) {
        let wanted = Wanted {
            explain,
            observe: self.engine.observes,
        };
        let (explained, cleaned) = self.run_passes(document, scratch, all_marks, wanted);
        match (&self.engine.judge, &explained.judged.observed) {
            (Some(judge), Some(observed)) => {
                let verdict = self.engine.judge(judge, observed, &cleaned);
                (explained, cleaned.with_verdict(verdict))
            }
            _ => (explained, cleaned),
        }
    }

    /// Cleans a document until nothing more is found, if the options say so, or once.
    fn run_passes<'t>(
        &self,
        document: &Document<'t>,
        scratch: &mut Scratch,
        all_marks: bool,
        wanted: Wanted<'_>,
    ) -> (Explained, Cleaned<'t>) {
        let (explained, cleaned) = self.run_once(document, scratch, all_marks, wanted);
        if !self.engine.is_idempotent || cleaned.removals().is_empty() {
            return (explained, cleaned);
        }
        let cleaned = clean_again(document, cleaned, self.engine.max_removed, |rest| {
            let (_, cleaned) = self.run_once(rest, scratch, false, Wanted::default());
            cleaned.removals().to_vec()
        });
        (explained, cleaned)
    }

    /// Runs all stages on a document once, with the parameters of [`run`](Self::run).
    fn run_once<'t>(
        &self,
        document: &Document<'t>,
        scratch: &mut Scratch,
        all_marks: bool,
        wanted: Wanted<'_>,
    ) -> (Explained, Cleaned<'t>) {
        if self.engine.rules.iter().next().is_none() && !wanted.observe {
            let (nothing, max) = (Vec::new(), self.engine.max_removed);
            let (text, rules) = (document.text(), &self.engine.rules);
            let cleaned = Cleaned::new(text, nothing, Vec::new(), rules, || None, max);
            return (Explained::default(), cleaned);
        }
        let lines = TextLines::new(document, std::mem::take(&mut scratch.lines));
        scratch.search.normalized.clear();
        let run = DocumentRun::new(&self.engine, View::new(&lines), all_marks);
        let result = run.finish(document, scratch, wanted);
        scratch.lines = lines.into_buffer();
        result
    }
}

/// A cleaned document with all marks and scores that led to it.
#[derive(Clone, Debug)]
pub struct Explanation<'t> {
    /// The result.
    pub cleaned: Cleaned<'t>,
    /// Every mark that any rule made, cues and protecting marks included, in the order of the
    /// stages.
    pub marks: Vec<Mark>,
    /// How the line model scored blocks, in the order of the text.
    pub scores: Vec<LineScore>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::NormalizedText;
    use dechaff_rules::phrase::MAX_MATCH_LEN;

    #[test]
    fn labels_of_several_words_are_removed_as_sentences_of_a_joined_article() {
        let prose = "The council closed the bridge on Monday, and nobody in the town objected to \
                     it at all. Work begins in June. "
            .repeat(6);
        let text = format!("{prose}All rights reserved. Advertisement. He said so himself.");
        let document = Document::new(&text).unwrap();
        let cleaner = Cleaner::builder().build().unwrap();
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        assert_eq!(
            cleaned.text(),
            format!("{prose}Advertisement. He said so himself.")
        );
    }

    #[test]
    fn a_joined_article_keeps_the_end_of_a_line_whose_last_sentences_are_removed() {
        let prose = "The council closed the bridge on Monday, and nobody in the town objected to \
                     it at all. Work begins in June. "
            .repeat(6);
        let prose = prose.trim_end();
        let notices = "Media playback is not supported on this device Follow us on X @post. All \
                       rights reserved. Sign up for our daily newsletter now.";
        for (text, kept) in [
            (format!("{prose} {notices}\n"), format!("{prose}\n")),
            (format!("{prose} {notices}"), prose.to_string()),
            (
                format!("{prose} {notices}\r\nThe end came late.\r\n"),
                format!("{prose}\r\nThe end came late.\r\n"),
            ),
            (format!("{notices} {prose}\n"), format!("{prose}\n")),
        ] {
            let document = Document::new(&text).unwrap();
            let cleaner = Cleaner::builder().build().unwrap();
            let cleaned = cleaner.clean(&document, &mut Scratch::default());
            assert_eq!(cleaned.text(), kept);
        }
    }

    #[test]
    fn the_title_of_a_whole_page_is_kept() {
        let menu = "Home\nLog in\nSubscribe\nCookies\nBasket\nAbout us\nSearch\nContact\n";
        let title = "Brown Butter Cookies With Sea Salt\n";
        let prose = "Brown the butter in a small pan first, and let it cool while you mix the \
                     flour with the sea salt.\nThey keep for a week in a tin if nobody in the \
                     house knows where it is, she wrote to her sister in the spring.\n";
        let cleaner = Cleaner::builder().level(Level::Thorough).build().unwrap();
        let text = [menu, title, "Share\nPrint\n", prose, menu].concat();
        let document = Document::new(&text).unwrap();
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        assert_eq!(cleaned.text(), [title, prose].concat());
    }

    #[test]
    fn the_last_sentence_above_chaff_is_kept() {
        let prose = "A lorry hit the parapet of the bridge early on Tuesday, and the road will stay \
                     closed until engineers have looked at the damage.\nThe driver, a man of 41, was \
                     taken to hospital as a precaution, and was allowed to go home in the evening.\n\
                     The council has asked drivers to use the other road, and to allow an extra \
                     twenty minutes for the journey.\n";
        let chaff = "Share this article\nRelated Topics\n© 2024 Harwell Post\n";
        for last in [
            "Police are investigating.\n",
            "No one else was hurt.\n",
            "The bridge was built in 1911.\n",
        ] {
            for between in ["", "Read more: Ferry to close for six weeks\n"] {
                let text = [prose, between, last, chaff].concat();
                let document = Document::new(&text).unwrap();
                for &level in Level::ALL {
                    let cleaner = Cleaner::builder().level(level).build().unwrap();
                    let cleaned = cleaner.clean(&document, &mut Scratch::default());
                    let kept = cleaned.text();
                    assert!(kept.contains(last), "{level}: {kept}");
                    assert!(!kept.contains("Share"), "{level}: {kept}");
                }
            }
        }
    }

    #[test]
    fn prose_in_languages_without_a_pack_is_kept() {
        for level in [Level::Precise, Level::Balanced] {
            let cleaner = Cleaner::builder().level(level).build().unwrap();
            for text in [
                include_str!("../testdata/other_languages/bn.txt"),
                include_str!("../testdata/other_languages/et.txt"),
                include_str!("../testdata/other_languages/fa.txt"),
                include_str!("../testdata/other_languages/he.txt"),
                include_str!("../testdata/other_languages/sw.txt"),
                include_str!("../testdata/other_languages/th.txt"),
            ] {
                let document = Document::new(text).unwrap();
                let cleaned = cleaner.clean(&document, &mut Scratch::default());
                assert_eq!(cleaned.text(), text, "{level}");
            }
        }
    }

    #[test]
    fn results_do_not_depend_on_the_size_of_windows() {
        let rules = RuleSet::built_in();
        let examples = rules.iter().flat_map(|(_, rule)| {
            rule.examples
                .matches
                .iter()
                .take(1)
                .chain(rule.examples.non_matches.iter().take(1))
        });
        let text: String = examples.flat_map(|example| [example, "\n\n"]).collect();
        let document = Document::new(&text).unwrap();
        for level in Level::ALL {
            let cleaner = Cleaner::builder().level(*level).build().unwrap();
            let [whole, small] = [usize::MAX >> 1, 1].map(|window| {
                let mut scratch = Scratch::default();
                scratch.search.normalized = NormalizedText::with_window(window);
                let (marks, cleaned) = cleaner.marks(&document, &mut scratch);
                (marks, cleaned.found().to_vec(), cleaned.vetoed().to_vec())
            });
            assert!(whole.1.len() > 300 && text.len() > 3 * MAX_MATCH_LEN);
            assert!(small == whole, "{level}");
        }
    }
}
