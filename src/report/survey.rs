//! A survey of a run, the data of the HTML report: figures, and a bounded number of samples of what
//! was removed.
//!
//! Threads add documents in any order, and a corpus may be of any size. So samples are chosen by
//! rank, and a [`BottomK`] keeps the `k` lowest: the rank is a hash of the name of the document and
//! the offset in it, or the inverse of a figure where the largest are wanted. The result is the
//! same for every order, and memory does not grow with the corpus.

use super::{Name, escape_control};
use dechaff_core::{Cleaned, FilterName, Outcome, RuleId, RuleSet, Span, Veto};
use fnv::FnvHasher;
use std::collections::BTreeMap;
use std::hash::Hasher;

/// Removals shown for each rule, and protected spans shown for each.
pub(super) const SAMPLES_PER_RULE: usize = 6;
/// Documents shown for each reason.
pub(super) const DOCUMENTS_PER_REASON: usize = 25;
/// Bytes shown of a document.
const DOCUMENT_BYTES: usize = 12 << 10;
/// Bytes shown of a piece of a document; the middle of a longer piece is left out.
const PIECE_BYTES: usize = 1200;
/// Bytes shown of a sample.
const SAMPLE_BYTES: usize = 240;
/// Bytes shown before a sample, and as many after it.
const CONTEXT_BYTES: usize = 70;
/// Bytes of a word cut at the edge of a context: if fewer are left of it, they are left out too, so
/// that the context begins or ends with a whole word. Scripts without spaces are cut anywhere.
const MAX_WORD_BYTES: usize = 20;
/// Bytes shown of a document's name or id.
const NAME_BYTES: usize = 200;
/// Classes of the share that a document loses, apart from the class of those that lose nothing.
pub(super) const SHARE_CLASSES: usize = 20;

/// The figures and samples of a corpus.
#[derive(Debug, Default)]
pub struct Survey {
    pub(super) documents: u64,
    pub(super) changed: u64,
    pub(super) held: u64,
    pub(super) bytes_read: u64,
    pub(super) bytes_removed: u64,
    /// The number of documents that lose nothing, then of those that lose up to 5 % of their bytes,
    /// up to 10 % and so on. Held documents are in none.
    pub(super) shares: [u64; SHARE_CLASSES + 1],
    pub(super) rules: BTreeMap<RuleId, RuleSurvey>,
    /// The documents that lose the largest share.
    pub(super) largest_shares: BottomK<DocumentSample>,
    /// The documents that lose most bytes.
    pub(super) most_bytes: BottomK<DocumentSample>,
    /// The documents with the lowest score of a removal by the line model.
    pub(super) least_sure: BottomK<DocumentSample>,
    /// Random documents among those that change.
    pub(super) random: BottomK<DocumentSample>,
    /// The held documents that would lose the largest share.
    pub(super) held_samples: BottomK<DocumentSample>,
}

/// The figures and samples of one rule.
#[derive(Debug, Default)]
pub(super) struct RuleSurvey {
    /// Spans that it removed, alone or together with others.
    pub(super) hits: u64,
    /// Bytes of these spans.
    pub(super) bytes: u64,
    /// Bytes that no other rule removed.
    pub(super) sole_bytes: u64,
    /// Bytes of the spans for which it is named first. Over all rules these add up to the bytes
    /// removed.
    pub(super) own_bytes: u64,
    /// Documents from which it removed something.
    pub(super) documents: u64,
    /// Spans that it would have removed, but that a keep rule protected.
    pub(super) saved: u64,
    pub(super) samples: BottomK<Sample>,
    pub(super) saved_samples: BottomK<Sample>,
}

/// A removed or protected span with the text around it, escaped and abbreviated for display.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// The name of the document.
    pub(super) document: String,
    pub(super) before: String,
    pub(super) text: String,
    pub(super) after: String,
    /// The score of the mark, in thousandths.
    pub(super) score: u16,
    /// The other rules that removed the span, or the rule that protected it.
    pub(super) others: Vec<RuleId>,
}

/// A document for display, abbreviated.
#[derive(Clone, Debug)]
pub(super) struct DocumentSample {
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) bytes: u64,
    /// Bytes that were removed, or that would have been if the document were not held.
    pub(super) removed: u64,
    pub(super) held: bool,
    /// The text in order; the end is missing if it is too long.
    pub(super) pieces: Vec<TextPiece>,
}

/// A piece of a document.
#[derive(Clone, Debug)]
pub(super) struct TextPiece {
    pub(super) text: String,
    /// The rule that removes the piece; `None` for text that no rule removes.
    pub(super) claim: Option<Claim>,
}

