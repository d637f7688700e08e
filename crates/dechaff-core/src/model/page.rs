//! A document, or a part of a large one, as the line model sees it: a page of units, with what rules found in each, how its
//! words weigh and what stands around it. It is read in three passes: what rules found; shape and words of each unit that is not plainly prose;
//! runs and distances.

use super::shape::{LineShape, end_of, ends_sentence};
use super::words::{WordScore, WordTable, grams};
use crate::filter::RuleHit;
use crate::text::NormalizedText;
use crate::text::{Span, View};
use dechaff_rules::rule::{Category, Confidence, Cue, Effect};

use rustc_hash::FxHashMap;
use std::ops::Range;

/// A unit of at least so many bytes that ends as a sentence does, and in which no rule finds anything, is plainly prose.
const PLAIN: usize = 90;
/// A unit of which rules find more than so many thousandths counts as found.
const FOUND: i32 = 500;
/// A page of which fewer thousandths of the words stand in prose is a whole page. Training asks the same.
const WHOLE: i32 = 700;
/// Distances are not told apart beyond this.
const FAR: i32 = 60;
/// Words beside what a rule found in a unit, from which on the unit is a mixed one.
const BESIDE: i32 = 4;

/// The name of a cue's bit is part of what the model learned.
const _: () = assert!(Cue::Footer as u8 == 0 && Cue::Navigation as u8 == 3);

/// A line, or the lines that hard wrapping made of a paragraph.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block {
    /// Lines of the view, the last one not included.
    pub first: u32,
    pub end: u32,
    /// The span of these lines, in bytes of the source.
    from: u32,
    to: u32,
    /// Whether it is so plainly prose that it is not judged.
    plain: bool,
    pub shape: LineShape,
    pub blanks_before: i32,
    pub copies: i32,
    pub copies_before: i32,
    /// How many units begin with the same word.
    pub openings: i32,
    pub word: WordScore,
    pub certain: i32,
    pub likely: i32,
    pub possible: i32,
    pub kept: i32,
    categories: u32,
    pub cues: i32,
    /// Hashes: the whole unit, its first word.
    whole: u64,
    pub opening: u64,
}

impl Block {
    /// What stands beyond the ends of a page.
    const OUTSIDE: Self = Self {
        first: 0,
        end: 0,
        from: 0,
        to: 0,
        plain: false,
        shape: LineShape::OUTSIDE,
        blanks_before: -1,
        copies: -1,
        copies_before: -1,
        openings: -1,
        word: WordScore {
            sum: 0,
            mean: 0,
            most: 0,
            least: 0,
        },
        certain: -1,
        likely: -1,
        possible: -1,
        kept: -1,
        categories: 0,
        cues: 0,
        whole: 0,
        opening: 0,
    };

    pub(super) fn found(&self) -> i32 {
        self.certain.max(self.likely).max(self.possible)
    }

    fn is_found(&self) -> bool {
        self.found() > FOUND
    }

    /// Whether a unit is long, ends as a sentence does, and rules find nothing in it. Next to no chaff looks like that.
    fn is_plain<'t>(&self, lines: impl Iterator<Item = &'t str> + Clone) -> bool {
        self.found() == 0
            && self.cues == 0
            && lines.clone().map(str::len).sum::<usize>() >= PLAIN
            && lines.last().is_some_and(|last| ends_sentence(end_of(last)))
    }

    pub(super) fn has(&self, category: Category) -> i32 {
        i32::from(self.categories & (1 << category as u32) != 0)
    }
}

/// The place of a unit between others.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    pub run: i32,
    pub run_before: i32,
    pub run_after: i32,
    /// Whether the unit before the run, or its first, ends in a colon.
    pub announced: i32,
    pub to_prose_before: i32,
    pub to_prose_after: i32,
    pub prose_before: i32,
    pub prose_after: i32,
    pub to_found_before: i32,
    pub to_found_after: i32,
}

/// A document as the line model sees it. It is filled again for each document.
#[derive(Debug, Default)]
pub struct PageFeatures {
    pub(super) units: Vec<Block>,
    pub(super) places: Vec<Position>,
    /// Sums over the units before: found, word score, characters, like the next.
    sums: Vec<[i32; 4]>,
    /// Offsets of the grams of each unit, where they are kept.
    grams: Vec<u32>,
    offsets: Vec<usize>,
    pub(super) words: i32,
    pub(super) prose_words: i32,
    pub(super) prose: i32,
    pub(super) shorts: i32,
    pub(super) found: i32,
    pub(super) word_mean: i32,
    tokens: Vec<u64>,
    unit_grams: Vec<u32>,
    counts: FxHashMap<u64, (i32, i32)>,
}

