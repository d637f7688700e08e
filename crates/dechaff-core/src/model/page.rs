//! The features of a page that the line model scores. A page is a document, or a part of a large
//! one, split into blocks: a block is a line, or the lines that hard wrapping made of a paragraph.
//!
//! [`PageFeatures::read`] fills the page in five passes:
//!
//! 1. Rule hits. Each block gets the share of its bytes that built-in rules match, by their
//!    confidence, and the categories of these rules.
//! 2. Shape and words. A long block that ends like a sentence and contains no hit is *plain
//!    prose*. It is never scored, so its words are not looked up and its shape is estimated from
//!    its length. Most text of an article is plain prose, which makes this the main saving of the
//!    model. All other blocks get the counts of [`LineShape`], a [`WordScore`] and the hashes that
//!    find their copies.
//! 3. Positions. Two scans over the blocks, one in each direction, find the runs of short blocks
//!    and the distances to the nearest prose and to the nearest block that rules match.
//! 4. Overlaps. The stems of the prose are counted, and compared with those of the other blocks.
//! 5. Places. Each block gets the structures that it is in, and its place in the last of them.
//!
//! For example, this page has five blocks, of which the first four are short and form one run:
//!
//! ```text
//! He named three towns:
//! Hull
//! York
//! Leeds
//! Then he sat down and said no more about it to anybody there.
//!
//! run_len          4   4   4   4   0
//! run_before       1   2   3   4   0
//! run_after        3   2   1   0   0
//! announced        1   1   1   1   0
//! to_prose_after   4   3   2   1  60
//! ```
//!
//! The run is announced, because its first block ends with a colon.
//! The last block is prose by its shape: it has at least twelve words and ends with a full stop.
//! No prose follows it, which counts as [`MAX_DISTANCE`].
//!
//! Features of a neighborhood are read from prefix sums: the number of hits within two blocks of
//! block 10 is the sum before block 13 less the sum before block 8. They therefore cost the same
//! for any distance. A neighbor beyond the ends of the page is [`Block::OUTSIDE`], whose counts
//! are -1.
//!
//! Everything is an integer, so that all platforms compute the same scores.

use super::kind::PageKind;
use super::overlap::{Form, Overlap, PageForm, StemCounts};
use super::places::Place;
use super::shape::{LineShape, end_kind, ends_sentence};
use super::words::{WordScore, WordTable, grams};
use crate::filter::RuleHit;
use crate::text::NormalizedText;
use crate::text::{Span, View};
use dechaff_rules::rule::{Category, Confidence, Cue, Effect};

use rustc_hash::FxHashMap;
use std::ops::Range;

/// Minimum length of a block of plain prose, in bytes.
const MIN_PLAIN_PROSE_LEN: usize = 90;
/// Share of a block, in thousandths of its bytes, above which rule hits make the block a hit.
const HIT_THRESHOLD: i32 = 500;
/// Maximum distance between two blocks, in blocks. Longer distances count as this one.
const MAX_DISTANCE: i32 = 60;
/// Minimum number of words beside the hits of certain rules in a partly removed block.
const MIN_OTHER_WORDS: i32 = 4;

// The bits of the cues are values of a feature: a model is trained on them.
const _: () = assert!(Cue::Footer as u8 == 0 && Cue::Navigation as u8 == 3);

/// A line, or the lines that hard wrapping made of a paragraph, with its own features.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block {
    /// First line, counted among the lines of the view that are not blank.
    pub first_line: u32,
    /// Line after the last one.
    pub end_line: u32,
    /// Start of the lines, in bytes of the source text.
    start_byte: u32,
    /// End of the lines, in bytes of the source text.
    end_byte: u32,
    /// Whether the block is plain prose, which is not scored.
    pub(super) plain_prose: bool,
    pub shape: LineShape,
    /// Number of blank lines directly before the block.
    pub blanks_before: i32,
    /// Number of blocks with the same normalized text, this one included.
    pub copies: i32,
    /// Number of earlier blocks with the same normalized text.
    pub copies_before: i32,
    /// Number of blocks that start with the same word, this one included.
    pub same_first_word: i32,
    pub word_score: WordScore,
    pub form: Form,
    pub overlap: Overlap,
    pub place: Place,
    /// Share of the bytes that rules of confidence `certain` match, in thousandths.
    pub certain: i32,
    /// Share of the bytes that rules of confidence `likely` match, in thousandths.
    pub likely: i32,
    /// Share of the bytes that rules of confidence `possible` match, in thousandths.
    pub possible: i32,
    /// 1 if a keep rule matches in the block, otherwise 0.
    pub protected: i32,
    /// Categories of the removing rules that match in the block, one bit each.
    categories: u32,
    /// Cues that match in the block, one bit each.
    pub cues: i32,
    /// Hash of the normalized text; 0 for plain prose.
    text_hash: u64,
    /// Hash of the first word of the normalized text; 0 for plain prose.
    pub first_word_hash: u64,
}

