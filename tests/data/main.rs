//! Tests that are generated from data, and tests whose data may be missing. They run on
//! libtest-mimic, which can report a test as ignored when it finds out at run time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests"
)]

mod house;
mod links;
mod manifests;
mod pages;
mod rules;
mod schema;

use libtest_mimic::{Arguments, Completion, Trial};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let mut trials = rules::trials();
    trials.extend(house::trials());
    trials.extend(links::trials());
    trials.extend(manifests::trials());
    trials.extend(pages::trials());
    trials.extend(schema::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// The directory of the package: of a checkout, or of what `cargo package` made of it.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the path and the text of each built-in pack of a checkout.
fn pack_sources() -> Vec<(PathBuf, String)> {
    let rules = root().join("crates/dechaff-core/rules");
    let mut packs = Vec::new();
    for directory in [rules.join("languages"), rules] {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && !path.ends_with("rules/sets.toml") {
                packs.push((path.clone(), fs::read_to_string(path).unwrap()));
            }
        }
    }
    packs
}

/// Returns a test that fails if `test` panics.
fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// Returns a test that reads files outside the package, and is ignored where they are missing: in
/// the published crate.
fn checkout_trial(name: &str, test: fn()) -> Trial {
    Trial::ignorable_test(name, move || {
        if !root().join("crates").is_dir() {
            return Ok(Completion::ignored_with("needs a checkout"));
        }
        test();
        Ok(Completion::Completed)
    })
}

/// Returns a test on the labelled pages below the directory that the environment variable
/// `DECHAFF_PAGES` names. It is ignored if the variable is not set, and fails if it is set and a
/// file is missing.
fn pages_trial(name: &str, test: fn(&Path)) -> Trial {
    Trial::ignorable_test(name, move || {
        let Some(directory) = env::var_os("DECHAFF_PAGES").filter(|value| !value.is_empty()) else {
            return Ok(Completion::ignored_with("needs DECHAFF_PAGES"));
        };
        let directory = PathBuf::from(directory);
        test(&directory.canonicalize().map_err(|error| {
            format!(
                "DECHAFF_PAGES: {} cannot be read: {error}",
                directory.display()
            )
        })?);
        Ok(Completion::Completed)
    })
}
