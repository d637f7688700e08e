//! The design's house rules, held by tests: who may import whom, and that nothing is left out of a list.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// For each room those that it may use; `error` is open to all.
const TABLE: &[(&str, &[&str])] = &[
    ("span", &[]),
    ("document", &["language", "span"]),
    ("language", &[]),
    ("guess", &[]),
    ("rule", &["span", "texts"]),
    ("mark", &["rule", "span"]),
    ("fold", &["document", "span"]),
    ("rarity", &[]),
    ("expression", &[]),
    ("automaton", &["expression"]),
    ("texts", &[]),
    ("phrase", &["rarity", "fold"]),
    ("view", &["fold", "guess", "rule", "document", "span"]),
    ("prepare", &["rarity", "phrase", "fold", "rule", "texts"]),
    (
        "pack",
        &[
            "prepare", "phrase", "fold", "language", "rule", "mark", "document", "span",
        ],
    ),
    ("built_in", &["expression", "pack"]),
    (
        "model",
        &["view", "fold", "rule", "mark", "document", "span"],
    ),
    (
        "filter",
        &[
            "automaton",
            "expression",
            "built_in",
            "texts",
            "model",
            "prepare",
            "pack",
            "view",
            "rarity",
            "phrase",
            "fold",
            "rule",
            "mark",
            "document",
            "span",
        ],
    ),
    (
        "cleaner",
        &[
            "filter", "fold", "pack", "view", "rule", "mark", "document", "span",
        ],
    ),
    (
        "verify",
        &[
            "cleaner", "filter", "pack", "phrase", "fold", "rule", "mark", "document", "span",
        ],
    ),
    (
        "io",
        &["verify", "cleaner", "rule", "mark", "document", "span"],
    ),
    (
        "report",
        &[
            "texts", "verify", "cleaner", "pack", "view", "rule", "mark", "document", "span",
        ],
    ),
    (
        "job",
        &[
            "model", "io", "report", "verify", "cleaner", "filter", "pack", "view", "rule", "mark",
            "document", "span",
        ],
    ),
    (
        "cli",
        &[
            "built_in", "job", "io", "report", "verify", "cleaner", "filter", "pack", "view",
            "rule", "mark", "document", "span",
        ],
    ),
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found)
        } else {
            found.push(path)
        }
    }
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let table: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    for path in paths {
        let relative = path.strip_prefix(&root).unwrap();
        let room = relative
            .iter()
            .next()
            .unwrap()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        if matches!(room, "main" | "lib" | "error") {
            continue;
        }
        let allowed = table
            .get(room)
            .unwrap_or_else(|| panic!("the room '{room}' is not in the table"));
        let source = fs::read_to_string(&path).unwrap();
        let code = source.split("#[cfg(test)]").next().unwrap();
        for used in code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| line.split("crate::").skip(1))
        {
            let name: String = used
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            let fine = name.is_empty()
                || name == room
                || name == "error"
                || name == "restore"
                || allowed.contains(&name.as_str());
            assert!(
                fine,
                "{} uses {name}, which {room} must not",
                relative.display()
            );
        }
    }
}

#[test]
fn every_pack_is_built_in_and_every_file_says_its_job() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = dechaff::RuleSet::built_in();
    let mut packs = Vec::new();
    sources(&root.join("rules"), &mut packs);
    for path in packs {
        let pack = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            rules.iter().any(|(_, rule)| rule.pack() == pack),
            "{} is not built in",
            path.display()
        );
    }
    let mut paths = Vec::new();
    sources(&root.join("src"), &mut paths);
    for path in paths
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
    {
        assert!(
            fs::read_to_string(path).unwrap().starts_with("//! "),
            "{} does not say its job",
            path.display()
        );
    }
}