impl Block {
    /// The neighbor of blocks at the ends of a page. Its counts are -1, which sets it apart from
    /// every real block.
    const OUTSIDE: Self = Self {
        first_line: 0,
        end_line: 0,
        start_byte: 0,
        end_byte: 0,
        plain_prose: false,
        shape: LineShape::OUTSIDE,
        blanks_before: -1,
        copies: -1,
        copies_before: -1,
        same_first_word: -1,
        word_score: WordScore {
            sum: 0,
            mean: 0,
            max: 0,
            min: 0,
        },
        form: Form {
            is_prose: false,
            is_heading: false,
            is_pair: false,
            is_top_heading: false,
            is_question: false,
            is_section: false,
        },
        overlap: Overlap {
            share: -2,
            stems: 0,
        },
        place: Place {
            structures: 0,
            certain: 0,
            at: 0,
            len: 0,
        },
        certain: -1,
        likely: -1,
        possible: -1,
        protected: -1,
        categories: 0,
        cues: 0,
        text_hash: 0,
        first_word_hash: 0,
    };

    /// Returns the largest share of the block that removing rules of one confidence match, in
    /// thousandths of its bytes: 0 if none matches, and -1 for [`OUTSIDE`](Self::OUTSIDE).
    pub(super) fn hit_share(&self) -> i32 {
        self.certain.max(self.likely).max(self.possible)
    }

    /// Returns whether removing rules of one confidence match more than half of the block, so that
    /// it counts as a hit in the sums and distances of other blocks.
    fn is_hit(&self) -> bool {
        self.hit_share() > HIT_THRESHOLD
    }

    /// Returns whether the block is plain prose: it has at least [`MIN_PLAIN_PROSE_LEN`] bytes, the
    /// last of its `lines` ends like a sentence, no cue matches in it, and removing rules match
    /// less than a thousandth of it. Chaff hardly ever looks like that, so such blocks are not
    /// scored. Call it after the rule hits were added.
    fn is_plain_prose<'t>(&self, lines: impl Iterator<Item = &'t str> + Clone) -> bool {
        self.hit_share() == 0
            && self.cues == 0
            && lines.clone().map(str::len).sum::<usize>() >= MIN_PLAIN_PROSE_LEN
            && lines
                .last()
                .is_some_and(|last| ends_sentence(end_kind(last)))
    }

    /// Returns 1 if a removing rule of `category` matches in the block, otherwise 0, as features
    /// are integers. The size of the match and the confidence of the rule do not matter.
    pub(super) fn has_category(&self, category: Category) -> i32 {
        i32::from(self.categories & (1 << category as u32) != 0)
    }
}

/// Where a block is between the others: its run, and the distances to prose and hits, in blocks.
///
/// A run consists of consecutive short blocks. Distances are at most [`MAX_DISTANCE`], which is
/// also the distance to a block that does not exist.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    /// Number of blocks in the run of the block; 0 if the block is not short.
    pub run_len: i32,
    /// Number of blocks of the run up to the block and with it.
    pub run_before: i32,
    /// Number of blocks of the run after the block.
    pub run_after: i32,
    /// 1 if the block before the run, or the first block of the run, ends with a colon.
    pub announced: i32,
    pub to_prose_before: i32,
    pub to_prose_after: i32,
    /// Number of blocks before this one that are prose by their shape.
    pub prose_before: i32,
    /// Number of blocks after this one that are prose by their shape.
    pub prose_after: i32,
    pub to_hit_before: i32,
    pub to_hit_after: i32,
}

