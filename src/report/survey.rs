//! A survey of a run: figures of what went, and a bounded choice of what it looked like. What is chosen follows from the
//! names of documents and the places in them alone, so that it is the same in whatever order documents come, and what is
//! kept does not grow with the corpus.

use super::{Name, escape_control};
use crate::cleaner::{Cleaned, Outcome, Removal, Veto};
use crate::pack::RuleSet;
use crate::rule::RuleId;
use crate::span::Span;
use std::collections::BTreeMap;

/// Removals shown of each rule, and saved spans of each.
pub(super) const SAMPLES: usize = 6;
/// Documents shown for each reason.
pub(super) const PAGES: usize = 25;
/// So many bytes of a document are shown.
const PAGE_BYTES: usize = 12 << 10;
/// So many bytes of a piece of a document are shown; the middle of a longer one is left out.
const PIECE_BYTES: usize = 1200;
/// So many bytes of a removal are shown among samples ...
const SAMPLE_BYTES: usize = 240;
/// ... with so many around it.
const AROUND: usize = 70;
/// So many bytes of a name are shown.
const NAME_BYTES: usize = 200;
/// Classes of the share that documents lose, beside nothing at all.
pub(super) const CLASSES: usize = 20;

/// What was found in a corpus.
#[derive(Debug, Default)]
pub struct Survey {
    pub(super) documents: u64,
    pub(super) changed: u64,
    pub(super) held: u64,
    pub(super) bytes_read: u64,
    pub(super) bytes_removed: u64,
    /// Documents that lose nothing, those that lose up to a twentieth of their bytes, up to two, and so on.
    pub(super) shares: [u64; CLASSES + 1],
    pub(super) rules: BTreeMap<RuleId, RuleSurvey>,
    pub(super) most_share: BottomK<DocumentSample>,
    pub(super) most_bytes: BottomK<DocumentSample>,
    pub(super) by_chance: BottomK<DocumentSample>,
    pub(super) most_held: BottomK<DocumentSample>,
}

/// What one rule took.
#[derive(Debug, Default)]
pub(super) struct RuleSurvey {
    /// Removed spans that it took, alone or with others, and their bytes.
    pub(super) hits: u64,
    pub(super) bytes: u64,
    /// Bytes that only this rule took.
    pub(super) sole_bytes: u64,
    /// Bytes for which it is named first. These add up to all that went.
    pub(super) own_bytes: u64,
    /// Documents of which it took something.
    pub(super) documents: u64,
    /// Spans of it that a keep rule saved.
    pub(super) saved: u64,
    pub(super) samples: BottomK<Sample>,
    pub(super) saved_samples: BottomK<Sample>,
}

/// A removal, or what was saved of one, with some text around it.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) document: String,
    pub(super) before: String,
    pub(super) text: String,
    pub(super) after: String,
    /// In thousandths.
    pub(super) score: u16,
    /// The other rules that took it, or the one that saved it.
    pub(super) others: Vec<RuleId>,
}

/// A document as it is shown.
#[derive(Clone, Debug)]
pub(super) struct DocumentSample {
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) bytes: u64,
    pub(super) removed: u64,
    pub(super) held: bool,
    pub(super) pieces: Vec<TextPiece>,
}

/// A piece of a document.
#[derive(Clone, Debug)]
pub(super) struct TextPiece {
    pub(super) text: String,
    /// What happened to it; nothing to text that nobody wanted to remove.
    pub(super) claim: Option<Claim>,
}

/// What happened to a piece of a document.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) rule: RuleId,
    pub(super) also: Vec<RuleId>,
    pub(super) score: u16,
    /// The rule that saved it.
    pub(super) saved_by: Option<RuleId>,
}

/// Those of many things that rank lowest. Things of the same rank and name are the same.
#[derive(Debug)]
pub(super) struct BottomK<T> {
    kept: BTreeMap<(u64, String), T>,
}

impl<T> Default for BottomK<T> {
    fn default() -> Self {
        Self {
            kept: BTreeMap::new(),
        }
    }
}

