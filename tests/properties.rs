//! The laws: removal only, everything accounted for, deterministic, restored exactly. Texts are made of prose, chaff
//! and awkward bytes in any order.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests"
)]

use dechaff::{Cleaned, Cleaner, Document, Level, Outcome, Scratch, restore};
use proptest::prelude::*;
use std::borrow::Cow;
use std::sync::LazyLock;

static CLEANERS: LazyLock<Vec<Cleaner>> = LazyLock::new(|| {
    let build = |&level: &Level| Cleaner::builder().level(level).build().unwrap();
    Level::ALL.iter().map(build).collect()
});

/// Cleaners of all levels without the context stage, which alone need not nest.
static NESTED: LazyLock<Vec<Cleaner>> = LazyLock::new(|| {
    let build = |&level: &Level| {
        Cleaner::builder()
            .level(level)
            .skip(["orphans", "blanks"])
            .max_removed(1.0)
            .build()
            .unwrap()
    };
    Level::ALL.iter().map(build).collect()
});

const LINES: &[&str] = &[
    "The council voted on Monday to close the bridge for two years, and nobody objected.",
    "“I saw it fall,” said Ruth Calder, who sells bread on the quay. “It made no sound.”",
    "She had to sign up for the newsletter to read more, and to share it with nobody.",
    "Advertisement",
    "To view this video please enable JavaScript, and consider upgrading to a web\nbrowser that\nsupports HTML5\nvideo",
    "He left. To view this video please enable JavaScript, and consider upgrading to a web browser that supports HTML5 video. She stayed.",
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

fn text() -> impl Strategy<Value = String> {
    let line =
        prop_oneof![9 => prop::sample::select(LINES).prop_map(str::to_owned), 1 => "\\PC{0,12}"];
    let end =
        prop_oneof![6 => Just("\n"), 2 => Just("\n\n"), 1 => Just("\r\n"), 1 => Just("\n\n\n")];
    (prop::collection::vec((line, end), 0..40), any::<bool>()).prop_map(|(lines, ends)| {
        let mut text: String = lines
            .iter()
            .flat_map(|(line, end)| [line.as_str(), end])
            .collect();
        if !ends {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        text
    })
}

/// The laws that hold for every cleaned text.
fn check(source: &str, cleaned: &Cleaned<'_>) {
    let mut spans: Vec<_> = cleaned
        .kept()
        .chain(cleaned.removals().iter().map(|removal| removal.span))
        .collect();
    spans.sort_unstable();
    let joined: String = spans.iter().map(|span| &source[span.range()]).collect();
    assert_eq!(joined, source, "kept and removed partition the source");
    let kept: String = cleaned.kept().map(|span| &source[span.range()]).collect();
    assert_eq!(kept, cleaned.text());
    assert_eq!(
        cleaned.outcome() == Outcome::Changed,
        !cleaned.removals().is_empty()
    );
    assert_eq!(
        matches!(cleaned.text(), Cow::Borrowed(_)),
        cleaned.removals().is_empty(),
        "clean means borrowed"
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
        "restore inverts"
    );
}

/// The longest run of blank lines.
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
    fn any_text_at_all_is_survived(source in "(\\PC|[\\r\\n\\t\u{a0}\u{301}\u{200d}\u{feff}]){0,200}") {
        let document = Document::new(&source).unwrap();
        check(&source, &CLEANERS[2].clean(&document, &mut Scratch::default()));
    }

    #[test]
    fn a_used_scratch_changes_nothing(sources in prop::collection::vec(text(), 1..6)) {
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
        let document = Document::new(&source).unwrap();
        let bytes = |cleaner: &Cleaner| {
            let cleaned = cleaner.clean(&document, &mut Scratch::default());
            let mut gone = vec![false; source.len()];
            cleaned.removals().iter().for_each(|removal| gone[removal.span.range()].fill(true));
            gone
        };
        let gone: Vec<Vec<bool>> = NESTED.iter().map(bytes).collect();
        for (less, more) in gone.iter().zip(&gone[1..]) {
            let first = less.iter().zip(more).position(|(&less, &more)| less && !more);
            prop_assert!(first.is_none(), "byte {:?} goes at a lower level only", first);
        }
    }

    #[test]
    fn no_gap_grows(source in text()) {
        let cleaned = CLEANERS[1].clean_text(&source);
        prop_assert!(longest_gap(&cleaned) <= longest_gap(&source).max(1), "{:?}", cleaned);
    }
}

#[test]
fn threads_do_not_matter() {
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
                )
            });
        }
    });
}

