//! The command line: the recorded cases of `tests/cmd`, and what they cannot express: files that
//! must not be written, pipes, threads, signals and file systems.

use crate::common::{dechaff, run, text};
use dechaff::language::Language;
use dechaff::verify::{Verifier, cases};
use dechaff::{Effect, RuleSet, Scratch};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const CHAFF: &str = "It rained.\nAdvertisement\nIt stopped.\n";
const CLEAN: &str = "It rained.\nIt stopped.\n";

/// Creates a directory `in` with three files that contain chaff and one that does not.
fn tree() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("in/sub")).unwrap();
    for name in ["a.txt", "sub/b.md", "sub/c"] {
        fs::write(directory.path().join("in").join(name), CHAFF).unwrap();
    }
    fs::write(directory.path().join("in/clean.txt"), CLEAN).unwrap();
    directory
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

/// Returns the sorted names of the entries of `directory`.
fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn recorded_cases_match() {
    trycmd::TestCases::new().case("tests/cmd/*.toml");
}

#[test]
fn commands_that_only_print_write_no_files() {
    let directory = tree();
    let path = directory.path();
    for (args, code) in [
        (&["clean", "in/a.txt"][..], 0),
        (&["clean", "in/a.txt", "--output", "-"], 0),
        (&["clean", "in", "--check"], 1),
        (&["clean", "in/a.txt", "--diff"], 0),
        (
            &["rules", "new", "Moor your boat on the quay", "--dry-run"],
            0,
        ),
    ] {
        run(path, args, code, "");
        assert_eq!(
            (read(path, "in/a.txt"), names(path)),
            (CHAFF.to_owned(), vec!["in".to_owned()]),
            "{args:?}"
        );
    }
}

#[test]
fn in_place_does_not_write_unchanged_files() {
    let directory = tree();
    let path = directory.path();
    let modified = || {
        let metadata = fs::metadata(path.join("in/clean.txt")).unwrap();
        metadata.modified().unwrap()
    };
    let before = modified();
    run(path, &["clean", "in", "--in-place"], 0, "3 changed");
    assert_eq!(read(path, "in/sub/c"), CLEAN);
    assert_eq!(modified(), before);
}

#[test]
fn skipped_and_refused_inputs_have_no_output() {
    let directory = tree();
    let path = directory.path();
    fs::write(
        path.join("in/bad.txt"),
        b"It rained.\nAdvertisement\n\xff\n",
    )
    .unwrap();
    fs::write(path.join("in/image.png"), b"\x89PNG\0\0").unwrap();
    let clean = ["clean", "in", "-o", "out", "--strict"];
    run(path, &clean, 3, "1 input failed");
    assert!(!path.join("out/bad.txt").exists() && path.join("out/a.txt").exists());
    assert!(!path.join("out/image.png").exists());
    run(
        path,
        &["clean", "in", "-o", "md", "--include", "*.md"],
        0,
        "",
    );
    assert_eq!(
        names(&path.join("md")),
        [".dechaff", "dechaff-run.json", "sub"]
    );
}

