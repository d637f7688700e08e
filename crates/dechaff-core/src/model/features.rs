//! The list of features of the line model. Each entry has a name and an expression that computes
//! its value for a block of a page. Training and cleaning use the same code, so that a model sees
//! the values that it was trained on.
//!
//! The names, in this order, are part of the model file: their hash is in its header. Whoever
//! renames, adds or removes a feature must train the model again, and whoever changes only what a
//! feature means must also raise [`FEATURE_VERSION`](super::FEATURE_VERSION).

use super::page::{PageFeatures, Sum};
use crate::text::Structure;
use dechaff_rules::rule::Category;

/// The features of a block, in the order of [`NAMES`], followed by zeros. A row has an element for
/// every value of a byte, so that trees can index it by the byte of a node without a bounds check.
pub type FeatureRow = [i16; 256];

const _: () = assert!(NAMES.len() <= 256);

/// Returns a row of zeros, to be filled by [`PageFeatures::fill`]. Reuse it: every call of `fill`
/// overwrites all features, and the elements after them stay zero.
#[must_use]
pub fn empty_row() -> FeatureRow {
    [0; 256]
}

/// Defines [`NAMES`] and [`PageFeatures::for_each_feature`] from one list, so that both have the same features
/// in the same order. The names before the list are those of the variables in its expressions.
macro_rules! features {
    (
        $page:ident, $at:ident, $block:ident, $position:ident, $next:ident, $previous:ident,
        $count:ident;
        $($name:ident = $value:expr,)+
    ) => {
        /// The names of the features, in the order of a row.
        pub const NAMES: &[&str] = &[$(stringify!($name)),+];

        /// The indices of the features in a row.
        #[expect(non_camel_case_types)]
        enum Index {
            $($name),+
        }

        impl PageFeatures {
            /// Passes the index and the value of each feature of the block with the index `at` to
            /// `set`. Values outside the range of `i16` are clamped.
            pub(super) fn for_each_feature(&self, $at: usize, mut set: impl FnMut(u8, i16)) {
                let $page = self;
                let ($block, $position) = (&self.blocks[$at], &self.positions[$at]);
                let $count = self.blocks.len() as i32;
                let ($next, $previous) = (self.neighbor($at, 1), self.neighbor($at, -1));
                $(set(Index::$name as u8, clamp($value));)+
            }
        }
    };
}

impl PageFeatures {
    /// Fills `row` with the features of the block with the index `at`, in the order of the feature
    /// names. Values outside the range of `i16` are clamped. The elements of the row after the last
    /// feature stay as they are.
    pub fn fill(&self, at: usize, row: &mut FeatureRow) {
        self.for_each_feature(at, |feature, value| row[usize::from(feature)] = value);
    }
}

