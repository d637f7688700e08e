//! `dechaff audit`: drawing, asking, resuming, merging, results and checks.

use crate::common::{dechaff, run, text};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes a corpus of 40 pages, each with a menu, two sentences and a notice that no rule knows.
fn write_corpus(directory: &Path) {
    fs::create_dir(directory.join("pages")).unwrap();
    for page in 0..40 {
        let text = format!(
            "Home\nLog in\nSubscribe\n\nThe council closed bridge {page} on Monday, and nobody in \
             the town objected to it at all.\nWork begins in June and lasts until the autumn, she \
             said, if the weather allows it.\nSign up for the Harwell Morning newsletter and \
             never miss a story.\nShare this article\nAdvertisement\nAll rights reserved.\n"
        );
        fs::write(directory.join(format!("pages/{page}.txt")), text).unwrap();
    }
}

fn draw(directory: &Path, more: &[&str]) -> Value {
    let args = [&["audit", "pages", "-o", "a", "--no-ask"], more].concat();
    run(directory, &args, 0, "lines to judge in a");
    sample(directory, "a")
}

fn sample(directory: &Path, audit: &str) -> Value {
    let file = fs::read_to_string(directory.join(audit).join("audit.json")).unwrap();
    serde_json::from_str(&file).unwrap()
}

/// Answers with these keys, and returns what was printed.
fn ask(directory: &Path, args: &[&str], keys: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(["audit", "-o", "a", "--ask"])
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(keys.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    text(&output.stdout)
}

/// Returns the answers as pairs of item and answer, in the order of the file.
fn answers(directory: &Path) -> Vec<(u64, String)> {
    let file = fs::read_to_string(directory.join("a/answers.jsonl")).unwrap();
    let mut answers = Vec::new();
    for line in file.lines() {
        let page: Value = serde_json::from_str(line).unwrap();
        let lines = page["text"].as_str().unwrap().split('\n').count();
        assert_eq!(page["labels"].as_str().unwrap().len(), lines);
        for answer in page["audit"]["answers"].as_array().unwrap() {
            let judged = answer["answer"].as_str().unwrap().to_owned();
            answers.push((answer["item"].as_u64().unwrap(), judged));
        }
    }
    answers.sort();
    answers
}

/// Returns the keys with which somebody would answer who takes lines with a full stop and a comma
/// for prose.
fn keys(sample: &Value) -> String {
    let items = sample["items"].as_array().unwrap();
    let keys = items.iter().map(|item| {
        let document = &sample["documents"][item["document"].as_u64().unwrap() as usize];
        let number = item["line"].as_u64().unwrap() as usize;
        let line = document["text"].as_str().unwrap().split('\n');
        if line.clone().nth(number - 1).unwrap().contains(',') {
            'p'
        } else {
            'c'
        }
    });
    keys.collect()
}

#[test]
fn the_same_sample_is_drawn_with_any_number_of_threads() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path);
    let first = draw(path, &["--questions", "50", "--jobs", "1"]);
    assert_eq!(first["items"].as_array().unwrap().len(), 50);
    let again = draw(path, &["--questions", "50", "--jobs", "4", "--force"]);
    assert_eq!(first, again);
    let other = draw(path, &["--questions", "50", "--seed", "2", "--force"]);
    assert_ne!(first["items"], other["items"]);
    assert_ne!(first["audit"], other["audit"]);
    let sides: Vec<&Value> = first["items"].as_array().unwrap()[..20]
        .iter()
        .map(|item| &item["side"])
        .collect();
    assert!(sides.contains(&&"removed".into()) && sides.contains(&&"kept".into()));
}

#[test]
fn keys_answer_go_back_explain_and_quit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path);
    draw(path, &[]);
    let shown = ask(path, &[], "cwmx?pbuq");
    assert!(shown.contains("1 of ") && shown.contains("2 of "));
    assert!(shown.contains("Is it chaff or prose?") && shown.contains("It was "));
    assert!(shown.contains("Chaff is what the site has put around it"));
    assert!(shown.contains("Your answer is: prose."), "{shown}");
    assert!(shown.contains("2 answers so far"), "{shown}");
    let expected = [(0, "chaff".to_owned()), (1, "unsure".to_owned())];
    assert_eq!(answers(path), expected);
    // The next session goes on where this one ended, and can go back into it. Going back takes no
    // answer away. Escape sequences are no answers, and the end of the input quits.
    ask(path, &[], "p\u{1b}OP\u{1b}[Cbbbp");
    let expected = [(0, "prose"), (1, "unsure"), (2, "prose")];
    assert_eq!(
        answers(path),
        expected.map(|(item, answer)| (item, answer.to_owned()))
    );
}