impl PageFeatures {
    /// Reads lines of a document. With `keep_grams` the grams of all units are kept for training.
    pub(crate) fn read(
        &mut self,
        view: &View<'_>,
        lines: Range<usize>,
        hints: &[RuleHit],
        words: Option<&WordTable>,
        keep_grams: bool,
        folded: &mut NormalizedText,
    ) {
        self.find_units(view, lines);
        self.take_hints(view, hints);
        self.grams.clear();
        self.offsets.clear();
        self.offsets.push(0);
        for unit in &mut self.units {
            let lines = (unit.first as usize..unit.end as usize).map(|line| view.text(line));
            unit.plain = unit.is_plain(lines.clone());
            unit.shape = LineShape::of(lines, unit.plain);
            if unit.plain {
                unit.word = WordScore::RUNNING;
            } else {
                let folded = view.normalized(unit.first as usize..unit.end as usize, folded);
                unit.whole = super::hash(folded);
                unit.opening =
                    super::hash(&folded[..memchr::memchr(b' ', folded).unwrap_or(folded.len())]);
                grams(folded, &mut self.tokens, &mut self.unit_grams);
                unit.word = words
                    .map(|words| words.score(&self.unit_grams))
                    .unwrap_or_default();
                if keep_grams {
                    self.grams.extend(&self.unit_grams);
                }
            }
            self.offsets.push(self.grams.len());
        }
        self.count_copies();
        self.find_places();
    }

