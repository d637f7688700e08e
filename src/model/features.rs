//! What the line model looks at. The same code computes features for training and for use. A page is read in three
//! passes: the shape and words of each unit; what rules found on it; what stands around it.

use super::words::{WordScore, Words, grams};
use crate::fold::{is_spaceless, is_word};
use crate::rule::{Category, Confidence, Cue, Effect};
use crate::span::Span;
use crate::view::View;
use rustc_hash::FxHashMap;

/// A unit of at most so many words that does not end as a sentence does is short.
const SHORT: i32 = 12;
/// A unit of at least so many words that ends as a sentence does is prose by its shape.
const PROSE: i32 = 12;
/// A unit of which rules find more than so many thousandths counts as found.
const FOUND: i32 = 500;
/// Distances are not told apart beyond this.
const FAR: i32 = 60;

/// Words beside what a rule found in a unit, from which on the unit is a mixed one.
const BESIDE: i32 = 4;

/// What a rule found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hint {
    pub span: Span,
    pub effect: Effect,
    pub category: Category,
    pub confidence: Confidence,
}

/// A line, or the lines that hard wrapping made of a paragraph, and what it looks like.
#[derive(Clone, Copy, Debug, Default)]
struct Unit {
    /// Lines of the view, the last one not included.
    first: u32,
    end: u32,
    /// The span of these lines, in bytes of the source.
    from: u32,
    to: u32,
    chars: i32,
    words: i32,
    /// Thousandths of the characters.
    digits: i32,
    upper: i32,
    marks: i32,
    spaceless: i32,
    /// Thousandths of the words that begin with a capital.
    capitals: i32,
    shouted: i32,
    sentences: i32,
    commas: i32,
    colons: i32,
    /// Bars, bullets, slashes, arrows.
    bars: i32,
    signs: i32,
    quotes: i32,
    brackets: i32,
    links: i32,
    longest: i32,
    starts: i32,
    ends: i32,
    blanks_before: i32,
    copies: i32,
    copies_before: i32,
    /// How many units begin with the same word.
    openings: i32,
    word: WordScore,
    certain: i32,
    likely: i32,
    possible: i32,
    kept: i32,
    categories: u32,
    cues: i32,
    /// Hashes: the whole unit, its first word.
    whole: u64,
    opening: u64,
}

impl Unit {
    fn is_short(&self) -> bool {
        self.words <= SHORT && !self.is_sentence()
    }

    fn is_sentence(&self) -> bool {
        matches!(self.ends, 1 | 2 | 6)
    }

    fn is_prose(&self) -> bool {
        self.words >= PROSE && self.is_sentence()
    }

    fn found(&self) -> i32 {
        self.certain.max(self.likely).max(self.possible)
    }

    fn is_found(&self) -> bool {
        self.found() > FOUND
    }

    fn has(&self, category: Category) -> i32 {
        i32::from(self.categories & (1 << category as u32) != 0)
    }

    /// Whether two units look alike, as items of a list do.
    fn resembles(&self, other: &Self) -> bool {
        self.starts == other.starts && self.ends == other.ends && self.words <= 2 * other.words + 2 && other.words <= 2 * self.words + 2
    }
}

/// The place of a unit between others.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    run: i32,
    run_before: i32,
    run_after: i32,
    /// Whether the unit before the run, or its first, ends in a colon.
    announced: i32,
    to_prose_before: i32,
    to_prose_after: i32,
    prose_before: i32,
    prose_after: i32,
    to_found_before: i32,
    to_found_after: i32,
}

/// A document as the line model sees it. It is filled again for each document.
#[derive(Debug, Default)]
pub(crate) struct Page {
    units: Vec<Unit>,
    places: Vec<Place>,
    /// Sums over the units before: found, word score, characters, like the next.
    sums: Vec<[i32; 4]>,
    /// Offsets of the grams of each unit, where they are kept.
    grams: Vec<u32>,
    offsets: Vec<usize>,
    words: i32,
    prose_words: i32,
    prose: i32,
    shorts: i32,
    found: i32,
    word_mean: i32,
    tokens: Vec<u64>,
    unit_grams: Vec<u32>,
    counts: FxHashMap<u64, (i32, i32)>,
}