/// Filters of a stage read one view and their marks are a union: switching one off changes nothing about what another
/// of the same stage marks.
#[test]
fn filters_of_a_stage_do_not_see_each_other() {
    let source = format!("{}\n", LINES.join("\n"));
    let document = Document::new(&source).unwrap();
    let alone = |names: &[&str]| {
        let others = ["footer", "links", "labels", "repeats"]
            .iter()
            .filter(|name| !names.contains(name))
            .copied();
        let cleaner = Cleaner::builder()
            .level(Level::Thorough)
            .skip(others.chain(["orphans", "blanks"]))
            .build()
            .unwrap();
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        let mut gone = vec![false; source.len()];
        cleaned
            .removals()
            .iter()
            .for_each(|removal| gone[removal.span.range()].fill(true));
        gone
    };
    let all = alone(&["footer", "links", "labels", "repeats"]);
    let mut union = vec![false; source.len()];
    for name in ["footer", "links", "labels", "repeats"] {
        union
            .iter_mut()
            .zip(alone(&[name]))
            .for_each(|(sum, one)| *sum |= one);
    }
    assert_eq!(all, union);
}

/// What the model takes does not depend on which rules and level were chosen, but for what rules took before.
#[test]
fn scores_do_not_shift_with_options() {
    let text = "The bridge over the harbour will stay closed until Monday, the council said after a meeting of two hours.\n\n\
        Engineers found cracks in two of its piers when they looked at it in March, and a third in April.\n\n\
        It carries nine thousand cars a day, and the ferry that was to replace it has not come.\n\n\
        Share this\nRead more about the harbour\nRelated Topics\nHarbour\nTransport\nMore on this story\n\
        Ferry to replace bridge is late again\nCouncil meets over bridge\nTop stories\nMost read\n";
    let document = Document::new(text).unwrap();
    let scores = |cleaner: Cleaner| -> std::collections::BTreeMap<usize, u16> {
        let model = cleaner.rules().find("model/line").unwrap();
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        let taken = cleaned
            .removals()
            .iter()
            .filter(|removal| removal.rule == model);
        taken
            .flat_map(|removal| {
                removal
                    .span
                    .range()
                    .map(move |byte| (byte, removal.score.thousandths()))
            })
            .filter(|&(byte, _)| !text.as_bytes()[byte].is_ascii_whitespace()) // line ends go with one of two lines
            .collect()
    };
    let alone = scores(
        Cleaner::builder()
            .level(Level::Thorough)
            .only(["model"])
            .max_removed(1.0)
            .build()
            .unwrap(),
    );
    assert!(!alone.is_empty());
    let mut rules = dechaff::RuleSet::built_in();
    rules.add_pack("[pack]\nname = 'mine'\n[[rule]]\nid = 'model/line'\ndescription = 'Ours.'\ncategory = 'other'\nconfidence = 'certain'\noverride = true\nfilter = 'model'\nexamples.remove = ['a', 'b']\nexamples.keep = ['c', 'd']", "mine.toml").unwrap();
    let replaced = Cleaner::builder()
        .rules(rules)
        .level(Level::Thorough)
        .only(["model"])
        .max_removed(1.0)
        .build()
        .unwrap();
    assert_eq!(scores(replaced), alone);
    for level in Level::ALL {
        for (byte, score) in scores(
            Cleaner::builder()
                .level(*level)
                .skip(["share"])
                .max_removed(1.0)
                .build()
                .unwrap(),
        ) {
            assert_eq!(alone.get(&byte), Some(&score), "byte {byte} at {level}");
        }
    }
}

/// What hostile texts cost must grow with their length and no faster.
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
        let seconds = |times: usize| {
            let source = unit.repeat(times);
            let document = Document::new(&source).unwrap();
            let begun = std::time::Instant::now();
            let _ = cleaner.clean(&document, &mut Scratch::default());
            begun.elapsed().as_secs_f64()
        };
        let _ = seconds(100);
        let (short, long) = (seconds(2_000), seconds(32_000));
        // Sixteen times the text; quadratic cost would be 256 times. The bound leaves room for a busy machine.
        assert!(
            long < short.max(0.002) * 100.0,
            "{unit:?}: {short} s, then {long} s"
        );
    }
}

#[test]
fn cleaners_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Cleaner>();
    shared::<dechaff::RuleSet>();
    shared::<Document<'static>>();
}
