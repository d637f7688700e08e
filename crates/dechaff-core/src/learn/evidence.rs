//! How much evidence it takes to remove a text that a site repeats, and which texts of a page that
//! applies to.
//!
//! A label in a menu needs less than a text that looks like prose or stands in the prose: authors
//! repeat sentences, headings and refrains too. A text that stands alone between texts that stay is
//! kept, as it may be the heading of a list or a table. Titles are listed on other pages of a site,
//! so a text in the lines above the prose is removed only if a large share of the pages have it.

use super::learned::{LearnedSite, LearnedText};
use crate::mark::Score;
use crate::text::{PageText, PageTexts, Position, Span, is_prose};
use dechaff_rules::rule::Level;
use std::ops::Range;

/// Fewest different pages of a site from which something is learned.
const MIN_SITE_PAGES: u64 = 8;

/// How many times the share of pages a text needs that is prose or stands in the prose.
const STRICT_SHARES: f64 = 3.0;

/// How many times the share of pages the last sentence of the prose needs.
const SENTENCE_SHARES: f64 = 6.0;

/// Number of texts above the prose among which the title is.
const LEAD_TEXTS: usize = 10;

/// Least share of the pages for a text among these.
const MIN_LEAD_SHARE: f64 = 0.3;

/// How many pages of a site must have a text for it to be removed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Fewest different pages.
    pub min_pages: u64,
    /// Least share of the site's pages, 0 to 1.
    pub min_share: f64,
}

impl Evidence {
    /// Returns the evidence that a level requires.
    #[must_use]
    pub fn at(level: Level) -> Self {
        let (min_pages, min_share) = match level {
            Level::Precise => (5, 0.15),
            Level::Balanced => (3, 0.05),
            Level::Thorough => (2, 0.05),
        };
        Self {
            min_pages,
            min_share,
        }
    }

    /// Returns whether `pages` of the `all` pages of a site are enough. Text that is prose, or
    /// stands in the prose, is judged strictly: it needs one page more and three times the share.
    #[must_use]
    pub fn suffices(&self, pages: u64, all: u64, strictly: bool) -> bool {
        let (more, shares) = if strictly {
            (1, STRICT_SHARES)
        } else {
            (0, 1.0)
        };
        self.suffices_times(pages, all, more, shares)
    }

    /// Returns the same with this many pages more and this many times the share.
    fn suffices_times(&self, pages: u64, all: u64, more: u64, shares: f64) -> bool {
        let min_share = (self.min_share * shares).min(1.0);
        all >= MIN_SITE_PAGES
            && pages >= self.min_pages.saturating_add(more)
            && pages as f64 >= min_share * all as f64
    }

    /// Returns the score of the last sentence of the prose of a page if its site repeats it. It
    /// needs one page more and six times the share.
    pub(crate) fn repeated_sentence(
        &self,
        page: &PageTexts,
        site: &LearnedSite,
    ) -> Option<(Span, Score)> {
        let sentence = page.sentence().filter(|sentence| !sentence.is_stamp)?;
        let learned = site.text(sentence.key)?;
        self.suffices_times(learned.pages, site.pages(), 1, SENTENCE_SHARES)
            .then(|| {
                (
                    sentence.span,
                    Score::repeated(learned.pages, site.share(learned)),
                )
            })
    }

    /// Returns whether there is enough evidence to remove a text of `site` outside of the prose of
    /// a page.
    #[must_use]
    pub fn accepts(&self, text: &LearnedText, site: &LearnedSite) -> bool {
        let strictly = is_prose(&text.text) || text.is_in_prose();
        self.suffices(text.pages, site.pages(), strictly)
    }

