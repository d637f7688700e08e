//! The result of cleaning a document, and how overlapping marks become disjoint removals.

use crate::mark::{Mark, Score};
use crate::rules::RuleSet;
use crate::text::Span;
use dechaff_rules::rule::RuleId;
use std::borrow::Cow;

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
    /// The rule that removed it. Of several rules, the one with the highest confidence; of those,
    /// one for the language of the document before one for no language and one for others; of those,
    /// the one with the lowest id.
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
}

impl<'t> Cleaned<'t> {
    /// Resolves the applied `marks` of a document, which may overlap and be in any order, to
    /// removals. The document is held if they cover more than the share `max_removed` of its bytes.
    /// `rules` is the set that the marks name; `vetoed` is only kept for reports. `language` returns
    /// the code of the document's language, or `None` if it is not certain.
    pub(super) fn new<'l>(
        source: &'t str,
        marks: Vec<Mark>,
        vetoed: Vec<Veto>,
        rules: &RuleSet,
        language: impl Fn() -> Option<&'l str>,
        max_removed: f64,
    ) -> Self {
        let removals = resolve_overlaps(marks, rules, language);
        let bytes: usize = removals.iter().map(|removal| removal.span.len()).sum();
        let share = bytes as f64 / source.len().max(1) as f64;
        let outcome = match bytes {
            0 => Outcome::Clean,
            _ if share > max_removed => Outcome::Held { share },
            _ => Outcome::Changed,
        };
        Self {
            source,
            removals,
            vetoed,
            outcome,
        }
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
}

/// Returns the union of `marks` as disjoint removals in order, each with all rules that removed it.
///
/// The text is cut at every start and end of a mark, so that the same marks cover all of a piece.
/// Adjacent pieces with the same rules and score become one removal. Of several marks on a piece,
/// the first in the order of [`sort_by_rule`] comes first: marks of rules A on 0..6 and B on 4..9,
/// with A the more confident, become A on 0..4, A also B on 4..6, and B on 6..9.
fn resolve_overlaps<'l>(
    mut marks: Vec<Mark>,
    rules: &RuleSet,
    language: impl Fn() -> Option<&'l str>,
) -> Vec<Removal> {
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
        let mut covering: Vec<Mark> = active.clone();
        sort_by_rule(&mut covering, rules, &language);
        covering.dedup_by_key(|mark| mark.rule());
        let Some((first, others)) = covering.split_first() else {
            continue;
        };
        let also: Vec<RuleId> = others.iter().map(|mark| mark.rule()).collect();
        match removals.last_mut() {
            Some(last)
                if last.span.end() == edge[0]
                    && (last.rule, last.score) == (first.rule(), first.score())
                    && last.also == also =>
            {
                last.span = Span::from_offsets(last.span.start(), edge[1]);
            }
            _ => removals.push(Removal {
                span: Span::from_offsets(edge[0], edge[1]),
                rule: first.rule(),
                also,
                score: first.score(),
            }),
        }
    }
    removals
}

/// Sorts marks on the same piece of text by the confidence of their rules, then by how the rules fit
/// the language of the document, then by rule. A reader sees the first rule, and understands one for
/// the language of the page best. Calls `language` only if the order can depend on it, because
/// detecting a language is slow.
fn sort_by_rule<'l>(marks: &mut [Mark], rules: &RuleSet, language: impl Fn() -> Option<&'l str>) {
    let has_language = marks.len() > 1
        && marks
            .iter()
            .any(|mark| rules.get(mark.rule()).has_language());
    let language = has_language.then(language).flatten();
    marks.sort_unstable_by_key(|mark| {
        let rule = rules.get(mark.rule());
        let fit = language.map(|code| rule.language_fit(code));
        (rule.confidence, fit, mark.rule())
    });
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
}