/// Starts `dechaff clean -q` in `directory` with pipes for standard input, output and error.
fn start_clean(directory: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(["clean", "-q"])
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = start_clean(directory.path());
    drop(child.stdout.take());
    child
        .stdin
        .take()
        .unwrap()
        .write_all(CLEAN.repeat(50_000).as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
}

#[test]
fn thread_count_does_not_change_outputs_or_records() {
    let directory = tree();
    let path = directory.path();
    for number in 0..200 {
        fs::write(
            path.join(format!("in/{number}.txt")),
            CHAFF.repeat(number % 7 + 1),
        )
        .unwrap();
    }
    for jobs in ["1", "4"] {
        let (out, record) = (format!("out{jobs}"), format!("r{jobs}.jsonl"));
        run(
            path,
            &[
                "clean",
                "in",
                "-o",
                &out,
                "--removed",
                &record,
                "--jobs",
                jobs,
                "-q",
            ],
            0,
            "",
        );
    }
    assert_eq!(read(path, "r1.jsonl"), read(path, "r4.jsonl"));
    for name in names(&path.join("out1"))
        .iter()
        .filter(|name| !["sub", ".dechaff"].contains(&name.as_str()))
    {
        assert_eq!(
            read(path, &format!("out1/{name}")),
            read(path, &format!("out4/{name}"))
        );
    }
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn links_and_devices_are_skipped_and_permissions_kept() {
        let directory = tree();
        let path = directory.path();
        symlink("..", path.join("in/sub/loop")).unwrap();
        symlink("../a.txt", path.join("in/sub/link.txt")).unwrap();
        assert!(
            Command::new("mkfifo")
                .arg(path.join("in/fifo"))
                .status()
                .unwrap()
                .success()
        );
        fs::set_permissions(path.join("in/a.txt"), fs::Permissions::from_mode(0o640)).unwrap();
        run(
            path,
            &["clean", "in", "-o", "out"],
            0,
            "3 links, devices or pipes were skipped",
        );
        assert_eq!(
            fs::metadata(path.join("out/a.txt"))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o640
        );
        assert!(!path.join("out/sub/link.txt").exists());
        run(
            path,
            &["clean", "in", "-o", "followed", "--follow-links"],
            3,
            "leads back",
        );
        assert_eq!(read(path, "followed/sub/link.txt"), CLEAN);
        // With --in-place, a link stays a link and its target is cleaned.
        symlink("in/a.txt", path.join("link.txt")).unwrap();
        run(path, &["clean", "link.txt", "--in-place", "-q"], 0, "");
        assert!(path.join("link.txt").is_symlink());
        assert_eq!(read(path, "in/a.txt"), CLEAN);
    }

    #[test]
    fn control_characters_are_escaped_in_messages() {
        let directory = tree();
        let path = directory.path();
        fs::write(path.join("evil\u{1b}[31m.txt"), b"\xff").unwrap();
        let output = run(
            path,
            &["clean", "evil\u{1b}[31m.txt"],
            0,
            "evil\\u{1b}[31m.txt: is not valid text",
        );
        assert!(!output.stderr.contains(&0x1b));
        fs::write(
            path.join("evil.txt"),
            "It \u{1b}]0;x\u{7} rained.\nAdvertisement\n",
        )
        .unwrap();
        assert!(
            !run(path, &["explain", "evil.txt"], 0, "")
                .stdout
                .contains(&0x1b)
        );
    }

    const STORY: &str = "The bridge over the harbour will stay closed until Monday, the council \
        said after a meeting.\nAdvertisement\nEngineers found cracks in two of its piers when they \
        looked at it in March, and a third in April.\n";

    #[test]
    fn an_interrupt_leaves_no_partial_output() {
        let directory = tree();
        let path = directory.path();
        for number in 0..3000 {
            fs::write(path.join(format!("in/{number}.txt")), STORY).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_dechaff"));
        let mut child = command
            .args(["clean", "in", "-o", "out"])
            .current_dir(path)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while !path.join("out").exists() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert!(
            Command::new("kill")
                .args(["-INT", &child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(130 | 0)), "{code:?}");
        for name in names(&path.join("out"))
            .into_iter()
            .filter(|name| !["sub", ".dechaff", "dechaff-run.json"].contains(&name.as_str()))
        {
            assert!(
                !name.starts_with(".dechaff"),
                "{name} is a leftover partial file"
            );
            let input = read(path, &format!("in/{name}"));
            assert_eq!(
                read(path, &format!("out/{name}")),
                input.replace("Advertisement\n", ""),
                "{name} is incomplete"
            );
        }
    }
}

#[test]
fn exported_examples_are_those_of_the_packs() {
    let output = run(Path::new("."), &["rules", "export"], 0, "");
    let rows: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let rules = RuleSet::built_in();
    let verifier = Verifier::new(&rules).unwrap();
    let cases = cases(&rules);
    let labelled = cases
        .iter()
        .filter_map(|case| match (case.rule.effect, case.expects_match) {
            (Effect::Remove, true) => Some((case, "remove")),
            (Effect::Remove, false) | (Effect::Keep, true) => Some((case, "keep")),
            _ => None,
        });
    let labelled: Vec<_> = labelled.collect();
    assert_eq!(rows.len(), labelled.len());
    for (row, (case, label)) in rows.iter().zip(labelled) {
        assert_eq!(
            (row["text"].as_str(), row["label"].as_str()),
            (Some(case.text), Some(label))
        );
        assert_eq!(row["rule"], *case.rule.name);
        let document = case.document().unwrap().with_site("example.org");
        let cleaned = verifier
            .cleaner(case.rule)
            .clean(&document, &mut Scratch::default());
        assert!(
            label == "keep" || cleaned.text() != case.text,
            "{}: nothing is removed",
            case.name()
        );
        let mut left: Vec<char> = case.text.chars().collect();
        for span in row["removed"].as_array().unwrap().iter().rev() {
            let [start, end] = [0, 1].map(|index| span[index].as_u64().unwrap() as usize);
            left.drain(start..end);
        }
        assert_eq!(
            left.into_iter().collect::<String>(),
            cleaned.text(),
            "{}",
            case.name()
        );
    }
    let languages: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row["language"].as_str())
        .collect();
    // English has no pack of its own.
    assert_eq!(languages.len(), Language::ALL.len() - 1);
    let counts = [
        rows.len(),
        rows.iter().filter(|row| row["label"] == "remove").count(),
    ];
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/packs.md")).unwrap();
    for count in counts {
        let count = format!("{},{:03}", count / 1000, count % 1000);
        assert!(page.contains(&count), "docs/packs.md should say {count}");
    }
}

#[test]
fn rules_pages_are_up_to_date() {
    let generated = tempfile::tempdir().unwrap();
    let path = generated.path().join("rules");
    let output = dechaff(generated.path(), &["rules", "page", "-o", "rules"]);
    assert!(output.status.success());
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    assert_eq!(names(&committed), names(&path), "pages of docs/rules");
    for name in names(&path) {
        assert!(
            read(&path, &name) == read(&committed, &name),
            "docs/rules/{name} is out of date; regenerate it with: dechaff rules page -o docs/rules"
        );
    }
}

/// Two labelled pages: `k` marks a line to keep, `d` one to remove, `u` one without a label.
const LABELLED: &str = concat!(
    r#"{"id": "1", "publisher": "a", "lang": "en", "labels": "kddk", "#,
    r#""text": "It rained all day.\nAdvertisement\nShare this article\nIt stopped at nine."}"#,
    "\n",
    r#"{"id": "2", "publisher": "b", "lang": "de", "labels": "kdku", "#,
    r#""text": "It rained.\nFerry fares\nAdvertisement\n"}"#,
    "\n"
);

/// Returns the table that `eval` prints for the pages of a file.
fn eval_table(directory: &Path, file: &str) -> String {
    text(&run(directory, &["eval", file], 0, "").stdout)
}

#[test]
fn eval_reads_compressed_pages() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(LABELLED.as_bytes()).unwrap();
    fs::write(path.join("pages.jsonl.gz"), gzip.finish().unwrap()).unwrap();
    fs::write(
        path.join("pages.jsonl.zst"),
        zstd::encode_all(LABELLED.as_bytes(), 1).unwrap(),
    )
    .unwrap();
    fs::write(path.join("pages.jsonl"), LABELLED).unwrap();
    let plain = eval_table(path, "pages.jsonl");
    assert_eq!(plain.lines().count(), 5, "{plain}");
    assert_eq!(
        [
            eval_table(path, "pages.jsonl.gz"),
            eval_table(path, "pages.jsonl.zst")
        ],
        [plain.clone(), plain]
    );
}

/// Returns the summary of `dechaff clean in` with these options, by two rules only: others would
/// take single sentences for chaff among that many labels.
fn summary(directory: &Path, options: &str) -> String {
    let args = format!("clean in --only share,advert --max-removed 1 {options}");
    let args: Vec<&str> = args.split(' ').collect();
    text(&run(directory, &args, 0, "documents: ").stderr)
}

#[test]
fn summaries_name_kinds_and_documents_on_any_number_of_threads() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    for number in 0..30 {
        let text = format!(
            "It rained {number}.\n{}",
            "Advertisement\n".repeat(number % 7)
        );
        fs::write(path.join(format!("in/{number}.txt")), &text).unwrap();
    }
    let records = (0..3000).map(|number| {
        let text = format!("It rained.\n{}", "Share this article\n".repeat(number % 50));
        format!(
            "{}\n",
            serde_json::json!({ "text": format!("{text}It stopped.") })
        )
    });
    fs::write(path.join("in/z.jsonl"), records.collect::<String>()).unwrap();
    let one = summary(path, "-o one --jobs 1");
    let four = summary(path, "-o four --jobs 4");
    assert_eq!(one, four);
    assert!(
        one.contains("removals: share ") && one.contains(", advert 85"),
        "{one}"
    );
    assert!(
        one.contains(
            "Most from in/z.jsonl#50.text (931 B of 953 B), in/z.jsonl#100.text (931 B of 953 B), \
             in/z.jsonl#150.text (931 B of 953 B).\n"
        ),
        "{one}"
    );
    // A resumed run that has less to do says the same.
    fs::remove_file(path.join("in/z.jsonl")).unwrap();
    summary(path, "-o two");
    fs::write(
        path.join("in/16.txt"),
        "It rained.\n\nAdvertisement\nIt stopped.\n",
    )
    .unwrap();
    let resumed = summary(path, "-o two --resume");
    let whole = summary(path, "-o three");
    assert!(resumed.ends_with(&whole), "{resumed}{whole}");
    assert!(whole.contains("Most from in/13.txt ("), "{whole}");
}

