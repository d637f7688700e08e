//! Invariants of cleaning, for random texts of prose, chaff and unusual characters: kept and
//! removed spans partition the source, restoration is exact, levels nest, time is linear, and
//! neither threads nor earlier documents change the result.

use dechaff::{Cleaned, Cleaner, Document, Level, Outcome, Scratch, restore};
use proptest::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Instant;

/// One cleaner per level, in the order of `Level::ALL`.
static CLEANERS: LazyLock<Vec<Cleaner>> = LazyLock::new(|| {
    Level::ALL
        .iter()
        .map(|&level| Cleaner::builder().level(level).build().unwrap())
        .collect()
});

/// One cleaner per level without the context stage, the only one whose removals need not nest.
static NESTED: LazyLock<Vec<Cleaner>> = LazyLock::new(|| nested(&["orphans", "blanks"]));

/// Those of `NESTED` without the line model, which another filter replaces.
static NESTED_RULES: LazyLock<Vec<Cleaner>> =
    LazyLock::new(|| nested(&["orphans", "blanks", "model"]));

/// Returns one cleaner per level without the rules in `skipped`.
fn nested(skipped: &[&str]) -> Vec<Cleaner> {
    Level::ALL
        .iter()
        .map(|&level| {
            Cleaner::builder()
                .level(level)
                .skip(skipped.iter().copied())
                .max_removed(1.0)
                .build()
                .unwrap()
        })
        .collect()
}

/// Lines of which texts are made.
const LINES: &[&str] = &[
    "The council voted on Monday to close the bridge for two years, and nobody objected.",
    "“I saw it fall,” said Ruth Calder, who sells bread on the quay. “It made no sound.”",
    "She had to sign up for the newsletter to read more, and to share it with nobody.",
    "Advertisement",
    "To view this video please enable JavaScript, and consider upgrading to a web\nbrowser that\n\
     supports HTML5\nvideo",
    "He left. To view this video please enable JavaScript, and consider upgrading to a web browser \
     that supports HTML5 video. She stayed.",
    "Get in touch with our news team by emailing us at desk@example.org.",
    "For more stories like this, check our news page.",
    "Facebook",
    "Twitter",
    "WhatsApp",
    "Home",
    "News",
    "Sport",
    "Related stories",
    "Ferry fares rise again in the spring",
    "Why the old pier was never rebuilt",
    "Sign\u{a0}up for our  free newsletter",
    "READ MORE: Council approves harbour tunnel",
    "12 comments",
    "5 min read",
    "© 2024 Harbour Post. All rights reserved.",
    "## What it costs",
    "---",
    "\u{feff}",
    "Cafe\u{301}\u{200b}",
    "広告",
    "",
    " ",
    "\t",
    "A man with a dog walks over the old bridge at dawn in Harbour Town every day.",
];

/// Generates texts of up to 39 lines of `LINES` or of random characters, with or without a final
/// line end.
fn text() -> impl Strategy<Value = String> {
    let line =
        prop_oneof![9 => prop::sample::select(LINES).prop_map(str::to_owned), 1 => "\\PC{0,12}"];
    let end =
        prop_oneof![6 => Just("\n"), 2 => Just("\n\n"), 1 => Just("\r\n"), 1 => Just("\n\n\n")];
    (prop::collection::vec((line, end), 0..40), any::<bool>()).prop_map(
        |(lines, has_final_line_end)| {
            let mut text: String = lines
                .iter()
                .flat_map(|(line, end)| [line.as_str(), end])
                .collect();
            if !has_final_line_end {
                text.truncate(text.trim_end_matches(['\r', '\n']).len());
            }
            text
        },
    )
}

/// Asserts the invariants that hold for every cleaned text.
fn check(source: &str, cleaned: &Cleaned<'_>) {
    let mut spans: Vec<_> = cleaned
        .kept()
        .chain(cleaned.removals().iter().map(|removal| removal.span))
        .collect();
    spans.sort_unstable();
    let joined: String = spans.iter().map(|span| &source[span.range()]).collect();
    assert_eq!(
        joined, source,
        "kept and removed spans partition the source"
    );
    let kept: String = cleaned.kept().map(|span| &source[span.range()]).collect();
    assert_eq!(kept, cleaned.text());
    assert_eq!(
        cleaned.outcome() == Outcome::Changed,
        !cleaned.removals().is_empty()
    );
    assert_eq!(
        matches!(cleaned.text(), Cow::Borrowed(_)),
        cleaned.removals().is_empty(),
        "only a changed text is copied"
    );
    let removed = cleaned.removals().iter().map(|removal| {
        (
            removal.span.start(),
            source[removal.span.range()].as_bytes(),
        )
    });
    assert_eq!(
        restore(cleaned.text().as_bytes(), removed).unwrap(),
        source.as_bytes(),
        "restoring gives the source"
    );
}