features! { page, at, block, position, next, previous, count;
    // Shape of the block, by `LineShape`.
    chars = block.shape.chars,
    words = block.shape.words,
    lines = (block.end_line - block.first_line) as i32,
    word_length = block.shape.chars * 10 / block.shape.words.max(1),
    longest_word = block.shape.longest_word,
    digits = block.shape.digits,
    upper = block.shape.upper,
    punctuation = block.shape.punctuation,
    spaceless = block.shape.spaceless,
    capitals = block.shape.capitalized,
    shouted = block.shape.all_caps,
    sentences = block.shape.sentences,
    commas = block.shape.commas,
    colons = block.shape.colons,
    bars = block.shape.separators,
    signs = block.shape.symbols,
    quotes = block.shape.quotes,
    brackets = block.shape.brackets,
    links = block.shape.links,
    starts = block.shape.start_kind,
    ends = block.shape.end_kind,
    // Blank lines, and copies on the page.
    blanks_before = block.blanks_before,
    blanks_after = next.blanks_before,
    copies = block.copies,
    copies_before = block.copies_before,
    openings = block.same_first_word,
    openings_share = block.same_first_word * 1000 / count,
    // Weights of its words.
    word_sum = block.word_score.sum,
    word_mean = block.word_score.mean,
    word_most = block.word_score.max,
    word_least = block.word_score.min,
    // Rule hits in the block: shares in thousandths, then bits.
    found_certain = block.certain,
    found_likely = block.likely,
    found_possible = block.possible,
    protected = block.protected,
    cues = block.cues,
    is_newsroom = block.has_category(Category::Newsroom),
    is_newsletter = block.has_category(Category::Newsletter),
    is_paywall = block.has_category(Category::Paywall),
    is_share = block.has_category(Category::Share),
    is_related = block.has_category(Category::Related),
    is_navigation = block.has_category(Category::Navigation),
    is_advert = block.has_category(Category::Advert),
    is_credit = block.has_category(Category::Credit),
    is_copyright = block.has_category(Category::Copyright),
    is_comments = block.has_category(Category::Comments),
    is_byline = block.has_category(Category::BylineBio),
    is_syndication = block.has_category(Category::Syndication),
    is_timestamp = block.has_category(Category::Timestamp),
    // Rule hits around the block.
    categories_near = page.categories_within(at, 2).count_ones() as i32,
    categories_around = page.categories_within(at, 6).count_ones() as i32,
    related_near = page.has_category_within(at, 3, Category::Related),
    navigation_near = page.has_category_within(at, 3, Category::Navigation),
    credit_near = page.has_category_within(at, 1, Category::Credit),
    found_near = page.sum_within(at, 2, Sum::Hits),
    found_around = page.sum_within(at, 6, Sum::Hits),
    found_above = position.to_hit_before,
    found_below = position.to_hit_after,
    found_share = page.hit_blocks * 1000 / count,
    // Words, length and likeness of the blocks around it.
    word_near = page.mean_within(at, 1, Sum::WordMeans),
    word_around = page.mean_within(at, 3, Sum::WordMeans),
    word_wide = page.mean_within(at, 8, Sum::WordMeans),
    word_page = page.word_mean,
    chars_near = page.mean_within(at, 1, Sum::Chars),
    chars_around = page.mean_within(at, 3, Sum::Chars),
    chars_wide = page.mean_within(at, 8, Sum::Chars),
    alike_near = page.sum_within(at, 2, Sum::Alike),
    alike_around = page.sum_within(at, 5, Sum::Alike),
    // Its run, and its distance to prose.
    run = position.run_len,
    run_before = position.run_before,
    run_after = position.run_after,
    run_share = position.run_len * 1000 / count,
    announced = position.announced,
    prose_above = position.to_prose_before,
    prose_below = position.to_prose_after,
    proses_before = position.prose_before,
    proses_after = position.prose_after,
    prose_share_before = position.prose_before * 1000 / page.prose_blocks.max(1),
    // Place on the page, and the page itself.
    index = at as i32,
    from_end = count - at as i32,
    relative = at as i32 * 1000 / count,
    units = count,
    page_words = page.word_count / 10,
    page_prose = page.prose_share(),
    page_short = page.short_blocks * 1000 / count,
    // Words that the block shares with the prose of the page, and the form of the page.
    over_prose = block.overlap.share,
    over_stems = block.overlap.stems,
    over_next = next.overlap.share,
    over_last = previous.overlap.share,
    over_near = page.overlap_within(at, 2),
    over_around = page.overlap_within(at, 6),
    is_heading = i32::from(page.is_heading_of_prose(at)),
    is_pair = i32::from(block.form.is_pair),
    is_loose_prose = i32::from(block.form.is_prose),
    page_overlap = page.form.overlap,
    page_pairs = page.form.pairs,
    page_headings = page.form.headings,
    page_questions = page.form.questions,
    page_others = page.form.others,
    page_variety = page.form.variety,
    page_prose_words = page.form.prose_words,
    page_sections = page.form.sections,
    // The next three and the previous three blocks.
    same_start_next = i32::from(block.first_word_hash == next.first_word_hash),
    same_start_last = i32::from(block.first_word_hash == previous.first_word_hash),
    like_next = i32::from(block.shape.resembles(&next.shape)),
    like_last = i32::from(block.shape.resembles(&previous.shape)),
    next_chars = next.shape.chars,
    next_words = next.shape.words,
    next_ends = next.shape.end_kind,
    next_starts = next.shape.start_kind,
    next_word = next.word_score.mean,
    next_word_sum = next.word_score.sum,
    next_found = next.hit_share(),
    next_capitals = next.shape.capitalized,
    last_chars = previous.shape.chars,
    last_words = previous.shape.words,
    last_ends = previous.shape.end_kind,
    last_starts = previous.shape.start_kind,
    last_word = previous.word_score.mean,
    last_word_sum = previous.word_score.sum,
    last_found = previous.hit_share(),
    last_capitals = previous.shape.capitalized,
    second_next_chars = page.neighbor(at, 2).shape.chars,
    second_next_ends = page.neighbor(at, 2).shape.end_kind,
    second_next_word = page.neighbor(at, 2).word_score.mean,
    second_next_found = page.neighbor(at, 2).hit_share(),
    second_last_chars = page.neighbor(at, -2).shape.chars,
    second_last_ends = page.neighbor(at, -2).shape.end_kind,
    second_last_word = page.neighbor(at, -2).word_score.mean,
    second_last_found = page.neighbor(at, -2).hit_share(),
    third_next_chars = page.neighbor(at, 3).shape.chars,
    third_next_word = page.neighbor(at, 3).word_score.mean,
    third_last_chars = page.neighbor(at, -3).shape.chars,
    third_last_word = page.neighbor(at, -3).word_score.mean,
    // The structures that it is in: 1, or 2 if their form is certain.
    in_code = block.place.kind(Structure::Code),
    in_table = block.place.kind(Structure::Table),
    in_quote = block.place.kind(Structure::Quote),
    in_verse = block.place.kind(Structure::Verse),
    in_list = block.place.kind(Structure::List),
    in_definitions = block.place.kind(Structure::Definitions),
    in_questions = block.place.kind(Structure::Questions),
    in_dialogue = block.place.kind(Structure::Dialogue),
    in_transcript = block.place.kind(Structure::Transcript),
    in_recipe = block.place.kind(Structure::Recipe),
    in_timeline = block.place.kind(Structure::Timeline),
    in_changelog = block.place.kind(Structure::Changelog),
    in_specification = block.place.kind(Structure::Specification),
    in_columns = block.place.kind(Structure::Columns),
    structure_kinds = block.place.kinds(),
    structure_at = block.place.at,
    structure_length = block.place.len,
    structures_next = next.place.kinds(),
    structures_last = previous.place.kinds(),
}

