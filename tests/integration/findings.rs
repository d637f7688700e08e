//! `clean --check --check-format`: findings for GitHub, GitLab and readers of SARIF.

use crate::common::{dechaff, run, text};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const CHAFF: &str = "It rained.\nAdvertisement\nIt stopped.\n";

/// Runs the check with `format` on `paths`, and returns what it prints. Panics unless it exits with
/// `code`.
fn check(directory: &Path, format: &str, paths: &[&str], code: i32) -> String {
    let options = ["clean", "--check", "--quiet", "--check-format", format];
    text(&run(directory, &[&options, paths].concat(), code, "").stdout)
}

/// Returns the only run of a log.
fn sarif(log: &str) -> Value {
    let mut log: Value = serde_json::from_str(log).unwrap_or_else(|_| panic!("{log}"));
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    log["runs"][0].take()
}

/// Returns the URI and the region of each result.
fn places(run: &Value) -> Vec<(String, Value)> {
    let results = run["results"].as_array().unwrap().iter();
    results
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            (uri.to_owned(), place["region"].clone())
        })
        .collect()
}

/// Returns the first line of each result.
fn start_lines(run: &Value) -> Vec<u64> {
    let places = places(run).into_iter();
    places
        .map(|(_, region)| region["startLine"].as_u64().unwrap())
        .collect()
}

/// Returns the fingerprints of the findings in `source`.
fn fingerprints(directory: &Path, source: &str) -> Vec<String> {
    fs::write(directory.join("a.txt"), source).unwrap();
    let printed = check(directory, "gitlab", &["a.txt"], 1);
    let issues: Vec<Value> = serde_json::from_str(&printed).unwrap();
    let issues = issues.iter();
    issues
        .map(|issue| issue["fingerprint"].to_string())
        .collect()
}

#[test]
fn prose_gives_an_empty_report() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.txt"), "It rained.\n").unwrap();
    fs::create_dir(directory.path().join("empty")).unwrap();
    for path in ["a.txt", "empty"] {
        assert_eq!(check(directory.path(), "github", &[path], 0), "");
        assert_eq!(check(directory.path(), "gitlab", &[path], 0), "[]\n");
        let run = sarif(&check(directory.path(), "sarif", &[path], 0));
        assert_eq!(run["results"], Value::Array(Vec::new()));
        assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    }
}

#[test]
fn a_result_names_its_rule_and_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let source = "Süß.\r\n\r\nAdvertisement\r\nIt stopped.\r\n";
    fs::write(directory.path().join("a.txt"), source).unwrap();
    let run = sarif(&check(directory.path(), "sarif", &["a.txt"], 1));
    let rule = &run["tool"]["driver"]["rules"][0];
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], rule["id"]);
    assert_eq!(result["ruleIndex"], 0);
    assert_eq!(rule["id"], "advert/marker");
    let address = rule["helpUri"].as_str().unwrap();
    assert!(address.ends_with("/docs/rules/advert.md#advertmarker"));
    let expected = serde_json::json!({
        "startLine": 3, "endLine": 3, "startColumn": 1, "endColumn": 14,
        "byteOffset": 10, "byteLength": 15,
    });
    assert_eq!(places(&run), [("a.txt".to_owned(), expected)]);
    assert_eq!(&source[10..25], "Advertisement\r\n");
}

#[test]
fn bytes_are_those_of_the_encoding() {
    let directory = tempfile::tempdir().unwrap();
    let utf16: Vec<u8> = CHAFF.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(directory.path().join("a.txt"), utf16).unwrap();
    let arguments = ["a.txt", "--encoding", "utf-16le"];
    let run = sarif(&check(directory.path(), "sarif", &arguments, 1));
    let region = &places(&run)[0].1;
    assert_eq!(
        (&region["startLine"], &region["byteOffset"]),
        (&2.into(), &22.into())
    );
    assert_eq!(region["byteLength"], 28);
}

#[cfg(unix)]
#[test]
fn names_of_files_are_escaped() {
    let directory = tempfile::tempdir().unwrap();
    let name = "a b,c:d 50%\n::e.txt";
    fs::write(directory.path().join(name), CHAFF).unwrap();
    assert_eq!(
        check(directory.path(), "github", &["."], 1),
        "::warning file=a b%2Cc%3Ad 50%25%0A%3A%3Ae.txt,line=2,endLine=2,title=dechaff \
         (advert/marker)::a b,c:d 50%25%0A::e.txt:2: advert/marker would remove 'Advertisement'\n"
    );
    let run = sarif(&check(directory.path(), "sarif", &["."], 1));
    assert_eq!(places(&run)[0].0, "a%20b%2Cc%3Ad%2050%25%0A%3A%3Ae.txt");
    let issues: Value =
        serde_json::from_str(&check(directory.path(), "gitlab", &["."], 1)).unwrap();
    assert_eq!(issues[0]["location"]["path"], name);
}