/// Returns, for each byte of `source`, whether `cleaner` removes it.
fn removed_bytes(cleaner: &Cleaner, source: &str) -> Vec<bool> {
    let document = Document::new(source).unwrap();
    let mut removed = vec![false; source.len()];
    for removal in cleaner.clean(&document, &mut Scratch::default()).removals() {
        removed[removal.span.range()].fill(true);
    }
    removed
}

/// Returns the length of the longest run of blank lines.
fn longest_gap(text: &str) -> usize {
    text.split('\n')
        .collect::<Vec<_>>()
        .chunk_by(|a, b| a.trim().is_empty() == b.trim().is_empty())
        .filter(|run| run[0].trim().is_empty())
        .map(<[_]>::len)
        .max()
        .unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_is_accounted_for(source in text()) {
        let document = Document::new(&source).unwrap();
        for cleaner in CLEANERS.iter() {
            check(&source, &cleaner.clean(&document, &mut Scratch::default()));
        }
    }

    #[test]
    fn arbitrary_characters_are_accounted_for(
        source in "(\\PC|[\\r\\n\\t\u{a0}\u{301}\u{200d}\u{feff}]){0,200}"
    ) {
        let document = Document::new(&source).unwrap();
        check(&source, &CLEANERS[2].clean(&document, &mut Scratch::default()));
    }

    #[test]
    fn reusing_a_scratch_changes_nothing(sources in prop::collection::vec(text(), 1..6)) {
        let mut scratch = Scratch::default();
        for source in &sources {
            let document = Document::new(source).unwrap();
            let fresh = CLEANERS[1].clean(&document, &mut Scratch::default());
            let used = CLEANERS[1].clean(&document, &mut scratch);
            prop_assert_eq!(fresh.removals(), used.removals());
        }
    }

    #[test]
    fn levels_nest(source in text()) {
        for cleaners in [&*NESTED, &*NESTED_RULES] {
            let removed: Vec<Vec<bool>> =
                cleaners.iter().map(|cleaner| removed_bytes(cleaner, &source)).collect();
            for (lower, higher) in removed.iter().zip(&removed[1..]) {
                let first = lower.iter().zip(higher).position(|(&low, &high)| low && !high);
                prop_assert!(first.is_none(), "byte {first:?} is removed only at the lower level");
            }
        }
    }

    #[test]
    fn runs_of_blank_lines_do_not_grow(source in text()) {
        let cleaned = CLEANERS[1].clean_text(&source);
        prop_assert!(longest_gap(&cleaned) <= longest_gap(&source).max(1), "{:?}", cleaned);
    }
}

#[test]
fn threads_sharing_a_cleaner_agree() {
    let source = LINES.join("\n\n").repeat(20);
    let document = Document::new(&source).unwrap();
    let alone = CLEANERS[1].clean(&document, &mut Scratch::default());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                assert_eq!(
                    CLEANERS[1]
                        .clean(&document, &mut Scratch::default())
                        .removals(),
                    alone.removals()
                );
            });
        }
    });
}

const STRUCTURE_FILTERS: [&str; 4] = ["footer", "links", "labels", "repeats"];

/// Returns the bytes that are removed if only the structure filters in `names` are on.
fn removed_with_filters(names: &[&str], source: &str) -> Vec<bool> {
    let skipped = STRUCTURE_FILTERS
        .into_iter()
        .filter(|name| !names.contains(name));
    let cleaner = Cleaner::builder()
        .level(Level::Thorough)
        .skip(skipped.chain(["orphans", "blanks"]))
        .build()
        .unwrap();
    removed_bytes(&cleaner, source)
}

/// Filters of a stage read one view and their marks are a union, so that switching one off does not
/// change the marks of another.
#[test]
fn filters_of_a_stage_do_not_affect_each_other() {
    let source = format!("{}\n", LINES.join("\n"));
    let all = removed_with_filters(&STRUCTURE_FILTERS, &source);
    let mut union = vec![false; source.len()];
    for name in STRUCTURE_FILTERS {
        union
            .iter_mut()
            .zip(removed_with_filters(&[name], &source))
            .for_each(|(sum, one)| *sum |= one);
    }
    assert_eq!(all, union);
}