    /// Returns which texts of a page its site repeats, as indices in ascending order, with their
    /// scores. `is_cut` says whether a text is removed already.
    pub(crate) fn repeated(
        &self,
        page: &PageTexts,
        site: &LearnedSite,
        is_cut: impl Fn(&PageText) -> bool,
    ) -> Vec<(usize, Score)> {
        let texts = page.texts();
        let cut: Vec<bool> = texts.iter().map(is_cut).collect();
        let repeated: Vec<Option<&LearnedText>> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| {
                let learned = site.text(text.key).filter(|_| !cut[index])?;
                let strictly =
                    text.is_prose || text.position == Position::Body || learned.is_in_prose();
                self.suffices(learned.pages, site.pages(), strictly)
                    .then_some(learned)
            })
            .collect();
        let among = among_removed(page, &cut, &repeated);
        let lead = lead(texts);
        repeated
            .iter()
            .enumerate()
            .filter_map(|(index, learned)| Some((index, (*learned)?)))
            .map(|(index, learned)| (index, learned.pages, site.share(learned)))
            .filter(|&(index, _, share)| {
                let text = &texts[index];
                let is_body = text.position == Position::Body;
                let is_lead = lead[index];
                let is_dated = text.is_stamp && (is_body || is_lead);
                let is_title = is_lead && share < MIN_LEAD_SHARE;
                !is_dated && !is_title && among[index]
            })
            .map(|(index, pages, share)| (index, Score::repeated(pages, share)))
            .collect()
    }
}

/// Returns for each text whether it is not a repeated text that stands alone between texts that
/// stay, as the heading of a list or a table does. In the prose, a repeated text must touch a text
/// that is removed, or the end of the page, directly or through other repeated texts of the prose.
/// Elsewhere, the start of the page and other repeated texts count as well.
fn among_removed(page: &PageTexts, cut: &[bool], repeated: &[Option<&LearnedText>]) -> Vec<bool> {
    let texts = page.texts();
    let is_repeated = |at: usize| repeated[at].is_some();
    let is_body = |at: usize| texts[at].position == Position::Body;
    let mut among = vec![false; texts.len()];
    for row in rows(texts.len(), |at| is_repeated(at) && is_body(at)) {
        let is_gone = |at: usize| at < texts.len() && (cut[at] || is_repeated(at));
        let ends_page = page.has_prose() && row.end == texts.len();
        let touches = ends_page || is_gone(row.start.wrapping_sub(1)) || is_gone(row.end);
        among[row].fill(touches);
    }
    for row in rows(texts.len(), is_repeated) {
        let touches = row.len() > 1
            || cut.get(row.start.wrapping_sub(1)).is_none_or(|&cut| cut)
            || cut.get(row.end).is_none_or(|&cut| cut);
        row.filter(|&at| !is_body(at))
            .for_each(|at| among[at] = touches);
    }
    among
}

/// Returns for each text whether it is among the [`LEAD_TEXTS`] texts above the first one that is
/// prose, or above the longest run of prose: with many comments below an article, that is not the
/// same. It does not depend on what is removed, so that a higher level never removes less.
fn lead(texts: &[PageText]) -> Vec<bool> {
    let first = texts.iter().position(|text| text.is_prose);
    let body = texts
        .iter()
        .position(|text| text.position == Position::Body);
    let mut lead = vec![false; texts.len()];
    for end in first.into_iter().chain(body) {
        lead[end.saturating_sub(LEAD_TEXTS)..end].fill(true);
    }
    lead
}

