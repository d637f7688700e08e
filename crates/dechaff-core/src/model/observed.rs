//! What the line model saw of a document, for the verdict on it: its blocks with their scores, and
//! sums over all of them that tell what kind of page it is.
//!
//! Sums are computed from what [`PageFeatures`] has anyway, and the stems from the words that it
//! read for overlaps, so that the text is not read again. A document of several pages, as the line
//! model splits long ones, is observed page by page.

use super::page::{Block, PageFeatures};
use super::stems::StemSet;
use crate::text::{Span, Structure};
use dechaff_rules::rule::Category;

/// How close to the threshold a kept block must be to count as almost removed, as a raw score: odds
/// of chaff lower by a factor of 3.5.
pub(super) const ALMOST: i32 = 5120;

/// What the line model saw of a document.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    /// The blocks of the document, in order.
    pub blocks: Vec<ObservedBlock>,
    /// Sums over the blocks, in the order of [`SUM_NAMES`].
    pub sums: [i64; SUM_NAMES.len()],
    /// The stems that occur in the document.
    pub stems: StemSet,
}

/// A block and what the line model thinks of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObservedBlock {
    /// The lines, in bytes of the source text.
    pub span: Span,
    /// Number of lines.
    pub lines: u32,
    /// Number of words.
    pub words: i32,
    /// Raw score less what a page without rule hits needs more than others; `i32::MIN` if the block
    /// was not scored, or is far from being removed.
    pub score: i32,
    /// Whether the score is above the threshold or less than [`ALMOST`] below it.
    pub is_almost_removed: bool,
    /// Whether it is plain prose, which is not scored.
    pub is_plain_prose: bool,
    /// Whether it is prose by its shape.
    pub is_prose: bool,
    /// Whether it is in a list, table or another structure of the text.
    pub is_structured: bool,
    /// Share of its stems that occur in the prose of the page, in thousandths; -1 if it has none.
    pub overlap: i32,
    /// Mean weight of its words.
    pub word_mean: i32,
}

impl Default for Observed {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            sums: [0; SUM_NAMES.len()],
            stems: StemSet::default(),
        }
    }
}

impl Observed {
    /// Returns the sum with this name; 0 if there is none.
    pub(crate) fn sum(&self, name: &str) -> i64 {
        let at = SUM_NAMES.iter().position(|own| *own == name);
        at.map_or(0, |at| self.sums[at])
    }

    /// Adds the blocks of a page. `scores` are their raw scores, as far as they were computed;
    /// `threshold` is what they must exceed on this page, and `margin` by how much that is higher
    /// than on pages where rules match.
    pub(super) fn add(&mut self, page: &PageFeatures, scores: &[i32], threshold: i32, margin: i32) {
        page.add_sums(&mut self.sums);
        page.add_stems(&mut self.stems);
        for (at, block) in page.blocks.iter().enumerate() {
            let raw = scores.get(at).copied().unwrap_or(i32::MIN);
            self.blocks.push(ObservedBlock {
                span: page.span(at),
                lines: block.end_line - block.first_line,
                words: block.shape.words,
                score: if raw == i32::MIN { raw } else { raw - margin },
                is_almost_removed: raw > threshold.saturating_sub(ALMOST),
                is_plain_prose: block.plain_prose,
                is_prose: block.shape.is_prose(),
                is_structured: block.place.structures != 0,
                overlap: block.overlap.share,
                word_mean: block.word_score.mean,
            });
        }
    }
}

/// Defines [`SUM_NAMES`] and [`PageFeatures::add_sums`] from one list. The names before the list
/// are those of the variables in its expressions.
macro_rules! sums {
    ($page:ident, $at:ident, $block:ident; $($name:ident = $value:expr,)+) => {
        /// The names of the sums over the blocks of a document.
        pub const SUM_NAMES: &[&str] = &[$(stringify!($name)),+];

        impl PageFeatures {
            /// Adds the blocks of the page to the sums over a document.
            pub(super) fn add_sums(&self, sums: &mut [i64; SUM_NAMES.len()]) {
                let $page = self;
                for ($at, $block) in self.blocks.iter().enumerate() {
                    let values = [$(i64::from($value)),+];
                    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                }
            }
        }
    };
}

