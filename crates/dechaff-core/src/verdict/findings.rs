//! What was removed from a document, summed up for the risk that prose was among it.

use crate::model::ObservedBlock;

/// What removed a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remover {
    /// A rule of confidence `certain`.
    Certain,
    /// A rule of confidence `likely`.
    Likely,
    /// A rule of confidence `possible`.
    Possible,
    /// The line model.
    Model,
    /// A rule for repeated lines, or for what removals left without a purpose.
    Context,
}

/// Number of [`Remover`]s.
const REMOVERS: usize = 5;
/// Number of features of removals.
const FINDINGS: usize = 42;

/// What was removed from a document, block by block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    /// Whether a part of a block with words was removed.
    pub has_removals: bool,
    /// Lines with words.
    pub lines: i32,
    /// Those that are kept, but were almost removed.
    pub almost_lines: i32,
    words: i32,
    removed: [Removed; REMOVERS],
    /// Blocks of which less than a half is removed.
    partly: i32,
    /// Removed blocks by how unlikely it is that they are chaff: above 200, 500 and 800 thousandths.
    doubtful: [i32; 3],
    max_doubt: i32,
    /// Removed blocks that were not scored.
    unscored: i32,
    plain_prose: i32,
    structured: i32,
    overlapping: i32,
    /// Sum of the mean word weights of the removed blocks.
    word_means: i32,
    /// Removed blocks between two kept ones that are prose, and the runs that they are in.
    inside: i32,
    runs_inside: i32,
    /// All runs of removed blocks.
    runs: i32,
    /// Removed blocks since the last kept one, and whether that was prose.
    run: i32,
    after_prose: bool,
}

/// The blocks that removers of one kind removed.
#[derive(Clone, Copy, Debug, Default)]
struct Removed {
    lines: i32,
    words: i32,
    /// Sum over the lines of the probability that they are not chaff, in thousandths.
    doubt: i32,
    /// Lines that are prose by their shape.
    prose: i32,
}

impl Findings {
    /// Adds the next block of the document, of which `removed` bytes were removed, most of them by
    /// `remover`. `chaff` is the probability that it is chaff, in thousandths.
    pub(crate) fn add(
        &mut self,
        block: &ObservedBlock,
        removed: usize,
        remover: Remover,
        chaff: i32,
        is_vetoed: bool,
    ) {
        if block.words == 0 {
            return;
        }
        let lines = block.lines as i32;
        self.lines += lines;
        self.words = self.words.saturating_add(block.words);
        self.has_removals |= removed > 0;
        if removed * 2 <= block.span.len() {
            self.partly += i32::from(removed > 0);
            let is_almost = block.is_almost_removed || is_vetoed;
            self.almost_lines += if is_almost { lines } else { 0 };
            self.end_run(block);
            return;
        }
        let doubt = 1000 - chaff;
        let group = &mut self.removed[remover as usize];
        group.lines += lines;
        group.words = group.words.saturating_add(block.words);
        group.doubt = group.doubt.saturating_add(lines.saturating_mul(doubt));
        group.prose += if block.is_prose { lines } else { 0 };
        self.add_removed(block, doubt);
    }

    fn add_removed(&mut self, block: &ObservedBlock, doubt: i32) {
        for (count, least) in self.doubtful.iter_mut().zip([200, 500, 800]) {
            *count += i32::from(doubt > least);
        }
        self.max_doubt = self.max_doubt.max(doubt);
        self.unscored += i32::from(block.score == i32::MIN);
        self.plain_prose += i32::from(block.is_plain_prose);
        self.structured += i32::from(block.is_structured);
        self.overlapping += i32::from(block.overlap > 500);
        self.word_means = self.word_means.saturating_add(block.word_mean);
        self.runs += i32::from(self.run == 0);
        self.run += 1;
    }

    /// Ends the run of removed blocks before `block`, which is kept.
    fn end_run(&mut self, block: &ObservedBlock) {
        if self.run > 0 && self.after_prose && block.is_prose {
            self.inside += self.run;
            self.runs_inside += 1;
        }
        self.run = 0;
        self.after_prose = block.is_prose;
    }

    /// Returns the share of the lines with words that are kept, but were almost removed.
    pub(crate) fn almost_share(&self) -> f64 {
        f64::from(self.almost_lines) / f64::from(self.lines.max(1))
    }

    /// Returns the features of the removals, with their names.
    pub(crate) fn features(&self) -> [(&'static str, i32); FINDINGS] {
        let [certain, likely, possible, model, context] = self.removed;
        let all = self.removed.iter().fold(Removed::default(), Removed::plus);
        [
            ("certain_lines", certain.lines),
            ("certain_words", certain.words),
            ("certain_doubt", certain.doubt),
            ("certain_prose", certain.prose),
            ("likely_lines", likely.lines),
            ("likely_words", likely.words),
            ("likely_doubt", likely.doubt),
            ("likely_prose", likely.prose),
            ("possible_lines", possible.lines),
            ("possible_words", possible.words),
            ("possible_doubt", possible.doubt),
            ("possible_prose", possible.prose),
            ("model_lines", model.lines),
            ("model_words", model.words),
            ("model_doubt", model.doubt),
            ("model_prose", model.prose),
            ("context_lines", context.lines),
            ("context_words", context.words),
            ("context_doubt", context.doubt),
            ("context_prose", context.prose),
            ("lines", self.lines),
            ("words", self.words),
            ("removed_lines", all.lines),
            ("removed_words", all.words),
            ("doubt", all.doubt),
            ("almost_lines", self.almost_lines),
            ("partly", self.partly),
            ("doubtful_200", self.doubtful[0]),
            ("doubtful_500", self.doubtful[1]),
            ("doubtful_800", self.doubtful[2]),
            ("max_doubt", self.max_doubt),
            ("unscored", self.unscored),
            ("plain_prose", self.plain_prose),
            ("structured", self.structured),
            ("overlapping", self.overlapping),
            ("word_means", self.word_means),
            ("inside", self.inside),
            ("runs_inside", self.runs_inside),
            ("runs", self.runs),
            ("removed_share", thousandths(all.lines, self.lines)),
            ("removed_words_share", thousandths(all.words, self.words)),
            ("almost_share", thousandths(self.almost_lines, self.lines)),
        ]
    }
}

impl Removed {
    fn plus(self, other: &Self) -> Self {
        Self {
            lines: self.lines + other.lines,
            words: self.words.saturating_add(other.words),
            doubt: self.doubt.saturating_add(other.doubt),
            prose: self.prose + other.prose,
        }
    }
}

/// Returns a share in thousandths; 0 of nothing.
fn thousandths(part: i32, whole: i32) -> i32 {
    (i64::from(part) * 1000 / i64::from(whole.max(1))) as i32
}