/// Returns the longest runs of the numbers below `count` that `belongs` selects.
fn rows(count: usize, belongs: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut rows: Vec<Range<usize>> = Vec::new();
    for at in (0..count).filter(|&at| belongs(at)) {
        match rows.last_mut() {
            Some(last) if last.end == at => last.end += 1,
            _ => rows.push(at..at + 1),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{Learned, Learner};
    use crate::{Cleaner, Document, Scratch};
    use std::sync::Arc;

    const NAMES: [&str; 10] = [
        "bridge", "tunnel", "ferry", "station", "harbour", "library", "market", "school", "tower",
        "mill",
    ];

    /// Returns paragraphs with blank lines between them, so that they do not look hard-wrapped.
    fn article(name: &str) -> String {
        format!(
            "The {name} opens on Monday, and it cost the town four million.\n\n\
             Nobody had thought that the old {name} could be used for so long.\n\n\
             People who live near the {name} are glad that the work is over.\n\n"
        )
    }

    /// Learns from pages of which every one has the lines of `frame`, and each of the first pages
    /// also the title of the first one in a list.
    fn learn(frame: &str, listing: usize) -> Arc<Learned> {
        let mut learner = Learner::default();
        for (number, name) in NAMES.iter().enumerate() {
            let listed = if number < listing {
                "A bridge for all\nFerry late\n"
            } else {
                ""
            };
            let page = format!("Town and country\n{}{frame}{listed}", article(name));
            learner.add("example.org", &page).unwrap();
        }
        Arc::new(learner.finish())
    }

    /// Returns the cleaned text without white space at its end.
    fn clean(text: &str, learned: &Arc<Learned>, level: Level) -> String {
        let cleaner = Cleaner::builder()
            .level(level)
            .only(["site"])
            .learned(learned.clone())
            .build()
            .unwrap();
        let document = Document::new(text).unwrap().with_site("example.org");
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        cleaned.text().trim_end().to_owned()
    }

    #[test]
    fn sites_with_few_pages_are_left_alone() {
        let evidence = Evidence::at(Level::Thorough);
        assert!(!evidence.suffices(7, 7, false) && evidence.suffices(8, 8, true));
        assert!(!evidence.suffices(2, 100, false) && !evidence.suffices(2, 10, true));
    }

    #[test]
    fn a_heading_between_texts_that_stay_is_kept() {
        let learned = learn("Tables of the year\nLetters of the week\n", 0);
        let text = article("garden") + "Tables of the year\nRoses: nine\nLilies: three\n";
        assert_eq!(clean(&text, &learned, Level::Balanced), text.trim_end());
        let list = article("garden") + "Tables of the year\nLetters of the week\n";
        assert_eq!(
            clean(&list, &learned, Level::Balanced),
            article("garden").trim_end()
        );
    }

    #[test]
    fn a_title_that_other_pages_list_is_kept_above_its_text() {
        let learned = learn("Letters of the week\nStones and sheep\n", 2);
        let text = format!("Town and country\nA bridge for all\n{}", article("bridge"));
        let cleaned = format!("A bridge for all\n{}", article("bridge"));
        assert_eq!(clean(&text, &learned, Level::Thorough), cleaned.trim_end());
        assert_eq!(clean(&text, &learned, Level::Balanced), cleaned.trim_end());
        let list = article("garden") + "A bridge for all\nLetters of the week\n";
        assert_eq!(
            clean(&list, &learned, Level::Thorough),
            article("garden").trim_end()
        );
    }

    #[test]
    fn the_last_sentence_of_the_prose_goes_if_most_pages_have_it() {
        let page = |number: usize| {
            let last = match number {
                0..6 => " Send us your letters by post.",
                6..8 => " He left the town for good.",
                _ => "",
            };
            format!("{}{last}\n", article(NAMES[number]).trim_end())
        };
        let mut learner = Learner::default();
        for number in 0..NAMES.len() {
            learner.add("example.org", &page(number)).unwrap();
        }
        let learned = Arc::new(learner.finish());
        let article = |number: usize| article(NAMES[number]).trim_end().to_owned();
        assert_eq!(clean(&page(0), &learned, Level::Balanced), article(0));
        assert_eq!(
            clean(&page(7), &learned, Level::Thorough),
            page(7).trim_end()
        );
        let inside = format!("{}\n\n{}", page(0), article(9));
        assert_eq!(clean(&inside, &learned, Level::Balanced), inside);
    }

    #[test]
    fn a_higher_level_removes_no_less() {
        let frame = "Letters of the week\nStones and sheep\nWe are a small paper for all who live \
                     in the valley, and we print what they tell us.\n";
        let learned = learn(frame, 4);
        for text in [
            format!(
                "Town and country\nA bridge for all\n{}Pears\n{frame}Ferry late\n",
                article("mill")
            ),
            format!("{frame}Apples\nFerry late\n{}{frame}", article("garden")),
            format!("{}{frame}{}", article("garden"), article("mill")),
        ] {
            let kept: Vec<usize> = Level::ALL
                .iter()
                .map(|level| clean(&text, &learned, *level).len())
                .collect();
            assert!(kept.is_sorted_by(|low, high| low >= high), "{kept:?}");
        }
    }
}