impl<T> BottomK<T> {
    /// Keeps a thing if it is among the lowest; it is made only then.
    pub(super) fn offer(&mut self, most: usize, rank: u64, name: &str, make: impl FnOnce() -> T) {
        let is_full = self.kept.len() >= most;
        if is_full
            && self
                .kept
                .last_key_value()
                .is_none_or(|((last, other), _)| (rank, name) >= (*last, other.as_str()))
        {
            return;
        }
        self.kept.insert((rank, name.to_owned()), make());
        if self.kept.len() > most {
            self.kept.pop_last();
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.kept.values()
    }
}

impl Survey {
    /// Adds a document.
    pub fn add(&mut self, name: &Name<'_>, cleaned: &Cleaned<'_>, rules: &RuleSet) {
        let full_name = name.to_string();
        let found: u64 = cleaned
            .found()
            .iter()
            .map(|removal| removal.span.len() as u64)
            .sum();
        let bytes = cleaned.source().len() as u64;
        let seed = hash(full_name.as_bytes());
        self.documents += 1;
        self.bytes_read += bytes;
        self.add_saved(&full_name, seed, cleaned);
        let page = || DocumentSample::new(name, cleaned, rules);
        // Of two ranks the lower one is kept: the inverse of what is to be large.
        let share = !(u128::from(found) * 1_000_000 / u128::from(bytes.max(1)));
        match cleaned.outcome() {
            Outcome::Held { .. } => {
                self.held += 1;
                self.most_held.offer(PAGES, share as u64, &full_name, page);
            }
            Outcome::Clean => self.shares[0] += 1,
            Outcome::Changed => {
                self.changed += 1;
                self.bytes_removed += found;
                let class = (found * CLASSES as u64)
                    .div_ceil(bytes.max(1))
                    .clamp(1, CLASSES as u64);
                self.shares[class as usize] += 1;
                self.add_removals(&full_name, seed, cleaned);
                self.most_share.offer(PAGES, share as u64, &full_name, page);
                self.most_bytes.offer(PAGES, !found, &full_name, page);
                self.by_chance.offer(PAGES, seed, &full_name, page);
            }
        }
    }

    fn add_removals(&mut self, name: &str, seed: u64, cleaned: &Cleaned<'_>) {
        let mut seen: Vec<RuleId> = Vec::new();
        for removal in cleaned.removals() {
            let bytes = removal.span.len() as u64;
            for rule in takers(removal) {
                let entry = self.rules.entry(rule).or_default();
                entry.hits += 1;
                entry.bytes += bytes;
                entry.sole_bytes += if removal.also.is_empty() { bytes } else { 0 };
                entry.own_bytes += if rule == removal.rule { bytes } else { 0 };
                let rank = mix(seed ^ removal.span.start() as u64);
                entry.samples.offer(SAMPLES, rank, name, || {
                    let others = takers(removal).filter(|&other| other != rule).collect();
                    Sample::new(
                        name,
                        cleaned.source(),
                        removal.span,
                        removal.score.thousandths(),
                        others,
                    )
                });
            }
            seen.extend(takers(removal));
        }
        seen.sort_unstable();
        seen.dedup();
        seen.iter()
            .for_each(|rule| self.rules.entry(*rule).or_default().documents += 1);
    }