/// A quantity of blocks that [`PageFeatures`] keeps prefix sums of.
#[derive(Clone, Copy)]
pub(super) enum Sum {
    /// Number of hits.
    Hits,
    /// Mean weights of the words.
    WordMeans,
    /// Characters, at most 2000 for each block.
    Chars,
    /// Number of blocks that resemble the next block.
    Alike,
}

/// The blocks of a page and their features. The buffers are reused for the next page.
#[derive(Debug, Default)]
pub struct PageFeatures {
    pub(super) blocks: Vec<Block>,
    /// Position of each block.
    pub(super) positions: Vec<Position>,
    /// Sums over the blocks before each block, indexed by [`Sum`], and over all blocks.
    sums: Vec<[i32; 4]>,
    /// The overlaps of the blocks before each block, and of all blocks: their sum and number.
    pub(super) overlap_sums: Vec<[i32; 2]>,
    /// The categories of each block. Neighbors are read together, so they are next to each other.
    categories: Vec<u32>,
    /// Hashed n-grams of all blocks, if they are kept for training.
    grams: Vec<u32>,
    /// Start of the n-grams of each block in `grams`, and the end of the last.
    gram_offsets: Vec<usize>,
    /// Number of words of the page.
    pub(super) word_count: i32,
    /// Number of words in blocks that are prose by their shape.
    pub(super) prose_words: i32,
    /// Number of blocks that are prose by their shape.
    pub(super) prose_blocks: i32,
    pub(super) short_blocks: i32,
    pub(super) hit_blocks: i32,
    /// Mean of the blocks' mean word weights.
    pub(super) word_mean: i32,
    /// What the forms of the blocks say about the page.
    pub(super) form: PageForm,
    /// The block that is the title of the document.
    pub(super) title: Option<usize>,
    /// The stems of the prose of the page.
    pub(super) stem_counts: StemCounts,
    /// Buffer: hashes of the words of a block.
    tokens: Vec<u64>,
    /// Buffer: n-grams of a block.
    block_grams: Vec<u32>,
    /// Buffer: number of blocks with each text hash, and with each hash of a first word.
    counts: FxHashMap<u64, (i32, i32)>,
}

impl PageFeatures {
    /// Replaces the page by the `lines` of `view`. `hits` are the matches of the built-in rules,
    /// sorted by span; those outside the lines are ignored. The weights of words come from `words`;
    /// without a table all word scores are 0. With `keep_grams`, [`grams`](Self::grams) returns the
    /// n-grams of the blocks, which only training needs. `normalized` is a buffer.
    pub(crate) fn read(
        &mut self,
        view: &View<'_>,
        lines: Range<usize>,
        hits: &[RuleHit],
        words: Option<&WordTable>,
        keep_grams: bool,
        normalized: &mut NormalizedText,
    ) {
        self.split_into_blocks(view, lines);
        self.add_hits(view, hits);
        self.grams.clear();
        self.gram_offsets.clear();
        self.gram_offsets.push(0);
        self.stem_counts.start_page();
        for block in &mut self.blocks {
            let lines = block.first_line as usize..block.end_line as usize;
            let texts = lines.clone().map(|line| view.text(line));
            block.plain_prose = block.is_plain_prose(texts.clone());
            block.shape = LineShape::new(texts, block.plain_prose);
            let text = view.normalized(lines, normalized);
            let mut stems = self.stem_counts.start_block();
            if block.plain_prose {
                block.word_score = WordScore::PLAIN_PROSE;
                stems.add_all(text);
            } else {
                let first_word_end = memchr::memchr(b' ', text).unwrap_or(text.len());
                block.text_hash = super::hash(text);
                block.first_word_hash = super::hash(&text[..first_word_end]);
                grams(text, &mut self.tokens, &mut self.block_grams, |word| {
                    stems.add(word);
                });
                block.word_score = words
                    .map(|words| words.score(&self.block_grams))
                    .unwrap_or_default();
                if keep_grams {
                    self.grams.extend(&self.block_grams);
                }
            }
            self.gram_offsets.push(self.grams.len());
        }
        self.count_copies();
        self.compute_positions();
        self.compute_overlaps(view);
        self.compute_places(view);
    }