/// The rules that remove or protect a piece of a document.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// The rule that removes it.
    pub(super) rule: RuleId,
    /// Other rules that remove it too.
    pub(super) also: Vec<RuleId>,
    /// The score of the mark, in thousandths.
    pub(super) score: u16,
    /// The keep rule that protects it, if any.
    pub(super) saved_by: Option<RuleId>,
}

/// The `k` items of the lowest rank among those offered. Ties are broken by name, and two items
/// with the same rank and name are taken to be equal.
#[derive(Debug)]
pub(super) struct BottomK<T> {
    items: BTreeMap<(u64, String), T>,
}

impl<T> Default for BottomK<T> {
    fn default() -> Self {
        Self {
            items: BTreeMap::new(),
        }
    }
}

impl<T> BottomK<T> {
    /// Offers an item, which is kept if it is among the `k` lowest so far. `make` is called only
    /// then, since to make an item copies text.
    pub(super) fn offer(&mut self, k: usize, rank: u64, name: &str, make: impl FnOnce() -> T) {
        if self.items.len() >= k
            && self
                .items
                .last_key_value()
                .is_none_or(|((last, other), _)| (rank, name) >= (*last, other.as_str()))
        {
            return;
        }
        self.items.insert((rank, name.to_owned()), make());
        if self.items.len() > k {
            self.items.pop_last();
        }
    }

    /// Iterates over the items that are kept, the lowest rank first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.values()
    }
}

impl Survey {
    /// Adds a document that was cleaned with these rules. What a held document would have lost
    /// counts nowhere, but the document may be among the samples.
    pub fn add(&mut self, name: &Name<'_>, cleaned: &Cleaned<'_>, rules: &RuleSet) {
        let full_name = name.to_string();
        let removed = bytes_found(cleaned);
        let bytes = cleaned.source().len() as u64;
        let seed = stable_hash(full_name.as_bytes());
        self.documents += 1;
        self.bytes_read += bytes;
        self.add_saved(&full_name, seed, cleaned);
        let sample = || DocumentSample::new(name, cleaned, rules);
        // The lowest ranks are kept, so the rank is the inverse of what is to be large.
        let share_rank = !(u128::from(removed) * 1_000_000 / u128::from(bytes.max(1))) as u64;
        let k = DOCUMENTS_PER_REASON;
        match cleaned.outcome() {
            Outcome::Held { .. } => {
                self.held += 1;
                self.held_samples.offer(k, share_rank, &full_name, sample);
            }
            Outcome::Clean => self.shares[0] += 1,
            Outcome::Changed => {
                self.changed += 1;
                self.bytes_removed += removed;
                let class = (removed * SHARE_CLASSES as u64)
                    .div_ceil(bytes.max(1))
                    .clamp(1, SHARE_CLASSES as u64);
                self.shares[class as usize] += 1;
                self.add_removals(&full_name, seed, cleaned);
                self.largest_shares.offer(k, share_rank, &full_name, sample);
                self.most_bytes.offer(k, !removed, &full_name, sample);
                if let Some(score) = lowest_score(cleaned, rules) {
                    self.least_sure.offer(k, score, &full_name, sample);
                }
                self.random.offer(k, seed, &full_name, sample);
            }
        }
    }

    /// Adds the removals of a document to the figures and samples of their rules. `seed` is the
    /// hash of the document's name, which with the offset makes the rank of a sample.
    fn add_removals(&mut self, name: &str, seed: u64, cleaned: &Cleaned<'_>) {
        let mut seen: Vec<RuleId> = Vec::new();
        for removal in cleaned.removals() {
            let bytes = removal.span.len() as u64;
            for rule in removal.rules() {
                let entry = self.rules.entry(rule).or_default();
                entry.hits += 1;
                entry.bytes += bytes;
                entry.sole_bytes += if removal.also.is_empty() { bytes } else { 0 };
                entry.own_bytes += if rule == removal.rule { bytes } else { 0 };
                let rank = mix(seed ^ removal.span.start() as u64);
                entry.samples.offer(SAMPLES_PER_RULE, rank, name, || {
                    let score = removal.score.thousandths();
                    let others = removal.rules().filter(|&other| other != rule).collect();
                    Sample::new(name, cleaned.source(), removal.span, score, others)
                });
            }
            seen.extend(removal.rules());
        }
        seen.sort_unstable();
        seen.dedup();
        for rule in seen {
            self.rules.entry(rule).or_default().documents += 1;
        }
    }