/// Returns the score of the model's removal, in thousandths, for each byte it removes from `text`.
/// White space is left out, because a line end may be removed with either of its lines.
fn model_scores(cleaner: &Cleaner, text: &str) -> BTreeMap<usize, u16> {
    let model = cleaner.rules().find("model/line").unwrap();
    let document = Document::new(text).unwrap();
    let cleaned = cleaner.clean(&document, &mut Scratch::default());
    let removals = cleaned.removals().iter();
    removals
        .filter(|removal| removal.rule == model)
        .flat_map(|removal| {
            removal
                .span
                .range()
                .map(move |byte| (byte, removal.score.thousandths()))
        })
        .filter(|&(byte, _)| !text.as_bytes()[byte].is_ascii_whitespace())
        .collect()
}

/// The chosen rules and the level decide which bytes the model removes, but not the scores of those
/// bytes.
#[test]
fn model_scores_do_not_depend_on_options() {
    let text = "The bridge over the harbour will stay closed until Monday, the council said after \
        a meeting of two hours.\n\n\
        Engineers found cracks in two of its piers when they looked at it in March, and a third in \
        April.\n\n\
        It carries nine thousand cars a day, and the ferry that was to replace it has not come.\n\n\
        Share this\nRead more about the harbour\nRelated Topics\nHarbour\nTransport\n\
        More on this story\nFerry to replace bridge is late again\nCouncil meets over bridge\n\
        Top stories\nMost read\n";
    let model_only = Cleaner::builder()
        .level(Level::Thorough)
        .only(["model"])
        .max_removed(1.0)
        .build()
        .unwrap();
    let expected = model_scores(&model_only, text);
    assert!(!expected.is_empty());
    let pack = "[pack]\nname = 'mine'\n\
        [[rule]]\nid = 'model/line'\ndescription = 'Ours.'\ncategory = 'other'\n\
        confidence = 'certain'\noverride = true\nfilter = 'model'\n\
        examples.match = ['a', 'b']\nexamples.no_match = ['c', 'd']";
    let mut rules = dechaff::RuleSet::built_in();
    rules.add_pack(pack, "mine.toml").unwrap();
    let overridden = Cleaner::builder()
        .rules(rules)
        .level(Level::Thorough)
        .only(["model"])
        .max_removed(1.0)
        .build()
        .unwrap();
    assert_eq!(model_scores(&overridden, text), expected);
    for level in Level::ALL {
        let cleaner = Cleaner::builder()
            .level(*level)
            .skip(["share"])
            .max_removed(1.0)
            .build()
            .unwrap();
        for (byte, score) in model_scores(&cleaner, text) {
            assert_eq!(expected.get(&byte), Some(&score), "byte {byte} at {level}");
        }
    }
}

/// Returns the seconds that `cleaner` takes for `source`.
fn seconds_to_clean(cleaner: &Cleaner, source: &str) -> f64 {
    let document = Document::new(source).unwrap();
    let start = Instant::now();
    let _ = cleaner.clean(&document, &mut Scratch::default());
    start.elapsed().as_secs_f64()
}

/// These units provoke many matches, candidates or runs when they are repeated.
#[test]
fn time_is_linear_in_hostile_texts() {
    let cleaner = &CLEANERS[2];
    for unit in [
        "sign up for our ",
        "share\n",
        "Related\n",
        "“",
        "a\u{301}",
        "to view this video ",
        "- \n",
        "Read more: x\n",
        " ",
        "1 of 2 | ",
    ] {
        // A first, unmeasured run compiles the patterns that are compiled on first use.
        let _ = seconds_to_clean(cleaner, &unit.repeat(100));
        let [short, long] = [2_000, 32_000].map(|n| seconds_to_clean(cleaner, &unit.repeat(n)));
        // The text is 16 times longer; quadratic time would be 256 times. The bound leaves room for
        // a busy machine.
        assert!(
            long < short.max(0.002) * 100.0,
            "{unit:?}: {short} s, then {long} s"
        );
    }
}

#[test]
fn cleaners_rule_sets_and_documents_are_send_and_sync() {
    fn shared<T: Send + Sync>() {}
    shared::<Cleaner>();
    shared::<dechaff::RuleSet>();
    shared::<Document<'static>>();
}
