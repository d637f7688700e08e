//! The result of cleaning a document, and how overlapping marks become disjoint removals.

use crate::mark::{Mark, Score};
use crate::rules::RuleSet;
use crate::steps;
use crate::text::Span;
use crate::verdict::Verdict;
use dechaff_rules::rule::{Confidence, RuleId};
use std::borrow::Cow;
use std::cmp::Reverse;

/// Maximum length of a text that is nothing but a notice, in bytes.
const MAX_NOTICE: usize = 512;

/// A mark that a keep rule vetoed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Veto {
    /// The vetoed mark: what would have been removed, and by which rule.
    pub mark: Mark,
    /// The keep rule that protects the text.
    pub by: RuleId,
}

/// A removed span, and the rules that removed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The span, in bytes of the source text.
    pub span: Span,
    /// The rule that removed it. Of several rules, the one whose matches make up most of it; of
    /// those, the one with the highest confidence; of those, one for the language of the document
    /// before one for no language and one for others.
    pub rule: RuleId,
    /// The other rules that removed it, in the same order.
    pub also: Vec<RuleId>,
    /// The score of the mark of `rule`.
    pub score: Score,
}

impl Removal {
    /// Iterates over all rules that removed the span: [`rule`](Self::rule) first, then those of
    /// [`also`](Self::also). Each rule occurs once.
    pub fn rules(&self) -> impl Iterator<Item = RuleId> + '_ {
        std::iter::once(self.rule).chain(self.also.iter().copied())
    }
}

/// What cleaning did to a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing had to be removed.
    Clean,
    /// Something was removed.
    Changed,
    /// More would have been removed than the options allow, so the document is passed through
    /// unchanged.
    Held {
        /// Share of the bytes that would have been removed, 0 to 1.
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
    verdict: Option<Verdict>,
}

impl<'t> Cleaned<'t> {
    /// Merges the `applied` marks of a document, which may overlap and be in any order, to
    /// removals. The document is held if they cover more than the share `max_removed` of its bytes.
    /// `rules` is the set that the marks name; `vetoed` is only kept for reports. `language` returns
    /// the code of the document's language, or `None` if it is not certain.
    pub(super) fn new<'l>(
        source: &'t str,
        applied: Vec<Applied>,
        vetoed: Vec<Veto>,
        rules: &RuleSet,
        language: impl Fn() -> Option<&'l str>,
        max_removed: f64,
    ) -> Self {
        let removals = merge_overlapping(applied, source, rules, language);
        let is_notice = is_notice(source, &removals, rules);
        let max_removed = if is_notice { 1.0 } else { max_removed };
        Self {
            source,
            removals: Vec::new(),
            vetoed,
            outcome: Outcome::Clean,
            verdict: None,
        }
        .with_removals(removals, max_removed)
    }

    /// Returns the result with other removals, which must be disjoint and in order. The document is
    /// held if they cover more than the share `max_removed` of its bytes.
    pub(super) fn with_removals(self, removals: Vec<Removal>, max_removed: f64) -> Self {
        let found = Self { removals, ..self };
        let share = found.share();
        let outcome = match found.found_bytes() {
            0 => Outcome::Clean,
            _ if share > max_removed => Outcome::Held { share },
            _ => Outcome::Changed,
        };
        Self { outcome, ..found }
    }

    /// Returns the result with a verdict.
    pub(super) fn with_verdict(self, verdict: Verdict) -> Self {
        let verdict = Some(verdict);
        Self { verdict, ..self }
    }

    /// Returns the cleaned text. It is borrowed from the source if nothing is removed; otherwise
    /// each call allocates it again.
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

    /// Returns the source text: the text of the document before cleaning, to which all spans refer.
    #[must_use]
    pub fn source(&self) -> &'t str {
        self.source
    }

    /// Iterates over what is kept: the spans of the source between the removals, in order, without
    /// empty ones. For a clean or held document that is the whole text.
    ///
    /// ```
    /// use dechaff_core::{Cleaner, Document, Scratch, Span};
    /// let cleaner = Cleaner::builder().build()?;
    /// let document = Document::new("It rained.\nAdvertisement\nIt poured.\n")?;
    /// let cleaned = cleaner.clean(&document, &mut Scratch::default());
    /// let kept: Vec<Span> = cleaned.kept().collect();
    /// assert_eq!(kept, [Span::new(0, 11), Span::new(25, 36)]);
    /// # Ok::<(), dechaff_core::Error>(())
    /// ```
    pub fn kept(&self) -> impl Iterator<Item = Span> + '_ {
        let mut from = 0;
        let end = Span::from_offsets(self.source.len(), self.source.len());
        let removed = self.removals().iter().map(|removal| removal.span);
        removed
            .chain(std::iter::once(end))
            .map(move |removed| {
                let kept = Span::from_offsets(from, removed.start());
                from = removed.end();
                kept
            })
            .filter(|span| !span.is_empty())
    }

    /// Returns what was removed: disjoint spans, in order. Empty if the document is held, because
    /// then nothing is removed; see [`found`](Self::found).
    #[must_use]
    pub fn removals(&self) -> &[Removal] {
        if self.outcome == Outcome::Changed {
            &self.removals
        } else {
            &[]
        }
    }

    /// Returns what the rules would remove: the same as [`removals`](Self::removals), unless the
    /// document is held. Reports use it to show why a document was held.
    #[must_use]
    pub fn found(&self) -> &[Removal] {
        &self.removals
    }

    /// Returns the number of bytes that [`found`](Self::found) covers.
    #[must_use]
    pub fn found_bytes(&self) -> usize {
        self.removals.iter().map(|removal| removal.span.len()).sum()
    }

    /// Returns the share of the bytes of the source that the rules would remove, from 0 to 1. That
    /// is also known if the document is held.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.found_bytes() as f64 / self.source.len().max(1) as f64
    }

    /// Returns the marks that keep rules vetoed, in the order of the stages. Another mark may still
    /// remove a part of such a span, if the keep rule does not touch it.
    #[must_use]
    pub fn vetoed(&self) -> &[Veto] {
        &self.vetoed
    }

    /// Returns whether the document was clean, was changed, or is held. Only a changed document
    /// differs from its source.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns the verdict on the document, or `None` if the cleaner gives none; see
    /// [`Builder::verdicts`](crate::Builder::verdicts).
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }
}