    /// Adds the spans of a document that keep rules protected to the figures and samples of the
    /// rules that would have removed them. `seed` is the hash of the document's name.
    fn add_saved(&mut self, name: &str, seed: u64, cleaned: &Cleaned<'_>) {
        for Veto { mark, by } in cleaned.vetoed() {
            let entry = self.rules.entry(mark.rule()).or_default();
            entry.saved += 1;
            let rank = mix(seed ^ mark.span().start() as u64);
            entry.saved_samples.offer(SAMPLES_PER_RULE, rank, name, || {
                let score = mark.score().thousandths();
                Sample::new(name, cleaned.source(), mark.span(), score, vec![*by])
            });
        }
    }
}

/// Returns the bytes that rules remove from a document, or would remove if it is held.
fn bytes_found(cleaned: &Cleaned<'_>) -> u64 {
    cleaned
        .found()
        .iter()
        .map(|removal| removal.span.len() as u64)
        .sum()
}

/// Returns the lowest score of the removals by the line model, in thousandths; `None` if there are
/// none.
fn lowest_score(cleaned: &Cleaned<'_>, rules: &RuleSet) -> Option<u64> {
    let removals = cleaned.removals().iter();
    removals
        .filter(|removal| rules.get(removal.rule).filter() == FilterName::Model)
        .map(|removal| u64::from(removal.score.thousandths()))
        .min()
}

impl Sample {
    /// Copies a span of `source` with some text around it. `document` is the name of the document,
    /// `score` is in thousandths.
    fn new(document: &str, source: &str, span: Span, score: u16, others: Vec<RuleId>) -> Self {
        Self {
            document: abbreviate(document, NAME_BYTES),
            before: text_before(source, span.start()),
            text: abbreviate(&source[span.range()], SAMPLE_BYTES),
            after: text_after(source, span.end()),
            score,
            others,
        }
    }
}

/// Returns the last [`CONTEXT_BYTES`] of `source` before byte `end`, escaped, from the start of a
/// word if possible. An ellipsis shows that text before it is left out.
fn text_before(source: &str, end: usize) -> String {
    let text = &source[source.floor_char_boundary(end.saturating_sub(CONTEXT_BYTES))..end];
    if text.len() == end {
        return escape_control(text);
    }
    let text = text
        .split_once(char::is_whitespace)
        .filter(|(cut, _)| cut.len() < MAX_WORD_BYTES)
        .map_or(text, |(_, rest)| rest);
    format!("… {}", escape_control(text))
}

/// Returns the first [`CONTEXT_BYTES`] of `source` from byte `start` on, escaped, up to the end of
/// a word if possible. An ellipsis shows that text after it is left out.
fn text_after(source: &str, start: usize) -> String {
    let end = source.ceil_char_boundary((start + CONTEXT_BYTES).min(source.len()));
    let text = &source[start..end];
    if end == source.len() {
        return escape_control(text);
    }
    let text = text
        .rsplit_once(char::is_whitespace)
        .filter(|(_, cut)| cut.len() < MAX_WORD_BYTES)
        .map_or(text, |(rest, _)| rest);
    format!("{} …", escape_control(text))
}

impl DocumentSample {
    /// Copies a document in pieces, until [`DOCUMENT_BYTES`] are reached.
    fn new(name: &Name<'_>, cleaned: &Cleaned<'_>, rules: &RuleSet) -> Self {
        let mut sample = Self {
            name: abbreviate(&name.to_string(), NAME_BYTES),
            id: name.id.map(|id| abbreviate(id, NAME_BYTES)),
            bytes: cleaned.source().len() as u64,
            removed: bytes_found(cleaned),
            held: matches!(cleaned.outcome(), Outcome::Held { .. }),
            pieces: Vec::new(),
        };
        let source = cleaned.source();
        let mut budget = DOCUMENT_BYTES;
        let mut copied = 0;
        for (span, claim) in claims(cleaned, rules) {
            let start = span.start().max(copied);
            if start >= span.end() {
                continue;
            }
            if (start > copied && !sample.push(&source[copied..start], None, &mut budget))
                || !sample.push(&source[start..span.end()], Some(claim), &mut budget)
            {
                break;
            }
            copied = span.end();
        }
        if copied < source.len() {
            sample.push(&source[copied..], None, &mut budget);
        }
        sample
    }

    /// Appends a piece, abbreviated to what `budget` allows, and reduces `budget` by its bytes and
    /// some more for the markup. Returns whether there is room for another piece.
    fn push(&mut self, text: &str, claim: Option<Claim>, budget: &mut usize) -> bool {
        let text = abbreviate(text, PIECE_BYTES.min(*budget));
        *budget = budget.saturating_sub(text.len() + 16);
        self.pieces.push(TextPiece { text, claim });
        *budget > 64
    }
}

