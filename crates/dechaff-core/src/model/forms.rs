//! What the forms of all blocks, the words that they share with the prose, and the structures of
//! the text tell about a page and about a block's place on it.

use super::overlap::{Form, PageForm};
use super::page::PageFeatures;
use super::stems::StemSet;
use crate::text::View;
use std::cmp::Reverse;

/// Minimum share of the blocks of a law that start with the number of a section, in thousandths.
const MIN_SECTIONS: i32 = 30;
/// Minimum number of blocks of a law.
const MIN_LAW_BLOCKS: usize = 6;
/// Minimum number of stems that a title shares with the prose below it.
const MIN_TITLE_STEMS: i32 = 2;
/// Minimum share of its stems, in thousandths.
const MIN_TITLE_OVERLAP: i32 = 300;
/// Maximum number of blocks between a sentence and the prose that it continues. Rules remove most of
/// each.
const MAX_BLOCKS_BETWEEN: usize = 2;
/// Share of a block that rules match, in thousandths, from which it does not separate a sentence from
/// the prose before.
const MOSTLY_FOUND: i32 = 500;
/// Minimum number of words of a sentence that continues prose.
const MIN_SENTENCE_WORDS: i32 = 2;

impl PageFeatures {
    /// Computes the forms of all blocks and of the page, and the overlap of each block that can be
    /// scored with the prose of the page. Needs shapes and stems.
    pub(super) fn compute_overlaps(&mut self, view: &View<'_>) {
        let (mut prose, mut prose_words) = (0, 0);
        for (at, block) in self.blocks.iter_mut().enumerate() {
            block.form = Form::new(&block.shape, view.text(block.end_line as usize - 1));
            if block.form.is_prose {
                prose += 1;
                prose_words += block.shape.words;
                self.stem_counts.add(at);
            }
        }
        let (mut sum, mut count) = (0, 0);
        let mut sums = [0; 2];
        self.overlap_sums.clear();
        for (at, block) in self.blocks.iter_mut().enumerate() {
            self.overlap_sums.push(sums);
            if block.plain_prose {
                continue;
            }
            block.overlap = self.stem_counts.overlap(at, &block.shape, block.form);
            if block.overlap.share >= 0 {
                sums = [sums[0] + block.overlap.share, sums[1] + 1];
            }
            if !block.form.is_prose && block.overlap.share >= 0 {
                sum += block.overlap.share;
                count += 1;
            }
        }
        self.overlap_sums.push(sums);
        self.form = PageForm {
            overlap: if count == 0 { -1 } else { sum / count },
            pairs: self.share_of(|form| form.is_pair),
            headings: thousandths(
                (0..self.blocks.len())
                    .filter(|&at| self.is_heading_of_prose(at))
                    .count(),
                self.blocks.len(),
            ),
            questions: self.share_of(|form| form.is_question),
            others: self.share_of(|form| !form.is_prose && !form.is_heading),
            variety: self.stem_counts.distinct() * 10 / prose_words.max(1).isqrt(),
            prose_words: prose_words / prose.max(1),
            sections: self.share_of(|form| form.is_section),
        };
        self.find_title();
    }

    /// Adds the stems of all blocks to those of a document.
    pub(super) fn add_stems(&self, stems: &mut StemSet) {
        self.stem_counts.stems().for_each(|stem| stems.insert(stem));
    }

    /// Computes the places of all blocks. Needs the lines of the blocks.
    pub(super) fn compute_places(&mut self, view: &View<'_>) {
        for found in view.structures() {
            let first = self
                .blocks
                .partition_point(|block| block.end_line as usize <= found.lines.start);
            for block in self.blocks[first..]
                .iter_mut()
                .take_while(|block| (block.first_line as usize) < found.lines.end)
            {
                let place = &mut block.place;
                let bit = 1 << found.structure as u32;
                place.structures |= bit;
                place.certain |= bit * u32::from(found.is_certain);
                place.at = block.first_line as i32 - found.lines.start as i32;
                place.len = found.lines.len() as i32;
            }
        }
    }

    /// Returns the share of the blocks whose form `is_meant` selects, in thousandths.
    fn share_of(&self, is_meant: impl Fn(Form) -> bool) -> i32 {
        let count = self
            .blocks
            .iter()
            .filter(|block| is_meant(block.form))
            .count();
        thousandths(count, self.blocks.len())
    }