    /// Replaces the blocks by those of `lines`: each line with the lines after it that hard
    /// wrapping broke off. Sets their spans and the blank lines before them, nothing else.
    fn split_into_blocks(&mut self, view: &View<'_>, lines: Range<usize>) {
        self.blocks.clear();
        let mut line = lines.start;
        while line < lines.end {
            let mut end = line + 1;
            while end < lines.end && view.is_wrapped(end - 1) {
                end += 1;
            }
            let blanks_before = if line == 0 {
                view.number(0)
            } else {
                view.number(line) - view.number(line - 1) - 1
            };
            self.blocks.push(Block {
                first_line: line as u32,
                end_line: end as u32,
                start_byte: view.span(line).start() as u32,
                end_byte: view.span(end - 1).end() as u32,
                blanks_before: blanks_before as i32,
                ..Block::default()
            });
            line = end;
        }
    }

    /// Returns the number of blocks of the page.
    #[must_use]
    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Returns whether the page has no blocks, which is so if its document has only blank lines.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Returns the number of words of the page. It is an estimate: words of plain prose are counted
    /// by its spaces, and two characters of a script without spaces count as a word.
    pub(crate) fn word_count(&self) -> usize {
        self.word_count.unsigned_abs() as usize
    }

    /// Returns the share of the words of the page, in thousandths, that are in blocks that are
    /// prose by their shape; 0 for a page without words.
    pub(super) fn prose_share(&self) -> i32 {
        (i64::from(self.prose_words) * 1000 / i64::from(self.word_count.max(1))) as i32
    }

    /// Returns the kind of the page, which decides about thresholds.
    pub(crate) fn kind(&self) -> PageKind {
        PageKind::new(self.prose_share(), self.blocks.len())
    }

    /// Returns the lines of the block with the index `at`, counted among the lines of the view that
    /// are not blank. A block has more than one line if its paragraph was hard-wrapped.
    #[must_use]
    pub fn lines(&self, at: usize) -> Range<usize> {
        self.blocks[at].first_line as usize..self.blocks[at].end_line as usize
    }

    /// Returns the span of the block with the index `at`, in bytes of the source text: from the
    /// start of its first line to the end of its last line, the line terminator included.
    #[must_use]
    pub fn span(&self, at: usize) -> Span {
        Span::new(self.blocks[at].start_byte, self.blocks[at].end_byte)
    }

    /// Returns whether the block with the index `at` is plain prose: a long block that ends like a
    /// sentence and in which no rule matches. The model keeps such blocks without scoring them.
    #[must_use]
    pub fn is_plain_prose(&self, at: usize) -> bool {
        self.blocks[at].plain_prose
    }

    /// Returns whether rules of confidence `certain` match a part of the block with the index `at`
    /// and leave [`MIN_OTHER_WORDS`] words or more. The score of such a block says nothing about
    /// these words, so the model leaves it to the rules.
    pub(crate) fn is_partly_removed(&self, at: usize) -> bool {
        let block = &self.blocks[at];
        block.certain > 0 && block.shape.words * (1000 - block.certain) / 1000 >= MIN_OTHER_WORDS
    }

    /// Returns whether the model keeps the block with the index `at` whatever its score: it is plain
    /// prose, the title of the document, or a sentence that continues prose.
    pub(crate) fn is_kept(&self, at: usize) -> bool {
        self.is_plain_prose(at) || self.is_title(at) || self.continues_prose(at)
    }

    /// Returns the hashed n-grams of the block with the index `at`, as indices into a
    /// [`WordTable`]. Empty for plain prose, and for all blocks unless the page was read for
    /// training.
    #[must_use]
    pub fn grams(&self, at: usize) -> &[u32] {
        &self.grams[self.gram_offsets[at]..self.gram_offsets[at + 1]]
    }

