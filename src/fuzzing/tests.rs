//! Replays the fuzz targets: their seeds, the stored inputs in `fuzz/corpus`, and a few random
//! changes of them; many if `DECHAFF_HEAVY` is set.

use super::targets;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Bytes of the longest random input.
const MAX_LEN: usize = 2000;

/// Returns the stored inputs of a target. The published crate has none.
fn stored_inputs(name: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut paths: Vec<_> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| fs::read(path).unwrap())
        .collect()
}

/// Runs a target and panics with the input that fails.
fn replay(name: &str) {
    let target = targets()
        .into_iter()
        .find(|target| target.name == name)
        .unwrap();
    let count = if std::env::var_os("DECHAFF_HEAVY").is_some() {
        5000
    } else {
        50
    };
    let inputs = [stored_inputs(name), (target.seeds)()].concat();
    assert!(inputs.len() >= 10);
    let mut last = Vec::new();
    let run = AssertUnwindSafe(|| {
        target.run(&inputs, count, MAX_LEN, 1, &mut |input| {
            last.clear();
            last.extend_from_slice(input);
        });
    });
    let outcome = catch_unwind(run);
    assert!(
        outcome.is_ok(),
        "the target {name} fails for b\"{}\"",
        last.escape_ascii()
    );
}

macro_rules! replay_each {
    ($($name:ident)*) => {
        $(#[test] fn $name() { replay(stringify!($name)); })*

        #[test]
        fn every_target_is_replayed() {
            let names: Vec<&str> = targets().iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

replay_each!(texts phrases packs config json csv warc parquet removals learned journals);
