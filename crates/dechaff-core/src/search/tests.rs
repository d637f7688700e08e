//! Compares the search for all rules with each rule tried by itself.

use super::*;
use crate::text::{Document, TextLines};
use dechaff_rules::CompiledRules;

/// Asserts that the search for all rules finds the same matches of one rule in a text as
/// [`naive::find`]. Returns their number.
fn compare(search: &Search, rule: RuleId, text: &str, buffers: &mut SearchBuffers) -> usize {
    let document = Document::new(text).unwrap();
    let lines = TextLines::new(&document, Vec::new());
    let view = View::new(&lines);
    let mut found = Marks::default();
    buffers.normalized.clear();
    let mut from = 0;
    while from < view.line_count() {
        let lines = view.normalize_window(&mut buffers.normalized, from);
        from = lines.end;
        for index in [&search.index, &search.protection] {
            search.search_window(index, &view, &lines, buffers, &mut found);
        }
    }
    search.verify_line_patterns(&view, buffers, &mut found);
    search.verify_span_patterns(&view, buffers, &mut found);
    let mut found = found.take();
    found.retain(|mark| mark.rule() == rule);
    assert_eq!(
        found,
        naive::find(search, rule, &view),
        "{:?} in {text:?}",
        search.rules.get(rule)
    );
    found.len()
}

/// Searches for all rules at once in the examples of all built-in rules, in six spellings.
#[test]
fn a_search_for_all_rules_finds_what_each_rule_finds() {
    let rules = RuleSet::built_in();
    let search = Search::new(&rules, |_| true, |_| true);
    let spellings: [fn(&str) -> String; 6] = [
        str::to_owned,
        |text| text.replace('\n', "\r\n"),
        |text| text.replace(' ', "\u{a0} "),
        |text| {
            text.split(' ')
                .enumerate()
                .flat_map(|(at, word)| [word, if at % 3 == 1 { "\n" } else { " " }])
                .collect()
        },
        |text| {
            format!(
                "It rained.\n\n» {}\nIt stopped.",
                text.replace('"', "“").replace('\'', "’")
            )
        },
        |text| format!("½ {text} ™"),
    ];
    let (mut buffers, mut compared) = (SearchBuffers::default(), 0);
    let searched = rules.iter().filter(|(_, rule)| {
        matches!(
            rule.matcher,
            Matcher::Phrases { .. } | Matcher::Patterns { .. }
        )
    });
    for (id, rule) in searched {
        for example in rule
            .examples
            .matches
            .iter()
            .chain(rule.examples.non_matches.iter())
        {
            compared += spellings
                .iter()
                .map(|spell| compare(&search, id, &spell(example), &mut buffers))
                .sum::<usize>();
        }
    }
    assert!(compared > 5000, "{compared}");
}

/// Searches a document of all examples in windows of one line, of many lines, and as a whole.
#[test]
fn the_size_of_windows_does_not_change_the_matches() {
    let rules = RuleSet::built_in();
    let search = Search::new(&rules, |_| true, |_| true);
    let examples = rules.iter().flat_map(|(_, rule)| {
        rule.examples
            .matches
            .iter()
            .chain(rule.examples.non_matches.iter())
    });
    let text: String = examples
        .zip(["\n", " ", "\n\n"].iter().cycle())
        .flat_map(|(example, end)| [example, *end])
        .collect();
    let document = Document::new(&text).unwrap();
    let lines = TextLines::new(&document, Vec::new());
    let view = View::new(&lines);
    let whole = find_in_windows(&search, &view, usize::MAX >> 1);
    assert!(
        whole.len() > 1500 && text.len() > 200_000,
        "{} in {}",
        whole.len(),
        text.len()
    );
    assert!(find_in_windows(&search, &view, 1) == whole);
    assert!(find_in_windows(&search, &view, 20_000) == whole);
}

fn find_in_windows(search: &Search, view: &View<'_>, window_len: usize) -> Vec<Mark> {
    let mut buffers = SearchBuffers {
        normalized: NormalizedText::with_window(window_len),
        ..SearchBuffers::default()
    };
    search.find(view, &mut buffers)
}