#[test]
fn runs_without_inputs_say_why() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    let empty = "dechaff: there is no file in in\n";
    for args in [
        &["clean", "in", "-o", "out"][..],
        &["clean", "in", "--check"],
        &["report", "in", "-o", "r.html"],
        &["explain", "in"],
    ] {
        run(path, args, 0, empty);
    }
    run(
        path,
        &["learn", "in", "-o", "l"],
        0,
        "nothing is learned: there is no file in in",
    );
    fs::write(path.join("in/a.txt"), "It rained.\nAdvertisement\n").unwrap();
    let include = ["clean", "in", "--check", "--include", "*.md"];
    run(path, &include, 0, "nothing in in matches --include *.md");
    let exclude = ["clean", "in", "--check", "--exclude", "*.txt"];
    run(path, &exclude, 0, "--exclude leaves out all files in in");
    fs::write(path.join("list"), "").unwrap();
    let list = ["clean", "--files-from", "list", "--check"];
    run(path, &list, 0, "the list of --files-from names no file");
}

#[test]
fn inputs_that_are_left_alone_are_called_what_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    for (name, bytes) in [
        ("a.html", &b"<!doctype html><p>It rained."[..]),
        ("b.html", b"<html><p>It rained."),
        ("c.pdf", b"%PDF-1.7\n"),
        ("d.zip", b"PK\x03\x04abc"),
        ("e.bin", b"\x00\x01\x02"),
        ("f.txt", b"caf\xe9\n"),
    ] {
        fs::write(path.join("in").join(name), bytes).unwrap();
    }
    let args = ["clean", "in", "-o", "out", "--stats", "s.json"];
    let errors = text(&run(path, &args, 0, "").stderr);
    for line in [
        "2 HTML files were passed through unchanged; extract the text first, or --text-format html",
        "1 PDF file was skipped; extract the text first.",
        "1 zip archive was skipped, as docx and epub files are",
        "1 input was passed through unchanged: not valid in its encoding (--encoding names",
        "1 binary file was skipped.",
    ] {
        assert!(
            errors.contains(&format!("dechaff: {line}")),
            "{line}: {errors}"
        );
    }
    let stats: serde_json::Value =
        serde_json::from_slice(&fs::read(path.join("s.json")).unwrap()).unwrap();
    assert_eq!(
        ["invalid", "html", "binary", "pdf", "zip"].map(|key| stats[key].as_u64().unwrap()),
        [3, 2, 3, 1, 1]
    );
}
