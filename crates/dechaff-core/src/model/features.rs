//! What the line model looks at: the list of features, each with what it is of a unit of a page. The same code computes
//! them for training and for use.

use super::page::PageFeatures;
use dechaff_rules::rule::Category;

/// The features of a unit, in the order of [`NAMES`]. There is room for as many as a byte can tell apart, so that trees may
/// ask for any without a check.
pub type FeatureRow = [i16; 256];

const _: () = assert!(NAMES.len() <= 256);

pub fn empty_row() -> FeatureRow {
    [0; 256]
}

/// Makes the list of names and the function that fills a row, so that neither can miss what the other has.
macro_rules! features {
    ($page:ident, $at:ident, $unit:ident, $place:ident, $next:ident, $last:ident, $count:ident, $near:ident; $($name:ident = $value:expr,)+) => {
        /// The names of the features, in the order of a row.
        pub const NAMES: &[&str] = &[$(stringify!($name)),+];

        impl PageFeatures {
            /// Fills the features of a unit in.
            pub fn fill(&self, $at: usize, row: &mut FeatureRow) {
                let $page = self;
                let ($unit, $place, $count) = (&self.units[$at], &self.places[$at], self.units.len() as i32);
                let ($next, $last) = (self.near($at, 1), self.near($at, -1));
                let $near = |by: isize| self.near($at, by);
                row[..NAMES.len()].copy_from_slice(&[$(clamp($value)),+]);
            }
        }
    };
}

features! { page, at, unit, place, next, last, count, near;
    chars = unit.shape.chars,
    words = unit.shape.words,
    lines = (unit.end - unit.first) as i32,
    word_length = unit.shape.chars * 10 / unit.shape.words.max(1),
    longest_word = unit.shape.longest,
    digits = unit.shape.digits,
    upper = unit.shape.upper,
    punctuation = unit.shape.marks,
    spaceless = unit.shape.spaceless,
    capitals = unit.shape.capitals,
    shouted = unit.shape.shouted,
    sentences = unit.shape.sentences,
    commas = unit.shape.commas,
    colons = unit.shape.colons,
    bars = unit.shape.bars,
    signs = unit.shape.signs,
    quotes = unit.shape.quotes,
    brackets = unit.shape.brackets,
    links = unit.shape.links,
    starts = unit.shape.starts,
    ends = unit.shape.ends,
    blanks_before = unit.blanks_before,
    blanks_after = next.blanks_before,
    copies = unit.copies,
    copies_before = unit.copies_before,
    openings = unit.openings,
    openings_share = unit.openings * 1000 / count,
    word_sum = unit.word.sum,
    word_mean = unit.word.mean,
    word_most = unit.word.most,
    word_least = unit.word.least,
    found_certain = unit.certain,
    found_likely = unit.likely,
    found_possible = unit.possible,
    protected = unit.kept,
    cues = unit.cues,
    is_newsroom = unit.has(Category::Newsroom),
    is_newsletter = unit.has(Category::Newsletter),
    is_paywall = unit.has(Category::Paywall),
    is_share = unit.has(Category::Share),
    is_related = unit.has(Category::Related),
    is_navigation = unit.has(Category::Navigation),
    is_advert = unit.has(Category::Advert),
    is_credit = unit.has(Category::Credit),
    is_copyright = unit.has(Category::Copyright),
    is_comments = unit.has(Category::Comments),
    is_byline = unit.has(Category::BylineBio),
    is_syndication = unit.has(Category::Syndication),
    is_timestamp = unit.has(Category::Timestamp),
    categories_near = page.categories_around(at, 2).count_ones() as i32,
    categories_around = page.categories_around(at, 6).count_ones() as i32,
    related_near = i32::from(page.categories_around(at, 3) & (1 << Category::Related as u32) != 0),
    navigation_near = i32::from(page.categories_around(at, 3) & (1 << Category::Navigation as u32) != 0),
    credit_near = i32::from(page.categories_around(at, 1) & (1 << Category::Credit as u32) != 0),
    found_near = page.around(at, 2, 0),
    found_around = page.around(at, 6, 0),
    found_above = place.to_found_before,
    found_below = place.to_found_after,
    found_share = page.found * 1000 / count,
    word_near = page.mean(at, 1, 1),
    word_around = page.mean(at, 3, 1),
    word_wide = page.mean(at, 8, 1),
    word_page = page.word_mean,
    chars_near = page.mean(at, 1, 2),
    chars_around = page.mean(at, 3, 2),
    chars_wide = page.mean(at, 8, 2),
    alike_near = page.around(at, 2, 3),
    alike_around = page.around(at, 5, 3),
    run = place.run,
    run_before = place.run_before,
    run_after = place.run_after,
    run_share = place.run * 1000 / count,
    announced = place.announced,
    prose_above = place.to_prose_before,
    prose_below = place.to_prose_after,
    proses_before = place.prose_before,
    proses_after = place.prose_after,
    prose_share_before = place.prose_before * 1000 / page.prose.max(1),
    index = at as i32,
    from_end = count - at as i32,
    relative = at as i32 * 1000 / count,
    units = count,
    page_words = page.words / 10,
    page_prose = page.prose_share(),
    page_short = page.shorts * 1000 / count,
    same_start_next = i32::from(unit.opening == next.opening),
    same_start_last = i32::from(unit.opening == last.opening),
    like_next = i32::from(unit.shape.resembles(&next.shape)),
    like_last = i32::from(unit.shape.resembles(&last.shape)),
    next_chars = next.shape.chars,
    next_words = next.shape.words,
    next_ends = next.shape.ends,
    next_starts = next.shape.starts,
    next_word = next.word.mean,
    next_word_sum = next.word.sum,
    next_found = next.found(),
    next_capitals = next.shape.capitals,
    last_chars = last.shape.chars,
    last_words = last.shape.words,
    last_ends = last.shape.ends,
    last_starts = last.shape.starts,
    last_word = last.word.mean,
    last_word_sum = last.word.sum,
    last_found = last.found(),
    last_capitals = last.shape.capitals,
    second_next_chars = near(2).shape.chars,
    second_next_ends = near(2).shape.ends,
    second_next_word = near(2).word.mean,
    second_next_found = near(2).found(),
    second_last_chars = near(-2).shape.chars,
    second_last_ends = near(-2).shape.ends,
    second_last_word = near(-2).word.mean,
    second_last_found = near(-2).found(),
    third_next_chars = near(3).shape.chars,
    third_next_word = near(3).word.mean,
    third_last_chars = near(-3).shape.chars,
    third_last_word = near(-3).word.mean,
}