/// Returns the spans of a document that rules remove, and those that keep rules protect, in the
/// order of the text. Of equal spans, that of the most confident rule comes first.
fn claims(cleaned: &Cleaned<'_>, rules: &RuleSet) -> Vec<(Span, Claim)> {
    let mut claims = Vec::new();
    for removal in cleaned.found() {
        let claim = Claim {
            rule: removal.rule,
            also: removal.also.clone(),
            score: removal.score.thousandths(),
            saved_by: None,
        };
        claims.push((removal.span, claim));
    }
    for Veto { mark, by } in cleaned.vetoed() {
        let claim = Claim {
            rule: mark.rule(),
            also: Vec::new(),
            score: mark.score().thousandths(),
            saved_by: Some(*by),
        };
        claims.push((mark.span(), claim));
    }
    claims.sort_by_key(|(span, claim)| (*span, rules.get(claim.rule).confidence, claim.rule));
    claims
}

/// Returns `text` with control characters escaped. If it is longer than `max_len` bytes, its middle
/// is replaced by the number of bytes left out; the result is about `max_len` bytes long.
pub(super) fn abbreviate(text: &str, max_len: usize) -> String {
    if text.len() <= max_len {
        return escape_control(text);
    }
    let head = &text[..text.floor_char_boundary(max_len / 2)];
    let tail = &text[text.ceil_char_boundary(text.len() - max_len / 2)..];
    format!(
        "{} […{} bytes…] {}",
        escape_control(head),
        text.len() - head.len() - tail.len(),
        escape_control(tail)
    )
}

/// Returns a hash of `bytes` that is the same on all machines, so that all show the same samples:
/// FNV-1a with 64 bits, mixed so that the order of ranks does not follow the order of names.
pub(super) fn stable_hash(bytes: &[u8]) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write(bytes);
    mix(hasher.finish())
}

/// Mixes the bits of a number so that each bit of the result depends on all of them. This is the
/// last step of the generator `SplitMix64`; it maps different numbers to different numbers.
pub(super) fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cleaner, Document, Scratch};

    fn survey(order: impl Iterator<Item = u64>) -> Survey {
        let cleaner = Cleaner::builder().build().unwrap();
        let mut survey = Survey::default();
        for record in order {
            let days = (0..record).map(|day| {
                format!("It rained again on day {day} of that month, and nobody went out.\n")
            });
            let rain = days.collect::<Vec<_>>().concat();
            let text = format!("It rained.\n\nAdvertisement\n\n{rain}");
            let document = Document::new(&text).unwrap();
            let cleaned = cleaner.clean(&document, &mut Scratch::default());
            survey.add(
                &Name {
                    path: "a.jsonl",
                    record: Some(record),
                    ..Name::default()
                },
                &cleaned,
                cleaner.rules(),
            );
        }
        survey
    }

    #[test]
    fn a_survey_is_bounded_and_independent_of_order() {
        let (one, other) = (survey(0..90), survey((0..90).rev()));
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        assert_eq!(
            (
                one.random.iter().count(),
                one.documents,
                one.shares.iter().sum::<u64>()
            ),
            (DOCUMENTS_PER_REASON, 90, 90)
        );
        assert!(
            one.rules
                .values()
                .all(|rule| rule.samples.iter().count() <= SAMPLES_PER_RULE)
        );
        let own: u64 = one.rules.values().map(|rule| rule.own_bytes).sum();
        assert_eq!(own, one.bytes_removed);
        assert_eq!(one.largest_shares.iter().next().unwrap().name, "a.jsonl#0");
    }

    #[test]
    fn a_long_document_is_abbreviated() {
        let cleaner = Cleaner::builder().build().unwrap();
        let text = format!(
            "{}\nAdvertisement\n{}",
            "It rained. ".repeat(5000),
            "It stopped.\n\nAdvertisement\n\n".repeat(2000)
        );
        let document = Document::new(&text).unwrap();
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        let page = DocumentSample::new(
            &Name {
                path: "a.txt",
                ..Name::default()
            },
            &cleaned,
            cleaner.rules(),
        );
        let shown: usize = page.pieces.iter().map(|piece| piece.text.len()).sum();
        assert!(shown < DOCUMENT_BYTES + 200, "{shown}");
        assert!(page.pieces.iter().any(|piece| piece.claim.is_some()));
    }
}