/// Compares random rules on random texts, both made of the same few words: short ones that have no
/// literal, words of other scripts, words whose case mapping changes their length, and words with
/// several spellings.
#[test]
fn a_search_finds_what_each_of_random_rules_finds() {
    const WORDS: &[[&str; 2]] = &[
        ["a", "A"],
        ["ab", "aB"],
        ["read", "READ"],
        ["más", "MA\u{301}S"],
        ["straße", "STRASSE"],
        ["it's", "It’s"],
        ["新聞", "新聞"],
        ["фото", "ФОТО"],
        ["x1", "Ｘ1"],
        ["σας", "ΣΑΣ"],
        ["off", "oﬀ"],
        ["@", "@"],
    ];
    const SPACES: &[&str] = &[
        " ", " ", " ", "\n", "\r\n", "\u{a0}", "  ", "\n\n", ", ", ". ",
    ];
    let mut state = 3u64;
    let mut draw = move |bound: usize| {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        (state >> 33) as usize % bound
    };
    let (mut buffers, mut compared) = (SearchBuffers::default(), 0);
    for _ in 0..40 {
        let mut pack = String::from("[pack]\nname = 'random'\ndescription = 'Random rules.'\n");
        for number in 0..12 {
            let mut parts: Vec<String> = (0..=draw(4))
                .map(|_| WORDS[draw(WORDS.len())][0].to_owned())
                .collect();
            let (at, line) = (draw(parts.len()), draw(2) == 0);
            let other = WORDS[draw(WORDS.len())][0];
            let kind = if draw(3) == 0 { "pattern" } else { "phrase" };
            match (kind, draw(4)) {
                ("phrase", 0) => parts[at] = format!("({}|{other})", parts[at]),
                ("phrase", 1) => parts[at] = format!("{} {{..3}} {other}", parts[at]),
                ("phrase", 2) => parts.push(format!("[{other}]")),
                ("pattern", 0 | 1) => parts[at] = format!("(?:{}|{other})", parts[at]),
                ("pattern", 2) if line => parts.insert(0, r"[^\n]{0,9}".to_owned()),
                _ => {}
            }
            // A pattern has to spell out white space and case, which a phrase ignores.
            let body = if kind == "phrase" {
                parts.join(" ")
            } else {
                format!("(?i){}", parts.join(r"\s+"))
            };
            pack.push_str(&format!(
                "[[rule]]\nid = 'r{number}'\ndescription = 'Made.'\n\
                 category = 'other'\nconfidence = 'certain'\n\
                 {kind} = \"\"\"{}\"\"\"\nline = {line}\n\
                 examples.match = ['One.', 'Two.']\nexamples.no_match = ['Three.', 'Four.']\n",
                body.replace('\\', r"\\")
            ));
        }
        let mut rules = CompiledRules::default();
        rules.add_unlinted(&pack, "random").unwrap();
        let rules = RuleSet::from(rules);
        let search = Search::new(&rules, |_| true, |_| true);
        for _ in 0..12 {
            let text: String = (0..40)
                .flat_map(|_| {
                    [
                        WORDS[draw(WORDS.len())][draw(2)],
                        SPACES[draw(SPACES.len())],
                    ]
                })
                .collect();
            compared += rules
                .iter()
                .map(|(id, _)| compare(&search, id, &text, &mut buffers))
                .sum::<usize>();
        }
    }
    assert!(compared > 2000, "{compared}");
}

#[test]
fn the_example_of_the_overview_holds() {
    let pack = r#"
        [pack]
        name = "example"
        description = "The example."
        [[rule]]
        id = "get"
        description = "The example's rule."
        category = "other"
        confidence = "certain"
        phrase = "get the {..2} newsletter"
        examples.match = ["One.", "Two."]
        examples.no_match = ["Three.", "Four."]
    "#;
    let mut rules = CompiledRules::default();
    rules.add_unlinted(pack, "example").unwrap();
    let search = Search::new(&RuleSet::from(rules), |_| true, |_| false);
    let text = "It rained all day.\nGet the free\nnewsletter!\n";
    let document = Document::new(text).unwrap();
    let lines = TextLines::new(&document, Vec::new());
    let marks = search.find(&View::new(&lines), &mut SearchBuffers::default());
    assert_eq!(marks.len(), 1);
    assert_eq!(&text[marks[0].span().range()], "Get the free\nnewsletter!");
}