/// Whether a text is one line that certain rules remove, such as a cell of a table that holds only
/// "Share this article". There is nothing else in it that the guard could protect.
fn is_notice(source: &str, removals: &[Removal], rules: &RuleSet) -> bool {
    source.len() <= MAX_NOTICE
        && !source.trim().contains(['\n', '\r'])
        && removals
            .iter()
            .flat_map(Removal::rules)
            .all(|rule| rules.get(rule).confidence == Confidence::Certain)
}

/// A mark that was applied, or an extension of one to the rest of a line whose words it removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Applied {
    /// What is removed, for which rule.
    pub mark: Mark,
    /// Which text the span is part of, if it is only the rest of a line.
    pub rest: Option<Rest>,
}

/// The rest of a line: white space and punctuation between, before or after what marks remove of
/// it. It belongs to the same removal as its neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rest {
    /// At the start of the line: it belongs to what is removed after it.
    Before,
    /// Anywhere else: it belongs to what is removed before it.
    After,
}

/// Returns the union of the applied marks as disjoint removals in order, each with all rules that
/// made a part of it. `language` returns the code of the document's language, or `None` if it is
/// not certain; it is only called if the order of rules can depend on it.
///
/// Marks that overlap are one removal. Marks that only touch are two: here rules A and B match the
/// same notice, and C matches the next line.
///
/// ```text
/// marks     A 0..60, B 20..75, C 76..90, the line end after B 75..76
/// removals  A, also B 0..76; C 76..90
/// ```
fn merge_overlapping<'l>(
    mut applied: Vec<Applied>,
    source: &str,
    rules: &RuleSet,
    language: impl Fn() -> Option<&'l str>,
) -> Vec<Removal> {
    applied.sort_unstable_by_key(|applied| (applied.mark.span(), applied.rest));
    let mut removals = Vec::new();
    let mut rest = applied.as_slice();
    while let Some(first) = rest.first() {
        let (mut end, mut joins_next) = (first.mark.span().end(), first.rest == Some(Rest::Before));
        let mut count = 1;
        for next in &rest[1..] {
            steps::count(1);
            let start = next.mark.span().start();
            let touches_own = start == end && (joins_next || next.rest == Some(Rest::After));
            if start >= end && !touches_own {
                break;
            }
            if next.mark.span().end() >= end {
                end = next.mark.span().end();
                joins_next = next.rest == Some(Rest::Before);
            }
            count += 1;
        }
        let (group, others) = rest.split_at(count);
        let span = Span::from_offsets(first.mark.span().start(), end);
        removals.push(removal(span, group, source, rules, &language));
        rest = others;
    }
    removals
}