#[test]
fn removals_on_adjoining_lines_are_one_annotation() {
    let directory = tempfile::tempdir().unwrap();
    let source = "It rained.\nAdvertisement\nShare this article\nIt stopped.\nAdvertisement\n";
    fs::write(directory.path().join("a.txt"), source).unwrap();
    let printed = check(directory.path(), "github", &["a.txt"], 1);
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines.len(), 2, "{printed}");
    assert!(lines[0].contains("line=2,endLine=3,"), "{printed}");
    assert!(lines[0].contains("a.txt:2-3: advert/marker, share/share-labels"));
    assert!(lines[1].contains("line=5,endLine=5,"), "{printed}");
    let run = sarif(&check(directory.path(), "sarif", &["a.txt"], 1));
    assert_eq!(start_lines(&run), [2, 3, 5]);
}

#[test]
fn a_record_is_on_its_line_however_many_batches_are_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let filler = "It rained on the harbour all day. ".repeat(40);
    let lines: Vec<String> = (1..=6000)
        .map(|number| {
            let chaff = if number % 1500 == 0 {
                "\\nAdvertisement"
            } else {
                ""
            };
            format!("{{\"text\": \"{filler}{chaff}\"}}\n")
        })
        .collect();
    fs::write(directory.path().join("a.jsonl"), lines.concat()).unwrap();
    let logs =
        ["1", "4"].map(|jobs| check(directory.path(), "sarif", &["a.jsonl", "--jobs", jobs], 1));
    assert_eq!(logs[0], logs[1]);
    let run = sarif(&logs[0]);
    assert_eq!(start_lines(&run), [1500, 3000, 4500, 6000]);
    let name = &run["results"][1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
    assert_eq!(name, "#3000.text");
    let offset = places(&run)[1].1["byteOffset"].as_u64().unwrap();
    let offset = usize::try_from(offset).unwrap();
    assert!(lines.concat()[offset..].starts_with("Advertisement"));
}

#[test]
fn a_row_of_csv_is_on_the_line_of_its_text() {
    let directory = tempfile::tempdir().unwrap();
    let source = "id,text\n1,\"It rained.\nIt stopped.\"\n2,\"It rained.\nAdvertisement\n\"\n";
    fs::write(directory.path().join("a.csv"), source).unwrap();
    let run = sarif(&check(directory.path(), "sarif", &["a.csv"], 1));
    assert_eq!(start_lines(&run), [5]);
}

#[test]
fn a_file_that_cannot_be_read_hides_no_findings() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("a.txt"), CHAFF).unwrap();
    fs::write(path.join("b.txt.gz"), b"\x1F\x8B\x08\0\0\0\0\0\0\xFFbroken").unwrap();
    fs::write(path.join("c.txt"), b"caf\xE9\n").unwrap();
    fs::write(path.join("d.txt"), CHAFF).unwrap();
    let log = check(path, "sarif", &["."], 3);
    let run = sarif(&log);
    let uris: Vec<_> = places(&run).into_iter().map(|(uri, _)| uri).collect();
    assert_eq!(uris, ["a.txt", "d.txt"]);
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notices = invocation["toolExecutionNotifications"].as_array().unwrap();
    let levels: Vec<_> = notices.iter().map(|notice| &notice["level"]).collect();
    assert_eq!(levels, ["error", "warning"]);
    let printed = check(path, "github", &["."], 3);
    assert_eq!(printed.matches("::warning file=").count(), 2, "{printed}");
    assert!(printed.contains("::error file=b.txt.gz,title=dechaff::b.txt.gz: "));
}

#[test]
fn standard_input_gives_a_whole_report_even_if_it_fails() {
    for (input, code, results) in [(CHAFF.as_bytes(), 1, 1), (b"\x1F\x8B\x08broken", 2, 0)] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dechaff"))
            .args(["clean", "--check", "-q", "--check-format", "sarif"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let run = sarif(&text(&output.stdout));
        assert_eq!(run["results"].as_array().unwrap().len(), results);
        assert_eq!(run["invocations"][0]["executionSuccessful"], code == 1);
    }
}

#[test]
fn a_held_text_that_would_be_emptied_is_one_finding() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.txt"), CHAFF).unwrap();
    let arguments = ["a.txt", "--max-removed", "0.1", "--on-held", "drop"];
    let run = sarif(&check(directory.path(), "sarif", &arguments, 1));
    assert_eq!(run["results"].as_array().unwrap().len(), 1);
    assert_eq!(run["results"][0]["ruleId"], "text/held");
    assert_eq!(places(&run)[0].1["endLine"], 3);
}

#[test]
fn findings_of_gitlab_have_different_fingerprints_that_stay_if_lines_move() {
    let directory = tempfile::tempdir().unwrap();
    let before = fingerprints(directory.path(), &CHAFF.repeat(2));
    assert_eq!(before.len(), 2);
    assert_ne!(before[0], before[1]);
    let moved = format!("A new line.\n{}", CHAFF.repeat(2));
    assert_eq!(fingerprints(directory.path(), &moved), before);
}

#[test]
fn a_check_format_needs_a_check() {
    let directory = tempfile::tempdir().unwrap();
    let output = dechaff(directory.path(), &["clean", "--check-format", "sarif"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--check"));
}
