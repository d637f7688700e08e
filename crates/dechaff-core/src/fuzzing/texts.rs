//! What must hold for every text at every level: kept and removed spans partition it, restoring is
//! exact, a higher level removes no less, and neither earlier documents nor the size of windows
//! change the result.
//!
//! The first byte of an input selects what is compared, and the second one what is known of the
//! document; the rest is the text.

use crate::model::ExplainOptions;
use crate::text::NormalizedText;
use crate::{Cleaned, Cleaner, Document, Effect, Level, Outcome, RuleSet, Scratch, restore};
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::LazyLock;

/// One cleaner per level without the context stage, the only one whose removals need not nest, and
/// without the line model, which takes most of the time.
static NESTED: LazyLock<Vec<Cleaner>> = LazyLock::new(|| cleaners(&["orphans", "blanks", "model"]));
/// The same with the line model.
static NESTED_WITH_MODEL: LazyLock<Vec<Cleaner>> =
    LazyLock::new(|| cleaners(&["orphans", "blanks"]));
/// One cleaner per level without the line model.
static WITHOUT_MODEL: LazyLock<Vec<Cleaner>> = LazyLock::new(|| cleaners(&["model"]));
/// The cleaners that the levels stand for.
static DEFAULT: LazyLock<Vec<Cleaner>> = LazyLock::new(|| {
    Level::ALL
        .iter()
        .map(|&level| Cleaner::builder().level(level).build().unwrap())
        .collect()
});

/// Codes of languages that a document may be said to have.
const LANGUAGES: [&str; 4] = ["en", "de", "ja", "xx"];

thread_local! {
    /// Buffers that are used for all inputs: with windows of the usual size, and of one line.
    static SCRATCHES: RefCell<[Scratch; 2]> = RefCell::new([Scratch::default(), one_line()]);
}

/// Builds one cleaner per level that skips what has one of `names` and holds no document.
fn cleaners(names: &[&str]) -> Vec<Cleaner> {
    let build = |&level: &Level| {
        let builder = Cleaner::builder().level(level).max_removed(1.0);
        builder.skip(names.iter().copied()).build().unwrap()
    };
    Level::ALL.iter().map(build).collect()
}

/// Makes buffers with windows of one line.
fn one_line() -> Scratch {
    let mut scratch = Scratch::default();
    scratch.search.normalized = NormalizedText::with_window(1);
    scratch
}

/// Checks a text. See the description of the module.
pub fn check(data: &[u8]) {
    let [mode, known, text @ ..] = data else {
        return;
    };
    let text = String::from_utf8_lossy(text);
    let mut document = Document::new(&text).expect("the text is short");
    if known & 1 != 0 {
        document = document.with_language(LANGUAGES[usize::from(known >> 1) % 4]);
    }
    if known & 8 != 0 {
        document = document.with_url("https://www.example.org/news/1");
    }
    let level = usize::from(mode % 3);
    // The line model and new buffers take most of the time, so few inputs use them.
    SCRATCHES.with_borrow_mut(|scratches| match mode {
        0..=243 => {
            let (low, high) = [(0, 1), (1, 2), (0, 2)][level];
            check_nested(&NESTED[low], &NESTED[high], &document, scratches);
        }
        244..=249 => {
            let cleaners = &NESTED_WITH_MODEL[level.min(1)..][..2];
            check_nested(&cleaners[0], &cleaners[1], &document, scratches);
        }
        250..=252 => check_cleaner(&WITHOUT_MODEL[level], &document, &mut scratches[0]),
        _ => check_cleaner(&DEFAULT[level], &document, &mut scratches[0]),
    });
}

/// Checks two levels, and that the higher one removes what the lower one removes. The second is
/// cleaned in windows of one line, too.
fn check_nested(
    low: &Cleaner,
    high: &Cleaner,
    document: &Document<'_>,
    [scratch, one_line]: &mut [Scratch; 2],
) {
    let (lower, higher) = (low.clean(document, scratch), high.clean(document, scratch));
    check_accounts(low.rules(), &lower);
    check_accounts(high.rules(), &higher);
    let (lower, higher) = (removed(&lower), removed(&higher));
    let lost = lower
        .iter()
        .zip(&higher)
        .position(|(&low, &high)| low && !high);
    assert_eq!(lost, None, "this byte is removed at the lower level only");
    let again = high.clean(document, one_line);
    assert_eq!(removed(&again), higher, "windows of one line");
}

/// Checks one cleaner: its result, the same with new buffers, and that of an explanation.
fn check_cleaner(cleaner: &Cleaner, document: &Document<'_>, scratch: &mut Scratch) {
    let cleaned = cleaner.clean(document, scratch);
    check_accounts(cleaner.rules(), &cleaned);
    let fresh = cleaner.clean(document, &mut Scratch::default());
    assert_eq!(fresh.found(), cleaned.found(), "new buffers");
    assert_eq!(fresh.outcome(), cleaned.outcome());
    let options = ExplainOptions {
        all_lines: true,
        max_features: 2,
    };
    let explained = cleaner.explain(document, &options, scratch);
    assert_eq!(explained.cleaned.found(), cleaned.found(), "explained");
}

/// Checks that what is kept and removed partitions the source, and that restoring gives it back.
pub(super) fn check_accounts(rules: &RuleSet, cleaned: &Cleaned<'_>) {
    let source = cleaned.source();
    let mut spans: Vec<_> = cleaned
        .kept()
        .chain(cleaned.removals().iter().map(|removal| removal.span))
        .collect();
    spans.sort_unstable();
    let mut end = 0;
    for span in spans {
        assert!(span.start() == end && !span.is_empty(), "{span:?}");
        assert!(source.is_char_boundary(span.end()), "{span:?}");
        end = span.end();
    }
    assert_eq!(end, source.len());
    let kept: String = cleaned.kept().map(|span| &source[span.range()]).collect();
    assert_eq!(kept, cleaned.text());
    let is_changed = cleaned.outcome() == Outcome::Changed;
    assert_eq!(is_changed, !cleaned.removals().is_empty());
    assert_eq!(is_changed, matches!(cleaned.text(), Cow::Owned(_)));
    for removal in cleaned.removals() {
        assert!(!removal.also.contains(&removal.rule));
        for rule in removal.rules() {
            assert_eq!(rules.get(rule).effect, Effect::Remove);
        }
    }
    let removed = cleaned.removals().iter().map(|removal| {
        let range = removal.span.range();
        (range.start, source[range].as_bytes())
    });
    let restored = restore(kept.as_bytes(), removed).expect("the removals fit");
    assert!(restored == source.as_bytes(), "restoring gives the source");
}

/// Returns for each byte of the source whether it is removed.
fn removed(cleaned: &Cleaned<'_>) -> Vec<bool> {
    let mut removed = vec![false; cleaned.source().len()];
    for removal in cleaned.removals() {
        removed[removal.span.range()].fill(true);
    }
    removed
}

/// Returns examples of all rules, alone and several in a text.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let rules = RuleSet::built_in();
    let mut seeds = Vec::new();
    let mut page = String::new();
    for (number, (_, rule)) in rules.iter().enumerate() {
        let examples = [&rule.examples.matches, &rule.examples.non_matches];
        for example in examples.into_iter().filter_map(|list| list.iter().next()) {
            seeds.push([&[seeds.len() as u8, number as u8], example.as_bytes()].concat());
            page.push_str(example);
            page.push_str(["\n", "\n\n", " ", "\r\n"][number % 4]);
        }
        if page.len() > 300 {
            seeds.push([&[number as u8, 0], page.as_bytes()].concat());
            page.clear();
        }
    }
    seeds
}