/// Makes the removal of `span` from the marks that overlap in it. The rule whose marks have the
/// most bytes that are not white space comes first. Of equal ones, it is that with the highest
/// confidence, then one for the language of the document before one for no language and one for
/// others: a reader sees the first rule, and understands one for the language of the page best.
fn removal<'l>(
    span: Span,
    group: &[Applied],
    source: &str,
    rules: &RuleSet,
    language: impl Fn() -> Option<&'l str>,
) -> Removal {
    if let [single] = group {
        return Removal {
            span,
            rule: single.mark.rule(),
            also: Vec::new(),
            score: single.mark.score(),
        };
    }
    // For each rule: how much its marks explain, and its best score.
    let mut parts: Vec<(RuleId, usize, Score)> = Vec::new();
    for applied in group {
        let mark = applied.mark;
        let explained = match applied.rest {
            Some(_) => 0,
            None => len_without_space(&source[mark.span().range()]),
        };
        match parts.iter_mut().find(|(rule, ..)| *rule == mark.rule()) {
            Some((_, sum, score)) => {
                *sum += explained;
                *score = (*score).max(mark.score());
            }
            None => parts.push((mark.rule(), explained, mark.score())),
        }
    }
    let has_language = parts.len() > 1
        && parts
            .iter()
            .any(|(rule, ..)| rules.get(*rule).has_language());
    let language = has_language.then(language).flatten();
    parts.sort_unstable_by_key(|&(id, explained, _)| {
        let rule = rules.get(id);
        let fit = language.map(|code| rule.language_fit(code));
        (Reverse(explained), rule.confidence, fit, id)
    });
    Removal {
        span,
        rule: parts[0].0,
        also: parts[1..].iter().map(|(rule, ..)| *rule).collect(),
        score: parts[0].2,
    }
}

/// Returns the number of bytes of `text` that are not ASCII white space.
fn len_without_space(text: &str) -> usize {
    text.bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .count()
}

#[cfg(test)]
mod tests {
    use crate::cleaner::{Cleaner, Scratch};
    use crate::text::Document;
    use dechaff_rules::CompiledRules;

    /// A pack with a rule for the line "© 2024 …".
    const PACK: &str = "
        [pack]
        name = 'NAME'
        [[rule]]
        id = 'notice'
        description = 'D.'
        category = 'copyright'
        confidence = 'certain'
        line = true
        phrase = '© {#} {1..4}'
        examples.match = ['© 2024 Harbour Post', '© 2023 Harbour Post']
        examples.no_match = ['One.', 'Two.']
    ";

    /// Returns the packs whose rules are named for the copyright line of a text, the first one first.
    fn packs(text: &str) -> Vec<String> {
        let mut rules = CompiledRules::default();
        for name in ["es", "general", "de", "en"] {
            rules.add_pack(&PACK.replace("NAME", name), name).unwrap();
        }
        let cleaner = Cleaner::builder().rules(rules.into()).build().unwrap();
        let document = Document::new(text).unwrap();
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        let [removal] = cleaned.removals() else {
            panic!("{:?}", cleaned.removals());
        };
        let names = removal
            .rules()
            .map(|id| cleaner.rules().get(id).pack().to_owned());
        names.collect()
    }

