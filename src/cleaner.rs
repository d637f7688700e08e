//! The cleaner: runs the filters stage by stage over one document, protects what keep rules protect, holds what would
//! lose too much, and accounts for the rest. It knows no file, thread, clock or terminal.

use crate::document::Document;
use crate::error::Error;
#[cfg(feature = "cli")]
use crate::filter::ExplainRequest;
use crate::filter::{Filter, Scratch, Stage, filters};
use crate::fold::TextLines;
#[cfg(feature = "cli")]
use crate::mark::LineScore;
use crate::mark::{Mark, Marks, Score};
use crate::pack::RuleSet;
use crate::rule::{Category, Effect, FilterName, Level, RuleId};
use crate::span::{Span, union};
use crate::view::{View, gaps, has_word, rest_of};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// What a cleaner is to do. See [`Cleaner::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    rules: RuleSet,
    level: Level,
    only: Vec<String>,
    skip: Vec<String>,
    max_removed: f64,
    max_loss: Option<f64>,
}

impl Builder {
    /// Uses these rules instead of the built-in ones.
    #[must_use]
    pub fn rules(mut self, rules: RuleSet) -> Self {
        self.rules = rules;
        self
    }

    /// How much is removed; [`Level::Balanced`] unless said otherwise.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Removes only what answers to one of these names: of a category, a pack, a rule or a filter. Cues, protection and
    /// the tidying of layout after removals stay on.
    #[must_use]
    pub fn only<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.only.extend(names.into_iter().map(Into::into));
        self
    }

    /// Switches off what answers to one of these names. It wins over [`only`](Self::only).
    #[must_use]
    pub fn skip<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.skip.extend(names.into_iter().map(Into::into));
        self
    }

    /// A document that would lose more than this share of its bytes (0 to 1) is held: passed on whole. 0.95 unless said
    /// otherwise.
    #[must_use]
    pub fn max_removed(mut self, share: f64) -> Self {
        self.max_removed = share;
        self
    }

    /// Lets the line model remove as much as it can while rules of the chosen level and model together lose at most this
    /// share (0 to 1) of the words of prose, as it was measured on labelled pages. Without it each level has its own.
    #[must_use]
    pub fn max_loss(mut self, share: f64) -> Self {
        self.max_loss = Some(share);
        self
    }

    /// Compiles the rules.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for a name that means nothing, [`Error::Option`] for a share outside 0 to 1 or
    /// a loss that was never so low, [`Error::Model`] if the line model does not fit this version.
    pub fn build(self) -> Result<Cleaner, Error> {
        if !(0.0..=1.0).contains(&self.max_removed) {
            return Err(Error::Option(format!(
                "max-removed is a share from 0 to 1, not {}",
                self.max_removed
            )));
        }
        if let Some(share) = self.max_loss.filter(|share| !(0.0..=1.0).contains(share)) {
            return Err(Error::Option(format!(
                "max-loss is a share from 0 to 1, not {share}"
            )));
        }
        for name in self.only.iter().chain(&self.skip) {
            check_name(name, &self.rules)?;
        }
        let on: Vec<bool> = self
            .rules
            .iter()
            .map(|(_, rule)| self.is_on(rule))
            .collect();
        let filters = filters(
            &self.rules,
            &|id: RuleId| on[id.index()],
            self.level,
            self.max_loss,
        )?;
        Ok(Cleaner {
            inner: Arc::new(Inner {
                rules: self.rules,
                on,
                filters,
                max_removed: self.max_removed,
            }),
        })
    }

    fn is_on(&self, rule: &crate::rule::Rule) -> bool {
        let names = |list: &[String]| list.iter().any(|name| rule.answers_to(name));
        if names(&self.skip) {
            return false;
        }
        let wanted =
            self.only.is_empty() || names(&self.only) || rule.category == Category::Layout;
        rule.effect != Effect::Remove || (wanted && self.level.applies(rule.confidence))
    }
}

/// Whether a name means a rule, pack, category or filter.
fn check_name(name: &str, rules: &RuleSet) -> Result<(), Error> {
    let fixed = || {
        Category::ALL
            .iter()
            .map(|c| c.name())
            .chain(FilterName::ALL.iter().map(|f| f.name()))
    };
    if fixed().any(|known| known == name) || rules.iter().any(|(_, rule)| rule.answers_to(name)) {
        return Ok(());
    }
    let of_rules = rules
        .iter()
        .flat_map(|(_, rule)| [rule.name.as_str(), rule.pack()]);
    let nearest = fixed()
        .chain(of_rules)
        .map(|known| (strsim::osa_distance(name, known), known))
        .min();
    let nearest =
        nearest.filter(|(distance, known)| *distance <= known.len().max(name.len()).div_ceil(3));
    Err(Error::UnknownName {
        name: name.to_owned(),
        nearest: nearest.map(|(_, known)| known.to_owned()),
    })
}