/// The features of a unit.
pub(crate) type Row = [i16; NAMES.len()];

pub(super) fn empty_row() -> Row {
    [0; NAMES.len()]
}

impl Page {
    /// Reads a document. With `keep_grams` the grams of all units are kept for training.
    pub(crate) fn read(&mut self, view: &View<'_>, hints: &[Hint], words: Option<&Words>, keep_grams: bool) {
        self.units.clear();
        self.grams.clear();
        self.offsets.clear();
        self.offsets.push(0);
        let mut line = 0;
        while line < view.line_count() {
            let mut end = line + 1;
            while end < view.line_count() && view.is_wrapped(end - 1) {
                end += 1;
            }
            let mut unit = shape(view, line, end);
            let lines = view.folded().lines();
            let folded = &view.folded().bytes()[lines[line].start as usize..lines[end - 1].end as usize];
            unit.whole = super::fnv(folded);
            unit.opening = super::fnv(folded.split(|&byte| byte == b' ').next().unwrap_or_default());
            if words.is_some() || keep_grams {
                grams(folded, &mut self.tokens, &mut self.unit_grams);
                unit.word = words.map(|words| words.score(&self.unit_grams)).unwrap_or_default();
            }
            if keep_grams {
                self.grams.extend(&self.unit_grams);
                self.offsets.push(self.grams.len());
            }
            self.units.push(unit);
            line = end;
        }
        self.count_copies();
        self.take_hints(view, hints);
        self.find_places();
    }

    /// Number of units.
    pub(crate) fn len(&self) -> usize {
        self.units.len()
    }

    /// Number of words.
    pub(crate) fn words(&self) -> usize {
        self.words.unsigned_abs() as usize
    }

    /// The lines of a unit, as the view counts them.
    pub(crate) fn lines(&self, at: usize) -> std::ops::Range<usize> {
        self.units[at].first as usize..self.units[at].end as usize
    }

    /// The span of a unit.
    pub(crate) fn span(&self, at: usize) -> Span {
        Span::new(self.units[at].from, self.units[at].to)
    }

    /// Whether rules that are certain found a part of a unit, and some words stand beside it.
    pub(crate) fn is_mixed(&self, at: usize) -> bool {
        let unit = &self.units[at];
        unit.certain > 0 && unit.words * (1000 - unit.certain) / 1000 >= BESIDE
    }

    /// The grams of a unit, if they were kept.
    pub(crate) fn grams(&self, at: usize) -> &[u32] {
        &self.grams[self.offsets[at]..self.offsets[at + 1]]
    }

    fn count_copies(&mut self) {
        self.counts.clear();
        for unit in &mut self.units {
            let whole = self.counts.entry(unit.whole).or_default();
            unit.copies_before = whole.0;
            whole.0 += 1;
            self.counts.entry(unit.opening).or_default().1 += 1;
        }
        for unit in &mut self.units {
            unit.copies = self.counts[&unit.whole].0;
            unit.openings = self.counts[&unit.opening].1;
        }
    }