    /// Counts, for each block that is not plain prose, the other such blocks with the same text and
    /// with the same first word. Compares hashes: blocks with equal hashes count as equal.
    fn count_copies(&mut self) {
        self.counts.clear();
        for block in self.blocks.iter_mut().filter(|block| !block.plain_prose) {
            let same_text = self.counts.entry(block.text_hash).or_default();
            block.copies_before = same_text.0;
            same_text.0 += 1;
            self.counts.entry(block.first_word_hash).or_default().1 += 1;
        }
        for block in self.blocks.iter_mut().filter(|block| !block.plain_prose) {
            block.copies = self.counts[&block.text_hash].0;
            block.same_first_word = self.counts[&block.first_word_hash].1;
        }
    }

    /// Adds `hits`, which are sorted by span, to the blocks that they overlap. The shares of
    /// several hits in a block are added up even if the hits overlap each other, up to 1000
    /// thousandths.
    fn add_hits(&mut self, view: &View<'_>, hits: &[RuleHit]) {
        let page = Span::new(
            self.blocks.first().map_or(0, |block| block.start_byte),
            self.blocks.last().map_or(0, |block| block.end_byte),
        );
        for hit in hits
            .iter()
            .take_while(|hit| hit.span.start() < page.end())
            .filter(|hit| hit.span.overlaps(page))
        {
            let lines = view.lines_of(hit.span);
            let first = self
                .blocks
                .partition_point(|block| block.end_line as usize <= lines.start);
            for block in self.blocks[first..]
                .iter_mut()
                .take_while(|block| (block.first_line as usize) < lines.end)
            {
                let span = Span::new(block.start_byte, block.end_byte);
                let shared = hit
                    .span
                    .end()
                    .min(span.end())
                    .saturating_sub(hit.span.start().max(span.start()));
                let share = (shared * 1000 / span.len().max(1)) as i32;
                match (hit.effect, hit.confidence) {
                    (Effect::Keep, _) => block.protected = 1,
                    (Effect::Cue(cue), _) => block.cues |= 1 << cue as i32,
                    (Effect::Remove, confidence) => {
                        block.categories |= 1 << hit.category as u32;
                        let sum = match confidence {
                            Confidence::Certain => &mut block.certain,
                            Confidence::Likely => &mut block.likely,
                            Confidence::Possible => &mut block.possible,
                        };
                        *sum = (*sum + share).min(1000);
                    }
                }
            }
        }
    }

    /// Computes the positions of all blocks, the prefix sums and the counts of the page. Needs
    /// shapes, word scores and hits. Takes linear time.
    fn compute_positions(&mut self) {
        self.positions.clear();
        self.positions
            .resize(self.blocks.len(), Position::default());
        self.scan_forward();
        self.scan_backward();
    }

    /// Computes the prefix sums, the counts of the page, and what of the positions depends on the
    /// blocks before: distances to what precedes, and the place in a run.
    fn scan_forward(&mut self) {
        let count = self.blocks.len();
        self.sums.clear();
        self.categories.clear();
        let mut sum = [0; 4];
        (self.word_count, self.prose_words) = (0, 0);
        (self.prose_blocks, self.short_blocks, self.hit_blocks) = (0, 0, 0);
        let (mut last_prose, mut last_hit, mut run) = (-MAX_DISTANCE, -MAX_DISTANCE, 0);
        for (at, block) in self.blocks.iter().enumerate() {
            self.sums.push(sum);
            self.categories.push(block.categories);
            let like_next = at + 1 < count && block.shape.resembles(&self.blocks[at + 1].shape);
            // In the order of `Sum`.
            let values = [
                i32::from(block.is_hit()),
                block.word_score.mean,
                block.shape.chars.min(2000),
                i32::from(like_next),
            ];
            sum.iter_mut()
                .zip(values)
                .for_each(|(sum, value)| *sum = sum.saturating_add(value));
            let position = &mut self.positions[at];
            position.prose_before = self.prose_blocks;
            position.to_prose_before = (at as i32 - last_prose).min(MAX_DISTANCE);
            position.to_hit_before = (at as i32 - last_hit).min(MAX_DISTANCE);
            self.word_count = self.word_count.saturating_add(block.shape.words);
            if block.shape.is_prose() {
                self.prose_blocks += 1;
                self.prose_words = self.prose_words.saturating_add(block.shape.words);
                last_prose = at as i32;
            }
            if block.is_hit() {
                self.hit_blocks += 1;
                last_hit = at as i32;
            }
            run = if block.shape.is_short() { run + 1 } else { 0 };
            position.run_before = run;
            self.short_blocks += i32::from(block.shape.is_short());
        }
        self.sums.push(sum);
        self.word_mean = sum[Sum::WordMeans as usize] / count.max(1) as i32;
    }

