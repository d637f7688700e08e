//! Draws the sample of an audit from the documents of a job.

use crate::job::observer::Observer;
use crate::report::{Audit, AuditDocument, AuditItem, AuditSide, AuditStratum, AuditTotals, Name};
use dechaff_core::audit::{Class, Sample, Sampler, Side, Unit, UnitPlace, units};
use dechaff_core::{Cleaned, Cleaner, Document, Rule, Score, Scratch};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Length from which on only an excerpt of a document is kept with a line, in bytes. The documents
/// are part of the files of an audit, and many of them are in memory until the sample is drawn.
const LONG_DOCUMENT: usize = 64 << 10;
/// Bytes of a long document that are kept before the line, and as many after it.
const EXCERPT_MARGIN: usize = 16 << 10;

/// Collects the sample. Its memory does not grow with the corpus.
#[derive(Debug)]
pub struct AuditSampler {
    cleaner: Cleaner,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    sampler: Sampler<Drawn>,
    totals: AuditTotals,
}

/// A drawn unit.
#[derive(Clone, Debug)]
struct Drawn {
    document: Arc<AuditDocument>,
    /// The item, without stratum and document.
    item: AuditItem,
}

/// What describes a sample apart from its items.
#[derive(Clone, Debug)]
pub struct AuditHead {
    /// Names of the inputs.
    pub corpus: String,
    /// The options that decide what is removed.
    pub options: String,
    /// The level.
    pub level: String,
    /// The seed of the sampler.
    pub seed: u64,
}

impl AuditSampler {
    /// Creates a sampler for the documents that `cleaner` cleans. Other seeds draw other samples.
    /// The cleaner should give verdicts, from which the kinds of pages are known.
    #[must_use]
    pub fn new(cleaner: Cleaner, seed: u64) -> Self {
        Self {
            cleaner,
            state: Mutex::new(State {
                sampler: Sampler::new(seed),
                totals: AuditTotals::default(),
            }),
        }
    }

    /// Returns the sample of up to `questions` items of the documents visited so far, and leaves an
    /// empty sampler. The caller shares the sampler with the job, so it cannot consume it.
    #[must_use]
    pub fn take(&self, head: AuditHead, questions: usize) -> Audit {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let sampler = std::mem::replace(&mut state.sampler, Sampler::new(head.seed));
        let totals = std::mem::take(&mut state.totals);
        audit(head, totals, sampler.draw(questions))
    }
}

impl Observer for AuditSampler {
    fn visit(
        &self,
        name: &Name<'_>,
        document: &Document<'_>,
        _: &Cleaned<'_>,
        scratch: &mut Scratch,
    ) -> Option<String> {
        let (scores, cleaned) = self.cleaner.scores(document, scratch);
        let units = units(&cleaned, &scores, self.cleaner.rules());
        if units.is_empty() {
            return None;
        }
        let origin = Origin {
            id: name.id,
            document,
            language: document.detect_language(),
        };
        let kind = cleaned
            .verdict()
            .map_or("other", |verdict| verdict.kind.name());
        let name_text = name.to_string();
        let mut copied: Option<Arc<AuditDocument>> = None;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.totals.documents += 1;
        let mut last_line = usize::MAX;
        for unit in units {
            state.totals.words += unit.words;
            state.totals.lines += u64::from(unit.line != last_line);
            last_line = unit.line;
            let place = UnitPlace {
                document: &name_text,
                line: unit.line,
            };
            state.sampler.offer(unit.class, place, unit.words, || {
                let mut item = item(&unit, &cleaned, &self.cleaner, kind);
                let document = if document.text().len() > LONG_DOCUMENT {
                    let (excerpt, first) = excerpt(document.text(), &unit);
                    item.line -= first;
                    let name = format!("{name_text} from line {}", first + 1);
                    Arc::new(origin.document(name, excerpt))
                } else {
                    let whole = copied.get_or_insert_with(|| {
                        Arc::new(origin.document(name_text.clone(), document.text()))
                    });
                    whole.clone()
                };
                let key = [
                    item.rule.as_deref(),
                    Some(kind),
                    document.lang.as_deref(),
                    document.site.as_deref(),
                ]
                .map(Option::unwrap_or_default)
                .join("\u{1f}");
                (key, Drawn { document, item })
            });
        }
        None
    }
}

/// What is known of the origin of a document.
struct Origin<'d, 't> {
    id: Option<&'d str>,
    document: &'d Document<'t>,
    language: Option<String>,
}

impl Origin<'_, '_> {
    fn document(&self, name: String, text: &str) -> AuditDocument {
        AuditDocument {
            name,
            id: self.id.map(str::to_owned),
            site: self.document.site().map(str::to_owned),
            host: self.document.host().map(str::to_owned),
            lang: self.language.clone(),
            text: text.to_owned(),
        }
    }
}

/// Returns the lines of a long text around a unit, and the number of lines before them.
fn excerpt<'t>(text: &'t str, unit: &Unit) -> (&'t str, usize) {
    let from = text.floor_char_boundary(unit.range.start.saturating_sub(EXCERPT_MARGIN));
    let to = text.floor_char_boundary((unit.range.end + EXCERPT_MARGIN).min(text.len()));
    let start = text[from..unit.range.start]
        .find('\n')
        .map_or(unit.range.start, |at| from + at + 1);
    let start = if from == 0 { 0 } else { start };
    let end = text[unit.range.end..to]
        .rfind('\n')
        .map_or(unit.range.end, |at| unit.range.end + at);
    let end = if to == text.len() { to } else { end };
    let before = text[start..unit.range.start].matches('\n').count();
    (&text[start..end], unit.line - before)
}