    /// Returns whether the block with the index `at` looks like a heading and the next block is
    /// prose.
    pub(super) fn is_heading_of_prose(&self, at: usize) -> bool {
        self.blocks[at].form.is_heading
            && self
                .blocks
                .get(at + 1)
                .is_some_and(|next| next.form.is_prose)
    }

    /// Returns whether the page is a law: [`MIN_SECTIONS`] of its blocks start with the number of a
    /// section. What looks like furniture there is numbering.
    pub(crate) fn is_law(&self) -> bool {
        self.form.sections >= MIN_SECTIONS && self.len() >= MIN_LAW_BLOCKS
    }

    /// Returns whether rules match in next to no block of the page: less than one in a thousand. It
    /// is then likely that the page has no chaff, or is in a language without rules.
    pub(crate) fn has_no_hits(&self) -> bool {
        i64::from(self.hit_blocks) * 1000 < self.len() as i64
    }

    /// Returns whether the block with the index `at` is the title of the document: its first line,
    /// or the title above the first prose, if it can be a title. Where rules match nowhere, no menu
    /// is expected, and any heading that starts the document is a title if prose follows.
    pub(crate) fn is_title(&self, at: usize) -> bool {
        self.title == Some(at)
            || self.blocks[at].first_line == 0
                && (self.can_be_title(at) || self.has_no_hits() && self.is_heading_of_prose(at))
    }

    /// Returns whether the block with the index `at` is a sentence that continues the prose before it,
    /// such as the last one of an article: it starts with a capital and ends with a full stop, no rule
    /// matches in it, its words are rather those of prose, and there is nothing between but chaff that
    /// rules know. The chaff around it says nothing about such a sentence.
    pub(super) fn continues_prose(&self, at: usize) -> bool {
        let block = &self.blocks[at];
        block.shape.is_statement()
            && block.shape.words >= MIN_SENTENCE_WORDS
            && block.hit_share() == 0
            && block.cues == 0
            && block.word_score.sum < 0
            && self.blocks[..at]
                .iter()
                .rev()
                .take(MAX_BLOCKS_BETWEEN + 1)
                .find(|before| before.hit_share() < MOSTLY_FOUND)
                .is_some_and(|before| before.plain_prose)
    }

    /// Finds the title of the document: above the first prose, the block that shares most stems
    /// with the prose and can be a title. Needs overlaps.
    fn find_title(&mut self) {
        let first_prose = self.blocks.iter().position(|block| block.form.is_prose);
        self.title = (0..first_prose.unwrap_or(0))
            .filter(|&at| self.can_be_title(at))
            .max_by_key(|&at| {
                let block = &self.blocks[at];
                (block.form.is_top_heading, block.overlap.stems, Reverse(at))
            });
    }

    /// Returns whether a block looks like a heading and matches no rule, and either Markdown marks
    /// it as one of the first rank, or it shares [`MIN_TITLE_STEMS`] stems and
    /// [`MIN_TITLE_OVERLAP`] of all with the prose of the page.
    fn can_be_title(&self, at: usize) -> bool {
        let block = &self.blocks[at];
        block.form.is_heading
            && block.hit_share() == 0
            && (block.form.is_top_heading
                || block.overlap.stems >= MIN_TITLE_STEMS
                    && block.overlap.share >= MIN_TITLE_OVERLAP)
    }

    /// Returns the mean overlap of the blocks within `distance` of the block with the index `at`,
    /// without this block; -1 if none of them has an overlap.
    pub(super) fn overlap_within(&self, at: usize, distance: usize) -> i32 {
        let from = self.overlap_sums[at.saturating_sub(distance)];
        let to = self.overlap_sums[(at + distance + 1).min(self.blocks.len())];
        let own = [self.overlap_sums[at], self.overlap_sums[at + 1]];
        let [sum, count] = [0, 1].map(|part| to[part] - from[part] - (own[1][part] - own[0][part]));
        if count == 0 { -1 } else { sum / count }
    }
}

/// Returns a number of blocks as a share of `all`, in thousandths rounded down; 0 of no blocks.
fn thousandths(count: usize, all: usize) -> i32 {
    (count * 1000 / all.max(1)) as i32
}