/// Returns `value` as an element of a row; the nearest `i16` if it is out of range.
fn clamp(value: i32) -> i16 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Document;
    use crate::text::View;
    use crate::text::{NormalizedText, TextLines};

    /// Returns the features of all blocks of `text`, without rule hits and word weights.
    fn rows(text: &str) -> Vec<FeatureRow> {
        let document = Document::new(text).unwrap();
        let lines = TextLines::new(&document, Vec::new());
        let mut page = PageFeatures::default();
        page.read(
            &View::new(&lines),
            0..lines.count(),
            &[],
            None,
            false,
            &mut NormalizedText::default(),
        );
        (0..page.len())
            .map(|at| {
                let mut row = empty_row();
                page.fill(at, &mut row);
                row
            })
            .collect()
    }

    /// Returns the value of the feature `name` in a row.
    fn feature(row: &FeatureRow, name: &str) -> i16 {
        row[NAMES.iter().position(|own| *own == name).unwrap()]
    }

    /// Returns the value of the feature `name` in each row.
    fn column(rows: &[FeatureRow], name: &str) -> Vec<i16> {
        rows.iter().map(|row| feature(row, name)).collect()
    }

    #[test]
    fn a_list_after_a_colon_is_an_announced_run() {
        let rows = rows(
            "He named three towns:\nHull\nYork\nLeeds\n\
             Then he sat down and said no more about it to anybody there.",
        );
        assert_eq!(column(&rows, "run"), [4, 4, 4, 4, 0]);
        assert_eq!(column(&rows, "run_before"), [1, 2, 3, 4, 0]);
        assert_eq!(column(&rows, "run_after"), [3, 2, 1, 0, 0]);
        assert_eq!(column(&rows, "announced"), [1, 1, 1, 1, 0]);
        assert_eq!(column(&rows, "ends"), [3, 0, 0, 0, 1]);
        assert_eq!(column(&rows, "prose_below"), [4, 3, 2, 1, 60]);
    }

    #[test]
    fn blocks_have_the_structures_that_they_are_in() {
        let rows = rows("It rained.\n- Home\n- News\n- Sport\nIt snowed.\n“No?”\n“No.”\n“Never.”");
        assert_eq!(column(&rows, "in_list"), [0, 1, 1, 1, 0, 0, 0, 0]);
        assert_eq!(column(&rows, "in_dialogue"), [0, 0, 0, 0, 0, 2, 2, 2]);
        assert_eq!(column(&rows, "structure_at"), [0, 0, 1, 2, 0, 0, 1, 2]);
        assert_eq!(column(&rows, "structure_length"), [0, 3, 3, 3, 0, 3, 3, 3]);
        assert_eq!(column(&rows, "structures_next"), [1, 1, 1, 0, 1, 1, 1, 0]);
    }

    #[test]
    fn hard_wrapped_lines_are_one_block() {
        let paragraph = "\
            The bridge over the river was closed to all traffic on Monday night after a\n\
            lorry had struck one of its piers, and the council said that it would stay\n\
            closed until the engineers had looked at every one of its forty-two bolts.\n\n";
        let rows = rows(&[paragraph, paragraph, "A last one stands alone.\n"].concat());
        assert_eq!(column(&rows, "lines"), [3, 3, 1]);
        assert_eq!(column(&rows, "blanks_before"), [0, 1, 1]);
    }

    #[test]
    fn blocks_of_different_shape_have_different_features() {
        let rows = rows("SHARE THIS | 12\n“Well,” she said.\nShare this\nSHARE THIS | 12");
        assert_eq!(column(&rows, "shouted"), [666, 0, 0, 666]);
        assert_eq!(column(&rows, "bars"), [1, 0, 0, 1]);
        assert_eq!(column(&rows, "starts"), [2, 5, 2, 2]);
        assert_eq!(column(&rows, "copies"), [2, 1, 1, 2]);
        assert_eq!(column(&rows, "copies_before"), [0, 0, 0, 1]);
        assert_eq!(column(&rows, "openings"), [3, 1, 3, 3]);
    }
}
