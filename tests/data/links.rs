//! Links between pages of the documentation. Some lead to files outside the package.

use crate::{checkout_trial, root};
use libtest_mimic::Trial;
use std::fs;

/// The pages with links outside `docs/`, and the index of the pages about rules. Those pages
/// themselves link only to the index, and have brackets in code.
const PAGES: &[&str] = &[
    "README.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "docs/rules/README.md",
];

/// Returns the tests of this module.
pub fn trials() -> Vec<Trial> {
    vec![
        checkout_trial(
            "links::links_between_pages_resolve",
            links_between_pages_resolve,
        ),
        checkout_trial("links::promises_name_tests", promises_name_tests),
    ]
}

fn links_between_pages_resolve() {
    let pages = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for path in pages.chain(PAGES.iter().map(|name| root().join(name))) {
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        for target in fs::read_to_string(&path)
            .unwrap()
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = target.split('#').next().unwrap();
            let resolves = target.is_empty()
                || target.contains(':')
                || path.parent().unwrap().join(target).exists();
            assert!(resolves, "{} links to {target}", path.display());
        }
    }
}

/// Every promise names tests, and all of them exist.
fn promises_name_tests() {
    let sources: String = ["tests/integration", "tests/data"]
        .iter()
        .flat_map(|directory| fs::read_dir(root().join(directory)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .chain([root().join("src/cli/clean/tests.rs")])
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let page = fs::read_to_string(root().join("docs/promises.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    for row in rows.filter(|row| !row.starts_with("| promise")) {
        let mut names = row.split('`').skip(1).step_by(2).peekable();
        assert!(names.peek().is_some(), "no test is named: {row}");
        for name in names.filter(|name| name.len() > 20 && name.contains('_')) {
            assert!(sources.contains(&format!("fn {name}(")), "no test {name}");
        }
    }
}