    fn take_hints(&mut self, view: &View<'_>, hints: &[Hint]) {
        for hint in hints {
            let lines = view.lines_of(hint.span);
            let first = self.units.partition_point(|unit| unit.end as usize <= lines.start);
            for unit in self.units[first..].iter_mut().take_while(|unit| (unit.first as usize) < lines.end) {
                let whole = Span::new(unit.from, unit.to);
                let shared = hint.span.end().min(whole.end()).saturating_sub(hint.span.start().max(whole.start()));
                let share = (shared * 1000 / whole.len().max(1)) as i32;
                match (hint.effect, hint.confidence) {
                    (Effect::Keep, _) => unit.kept = 1,
                    (Effect::Cue(cue), _) => unit.cues |= 1 << cue as i32,
                    (Effect::Remove, confidence) => {
                        unit.categories |= 1 << hint.category as u32;
                        let sum = match confidence {
                            Confidence::Certain => &mut unit.certain,
                            Confidence::Likely => &mut unit.likely,
                            Confidence::Possible => &mut unit.possible,
                        };
                        *sum = (*sum + share).min(1000);
                    }
                }
            }
        }
    }

    fn find_places(&mut self) {
        let count = self.units.len();
        self.places.clear();
        self.places.resize(count, Place::default());
        self.sums.clear();
        let mut sum = [0; 4];
        (self.words, self.prose_words, self.prose, self.shorts, self.found) = (0, 0, 0, 0, 0);
        let (mut last_prose, mut last_found, mut run) = (-FAR, -FAR, 0);
        for (at, unit) in self.units.iter().enumerate() {
            self.sums.push(sum);
            let like = at + 1 < count && unit.resembles(&self.units[at + 1]);
            let own = [i32::from(unit.is_found()), unit.word.mean, unit.chars.min(2000), i32::from(like)];
            sum.iter_mut().zip(own).for_each(|(sum, own)| *sum = sum.saturating_add(own));
            let place = &mut self.places[at];
            place.prose_before = self.prose;
            place.to_prose_before = (at as i32 - last_prose).min(FAR);
            place.to_found_before = (at as i32 - last_found).min(FAR);
            self.words = self.words.saturating_add(unit.words);
            if unit.is_prose() {
                self.prose += 1;
                self.prose_words = self.prose_words.saturating_add(unit.words);
                last_prose = at as i32;
            }
            if unit.is_found() {
                self.found += 1;
                last_found = at as i32;
            }
            run = if unit.is_short() { run + 1 } else { 0 };
            place.run_before = run;
            self.shorts += i32::from(unit.is_short());
        }
        self.sums.push(sum);
        self.word_mean = sum[1] / count.max(1) as i32;
        let end = count as i32 + FAR;
        let (mut next_prose, mut next_found, mut length) = (end, end, 0);
        for at in (0..count).rev() {
            let unit = &self.units[at];
            let place = self.places[at];
            length = if place.run_before == 0 { 0 } else { length.max(place.run_before) };
            let opens = place.run_before - 1;
            let first = at as i32 - opens;
            let colon = |index: i32| index >= 0 && self.units[index.unsigned_abs() as usize].ends == 3;
            let announced = place.run_before > 0 && (colon(first - 1) || colon(first));
            self.places[at] = Place {
                run: length,
                run_after: length - place.run_before,
                announced: i32::from(announced),
                to_prose_after: (next_prose - at as i32).min(FAR),
                to_found_after: (next_found - at as i32).min(FAR),
                prose_after: self.prose - place.prose_before - i32::from(unit.is_prose()),
                ..place
            };
            if unit.is_prose() {
                next_prose = at as i32;
            }
            if unit.is_found() {
                next_found = at as i32;
            }
            if place.run_before == 1 {
                length = 0;
            }
        }
    }

    /// A unit near another; an empty one beyond the ends.
    fn near(&self, at: usize, by: isize) -> Unit {
        const OUTSIDE: Unit = Unit {
            first: 0,
            end: 0,
            from: 0,
            to: 0,
            chars: -1,
            words: -1,
            digits: -1,
            upper: -1,
            marks: -1,
            spaceless: -1,
            capitals: -1,
            shouted: -1,
            sentences: -1,
            commas: -1,
            colons: -1,
            bars: -1,
            signs: -1,
            quotes: -1,
            brackets: -1,
            links: -1,
            longest: -1,
            starts: -1,
            ends: -1,
            blanks_before: -1,
            copies: -1,
            copies_before: -1,
            openings: -1,
            word: WordScore { sum: 0, mean: 0, most: 0, least: 0 },
            certain: -1,
            likely: -1,
            possible: -1,
            kept: -1,
            categories: 0,
            cues: 0,
            whole: 0,
            opening: 0,
        };
        at.checked_add_signed(by).and_then(|index| self.units.get(index)).copied().unwrap_or(OUTSIDE)
    }