#[test]
fn a_complete_audit_states_the_loss_and_suggests_options() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path);
    let sample = draw(path, &[]);
    let shown = ask(path, &[], &keys(&sample));
    assert!(shown.contains("After 20 answers") && shown.contains("All lines are answered."));
    let output = dechaff(path, &["audit", "-o", "a", "--result", "--json"]);
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    // No prose is removed from this corpus, and every line of it was judged.
    assert_eq!(result["loss"]["value"], 0.0);
    assert_eq!(
        result["answered"],
        sample["items"].as_array().unwrap().len()
    );
    assert!(result["loss"]["high"].as_f64().unwrap() < 0.2);
    assert!(result["advice"]["alternatives"].as_array().unwrap().len() >= 3);
    let result = run(path, &["audit", "-o", "a", "--result"], 0, "").stdout;
    let result = text(&result);
    for part in [
        "prose lost: 0 %",
        "chaff left:",
        "--level thorough",
        "removed by certain rules",
    ] {
        assert!(result.contains(part), "{part}: {result}");
    }
    run(
        path,
        &["audit", "-o", "a", "--result", "--promise", "2"],
        2,
        "--promise must be",
    );
}

#[test]
fn answers_are_labelled_pages() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path);
    let sample = draw(path, &[]);
    ask(path, &[], &keys(&sample));
    let output = run(
        path,
        &["eval", "a/answers.jsonl", "-l", "balanced", "--json"],
        0,
        "",
    );
    assert!(text(&output.stderr).contains("do not describe its corpus"));
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    let judged =
        figures[0]["prose-lines"].as_u64().unwrap() + figures[0]["chaff-lines"].as_u64().unwrap();
    assert_eq!(judged, answers(path).len() as u64);
    assert_eq!(figures[0]["prose-words-removed"], 0);
}

#[test]
fn check_fails_if_judged_prose_would_be_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path);
    let sample = draw(path, &[]);
    ask(path, &[], &keys(&sample));
    let check = ["audit", "--check", "a/answers.jsonl"];
    let output = run(path, &check, 0, "");
    assert!(text(&output.stdout).contains("as before or as they should be"));
    let pack = "[pack]\nname = \"own\"\ndescription = \"Own rules.\"\n\n[[rule]]\nid = \"bridge\"\n\
                description = \"Lines about bridges.\"\ncategory = \"share\"\nconfidence = \
                \"certain\"\nline = true\nphrase = \"the council closed {1..20}\"\n\
                examples.match = [\"The council closed it.\", \"The council closed the bridge.\"]\n\
                examples.no_match = [\"It rained.\", \"The council met.\"]\n";
    fs::write(path.join("own.toml"), pack).unwrap();
    let output = run(
        path,
        &[&check[..], &["--rules", "own.toml"]].concat(),
        1,
        "",
    );
    let shown = text(&output.stdout);
    assert!(shown.contains("prose that was kept is removed"), "{shown}");
    assert!(shown.contains("(own/bridge)"), "{shown}");
    let output = dechaff(
        path,
        &[&check[..], &["--rules", "own.toml", "--json"]].concat(),
    );
    let lines: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lost = lines.as_array().unwrap().iter();
    assert!(lost.clone().any(|line| line["change"] == "prose-lost"));
}

#[test]
fn answers_of_two_people_are_merged_and_compared() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path);
    draw(path, &[]);
    ask(path, &["--by", "ann"], "ccppc");
    fs::rename(path.join("a/answers.jsonl"), path.join("ann.jsonl")).unwrap();
    ask(path, &["--by", "ben"], "ccpcc");
    run(
        path,
        &["audit", "-o", "a", "--add", "ann.jsonl"],
        0,
        "5 answers of ann.jsonl added",
    );
    assert_eq!(answers(path).len(), 10);
    let output = run(path, &["audit", "-o", "a", "--result"], 0, "");
    let shown = text(&output.stdout);
    assert!(
        shown.contains("ann and ben gave the same answer to 4 of 5 lines; Cohen's kappa is 0.5"),
        "{shown}"
    );
}