/// A text cleaner: compiled once, shared by all threads.
///
/// ```
/// use dechaff::{Cleaner, Level};
/// let cleaner = Cleaner::builder().level(Level::Precise).build()?;
/// let text = "The bridge opens on Monday.\nAdvertisement\nIt cost four million.\n";
/// assert_eq!(cleaner.clean_text(text), "The bridge opens on Monday.\nIt cost four million.\n");
/// # Ok::<(), dechaff::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cleaner {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    rules: RuleSet,
    on: Vec<bool>,
    filters: Vec<Box<dyn Filter>>,
    max_removed: f64,
}

impl Cleaner {
    /// Starts from the built-in rules at the level `balanced`.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            rules: RuleSet::built_in(),
            level: Level::Balanced,
            only: Vec::new(),
            skip: Vec::new(),
            max_removed: 0.95,
            max_loss: None,
        }
    }

    /// The rules of this cleaner, those that are off among them.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        &self.inner.rules
    }

    /// Whether a rule is on.
    #[must_use]
    pub fn is_on(&self, rule: RuleId) -> bool {
        self.inner.on[rule.index()]
    }

    /// Cleans a text of which nothing else is known. A text that is too long for a [`Document`] comes back as it was.
    #[must_use]
    pub fn clean_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Document::new(text).map_or(Cow::Borrowed(text), |document| {
            self.clean(&document, &mut Scratch::default()).into_text()
        })
    }

    /// Cleans a document. `scratch` is best kept for the next document.
    #[must_use]
    pub fn clean<'t>(&self, document: &Document<'t>, scratch: &mut Scratch) -> Cleaned<'t> {
        self.run(document, scratch, false).1
    }

    /// How the line model judges the lines of a document, those that it takes or all, each with the features that weighed
    /// most. Nothing where it is off, or where the document is too short for it.
    #[cfg(feature = "cli")]
    pub(crate) fn judgements(
        &self,
        document: &Document<'_>,
        all: bool,
        most: usize,
        scratch: &mut Scratch,
    ) -> Vec<LineScore> {
        scratch.judging = Some(ExplainRequest {
            all,
            most,
            found: Vec::new(),
        });
        let _ = self.clean(document, scratch);
        scratch
            .judging
            .take()
            .map_or_else(Vec::new, |judging| judging.found)
    }

    /// Cleans a document and gives, beside the result, every mark that any rule made, cues and protection included.
    pub(crate) fn examine<'t>(
        &self,
        document: &Document<'t>,
        scratch: &mut Scratch,
    ) -> (Vec<Mark>, Cleaned<'t>) {
        self.run(document, scratch, true)
    }

    fn run<'t>(
        &self,
        document: &Document<'t>,
        scratch: &mut Scratch,
        all_marks: bool,
    ) -> (Vec<Mark>, Cleaned<'t>) {
        let lines = TextLines::new(document, std::mem::take(&mut scratch.lines));
        scratch.folded.clear();
        let found =
            DocumentRun::new(&self.inner, View::new(&lines), all_marks).finish(document, scratch);
        scratch.lines = lines.into_buffer();
        found
    }
}

/// One document on its way through the stages.
struct DocumentRun<'c, 'd> {
    cleaner: &'c Inner,
    view: View<'d>,
    /// What keep rules protect, with the rule, sorted.
    kept: Vec<Mark>,
    /// The length of the longest of these, in bytes.
    longest_kept: usize,
    /// Lines that were searched for what protects them.
    searched: Vec<bool>,
    applied: Vec<Mark>,
    vetoed: Vec<Veto>,
    /// Every mark that was made, as it was made; protection everywhere too, if all are wanted, and not only where something
    /// would go.
    made: Vec<Mark>,
    all_marks: bool,
}