    /// A sum over the units within a distance of another.
    fn around(&self, at: usize, reach: usize, which: usize) -> i32 {
        self.sums[(at + reach + 1).min(self.units.len())][which] - self.sums[at.saturating_sub(reach)][which]
    }

    /// A mean over the units within a distance of another.
    fn mean(&self, at: usize, reach: usize, which: usize) -> i32 {
        let count = (at + reach + 1).min(self.units.len()) - at.saturating_sub(reach);
        self.around(at, reach, which) / count.max(1) as i32
    }

    /// Categories that rules found within a distance, the unit itself left out.
    fn categories_around(&self, at: usize, reach: usize) -> u32 {
        let range = at.saturating_sub(reach)..(at + reach + 1).min(self.units.len());
        range.filter(|&other| other != at).fold(0, |all, other| all | self.units[other].categories)
    }
}

/// Makes the list of names and the function that fills a row, so that neither can miss what the other has.
macro_rules! features {
    ($page:ident, $at:ident, $unit:ident, $place:ident, $next:ident, $last:ident, $count:ident, $near:ident; $($name:ident = $value:expr,)+) => {
        /// The names of the features, in the order of a row.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),+];

        impl Page {
            /// Fills the features of a unit in.
            pub(crate) fn fill(&self, $at: usize, row: &mut Row) {
                let $page = self;
                let ($unit, $place, $count) = (&self.units[$at], &self.places[$at], self.units.len() as i32);
                let ($next, $last) = (self.near($at, 1), self.near($at, -1));
                let $near = |by: isize| self.near($at, by);
                *row = [$(clamp($value)),+];
            }
        }
    };
}

features! { page, at, unit, place, next, last, count, near;
    chars = unit.chars,
    words = unit.words,
    lines = (unit.end - unit.first) as i32,
    word_length = unit.chars * 10 / unit.words.max(1),
    longest_word = unit.longest,
    digits = unit.digits,
    upper = unit.upper,
    punctuation = unit.marks,
    spaceless = unit.spaceless,
    capitals = unit.capitals,
    shouted = unit.shouted,
    sentences = unit.sentences,
    commas = unit.commas,
    colons = unit.colons,
    bars = unit.bars,
    signs = unit.signs,
    quotes = unit.quotes,
    brackets = unit.brackets,
    links = unit.links,
    starts = unit.starts,
    ends = unit.ends,
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
    page_prose = (i64::from(page.prose_words) * 1000 / i64::from(page.words.max(1))) as i32,
    page_short = page.shorts * 1000 / count,
    same_start_next = i32::from(unit.opening == next.opening),
    same_start_last = i32::from(unit.opening == last.opening),
    like_next = i32::from(unit.resembles(&next)),
    like_last = i32::from(unit.resembles(&last)),
    next_chars = next.chars,
    next_words = next.words,
    next_ends = next.ends,
    next_starts = next.starts,
    next_word = next.word.mean,
    next_word_sum = next.word.sum,
    next_found = next.found(),
    next_capitals = next.capitals,
    last_chars = last.chars,
    last_words = last.words,
    last_ends = last.ends,
    last_starts = last.starts,
    last_word = last.word.mean,
    last_word_sum = last.word.sum,
    last_found = last.found(),
    last_capitals = last.capitals,
    second_next_chars = near(2).chars,
    second_next_ends = near(2).ends,
    second_next_word = near(2).word.mean,
    second_next_found = near(2).found(),
    second_last_chars = near(-2).chars,
    second_last_ends = near(-2).ends,
    second_last_word = near(-2).word.mean,
    second_last_found = near(-2).found(),
    third_next_chars = near(3).chars,
    third_next_word = near(3).word.mean,
    third_last_chars = near(-3).chars,
    third_last_word = near(-3).word.mean,
}