    /// Completes the positions with what depends on the blocks after: distances to what follows,
    /// and the lengths of runs. Needs the positions that [`scan_forward`](Self::scan_forward)
    /// began.
    fn scan_backward(&mut self) {
        let count = self.blocks.len();
        let end = count as i32 + MAX_DISTANCE;
        let (mut next_prose, mut next_hit, mut run_len) = (end, end, 0);
        for at in (0..count).rev() {
            let block = &self.blocks[at];
            let position = self.positions[at];
            run_len = if position.run_before == 0 {
                0
            } else {
                run_len.max(position.run_before)
            };
            let run_start = at as i32 - (position.run_before - 1);
            let announced = position.run_before > 0
                && (self.ends_with_colon(run_start - 1) || self.ends_with_colon(run_start));
            self.positions[at] = Position {
                run_len,
                run_after: run_len - position.run_before,
                announced: i32::from(announced),
                to_prose_after: (next_prose - at as i32).min(MAX_DISTANCE),
                to_hit_after: (next_hit - at as i32).min(MAX_DISTANCE),
                prose_after: self.prose_blocks
                    - position.prose_before
                    - i32::from(block.shape.is_prose()),
                ..position
            };
            if block.shape.is_prose() {
                next_prose = at as i32;
            }
            if block.is_hit() {
                next_hit = at as i32;
            }
            if position.run_before == 1 {
                run_len = 0;
            }
        }
    }

    /// Returns whether the block with the index `at` ends with a colon; `false` for the index -1,
    /// before the first block.
    fn ends_with_colon(&self, at: i32) -> bool {
        at >= 0
            && self.blocks[at.unsigned_abs() as usize]
                .shape
                .ends_with_colon()
    }

    /// Returns the block that is `offset` blocks after the block with the index `at` (before it, if
    /// negative); [`Block::OUTSIDE`] if the page has no such block.
    pub(super) fn neighbor(&self, at: usize, offset: isize) -> &Block {
        at.checked_add_signed(offset)
            .and_then(|index| self.blocks.get(index))
            .unwrap_or(&Block::OUTSIDE)
    }

    /// Returns the sum of a quantity over the block with the index `at` and the blocks within
    /// `distance` of it on both sides, as far as the page has them. The cost does not depend on the
    /// distance.
    pub(super) fn sum_within(&self, at: usize, distance: usize, quantity: Sum) -> i32 {
        self.sums[(at + distance + 1).min(self.blocks.len())][quantity as usize]
            - self.sums[at.saturating_sub(distance)][quantity as usize]
    }

    /// Returns the mean of a quantity over the same blocks as [`sum_within`](Self::sum_within),
    /// rounded toward zero. At the ends of a page it is a mean of fewer blocks.
    pub(super) fn mean_within(&self, at: usize, distance: usize, quantity: Sum) -> i32 {
        let count = (at + distance + 1).min(self.blocks.len()) - at.saturating_sub(distance);
        self.sum_within(at, distance, quantity) / count.max(1) as i32
    }

    /// Returns the categories of the removing rules that match in blocks within `distance` of the
    /// block with the index `at`, one bit each. The block itself is left out. The cost grows with
    /// the distance.
    pub(super) fn categories_within(&self, at: usize, distance: usize) -> u32 {
        let end = (at + distance + 1).min(self.categories.len());
        let before = &self.categories[at.saturating_sub(distance)..at];
        let after = &self.categories[at + 1..end];
        before.iter().chain(after).fold(0, |all, some| all | some)
    }

    /// Returns 1 if a removing rule of `category` matches in another block within `distance` of the
    /// block with the index `at`, otherwise 0.
    pub(super) fn has_category_within(
        &self,
        at: usize,
        distance: usize,
        category: Category,
    ) -> i32 {
        i32::from(self.categories_within(at, distance) & (1 << category as u32) != 0)
    }
}