impl<'c, 'd> DocumentRun<'c, 'd> {
    fn new(cleaner: &'c Inner, view: View<'d>, all_marks: bool) -> Self {
        Self {
            cleaner,
            searched: vec![false; view.line_count()],
            view,
            kept: Vec::new(),
            longest_kept: 0,
            applied: Vec::new(),
            vetoed: Vec::new(),
            made: Vec::new(),
            all_marks,
        }
    }

    fn finish<'t>(
        mut self,
        document: &Document<'t>,
        scratch: &mut Scratch,
    ) -> (Vec<Mark>, Cleaned<'t>) {
        let mut marks = Marks::default();
        if self.all_marks {
            self.protect(0..self.view.line_count(), &mut marks, scratch);
        }
        for stage in Stage::ALL {
            // What only makes sense after removals has nothing to do.
            if stage >= Stage::Context && self.applied.is_empty() {
                break;
            }
            for filter in self
                .cleaner
                .filters
                .iter()
                .filter(|filter| filter.stage() == stage)
            {
                filter.mark(&self.view, &mut marks, scratch);
            }
            self.apply(marks.take(), scratch);
        }
        (
            std::mem::take(&mut self.made),
            Cleaned::new(document.text(), self),
        )
    }

    /// Takes the marks of a stage: sets aside what protects, vetoes what touches it, and hides the rest.
    fn apply(&mut self, marks: Vec<Mark>, scratch: &mut Scratch) {
        if marks.is_empty() {
            return;
        }
        let rules = &self.cleaner.rules;
        let effect = |mark: &&Mark| rules.get(mark.rule()).effect;
        let mut protection = Marks::default();
        for mark in marks.iter().filter(|mark| effect(mark) == Effect::Remove) {
            self.protect(self.view.lines_of(mark.span()), &mut protection, scratch);
        }
        let protection = protection.take();
        self.keep(
            marks
                .iter()
                .filter(|mark| effect(mark) == Effect::Keep)
                .chain(&protection)
                .copied(),
        );
        for mark in &marks {
            if let Effect::Cue(cue) = rules.get(mark.rule()).effect {
                self.view.add_cue(mark.span(), cue);
            }
        }
        self.made.extend(marks.iter().chain(&protection));
        let before = self.applied.len();
        for mark in marks
            .into_iter()
            .filter(|mark| effect(&mark) == Effect::Remove)
        {
            match self.protector(mark.span()) {
                Some(by) => self.vetoed.push(Veto { mark, by }),
                None => self.applied.push(mark),
            }
        }
        if self.applied.len() > before {
            self.widen(before, &self.cut());
            let cut = self.cut();
            self.view.hide(&cut);
        }
    }

    /// Has filters look for what protects these lines, where they have not yet.
    fn protect(&mut self, lines: Range<usize>, marks: &mut Marks, scratch: &mut Scratch) {
        if self.searched[lines.clone()]
            .iter()
            .all(|&searched| searched)
        {
            return;
        }
        let lines = self.view.paragraphs(lines);
        for run in lines
            .clone()
            .collect::<Vec<_>>()
            .chunk_by(|&a, &b| self.searched[a] == self.searched[b])
        {
            let run = run[0]..run[run.len() - 1] + 1;
            if !self.searched[run.start] {
                self.cleaner
                    .filters
                    .iter()
                    .for_each(|filter| filter.protect(&self.view, run.clone(), marks, scratch));
            }
        }
        self.searched[lines].fill(true);
    }

    fn keep(&mut self, marks: impl Iterator<Item = Mark>) {
        self.kept.extend(marks);
        self.kept.sort_unstable();
        self.longest_kept = self
            .kept
            .iter()
            .map(|mark| mark.span().len())
            .max()
            .unwrap_or(0);
    }

    /// A rule that protects a part of a span.
    fn protector(&self, span: Span) -> Option<RuleId> {
        let reach = self
            .kept
            .partition_point(|mark| mark.span().start() < span.end());
        let reached = self.kept[..reach]
            .iter()
            .rev()
            .take_while(|mark| self.longest_kept + mark.span().start() > span.start());
        reached
            .filter(|mark| mark.span().overlaps(span))
            .map(|mark| mark.rule())
            .min()
    }

    fn cut(&self) -> Vec<Span> {
        let mut cut = self.applied.iter().map(|mark| mark.span()).collect();
        union(&mut cut);
        cut
    }

    /// Where the marks from `new` on leave nothing but white space and punctuation of a line, lets them take all of it.
    /// The end of a line stays where the removal began in an earlier line of which something is left, so that this is
    /// not joined with what follows.
    fn widen(&mut self, new: usize, cut: &[Span]) {
        let document = self.view.document();
        let mut more = Vec::new();
        // The last line looked at, and whether text that stays would be joined with the next line if its end went.
        let mut last: Option<(usize, bool)> = None;
        for mark in &self.applied[new..] {
            for line in
                document.line_at(mark.span().start())..=document.line_at(mark.span().end() - 1)
            {
                if last.is_some_and(|(last, _)| line <= last) {
                    continue;
                }
                let span = document.line(line);
                let cut = &cut[cut.partition_point(|cut| cut.end() <= span.start())..];
                let emptied = rest_of(document.text(), span, cut).all(|rest| !has_word(rest));
                let crossed = cut.first().is_some_and(|cut| cut.start() < span.start());
                let joined = crossed
                    && last.is_some_and(|(last, text_stays)| last + 1 == line && text_stays);
                last = Some((line, joined || !emptied));
                if emptied && self.protector(span).is_none() {
                    let line = &document.text()[span.range()];
                    let end = if joined {
                        span.start() + line.trim_end_matches(['\n', '\r']).len()
                    } else {
                        span.end()
                    };
                    more.extend(
                        gaps(Span::at(span.start(), end.max(span.start())), cut)
                            .map(|gap| mark.on(gap)),
                    );
                }
            }
        }
        self.applied.extend(more);
    }
}