fn clamp(value: i32) -> i16 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// What some lines look like.
fn shape(view: &View<'_>, first: usize, end: usize) -> Unit {
    let (from, to) = (view.span(first).start() as u32, view.span(end - 1).end() as u32);
    let mut unit = Unit { first: first as u32, end: end as u32, from, to, ..Unit::default() };
    let above = if first == 0 { view.number(0) } else { view.number(first) - view.number(first - 1) - 1 };
    unit.blanks_before = above as i32;
    let (mut chars, mut digits, mut upper, mut letters, mut marks, mut spaceless) = (0, 0, 0, 0, 0, 0);
    let (mut capitals, mut shouted, mut length, mut upper_in_word) = (0, 0, 0, 0);
    let mut stopped = false;
    for line in first..end {
        for c in view.text(line).chars().chain(['\n']) {
            let word = if c.is_ascii() { c.is_ascii_alphanumeric() } else { is_word(c) };
            if word {
                let own = !c.is_ascii() && is_spaceless(c);
                spaceless += i32::from(own);
                digits += i32::from(c.is_numeric());
                letters += 1;
                if c.is_uppercase() {
                    upper += 1;
                    upper_in_word += 1;
                    capitals += i32::from(length == 0);
                }
                length += 1;
            } else if length > 0 && !matches!(c, '\'' | '’') {
                unit.words += 1;
                unit.longest = unit.longest.max(length);
                shouted += i32::from(length > 1 && upper_in_word == length);
                (length, upper_in_word) = (0, 0);
            }
            if stopped && c.is_whitespace() {
                unit.sentences += 1;
            }
            stopped = matches!(c, '.' | '!' | '?' | '…') || (stopped && matches!(c, '"' | '”' | '’' | '»' | ')'));
            unit.sentences += i32::from(matches!(c, '。' | '！' | '？' | '।' | '؟'));
            if !word && !c.is_whitespace() {
                marks += 1;
            }
            match c {
                ',' | '、' | '，' | '،' => unit.commas += 1,
                ':' | '：' => unit.colons += 1,
                '|' | '•' | '·' | '/' | '»' | '›' | '→' | '>' | '—' | '–' | '▶' | '∙' | '◦' | '*' => unit.bars += 1,
                '@' | '#' | '©' | '®' | '™' | '%' | '&' | '+' | '=' | '€' | '$' | '£' => unit.signs += 1,
                '"' | '“' | '”' | '„' | '«' | '「' | '」' | '‘' => unit.quotes += 1,
                '(' | ')' | '[' | ']' => unit.brackets += 1,
                _ => {}
            }
            chars += i32::from(c != '\n');
        }
        let text = view.text(line);
        unit.links += (text.matches("://").count() + text.matches("www.").count() + text.matches(".com").count()) as i32;
    }
    // Two characters of a script without spaces count as a word.
    unit.words += spaceless / 2;
    let share = |part: i32, of: i32| (i64::from(part) * 1000 / i64::from(of.max(1))) as i32;
    unit.chars = chars;
    unit.digits = share(digits, chars);
    unit.upper = share(upper, letters);
    unit.marks = share(marks, chars);
    unit.spaceless = share(spaceless, chars);
    unit.capitals = share(capitals, unit.words);
    unit.shouted = share(shouted, unit.words);
    unit.starts = start_of(view.text(first));
    unit.ends = end_of(view.text(end - 1));
    unit
}