    fn add_saved(&mut self, name: &str, seed: u64, cleaned: &Cleaned<'_>) {
        for Veto { mark, by } in cleaned.vetoed() {
            let entry = self.rules.entry(mark.rule()).or_default();
            entry.saved += 1;
            let rank = mix(seed ^ mark.span().start() as u64);
            let sample = || {
                Sample::new(
                    name,
                    cleaned.source(),
                    mark.span(),
                    mark.score().thousandths(),
                    vec![*by],
                )
            };
            entry.saved_samples.offer(SAMPLES, rank, name, sample);
        }
    }
}

/// All rules that took a removal.
fn takers(removal: &Removal) -> impl Iterator<Item = RuleId> {
    std::iter::once(removal.rule).chain(removal.also.iter().copied())
}

impl Sample {
    fn new(document: &str, source: &str, span: Span, score: u16, others: Vec<RuleId>) -> Self {
        // Text around it begins and ends with whole words, where there are words.
        let before =
            &source[source.floor_char_boundary(span.start().saturating_sub(AROUND))..span.start()];
        let is_cut = before.len() < span.start();
        let before = before
            .split_once(char::is_whitespace)
            .filter(|_| is_cut)
            .filter(|(cut, _)| cut.len() < 20)
            .map_or(before, |(_, rest)| rest);
        let after =
            &source[span.end()..source.ceil_char_boundary((span.end() + AROUND).min(source.len()))];
        let goes_on = span.end() + after.len() < source.len();
        let after = after
            .rsplit_once(char::is_whitespace)
            .filter(|_| goes_on)
            .filter(|(_, cut)| cut.len() < 20)
            .map_or(after, |(rest, _)| rest);
        Self {
            document: shorter(document, NAME_BYTES),
            before: format!(
                "{}{}",
                if is_cut { "… " } else { "" },
                escape_control(before)
            ),
            text: shorter(&source[span.range()], SAMPLE_BYTES),
            after: format!(
                "{}{}",
                escape_control(after),
                if goes_on { " …" } else { "" }
            ),
            score,
            others,
        }
    }
}

impl DocumentSample {
    fn new(name: &Name<'_>, cleaned: &Cleaned<'_>, rules: &RuleSet) -> Self {
        let mut page = Self {
            name: shorter(&name.to_string(), NAME_BYTES),
            id: name.id.map(|id| shorter(id, NAME_BYTES)),
            bytes: cleaned.source().len() as u64,
            removed: cleaned
                .found()
                .iter()
                .map(|removal| removal.span.len() as u64)
                .sum(),
            held: matches!(cleaned.outcome(), Outcome::Held { .. }),
            pieces: Vec::new(),
        };
        let mut left = PAGE_BYTES;
        let mut put = |range: std::ops::Range<usize>, claim: Option<Claim>| {
            let text = &cleaned.source()[range];
            let shown = shorter(text, PIECE_BYTES.min(left));
            left = left.saturating_sub(shown.len() + 16);
            page.pieces.push(TextPiece { text: shown, claim });
            left > 64
        };
        let mut at = 0;
        for (span, claim) in claims(cleaned, rules) {
            let start = span.start().max(at);
            if start >= span.end() {
                continue;
            }
            if (start > at && !put(at..start, None)) || !put(start..span.end(), Some(claim)) {
                break;
            }
            at = span.end();
        }
        if at < cleaned.source().len() {
            put(at..cleaned.source().len(), None);
        }
        page
    }
}

/// What was claimed of a document, in its order: what was found, and what was saved.
fn claims(cleaned: &Cleaned<'_>, rules: &RuleSet) -> Vec<(Span, Claim)> {
    let found = cleaned.found().iter().map(|removal| {
        let (rule, also, score) = (
            removal.rule,
            removal.also.clone(),
            removal.score.thousandths(),
        );
        (
            removal.span,
            Claim {
                rule,
                also,
                score,
                saved_by: None,
            },
        )
    });
    let saved = cleaned.vetoed().iter().map(|Veto { mark, by }| {
        (
            mark.span(),
            Claim {
                rule: mark.rule(),
                also: Vec::new(),
                score: mark.score().thousandths(),
                saved_by: Some(*by),
            },
        )
    });
    let mut claims: Vec<(Span, Claim)> = found.chain(saved).collect();
    claims.sort_by_key(|(span, claim)| (*span, rules.get(claim.rule).confidence, claim.rule));
    claims
}

/// A text without its middle, if it is too long, and harmless.
pub(super) fn shorter(text: &str, most: usize) -> String {
    if text.len() <= most {
        return escape_control(text);
    }
    let head = &text[..text.floor_char_boundary(most / 2)];
    let tail = &text[text.ceil_char_boundary(text.len() - most / 2)..];
    format!(
        "{} […{} bytes…] {}",
        escape_control(head),
        text.len() - head.len() - tail.len(),
        escape_control(tail)
    )
}

/// A number by chance that is the same on all machines.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    mix(bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    }))
}

/// Spreads a number over all bits.
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
    fn it_is_the_same_in_any_order_and_bounded() {
        let (one, other) = (survey(0..90), survey((0..90).rev()));
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        assert_eq!(
            (
                one.by_chance.iter().count(),
                one.documents,
                one.shares.iter().sum::<u64>()
            ),
            (PAGES, 90, 90)
        );
        assert!(
            one.rules
                .values()
                .all(|rule| rule.samples.iter().count() <= SAMPLES)
        );
        let own: u64 = one.rules.values().map(|rule| rule.own_bytes).sum();
        assert_eq!(own, one.bytes_removed);
        assert_eq!(one.most_share.iter().next().unwrap().name, "a.jsonl#0");
    }

    #[test]
    fn a_long_document_is_shown_in_part() {
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
        assert!(shown < PAGE_BYTES + 200, "{shown}");
        assert!(page.pieces.iter().any(|piece| piece.claim.is_some()));
    }
}
