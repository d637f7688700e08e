//! Texts that the site of a document repeats on many of its pages, as was learned from them before.
//! The filter runs in the structure stage and once more in the context stage, when it is known what
//! the line model removed around them.

use super::{EnabledRule, Filter};
use crate::learn::{Evidence, LearnedSite, PageText, PageTexts, Sites};
use crate::mark::{Marks, Score};
use crate::text::{NormalizedText, View};
use dechaff_rules::rule::RuleId;
use std::sync::Arc;

/// Marks texts that the site of the document repeats.
#[derive(Clone, Debug)]
pub(super) struct Repeated {
    rule: RuleId,
    sites: Arc<dyn Sites>,
    evidence: Evidence,
}

impl Repeated {
    const RULE: &str = "site/repeated";

    /// Returns the filter, or `None` if its rule ([`RULE`](Self::RULE)) is not enabled, or nothing
    /// was learned of any site.
    pub(super) fn new(
        enabled: EnabledRule<'_>,
        sites: Option<&Arc<dyn Sites>>,
        evidence: Evidence,
    ) -> Option<Self> {
        Some(Self {
            rule: enabled(Self::RULE)?,
            sites: Arc::clone(sites?),
            evidence,
        })
    }

    /// Returns the texts of the page, and which of them are to be removed with their scores. `None`
    /// if nothing was learned of the site.
    pub(super) fn find<'v>(
        &self,
        view: &'v View<'_>,
        text: &mut NormalizedText,
    ) -> Option<(&'v PageTexts, Vec<(usize, Score)>)> {
        self.find_among(view, text, |text| is_cut(view, text))
    }

    /// Returns the same as [`find`](Self::find) would if nothing was removed yet.
    pub(super) fn find_in_source<'v>(
        &self,
        view: &'v View<'_>,
        text: &mut NormalizedText,
    ) -> Option<(&'v PageTexts, Vec<(usize, Score)>)> {
        self.find_among(view, text, |_| false)
    }

    /// Returns what was learned of the site of the document.
    fn site(&self, view: &View<'_>) -> Option<Arc<LearnedSite>> {
        self.sites.site(view.document().site()?)
    }

    fn find_among<'v>(
        &self,
        view: &'v View<'_>,
        text: &mut NormalizedText,
        is_cut: impl Fn(&PageText) -> bool,
    ) -> Option<(&'v PageTexts, Vec<(usize, Score)>)> {
        let site = self.site(view)?;
        let page = view.page_texts(text);
        let found = self.evidence.repeated(page, &site, is_cut);
        Some((page, found))
    }
}

impl Filter for Repeated {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, text: &mut NormalizedText) {
        let Some((page, found)) = self.find(view, text) else {
            return;
        };
        for (index, score) in found {
            marks.add_scored(page.texts()[index].span, self.rule, score);
        }
        let site = self.site(view);
        if let Some((span, score)) =
            site.and_then(|site| self.evidence.repeated_sentence(page, &site))
        {
            marks.add_scored(span, self.rule, score);
        }
    }
}

/// Returns whether earlier stages removed a text.
fn is_cut(view: &View<'_>, text: &PageText) -> bool {
    text.lines.clone().all(|line| view.is_cut(line))
}