sums! { page, at, block;
    blocks = 1,
    words = block.shape.words,
    prose_words = if block.shape.is_prose() { block.shape.words } else { 0 },
    // Length and form.
    prose = block.shape.is_prose(),
    loose_prose = block.form.is_prose,
    plain_prose = block.plain_prose,
    short = block.shape.is_short(),
    one_word = block.shape.words <= 1,
    to_3_words = (2..=3).contains(&block.shape.words),
    to_6_words = (4..=6).contains(&block.shape.words),
    to_12_words = (7..=12).contains(&block.shape.words),
    to_25_words = (13..=25).contains(&block.shape.words),
    to_60_words = (26..=60).contains(&block.shape.words),
    to_120_words = (61..=120).contains(&block.shape.words),
    wrapped = block.end_line - block.first_line > 1,
    headings = block.form.is_heading,
    headings_of_prose = page.is_heading_of_prose(at),
    pairs = block.form.is_pair,
    questions = block.form.is_question,
    sections = block.form.is_section,
    top_headings = block.form.is_top_heading,
    blanks_before = block.blanks_before > 0,
    // Characters.
    digits = block.shape.digits,
    upper = block.shape.upper,
    punctuation = block.shape.punctuation,
    spaceless = block.shape.spaceless,
    capitals = block.shape.capitalized,
    shouted = block.shape.all_caps,
    commas = block.shape.commas.min(16),
    colons = block.shape.colons.min(16),
    bars = block.shape.separators.min(16),
    signs = block.shape.symbols.min(16),
    quotes = block.shape.quotes.min(16),
    brackets = block.shape.brackets.min(16),
    links = block.shape.links.min(16),
    longest_word = block.shape.longest_word.min(32),
    starts_lower = block.shape.start_kind == 1,
    starts_digit = block.shape.start_kind == 3,
    starts_number = block.shape.start_kind == 4,
    starts_quote = block.shape.start_kind == 5,
    starts_bullet = block.shape.start_kind == 6,
    starts_other = block.shape.start_kind == 0,
    ends_stop = block.shape.end_kind == 1,
    ends_mark = block.shape.end_kind == 2,
    ends_colon = block.shape.end_kind == 3,
    ends_comma = block.shape.end_kind == 4,
    ends_ellipsis = block.shape.end_kind == 5,
    ends_bracket = block.shape.end_kind == 7,
    ends_digit = block.shape.end_kind == 8,
    ends_other = block.shape.end_kind == 9,
    // Copies and neighbors.
    copies = block.copies > 1,
    openings = block.same_first_word > 2,
    run = page.positions[at].run_len.min(32),
    in_run = page.positions[at].run_len > 2,
    announced = page.positions[at].announced,
    alike = at > 0 && block.shape.resembles(&page.blocks[at - 1].shape),
    from_prose = page.positions[at].to_prose_before.min(30),
    to_prose = page.positions[at].to_prose_after.min(30),
    // Words.
    word_mean = block.word_score.mean,
    overlap = block.overlap.share.max(0),
    overlapping = block.overlap.share > 500,
    variety = page.form.variety,
    page_overlap = page.form.overlap,
    page_prose_words = page.form.prose_words,
    // What rules find.
    found = block.hit_share() > 500,
    found_certain = block.certain > 500,
    protected = block.protected,
    newsroom = has(block, Category::Newsroom),
    newsletter = has(block, Category::Newsletter),
    paywall = has(block, Category::Paywall),
    share = has(block, Category::Share),
    related = has(block, Category::Related),
    navigation = has(block, Category::Navigation),
    advert = has(block, Category::Advert),
    credit = has(block, Category::Credit),
    copyright = has(block, Category::Copyright),
    comments = has(block, Category::Comments),
    byline = has(block, Category::BylineBio),
    timestamp = has(block, Category::Timestamp),
    // The structures of the text.
    in_code = block.place.kind(Structure::Code),
    in_table = block.place.kind(Structure::Table),
    in_quote = block.place.kind(Structure::Quote),
    in_list = block.place.kind(Structure::List),
    in_definitions = block.place.kind(Structure::Definitions),
    in_questions = block.place.kind(Structure::Questions),
    in_dialogue = block.place.kind(Structure::Dialogue),
    in_transcript = block.place.kind(Structure::Transcript),
    in_recipe = block.place.kind(Structure::Recipe),
    in_timeline = block.place.kind(Structure::Timeline),
    in_specification = block.place.kind(Structure::Specification),
    in_columns = block.place.kind(Structure::Columns),
}

/// Returns 1 if a removing rule of `category` matches in the block, otherwise 0.
fn has(block: &Block, category: Category) -> i32 {
    block.has_category(category)
}