/// How a text starts: 1 small letter, 2 capital, 3 number, 4 number of a list, 5 quotation, 6 bullet or dash, 7 letter
/// without case, 0 other.
fn start_of(text: &str) -> i32 {
    let Some(first) = text.chars().next() else { return 0 };
    match first {
        c if c.is_lowercase() => 1,
        c if c.is_uppercase() => 2,
        c if c.is_numeric() => {
            let rest = text.trim_start_matches(char::is_numeric);
            if rest.starts_with(['.', ')']) && !rest[1..].starts_with(char::is_numeric) { 4 } else { 3 }
        }
        '"' | '“' | '„' | '«' | '‘' | '\'' | '「' => 5,
        '-' | '–' | '—' | '•' | '*' | '·' | '▪' | '►' | '▶' | '+' | '>' | '»' => 6,
        c if c.is_alphabetic() => 7,
        _ => 0,
    }
}

/// How a text ends: 1 full stop, 2 question or exclamation, 3 colon, 4 comma or semicolon, 5 ellipsis, 6 closing
/// quotation after a stop, 7 closing quotation or bracket, 8 number, 9 other sign, 0 letter.
fn end_of(text: &str) -> i32 {
    let Some(last) = text.chars().next_back() else { return 0 };
    match last {
        '.' if text.ends_with("...") => 5,
        '.' | '。' | '।' => 1,
        '!' | '?' | '！' | '？' | '؟' => 2,
        ':' | '：' => 3,
        ',' | ';' | '，' | '、' | '،' => 4,
        '…' => 5,
        '"' | '”' | '’' | '\'' | '»' | ')' | ']' | '」' | '』' => {
            let inner = text.trim_end_matches(['"', '”', '’', '\'', '»', ')', ']', '」', '』', ' ']);
            if inner.ends_with(['.', '!', '?', '…', '。', '！', '？', ',']) { 6 } else { 7 }
        }
        c if c.is_numeric() => 8,
        c if c.is_alphabetic() => 0,
        _ => 9,
    }
}

/// The name of a cue's bit is part of what the model learned.
const _: () = assert!(Cue::Footer as u8 == 0 && Cue::Navigation as u8 == 3);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::fold::Folded;

    fn rows(text: &str) -> Vec<Row> {
        let document = Document::new(text).unwrap();
        let mut folded = Folded::default();
        folded.fill(&document);
        let mut page = Page::default();
        page.read(&View::new(&document, &folded), &[], None, false);
        (0..page.len())
            .map(|at| {
                let mut row = empty_row();
                page.fill(at, &mut row);
                row
            })
            .collect()
    }

    fn feature(row: &Row, name: &str) -> i16 {
        row[NAMES.iter().position(|own| *own == name).unwrap()]
    }

    #[test]
    fn a_list_after_a_colon_is_an_announced_run() {
        let rows = rows("He named three towns:\nHull\nYork\nLeeds\nThen he sat down and said no more about it to anybody there.");
        let of = |name| rows.iter().map(|row| feature(row, name)).collect::<Vec<_>>();
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
        assert_eq!(rows.iter().map(|row| feature(row, "lines")).collect::<Vec<_>>(), [3, 3, 1]);
        assert_eq!(feature(&rows[1], "blanks_before"), 1);
    }

    #[test]
    fn shapes_are_told_apart() {
        let rows = rows("SHARE THIS | 12\n“Well,” she said.\nShare this\nSHARE THIS | 12");
        let of = |name| rows.iter().map(|row| feature(row, name)).collect::<Vec<_>>();
        assert_eq!(of("shouted"), [666, 0, 0, 666]);
        assert_eq!(of("bars"), [1, 0, 0, 1]);
        assert_eq!(of("starts"), [2, 5, 2, 2]);
        assert_eq!(of("copies"), [2, 1, 1, 2]);
        assert_eq!(of("copies_before"), [0, 0, 0, 1]);
        assert_eq!(of("openings"), [3, 1, 3, 3]);
    }
}