    #[test]
    fn a_text_that_is_nothing_but_a_notice_is_removed() {
        let cleaner = Cleaner::builder().build().unwrap();
        for notice in ["Share this article", " Advertisement\n"] {
            assert_eq!(cleaner.clean_text(notice).trim(), "", "{notice}");
        }
        // Several lines, or much text, can hold more than a notice.
        let long = format!("Advertisement{}", " ".repeat(600));
        for held in ["Advertisement\nShare this article\n", &long] {
            assert_eq!(cleaner.clean_text(held), held);
        }
    }

    #[test]
    fn rules_of_the_language_of_the_document_come_first() {
        let english = "The council decided on Monday to close the old bridge to traffic until the \
            end of the year, and the traders of the harbour said that it was the wrong time.\n\
            © 2024 Harbour Post\n";
        assert_eq!(packs(english), ["en", "general", "es", "de"]);
        let german = "Der Stadtrat beschloss am Montag, die alte Brücke bis zum Ende des Jahres für \
            den Verkehr zu sperren, und die Händler im Hafen hielten das für den falschen \
            Zeitpunkt.\n© 2024 Hafenblatt\n";
        assert_eq!(packs(german), ["de", "general", "es", "en"]);
        // The language of four names is not certain.
        assert_eq!(
            packs("Mara Quill\n© 2024 Hafenblatt\n"),
            ["es", "general", "de", "en"]
        );
    }

    /// Returns the removed texts of the lines, each with the ids of its rules.
    fn removals(lines: &str) -> Vec<(String, Vec<String>)> {
        let pack = "
            [pack]
            name = 'p'
            [[rule]]
            id = 'script'
            description = 'D.'
            category = 'video'
            confidence = 'certain'
            phrase = 'to view this video please enable javascript'
            examples.match = ['One.', 'Two.']
            examples.no_match = ['Three.', 'Four.']
            [[rule]]
            id = 'upgrade'
            description = 'D.'
            category = 'video'
            confidence = 'certain'
            phrase = 'enable javascript and upgrade to a browser that supports our video'
            examples.match = ['One.', 'Two.']
            examples.no_match = ['Three.', 'Four.']
            [[rule]]
            id = 'share'
            description = 'D.'
            category = 'share'
            confidence = 'certain'
            pattern = '(?i)\\b(?:share|tweet) this story\\b'
            examples.match = ['One.', 'Two.']
            examples.no_match = ['Three.', 'Four.']
        ";
        let mut rules = CompiledRules::default();
        rules.add_unlinted(pack, "p.toml").unwrap();
        let builder = Cleaner::builder().rules(rules.into());
        let cleaner = builder.max_removed(1.0).build().unwrap();
        let text = format!("It rained.\n{lines}\nIt stopped.\n");
        let document = Document::new(&text).unwrap();
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        cleaned
            .removals()
            .iter()
            .map(|removal| {
                let names = removal
                    .rules()
                    .map(|id| cleaner.rules().get(id).name.clone());
                (text[removal.span.range()].to_owned(), names.collect())
            })
            .collect()
    }

    fn expected(removals: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
        removals
            .iter()
            .map(|(text, rules)| {
                let rules = rules.iter().map(|rule| (*rule).to_owned());
                ((*text).to_owned(), rules.collect())
            })
            .collect()
    }

    #[test]
    fn overlapping_matches_are_one_removal_named_by_the_longest() {
        let notice = "To view this video please enable JavaScript\nand upgrade to a browser that \
                      supports our video!\n";
        assert_eq!(
            removals(notice.trim_end()),
            expected(&[(notice, &["p/upgrade", "p/script"])])
        );
    }

    #[test]
    fn matches_that_only_touch_are_separate_removals() {
        assert_eq!(
            removals("* Share this story\nTweet this story."),
            expected(&[
                ("* Share this story\n", &["p/share"]),
                ("Tweet this story.\n", &["p/share"])
            ])
        );
        assert_eq!(
            removals("Share this story | Tweet this story"),
            expected(&[
                ("Share this story |", &["p/share"]),
                (" Tweet this story\n", &["p/share"])
            ])
        );
    }

    #[test]
    fn no_kept_byte_is_part_of_a_removal() {
        assert_eq!(
            removals("The paper wrote: share this story (or not). Tweet this story today."),
            expected(&[
                ("share this story ", &["p/share"]),
                ("Tweet this story ", &["p/share"])
            ])
        );
    }
}