fn clamp(value: i32) -> i16 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Document;
    use crate::text::View;
    use crate::text::{NormalizedText, TextLines};

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

    fn feature(row: &FeatureRow, name: &str) -> i16 {
        row[NAMES.iter().position(|own| *own == name).unwrap()]
    }

    #[test]
    fn a_list_after_a_colon_is_an_announced_run() {
        let rows = rows(
            "He named three towns:\nHull\nYork\nLeeds\nThen he sat down and said no more about it to anybody there.",
        );
        let of = |name| {
            rows.iter()
                .map(|row| feature(row, name))
                .collect::<Vec<_>>()
        };
        assert_eq!(of("run"), [4, 4, 4, 4, 0]);
        assert_eq!(of("run_before"), [1, 2, 3, 4, 0]);
        assert_eq!(of("run_after"), [3, 2, 1, 0, 0]);
        assert_eq!(of("announced"), [1, 1, 1, 1, 0]);
        assert_eq!(of("ends"), [3, 0, 0, 0, 1]);
        assert_eq!(of("prose_below"), [4, 3, 2, 1, 60]);
    }

    #[test]
    fn wrapped_lines_are_one_unit() {
        let paragraph = "The bridge over the river was closed to all traffic on Monday night after a\n\
                    lorry had struck one of its piers, and the council said that it would stay\n\
                    closed until the engineers had looked at every one of its forty-two bolts.\n\n";
        let rows = rows(&[paragraph, paragraph, "A last one stands alone.\n"].concat());
        assert_eq!(
            rows.iter()
                .map(|row| feature(row, "lines"))
                .collect::<Vec<_>>(),
            [3, 3, 1]
        );
        assert_eq!(feature(&rows[1], "blanks_before"), 1);
    }

    #[test]
    fn shapes_are_told_apart() {
        let rows = rows("SHARE THIS | 12\n“Well,” she said.\nShare this\nSHARE THIS | 12");
        let of = |name| {
            rows.iter()
                .map(|row| feature(row, name))
                .collect::<Vec<_>>()
        };
        assert_eq!(of("shouted"), [666, 0, 0, 666]);
        assert_eq!(of("bars"), [1, 0, 0, 1]);
        assert_eq!(of("starts"), [2, 5, 2, 2]);
        assert_eq!(of("copies"), [2, 1, 1, 2]);
        assert_eq!(of("copies_before"), [0, 0, 0, 1]);
        assert_eq!(of("openings"), [3, 1, 3, 3]);
    }
}