/// A mark that a keep rule vetoed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Veto {
    /// What would have been removed, and by which rule.
    pub mark: Mark,
    /// The keep rule.
    pub by: RuleId,
}

/// One removed span, and the rules that took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// What was removed, in bytes of the source text.
    pub span: Span,
    /// The rule that took it; of several the surest.
    pub rule: RuleId,
    /// The other rules that took it too.
    pub also: Vec<RuleId>,
    /// How sure the mark was.
    pub score: Score,
}

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing was found.
    Clean,
    /// Something was removed.
    Changed,
    /// More would have been removed than the guard allows, so nothing was.
    Held {
        /// The share of bytes that would have gone, 0 to 1.
        share: f64,
    },
}

/// A cleaned document: what is kept, what was removed, and why.
///
/// The kept and the removed spans partition the source.
#[derive(Clone, Debug)]
pub struct Cleaned<'t> {
    source: &'t str,
    removals: Vec<Removal>,
    vetoed: Vec<Veto>,
    outcome: Outcome,
}

impl<'t> Cleaned<'t> {
    fn new(source: &'t str, run: DocumentRun<'_, '_>) -> Self {
        let removals = account(run.applied, &run.cleaner.rules);
        let bytes: usize = removals.iter().map(|removal| removal.span.len()).sum();
        let share = bytes as f64 / source.len().max(1) as f64;
        let outcome = match bytes {
            0 => Outcome::Clean,
            _ if share > run.cleaner.max_removed => Outcome::Held { share },
            _ => Outcome::Changed,
        };
        Self {
            source,
            removals,
            vetoed: run.vetoed,
            outcome,
        }
    }

    /// The cleaned text; borrowed from the source where nothing is removed.
    #[must_use]
    pub fn text(&self) -> Cow<'t, str> {
        if self.outcome != Outcome::Changed {
            return Cow::Borrowed(self.source);
        }
        let mut text = String::with_capacity(self.source.len());
        self.kept()
            .for_each(|span| text.push_str(&self.source[span.range()]));
        Cow::Owned(text)
    }

    fn into_text(self) -> Cow<'t, str> {
        self.text()
    }

    /// The source text.
    #[must_use]
    pub fn source(&self) -> &'t str {
        self.source
    }

    /// What is kept: the spans between the removals, in order.
    pub fn kept(&self) -> impl Iterator<Item = Span> + '_ {
        let starts =
            std::iter::once(0).chain(self.removals().iter().map(|removal| removal.span.end()));
        let ends = self
            .removals()
            .iter()
            .map(|removal| removal.span.start())
            .chain(std::iter::once(self.source.len()));
        starts
            .zip(ends)
            .map(|(start, end)| Span::at(start, end))
            .filter(|span| !span.is_empty())
    }

    /// What was removed: disjoint spans, in order. Nothing if the document is held.
    #[must_use]
    pub fn removals(&self) -> &[Removal] {
        if self.outcome == Outcome::Changed {
            &self.removals
        } else {
            &[]
        }
    }

    /// What was found, whether or not the document is held.
    #[must_use]
    pub fn found(&self) -> &[Removal] {
        &self.removals
    }

    /// What keep rules saved.
    #[must_use]
    pub fn vetoed(&self) -> &[Veto] {
        &self.vetoed
    }

    /// What became of the document.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }
}

