//! Tests on labelled pages and on an article with its expected text, which are not part of the
//! repository. `DECHAFF_PAGES` names the directory that has them, in `data/` and `seed/`, and the
//! scripts of the benchmark in `tools/`.

use crate::pages_trial;
use dechaff::{Cleaner, Document, Level, Scratch};
use libtest_mimic::Trial;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;

/// Returns the tests of this module.
pub fn trials() -> Vec<Trial> {
    vec![
        pages_trial(
            "pages::seed_article_is_cleaned_byte_for_byte",
            seed_article_is_cleaned_byte_for_byte,
        ),
        pages_trial(
            "pages::main_text_of_labelled_pages_is_kept",
            main_text_of_labelled_pages_is_kept,
        ),
        pages_trial(
            "pages::eval_agrees_with_the_benchmark_script",
            eval_agrees_with_the_benchmark_script,
        ),
    ]
}

fn seed_article_is_cleaned_byte_for_byte(directory: &Path) {
    let [article, expected] = ["article.txt", "article.cleaned.txt"]
        .map(|name| fs::read_to_string(directory.join("seed").join(name)).unwrap());
    assert_eq!(dechaff::clean(&article), expected);
}

/// Words of main text that the default level may remove, by data set.
const CEILINGS: &str = include_str!("../gold-ceilings.toml");

/// The main text of a labelled page is prose, so that a rule that removes prose shows here as a
/// jump. Some lines that annotators kept are boilerplate after all: the ceilings are not zero, but
/// they may only be lowered.
fn main_text_of_labelled_pages_is_kept(directory: &Path) {
    let file = File::open(directory.join("data/pages.jsonl.gz")).unwrap();
    let ceilings: BTreeMap<String, usize> = toml::from_str(CEILINGS).unwrap();
    let mut removed: BTreeMap<String, usize> = BTreeMap::new();
    let cleaner = Cleaner::builder().level(Level::Balanced).build().unwrap();
    let mut scratch = Scratch::default();
    let mut seen = HashSet::new();
    let mut words = 0;
    for line in BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines() {
        let page: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let gold = page["gold"].as_str().unwrap_or_default();
        if page["lang"] != "en" || gold.trim().is_empty() || !seen.insert(gold.to_owned()) {
            continue;
        }
        let document = Document::new(gold).unwrap();
        let cleaned = cleaner.clean(&document, &mut scratch);
        let lost: usize = cleaned
            .removals()
            .iter()
            .map(|removal| gold[removal.span.range()].split_whitespace().count())
            .sum();
        words += gold.split_whitespace().count();
        *removed
            .entry(page["dataset"].as_str().unwrap().to_owned())
            .or_default() += lost;
    }
    println!(
        "{} of {words} words removed: {removed:?}",
        removed.values().sum::<usize>()
    );
    assert!(seen.len() > 100);
    for (dataset, lost) in removed {
        let ceiling = ceilings.get(&dataset).copied().unwrap_or(0);
        assert!(
            lost <= ceiling,
            "{dataset}: {lost} words removed, at most {ceiling} are allowed"
        );
    }
}

/// Runs `command` and returns its standard output. Panics with its standard error if it fails.
fn stdout(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{stderr}");
    output.stdout
}

/// `eval` knows which bytes were removed; the benchmark's script aligns the two texts afterwards.
/// Both must measure the same.
fn eval_agrees_with_the_benchmark_script(directory: &Path) {
    let dechaff = env!("CARGO_BIN_EXE_dechaff");
    let reports = tempfile::tempdir().unwrap();
    let score = reports.path().join("score.json");
    stdout(
        Command::new("python3")
            .arg(directory.join("tools/score.py"))
            .args(["--cmd", &format!("'{dechaff}' clean -q --level thorough")])
            .args(["--datasets", "fundus_eval", "--extractors", "leaky"])
            .args(["--split", "valid", "--json"])
            .arg(&score)
            .current_dir(reports.path()),
    );
    let script_report: Value = serde_json::from_slice(&fs::read(score).unwrap()).unwrap();
    let leaky = "extractor=trafilatura_recall,readability_lxml,resiliparse_main,newspaper4k";
    let eval_report: Value = serde_json::from_slice(&stdout(
        Command::new(dechaff)
            .arg("eval")
            .arg(directory.join("data/pages.jsonl.gz"))
            .args(["-l", "thorough", "--json", "--where", "split=valid"])
            .args(["--where", "dataset=fundus_eval", "--where", leaky])
            .current_dir(reports.path()),
    ))
    .unwrap();
    for (name, field) in [
        ("precision", "precision"),
        ("recall", "recall"),
        ("word_loss", "prose-loss"),
        ("damaged_pages", "damaged"),
    ] {
        let (script_value, eval_value) = (
            script_report[name].as_f64().unwrap(),
            eval_report[0][field]["value"].as_f64().unwrap(),
        );
        assert!(
            (script_value - eval_value).abs() <= 0.002,
            "{name}: the script reports {script_value}, eval reports {eval_value}"
        );
    }
}