    /// A unit is a line, or the lines that hard wrapping made of a paragraph.
    fn find_units(&mut self, view: &View<'_>, lines: Range<usize>) {
        self.units.clear();
        let mut line = lines.start;
        while line < lines.end {
            let mut end = line + 1;
            while end < lines.end && view.is_wrapped(end - 1) {
                end += 1;
            }
            let above = if line == 0 {
                view.number(0)
            } else {
                view.number(line) - view.number(line - 1) - 1
            };
            self.units.push(Block {
                first: line as u32,
                end: end as u32,
                from: view.span(line).start() as u32,
                to: view.span(end - 1).end() as u32,
                blanks_before: above as i32,
                ..Block::default()
            });
            line = end;
        }
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Number of words.
    pub(crate) fn words(&self) -> usize {
        self.words.unsigned_abs() as usize
    }

    /// Thousandths of the words that stand in prose, as its shape tells.
    pub(super) fn prose_share(&self) -> i32 {
        (i64::from(self.prose_words) * 1000 / i64::from(self.words.max(1))) as i32
    }

    /// Whether it looks like a whole page rather than an article: much of it is no prose.
    pub(crate) fn is_whole(&self) -> bool {
        self.prose_share() < WHOLE
    }

    /// The lines of a unit, as the view counts them.
    pub fn lines(&self, at: usize) -> std::ops::Range<usize> {
        self.units[at].first as usize..self.units[at].end as usize
    }

    /// The span of a unit.
    pub fn span(&self, at: usize) -> Span {
        Span::new(self.units[at].from, self.units[at].to)
    }

    /// Whether a unit is so plainly prose that it is not judged.
    pub fn is_plain(&self, at: usize) -> bool {
        self.units[at].plain
    }

    /// Whether rules that are certain found a part of a unit, and some words stand beside it.
    pub(crate) fn is_mixed(&self, at: usize) -> bool {
        let unit = &self.units[at];
        unit.certain > 0 && unit.shape.words * (1000 - unit.certain) / 1000 >= BESIDE
    }

    /// The grams of a unit, if they were kept.
    pub fn grams(&self, at: usize) -> &[u32] {
        &self.grams[self.offsets[at]..self.offsets[at + 1]]
    }

    fn count_copies(&mut self) {
        self.counts.clear();
        for unit in self.units.iter_mut().filter(|unit| !unit.plain) {
            let whole = self.counts.entry(unit.whole).or_default();
            unit.copies_before = whole.0;
            whole.0 += 1;
            self.counts.entry(unit.opening).or_default().1 += 1;
        }
        for unit in self.units.iter_mut().filter(|unit| !unit.plain) {
            unit.copies = self.counts[&unit.whole].0;
            unit.openings = self.counts[&unit.opening].1;
        }
    }

    fn take_hints(&mut self, view: &View<'_>, hints: &[RuleHit]) {
        let here = Span::new(
            self.units.first().map_or(0, |unit| unit.from),
            self.units.last().map_or(0, |unit| unit.to),
        );
        for hint in hints
            .iter()
            .take_while(|hint| hint.span.start() < here.end())
            .filter(|hint| hint.span.overlaps(here))
        {
            let lines = view.lines_of(hint.span);
            let first = self
                .units
                .partition_point(|unit| unit.end as usize <= lines.start);
            for unit in self.units[first..]
                .iter_mut()
                .take_while(|unit| (unit.first as usize) < lines.end)
            {
                let whole = Span::new(unit.from, unit.to);
                let shared = hint
                    .span
                    .end()
                    .min(whole.end())
                    .saturating_sub(hint.span.start().max(whole.start()));
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
        self.places.resize(count, Position::default());
        self.sums.clear();
        let mut sum = [0; 4];
        (
            self.words,
            self.prose_words,
            self.prose,
            self.shorts,
            self.found,
        ) = (0, 0, 0, 0, 0);
        let (mut last_prose, mut last_found, mut run) = (-FAR, -FAR, 0);
        for (at, unit) in self.units.iter().enumerate() {
            self.sums.push(sum);
            let like = at + 1 < count && unit.shape.resembles(&self.units[at + 1].shape);
            let own = [
                i32::from(unit.is_found()),
                unit.word.mean,
                unit.shape.chars.min(2000),
                i32::from(like),
            ];
            sum.iter_mut()
                .zip(own)
                .for_each(|(sum, own)| *sum = sum.saturating_add(own));
            let place = &mut self.places[at];
            place.prose_before = self.prose;
            place.to_prose_before = (at as i32 - last_prose).min(FAR);
            place.to_found_before = (at as i32 - last_found).min(FAR);
            self.words = self.words.saturating_add(unit.shape.words);
            if unit.shape.is_prose() {
                self.prose += 1;
                self.prose_words = self.prose_words.saturating_add(unit.shape.words);
                last_prose = at as i32;
            }
            if unit.is_found() {
                self.found += 1;
                last_found = at as i32;
            }
            run = if unit.shape.is_short() { run + 1 } else { 0 };
            place.run_before = run;
            self.shorts += i32::from(unit.shape.is_short());
        }
        self.sums.push(sum);
        self.word_mean = sum[1] / count.max(1) as i32;
        let end = count as i32 + FAR;
        let (mut next_prose, mut next_found, mut length) = (end, end, 0);
        for at in (0..count).rev() {
            let unit = &self.units[at];
            let place = self.places[at];
            length = if place.run_before == 0 {
                0
            } else {
                length.max(place.run_before)
            };
            let opens = place.run_before - 1;
            let first = at as i32 - opens;
            let colon = |index: i32| {
                index >= 0 && self.units[index.unsigned_abs() as usize].shape.ends == 3
            };
            let announced = place.run_before > 0 && (colon(first - 1) || colon(first));
            self.places[at] = Position {
                run: length,
                run_after: length - place.run_before,
                announced: i32::from(announced),
                to_prose_after: (next_prose - at as i32).min(FAR),
                to_found_after: (next_found - at as i32).min(FAR),
                prose_after: self.prose - place.prose_before - i32::from(unit.shape.is_prose()),
                ..place
            };
            if unit.shape.is_prose() {
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
    pub(super) fn near(&self, at: usize, by: isize) -> &Block {
        at.checked_add_signed(by)
            .and_then(|index| self.units.get(index))
            .unwrap_or(&Block::OUTSIDE)
    }

    /// A sum over the units within a distance of another.
    pub(super) fn around(&self, at: usize, reach: usize, which: usize) -> i32 {
        self.sums[(at + reach + 1).min(self.units.len())][which]
            - self.sums[at.saturating_sub(reach)][which]
    }

    /// A mean over the units within a distance of another.
    pub(super) fn mean(&self, at: usize, reach: usize, which: usize) -> i32 {
        let count = (at + reach + 1).min(self.units.len()) - at.saturating_sub(reach);
        self.around(at, reach, which) / count.max(1) as i32
    }

    /// Categories that rules found within a distance, the unit itself left out.
    pub(super) fn categories_around(&self, at: usize, reach: usize) -> u32 {
        let range = at.saturating_sub(reach)..(at + reach + 1).min(self.units.len());
        range
            .filter(|&other| other != at)
            .fold(0, |all, other| all | self.units[other].categories)
    }
}