/// Cuts marks that may overlap into disjoint removals, each with all rules that took it.
fn account(marks: Vec<Mark>, rules: &RuleSet) -> Vec<Removal> {
    let mut marks = marks;
    marks.sort_unstable();
    let mut edges: Vec<usize> = marks
        .iter()
        .flat_map(|mark| [mark.span().start(), mark.span().end()])
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let mut removals: Vec<Removal> = Vec::new();
    let mut active: Vec<Mark> = Vec::new();
    let mut next = 0;
    for edge in edges.windows(2) {
        active.retain(|mark| mark.span().end() > edge[0]);
        while next < marks.len() && marks[next].span().start() == edge[0] {
            active.push(marks[next]);
            next += 1;
        }
        let mut takers: Vec<Mark> = active.clone();
        takers.sort_unstable_by_key(|mark| (rules.get(mark.rule()).confidence, mark.rule()));
        takers.dedup_by_key(|mark| mark.rule());
        let Some((first, others)) = takers.split_first() else {
            continue;
        };
        let also: Vec<RuleId> = others.iter().map(|mark| mark.rule()).collect();
        match removals.last_mut() {
            Some(last)
                if last.span.end() == edge[0]
                    && (last.rule, last.score) == (first.rule(), first.score())
                    && last.also == also =>
            {
                last.span = Span::at(last.span.start(), edge[1]);
            }
            _ => removals.push(Removal {
                span: Span::at(edge[0], edge[1]),
                rule: first.rule(),
                also,
                score: first.score(),
            }),
        }
    }
    removals
}

/// Puts removed spans back: the inverse of cleaning, on bytes.
///
/// `removed` gives the start of each removed span in bytes of the *source*, in order, with the bytes that stood there.
///
/// ```
/// let source = dechaff::restore(b"one two", [(4, "and a ".as_bytes())])?;
/// assert_eq!(source, b"one and a two");
/// # Ok::<(), dechaff::Error>(())
/// ```
///
/// # Errors
/// [`Error::Restore`] if the spans are out of order or start after the end of what is restored so far.
pub fn restore<'r>(
    cleaned: &[u8],
    removed: impl IntoIterator<Item = (usize, &'r [u8])>,
) -> Result<Vec<u8>, Error> {
    let mut source = Vec::with_capacity(cleaned.len());
    let mut rest = cleaned;
    for (start, bytes) in removed {
        let missing = start.checked_sub(source.len()).filter(|&missing| missing <= rest.len()).ok_or_else(|| {
            Error::Restore(format!("the removed span at byte {start} does not fit the text; is this the record of another text?"))
        })?;
        let (kept, after) = rest.split_at(missing);
        source.extend_from_slice(kept);
        source.extend_from_slice(bytes);
        rest = after;
    }
    source.extend_from_slice(rest);
    Ok(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::NormalizedText;

    /// A document in stretches of one line loses what it loses in one piece, at every stage.
    #[test]
    fn stretches_make_no_difference() {
        let samples = [
            include_str!("../samples/harbour-bridge.txt"),
            include_str!("../samples/cup-final.txt"),
            include_str!("../samples/council-wrapped.txt"),
            include_str!("../samples/curly-and-nbsp.txt"),
        ];
        let text: String = (0..160)
            .map(|number| samples[number % 4].replace("the", ["the", "The", "a"][number % 3]))
            .collect();
        let document = Document::new(&text).unwrap();
        for level in Level::ALL {
            let cleaner = Cleaner::builder().level(*level).build().unwrap();
            let clean = |stretch: usize| {
                let mut scratch = Scratch {
                    folded: NormalizedText::in_stretches(stretch),
                    ..Scratch::default()
                };
                let (marks, cleaned) = cleaner.examine(&document, &mut scratch);
                (marks, cleaned.found().to_vec(), cleaned.vetoed().to_vec())
            };
            let whole = clean(usize::MAX >> 1);
            assert!(
                whole.1.len() > 300 && text.len() > 3 * crate::fold::REACH,
                "{} in {}",
                whole.1.len(),
                text.len()
            );
            assert!(clean(1) == whole, "{level}");
        }
    }
}
