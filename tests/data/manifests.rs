//! Checks the manifests of the workspace: each dependency says what it is for, and lines fit.

use crate::{checkout_trial, root, trial};
use libtest_mimic::Trial;
use std::fs;
use std::path::PathBuf;

/// Returns the tests of this module. Those that read the manifests need a checkout.
pub fn trials() -> Vec<Trial> {
    vec![
        checkout_trial(
            "manifests::each_dependency_has_a_reason",
            each_dependency_has_a_reason,
        ),
        trial(
            "manifests::a_missing_reason_is_found",
            a_missing_reason_is_found,
        ),
        checkout_trial("manifests::lines_fit", lines_fit),
    ]
}

/// Returns the path and the text of each manifest of the workspace.
fn manifests() -> Vec<(PathBuf, String)> {
    let mut directories = vec![root().to_owned(), root().join("fuzz")];
    for parent in ["bindings", "crates"] {
        let entries = fs::read_dir(root().join(parent)).unwrap();
        directories.extend(entries.map(|entry| entry.unwrap().path()));
    }
    directories
        .into_iter()
        .map(|directory| directory.join("Cargo.toml"))
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// Returns the dependencies of a manifest without a comment in the line above.
fn without_reason(manifest: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut lists_dependencies, mut above) = (false, "");
    for line in manifest.lines() {
        let mut dependency = None;
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            lists_dependencies = section.ends_with("dependencies");
            dependency = section.split_once("dependencies.").map(|(_, name)| name);
        } else if lists_dependencies && line.starts_with(|start: char| start.is_alphabetic()) {
            dependency = line.split(['.', ' ', '=']).next();
        }
        found.extend(dependency.filter(|_| !above.starts_with("# ")));
        above = line;
    }
    found
}

fn each_dependency_has_a_reason() {
    for (path, manifest) in manifests() {
        let found = without_reason(&manifest);
        assert!(
            found.is_empty(),
            "{}: say in a comment above what these are for: {found:?}",
            path.display()
        );
    }
}

fn a_missing_reason_is_found() {
    let manifest = "[package]\nname = \"a\"\n\n[dependencies]\n# Why.\nb = \"1\"\nc = \"1\"\n\
                    # Why.\nd = { version = \"1\", features = [\n  \"std\",\n] }\n\n\
                    [target.'cfg(unix)'.dev-dependencies]\ne.workspace = true\n\n\
                    [dependencies.f]\nversion = \"1\"\n\n# Why.\n[dependencies.g]\nversion = \"1\"\n";
    assert_eq!(without_reason(manifest), ["c", "e", "f"]);
}

/// Lines have at most 100 columns, except descriptions, which registries show as one line.
fn lines_fit() {
    for (path, manifest) in manifests() {
        let long = manifest
            .lines()
            .find(|line| line.chars().count() > 100 && !line.starts_with("description = "));
        assert_eq!(long, None, "{} has a line that is too long", path.display());
    }
}