/// Makes the item of a unit.
fn item(unit: &Unit, cleaned: &Cleaned<'_>, cleaner: &Cleaner, kind: &str) -> AuditItem {
    let rule = unit.rule.map(|rule| cleaner.rules().get(rule));
    AuditItem {
        stratum: 0,
        document: 0,
        line: unit.line + 1,
        spans: removed_spans(unit, cleaned),
        words: unit.words,
        side: match unit.class.side() {
            Side::Removed => AuditSide::Removed,
            Side::Kept => AuditSide::Kept,
        },
        whole: unit.is_whole_line,
        rule: rule.map(|rule| rule.name.clone()),
        score: unit.score.map(|(score, _)| share(score)),
        threshold: unit.score.map(|(_, threshold)| share(threshold)),
        kind: kind.to_owned(),
        why: why(unit, rule),
    }
}

fn share(score: Score) -> f64 {
    f64::from(score.thousandths()) / 1000.0
}

/// Returns what is removed of the line of a unit, in code points from its start.
fn removed_spans(unit: &Unit, cleaned: &Cleaned<'_>) -> Vec<(usize, usize)> {
    let removals = cleaned.removals();
    let first = removals.partition_point(|removal| removal.span.end() <= unit.range.start);
    let touching = removals[first..]
        .iter()
        .take_while(|removal| removal.span.start() < unit.range.end);
    touching
        .map(|removal| {
            [removal.span.start(), removal.span.end()].map(|offset| {
                let offset = offset.clamp(unit.range.start, unit.range.end);
                cleaned.source()[unit.range.start..offset].chars().count()
            })
        })
        .map(|[start, end]| (start, end))
        .collect()
}

/// Says why a unit is on its side.
fn why(unit: &Unit, rule: Option<&Rule>) -> String {
    let mut text = format!("It was {}", unit.class.describe());
    if !text.contains("removed") && !text.contains("kept") && !text.contains("protected") {
        text = format!("It was kept: {}", unit.class.describe());
    }
    if let Some(rule) = rule.filter(|_| !is_model(unit.class)) {
        text.push_str(&format!(
            ". The rule is {} ({}): {}",
            rule.name,
            rule.confidence,
            rule.description.trim_end_matches('.')
        ));
    }
    if let Some((score, threshold)) = unit.score {
        text.push_str(&format!(
            ". The line model is {:.1} % sure that it is chaff; more than {:.1} % is enough here",
            100.0 * share(score),
            100.0 * share(threshold)
        ));
    }
    text.push('.');
    text
}

fn is_model(class: Class) -> bool {
    matches!(
        class,
        Class::ModelFar | Class::ModelMiddle | Class::ModelNear
    )
}

/// Makes an audit of a sample. The documents are numbered in the order in which the items name
/// them.
fn audit(head: AuditHead, totals: AuditTotals, sample: Sample<Drawn>) -> Audit {
    let mut documents: Vec<Arc<AuditDocument>> = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut items = Vec::with_capacity(sample.items.len());
    for sampled in sample.items {
        let Drawn { document, item } = sampled.payload;
        let number = *numbers.entry(document.name.clone()).or_insert_with(|| {
            documents.push(document);
            documents.len() - 1
        });
        items.push(AuditItem {
            stratum: sampled.stratum,
            document: number,
            ..item
        });
    }
    let documents: Vec<AuditDocument> = documents.into_iter().map(Arc::unwrap_or_clone).collect();
    let strata = sample.strata.into_iter().map(|stratum| AuditStratum {
        name: stratum.class.describe().to_owned(),
        side: match stratum.class.side() {
            Side::Removed => AuditSide::Removed,
            Side::Kept => AuditSide::Kept,
        },
        words: stratum.words,
        lines: stratum.units,
        picks: stratum.picks,
    });
    Audit {
        dechaff: env!("CARGO_PKG_VERSION").to_owned(),
        audit: identity(&head, &items, &documents),
        corpus: head.corpus,
        options: head.options,
        level: head.level,
        seed: head.seed,
        totals,
        strata: strata.collect(),
        items,
        documents,
    }
}

/// Returns a hash of what was drawn, which identifies the sample.
fn identity(head: &AuditHead, items: &[AuditItem], documents: &[AuditDocument]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(head.options.as_bytes());
    hasher.update(head.seed.to_le_bytes());
    for document in documents {
        hasher.update(document.name.as_bytes());
        hasher.update(document.text.as_bytes());
    }
    for item in items {
        hasher.update((item.document as u64).to_le_bytes());
        hasher.update((item.line as u64).to_le_bytes());
        hasher.update([item.side as u8]);
    }
    let digest = hasher.finalize();
    data_encoding::HEXLOWER.encode(&digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;
    use dechaff_core::RuleSet;

    #[test]
    fn an_excerpt_has_whole_lines_and_the_line_of_the_unit() {
        let cleaner = Cleaner::builder()
            .rules(RuleSet::default())
            .build()
            .unwrap();
        let text = (0..20_000).fold(String::new(), |text, n| text + &format!("Line {n} é.\n"));
        let document = Document::new(&text).unwrap();
        let (scores, cleaned) = cleaner.scores(&document, &mut Scratch::default());
        let units = units(&cleaned, &scores, cleaner.rules());
        for index in [0, 1, 9_999, 19_998, 19_999] {
            let unit = &units[index];
            let (excerpt, first) = excerpt(&text, unit);
            assert!(excerpt.len() <= 2 * EXCERPT_MARGIN + 64);
            let line = excerpt.split('\n').nth(unit.line - first).unwrap();
            assert_eq!(line, format!("Line {index} é."));
            let begin = excerpt.split('\n').next().unwrap();
            assert_eq!(begin, format!("Line {first} é."));
        }
    }
}