#[test]
fn misjudged_lines_become_rules_that_pass_their_tests() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path);
    let sample = draw(path, &[]);
    // Everything is judged the other way round.
    let keys = keys(&sample);
    let wrong = keys.chars().map(|key| if key == 'p' { 'c' } else { 'p' });
    ask(path, &[], &wrong.collect::<String>());
    let output = run(path, &["audit", "-o", "a", "--result"], 0, "");
    let shown = text(&output.stdout);
    assert!(
        shown.contains("a/suggested.toml") && shown.contains("--skip "),
        "{shown}"
    );
    let pack = fs::read_to_string(path.join("a/suggested.toml")).unwrap();
    assert!(
        pack.contains("keep = true") && pack.contains("category = "),
        "{pack}"
    );
    assert!(pack.starts_with('#') && pack.contains("rephrase"));
    // Forty pages with another number each make one rule.
    assert_eq!(pack.matches("the council closed bridge {#}").count(), 1);
    run(path, &["rules", "test", "a/suggested.toml"], 0, "");
    let output = run(
        path,
        &[
            "audit",
            "--check",
            "a/answers.jsonl",
            "--rules",
            "a/suggested.toml",
            "--json",
        ],
        1,
        "",
    );
    let lines: Value = serde_json::from_slice(&output.stdout).unwrap();
    // Short labels are still removed: a rule cannot tell where they are text.
    let saved = lines.as_array().unwrap().iter();
    assert!(saved.clone().any(|line| line["change"] == "prose-saved"));
    assert!(saved.clone().any(|line| line["change"] == "chaff-removed"));
}

#[test]
fn mistakes_are_explained() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path);
    for (args, message) in [
        (&["audit", "-o", "none"][..], "there is no sample in none"),
        (&["audit", "pages"], "--output <DIR>"),
        (&["audit", "-o", "a", "--result"], "there is no sample in a"),
        (&["audit", "--check", "pages/1.txt"], "pages/1.txt"),
        (&["audit", "--check", "none.jsonl"], "none.jsonl"),
        (&["audit", "missing", "-o", "b", "--no-ask"], "missing"),
    ] {
        run(path, args, 2, message);
    }
    let args = ["audit", "pages", "-o", "b", "--questions", "0"];
    run(path, &args, 2, "--questions must be at least 1");
    let args = ["audit", "pages", "--check", "x.jsonl"];
    run(path, &args, 2, "cannot be used with");
    draw(path, &[]);
    run(
        path,
        &["audit", "-o", "a", "--result"],
        2,
        "there are no answers in a yet",
    );
    run(
        path,
        &["audit", "pages", "-o", "a", "--no-ask"],
        0,
        "going on with the sample in a",
    );
    ask(path, &[], "cc");
    fs::rename(path.join("a/answers.jsonl"), path.join("old.jsonl")).unwrap();
    draw(path, &["--seed", "9", "--force"]);
    let add = ["audit", "-o", "a", "--add", "old.jsonl"];
    run(path, &add, 2, "has answers to another sample");
    fs::write(path.join("a/audit.json"), "{}").unwrap();
    run(
        path,
        &["audit", "-o", "a", "--no-ask"],
        2,
        "is not a sample of this version",
    );
}

#[test]
fn records_and_standard_input_are_sampled() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let records: String = (0..30)
        .map(|n| {
            let text =
                format!("Share this article\nThe bridge {n} was closed on Monday, he said.\n");
            let url = format!("https://www{}.example.org/{n}", n % 3);
            serde_json::json!({"id": format!("r{n}"), "url": url, "text": text}).to_string() + "\n"
        })
        .collect();
    fs::write(path.join("r.jsonl"), &records).unwrap();
    run(
        path,
        &["audit", "r.jsonl", "-o", "a", "--no-ask"],
        0,
        "lines to judge",
    );
    let drawn = sample(path, "a");
    let document = &drawn["documents"][0];
    assert!(document["site"].as_str().unwrap().ends_with(".example.org"));
    assert!(document["name"].as_str().unwrap().starts_with("r.jsonl#"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(["audit", "-", "--format", "jsonl", "-o", "b"])
        .current_dir(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(records.as_bytes())
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let streamed = sample(path, "b");
    assert_eq!(streamed["totals"], drawn["totals"]);
}
