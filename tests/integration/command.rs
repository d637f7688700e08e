//! The command line: the recorded cases under `tests/cmd`, the options of `clean`, `rules test` and
//! `eval`, and the messages and exit codes for invalid input.

use crate::common::{dechaff, run, text};
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
    trycmd::TestCases::new()
        .case("tests/cmd/*.toml")
        .case("tests/cmd/*.trycmd");
}

#[test]
fn clean_mirrors_a_directory_tree() {
    let directory = tree();
    let path = directory.path();
    run(
        path,
        &["clean", "in", "--output", "out"],
        0,
        "4 documents: 3 changed",
    );
    assert_eq!(
        [
            read(path, "out/a.txt"),
            read(path, "out/sub/b.md"),
            read(path, "out/clean.txt")
        ],
        [CLEAN, CLEAN, CLEAN]
    );
    run(
        path,
        &["clean", "in", "--output", "out"],
        2,
        "out holds the outputs of an earlier run; use --resume",
    );
    fs::remove_dir_all(path.join("out/.dechaff")).unwrap();
    run(
        path,
        &["clean", "in", "--output", "out"],
        2,
        "out/a.txt exists; use --force",
    );
    run(
        path,
        &["clean", "in", "--output", "out", "--force", "-q"],
        0,
        "",
    );
    run(
        path,
        &["clean", "in", "--output", "some", "--include", "*.md", "-q"],
        0,
        "",
    );
    assert_eq!(
        names(&path.join("some")),
        [".dechaff", "dechaff-run.json", "sub"]
    );
}

#[test]
fn output_dash_writes_to_standard_output() {
    let directory = tree();
    let path = directory.path();
    let output = run(
        path,
        &["clean", "in/a.txt", "--output", "-"],
        0,
        "1 document: 1 changed",
    );
    assert_eq!(text(&output.stdout), CLEAN);
    assert_eq!(names(path), ["in"]);
}

#[test]
fn in_place_rewrites_only_changed_files_and_can_be_restored() {
    let directory = tree();
    let path = directory.path();
    let before = fs::metadata(path.join("in/clean.txt"))
        .unwrap()
        .modified()
        .unwrap();
    run(
        path,
        &[
            "clean",
            "in",
            "--in-place",
            "--removed",
            "record.jsonl",
            "--stats",
            "stats.json",
        ],
        0,
        "3 changed",
    );
    assert_eq!(read(path, "in/sub/c"), CLEAN);
    assert_eq!(
        fs::metadata(path.join("in/clean.txt"))
            .unwrap()
            .modified()
            .unwrap(),
        before
    );
    let record = read(path, "record.jsonl");
    let first: serde_json::Value = serde_json::from_str(record.lines().next().unwrap()).unwrap();
    assert_eq!(
        (
            first["path"].as_str(),
            first["start"].as_u64(),
            first["rule"].as_str()
        ),
        (Some("in/a.txt"), Some(11), Some("advert/marker"))
    );
    let stats: serde_json::Value = serde_json::from_str(&read(path, "stats.json")).unwrap();
    assert_eq!(
        (
            stats["documents"].as_u64(),
            stats["rules"]["advert/marker"]["sole-bytes"].as_u64()
        ),
        (Some(4), Some(42))
    );
    run(
        path,
        &["restore", "--in-place", "--removed", "record.jsonl"],
        0,
        "3 files restored",
    );
    assert_eq!(read(path, "in/sub/c"), CHAFF);
}

#[test]
fn invalid_options_fail_with_advice() {
    let directory = tree();
    let path = directory.path();
    for (args, message) in [
        (&["clean", "in"][..], "need --output DIR or --in-place"),
        (&["clean", "in", "-o", "in"], "use --in-place"),
        (&["clean", "in", "-o", "in/out"], "lies inside the input"),
        (
            &["clean", "in", "--in-place", "--removed", "in/r.jsonl"],
            "lies inside the input",
        ),
        (&["clean", "in/a.txt", "-o", "in/a.txt"], "use --in-place"),
        (&["clean", "gone.txt"], "gone.txt: cannot be opened"),
        (
            &["clean", "in/a.txt", "--skip", "newslettr"],
            "did you mean 'newsletter'?",
        ),
        (&["clean", "in/a.txt", "--max-removed", "2"], "from 0 to 1"),
        (
            &["clean", "in/a.txt", "--max-document", "much"],
            "is not a valid size",
        ),
        (
            &["clean", "in/a.txt", "--encoding", "klingon"],
            "is not a known encoding",
        ),
        (
            &["clean", "in/a.txt", "--rules", "gone.toml"],
            "cannot read the pack gone.toml",
        ),
        (&["clean", "-", "in/a.txt"], "cannot be cleaned together"),
        (&["clean", "--in-place"], "name a file"),
        (
            &["clean", "in/a.txt", "--level", "fierce"],
            "unknown level 'fierce'",
        ),
    ] {
        run(path, args, 2, message);
    }
    assert_eq!(read(path, "in/a.txt"), CHAFF);
}

#[test]
fn one_bad_input_does_not_stop_the_others() {
    let directory = tree();
    let path = directory.path();
    fs::write(
        path.join("in/bad.txt"),
        b"It rained.\nAdvertisement\n\xff\n",
    )
    .unwrap();
    fs::write(path.join("in/image.png"), b"\x89PNG\0\0").unwrap();
    fs::write(path.join("in/empty.txt"), b"").unwrap();
    run(
        path,
        &["clean", "in", "-o", "out"],
        0,
        "in/bad.txt: is not valid text at byte 25",
    );
    assert_eq!(
        fs::read(path.join("out/bad.txt")).unwrap(),
        fs::read(path.join("in/bad.txt")).unwrap()
    );
    assert_eq!(
        (
            path.join("out/image.png").exists(),
            read(path, "out/empty.txt").len()
        ),
        (false, 0)
    );
    run(
        path,
        &["clean", "in", "-o", "strict", "--strict"],
        3,
        "1 failed",
    );
    assert!(!path.join("strict/bad.txt").exists() && path.join("strict/a.txt").exists());
    run(
        path,
        &["clean", "in", "gone.txt", "-o", "three"],
        3,
        "gone.txt: cannot be read",
    );
    assert_eq!(read(path, "three/a.txt"), CLEAN);
    run(
        path,
        &["clean", "in/a.txt", "in/sub/../a.txt", "-o", "four"],
        3,
        "already written to 'a.txt'",
    );
}

#[test]
fn large_and_held_documents_pass_through_unchanged() {
    let directory = tree();
    let path = directory.path();
    let output = run(
        path,
        &["clean", "in/a.txt", "--max-document", "8"],
        0,
        "larger than --max-document",
    );
    assert_eq!(text(&output.stdout), CHAFF);
    run(
        path,
        &["clean", "in", "-o", "out", "--max-document", "8"],
        0,
        "4 passed through unchanged",
    );
    assert_eq!(read(path, "out/a.txt"), CHAFF);
    let output = run(
        path,
        &["clean", "in/a.txt", "--max-removed", "0.1"],
        0,
        "1 held: more would be removed than --max-removed allows",
    );
    assert_eq!(text(&output.stdout), CHAFF);
}

#[test]
fn check_and_diff_write_no_files() {
    let directory = tree();
    let path = directory.path();
    let output = run(path, &["clean", "in", "--check", "-q"], 1, "");
    assert_eq!(
        text(&output.stdout),
        "in/a.txt: 1 removal, 14 bytes\n\
         in/sub/b.md: 1 removal, 14 bytes\n\
         in/sub/c: 1 removal, 14 bytes\n"
    );
    let stdout = text(&run(path, &["clean", "in", "--check", "--json", "-q"], 1, "").stdout);
    let first: serde_json::Value = serde_json::from_str(stdout.lines().next().unwrap()).unwrap();
    assert_eq!(
        (
            first["path"].as_str(),
            first["removals"].as_u64(),
            first["bytes"].as_u64()
        ),
        (Some("in/a.txt"), Some(1), Some(14))
    );
    run(path, &["clean", "in", "--json"], 2, "--check");
    run(path, &["clean", "in/clean.txt", "--check", "-q"], 0, "");
    let output = run(path, &["clean", "in/a.txt", "--diff", "-q"], 0, "");
    assert_eq!(
        text(&output.stdout),
        "--- in/a.txt\n+++ in/a.txt (cleaned)\n@@ -1,3 +1,2 @@\n\
         \x20It rained.\n-Advertisement\n It stopped.\n"
    );
    assert_eq!(
        (read(path, "in/a.txt"), names(path)),
        (CHAFF.to_owned(), vec!["in".to_owned()])
    );
}

#[test]
fn legacy_encodings_keep_their_bytes() {
    let directory = tree();
    let path = directory.path();
    fs::write(
        path.join("latin.txt"),
        b"Caf\xe9.\r\nAdvertisement\r\nNa\xefve.",
    )
    .unwrap();
    let output = run(
        path,
        &[
            "clean",
            "latin.txt",
            "--encoding",
            "windows-1252",
            "--removed",
            "r.jsonl",
        ],
        0,
        "",
    );
    assert_eq!(output.stdout, b"Caf\xe9.\r\nNa\xefve.");
    fs::write(path.join("cleaned.txt"), &output.stdout).unwrap();
    let output = run(
        path,
        &["restore", "cleaned.txt", "--removed", "r.jsonl"],
        0,
        "",
    );
    assert_eq!(output.stdout, fs::read(path.join("latin.txt")).unwrap());
}

#[test]
fn user_packs_and_configuration_are_applied() {
    let directory = tree();
    let path = directory.path();
    let pack = "[pack]\nname = \"mine\"\n\n\
                [[rule]]\nid = \"rain\"\ndescription = \"Rain.\"\ncategory = \"other\"\n\
                confidence = \"certain\"\nlabels = [\"It rained\"]\n\
                examples.remove = [\"It rained.\\nx\", \"It rained\\nx\"]\n\
                examples.keep = [\"It rains.\", \"Rain\"]\n";
    fs::write(path.join("mine.toml"), pack).unwrap();
    fs::write(
        path.join("dechaff.toml"),
        "rules = [\"mine.toml\"]\nskip = [\"advert\"]\n",
    )
    .unwrap();
    let output = run(&path.join("in"), &["clean", "a.txt", "-q"], 0, "");
    assert_eq!(text(&output.stdout), "Advertisement\nIt stopped.\n");
    run(path, &["rules", "test"], 0, "");
    fs::write(
        path.join("mine.toml"),
        pack.replace("\"Rain\"]", "\"It rained!\"]"),
    )
    .unwrap();
    let output = run(path, &["rules", "test"], 1, "");
    assert!(
        text(&output.stdout).contains("mine.toml:5: mine/rain keep 2: should remove nothing"),
        "{}",
        text(&output.stdout)
    );
    fs::write(path.join("mine.toml"), pack.replace("labels", "label")).unwrap();
    run(
        path,
        &["clean", "in/a.txt"],
        2,
        "mine.toml:9:1: unknown field `label`",
    );
    fs::write(path.join("dechaff.toml"), "levle = \"precise\"\n").unwrap();
    run(
        path,
        &["clean", "in/a.txt"],
        2,
        "dechaff.toml:1:1: unknown field `levle`",
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
fn stdin_is_cleaned_to_stdout_and_a_closed_pipe_is_not_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = start_clean(directory.path());
    child
        .stdin
        .take()
        .unwrap()
        .write_all(CHAFF.as_bytes())
        .unwrap();
    assert_eq!(text(&child.wait_with_output().unwrap().stdout), CLEAN);

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
            "3 skipped: links, devices or pipes",
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
fn rules_page_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = text(&dechaff(root, &["rules", "page"]).stdout);
    let committed = fs::read_to_string(root.join("docs/rules.md")).unwrap();
    assert!(
        page == committed,
        "docs/rules.md is out of date; regenerate it with: dechaff rules page > docs/rules.md"
    );
}

/// Returns the cells of the row of `table` that begins with `name`.
fn table_row<'t>(table: &'t str, name: &str) -> Vec<&'t str> {
    let row = table.lines().find(|line| line.starts_with(name)).unwrap();
    row.split_whitespace().collect()
}

#[test]
fn rules_test_measures_rules_on_a_labelled_corpus() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let rows = [
        concat!(
            r#"{"text": "It rained.\nAdvertisement\nShare this article\nAdvertisement", "#,
            r#""labels": "kddk", "lang": "en"}"#
        ),
        r#"{"text": "It rained.\nAdvertisement", "labels": ["k", "d"], "lang": "de"}"#,
        "{broken",
        r#"{"text": "It rained.", "labels": "kk", "lang": "en"}"#,
    ];
    fs::write(path.join("pages.jsonl"), rows.join("\n")).unwrap();
    let output = run(
        path,
        &["rules", "test", "--corpus", "pages.jsonl", "--samples", "2"],
        3,
        "pages.jsonl: line 3: is not valid JSON",
    );
    let table = text(&output.stdout);
    // Columns: rule, confidence, hits, lines, sole, kept lines hit, their words.
    assert_eq!(
        table_row(&table, "advert/marker"),
        ["advert/marker", "certain", "3", "2", "2", "1", "1"]
    );
    assert_eq!(
        table_row(&table, "share/share-labels"),
        ["share/share-labels", "certain", "1", "1", "0", "0", "0"]
    );
    assert!(table.contains("    ! Advertisement\n"), "{table}");
    assert!(table.contains("recall 100.0 % (3 of 3)"), "{table}");
    assert!(
        table.contains("prose words lost 20.000 % (1 of 5)"),
        "{table}"
    );

    let output = run(
        path,
        &[
            "rules",
            "test",
            "--corpus",
            "pages.jsonl",
            "--where",
            "lang=de",
            "--json",
        ],
        3,
        "line 3",
    );
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (
            &json["documents"],
            &json["chaff-removed"],
            &json["prose-words-lost"]
        ),
        (&1.into(), &1.into(), &0.into())
    );

    fs::write(path.join("plain.txt"), "It rained.\nAdvertisement\n").unwrap();
    let table = text(&run(path, &["rules", "test", "--corpus", "plain.txt"], 0, "").stdout);
    assert!(
        table.contains("words removed from lines without a label 33.333 % (1 of 3)"),
        "{table}"
    );
    run(
        path,
        &[
            "rules",
            "test",
            "--corpus",
            "plain.txt",
            "--where",
            "lang=fr",
        ],
        2,
        "--where",
    );
    run(path, &["rules", "test", "--samples", "2"], 2, "--corpus");
}

/// Returns `file` cleaned with the pack `mine.toml` and the options `more`.
fn clean_with_pack(directory: &Path, file: &str, more: &[&str]) -> String {
    let args = ["clean", "-q", "--rules", "mine.toml", file];
    text(&run(directory, &[&args, more].concat(), 0, "").stdout)
}

#[test]
fn rules_bound_to_languages_skip_other_languages() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let pack = "[pack]\nname = 'mine'\n\
                [[rule]]\nid = 'share'\ndescription = 'D.'\ncategory = 'share'\n\
                confidence = 'certain'\nlanguages = ['da', 'nb']\nlabels = ['Delphin']\n\
                examples.remove = ['Delphin', 'Delphin.']\nexamples.keep = ['a', 'b']\n";
    fs::write(path.join("mine.toml"), pack).unwrap();
    let german = "Der Stadtrat hat am Montag beschlossen, die alte Brücke bis zum Ende des Jahres \
                  zu sperren.\nDelphin\nDie Händler am Hafen fürchten um ihr Geschäft und wollen \
                  gegen den Beschluss klagen.\n";
    let danish = "Byrådet besluttede mandag at lukke den gamle bro for al trafik, til året er \
                  omme.\nDelphin\nDe handlende ved havnen frygter for deres forretning og vil \
                  klage over beslutningen.\n";
    fs::write(path.join("de.txt"), german).unwrap();
    fs::write(path.join("da.txt"), danish).unwrap();
    assert_eq!(clean_with_pack(path, "de.txt", &[]), german);
    assert_eq!(
        clean_with_pack(path, "da.txt", &[]),
        danish.replace("Delphin\n", "")
    );
    assert_eq!(
        clean_with_pack(path, "de.txt", &["--lang", "no"]),
        german.replace("Delphin\n", "")
    );
    assert_eq!(
        clean_with_pack(path, "da.txt", &["--lang", "de-AT"]),
        danish
    );
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

/// Returns the group of pages whose field has `value`; `""` is the group of all pages.
fn group<'g>(groups: &'g [serde_json::Value], value: &str) -> &'g serde_json::Value {
    let mut groups = groups.iter();
    groups
        .find(|group| group["value"].as_str().unwrap_or("") == value)
        .unwrap()
}

#[test]
fn eval_measures_labelled_pages_by_field() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("pages.jsonl"), LABELLED).unwrap();
    let output = run(
        path,
        &[
            "eval",
            "pages.jsonl",
            "--by",
            "lang",
            "--json",
            "--errors",
            "errors.jsonl",
            "-l",
            "balanced",
        ],
        0,
        "",
    );
    let groups: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let all = group(&groups, "");
    assert_eq!(
        (all["texts"].as_u64(), all["publishers"].as_u64()),
        (Some(2), Some(2))
    );
    assert_eq!(
        (
            all["chaff-lines"].as_u64(),
            all["chaff-lines-removed"].as_u64()
        ),
        (Some(3), Some(2))
    );
    // One of eleven words of prose is lost, on one of two pages.
    assert_eq!(
        (
            all["prose-words"].as_u64(),
            all["prose-words-removed"].as_u64()
        ),
        (Some(11), Some(1))
    );
    assert_eq!(
        (
            all["damaged"]["value"].as_f64(),
            group(&groups, "en")["recall"]["value"].as_f64()
        ),
        (Some(0.5), Some(1.0))
    );
    assert_eq!(
        group(&groups, "de")["precision"]["value"].as_f64(),
        Some(0.0)
    );
    let errors: Vec<serde_json::Value> = read(path, "errors.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mistakes: Vec<_> = errors
        .iter()
        .map(|error| {
            (
                error["kind"].as_str().unwrap(),
                error["line"].as_u64().unwrap(),
                error["id"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(mistakes, [("left", 2, "2"), ("lost", 3, "2")]);
    assert_eq!(errors[1]["rules"][0], "advert/marker");
}

/// Returns the table that `eval` prints for the pages of a file.
fn eval_table(directory: &Path, file: &str) -> String {
    text(&run(directory, &["eval", file], 0, "").stdout)
}

#[test]
fn eval_reads_compressed_pages_and_reports_invalid_ones() {
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
    fs::write(
        path.join("wrong.jsonl"),
        "{\"text\": \"a\\nb\", \"labels\": \"k\"}\n",
    )
    .unwrap();
    run(path, &["eval", "wrong.jsonl"], 2, "1 labels for 2 lines");
    fs::write(path.join("bare.jsonl"), "{\"text\": \"a\"}\n").unwrap();
    run(path, &["eval", "bare.jsonl"], 2, "no page has labels");
    assert!(
        run(
            path,
            &["eval", "gone.jsonl"],
            2,
            "gone.jsonl: cannot be read"
        )
        .stdout
        .is_empty()
    );
}

/// `eval` knows which bytes were removed; the benchmark's script aligns the two texts afterwards.
/// Both must measure the same.
#[test]
fn eval_agrees_with_the_benchmark_script() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let script = shared.join("tools/score.py");
    if !script.exists() || Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: the benchmark script or python3 is missing");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let clean = format!(
        "'{}' clean -q --level thorough",
        env!("CARGO_BIN_EXE_dechaff")
    );
    let mut python = Command::new("python3");
    python.arg(script).args([
        "--cmd",
        &clean,
        "--datasets",
        "fundus_eval",
        "--extractors",
        "leaky",
        "--split",
        "valid",
        "--json",
        "score.json",
    ]);
    let output = python.current_dir(path).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let script_report: serde_json::Value = serde_json::from_str(&read(path, "score.json")).unwrap();
    let pages = shared.join("data/pages.jsonl.gz");
    let leaky = "extractor=trafilatura_recall,readability_lxml,resiliparse_main,newspaper4k";
    let filters = [
        "--where",
        "split=valid",
        "--where",
        "dataset=fundus_eval",
        "--where",
        leaky,
    ];
    let output = run(
        path,
        &[
            &["eval", pages.to_str().unwrap(), "-l", "thorough", "--json"],
            &filters[..],
        ]
        .concat(),
        0,
        "",
    );
    let eval_report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
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

/// An article with a list of links that rules match only in part.
const ARTICLE: &str = "The bridge over the harbour will stay closed until Monday, the council said \
    after a meeting of two hours.\n\n\
    Engineers found cracks in two of its piers when they looked at it in March, and a third in \
    April.\n\n\
    It carries nine thousand cars a day, and the ferry that was to replace it has not come.\n\n\
    Share this\nRead more about the harbour\nRelated Topics\nHarbour\nTransport\n\
    More on this story\nFerry to replace bridge is late again\nCouncil meets over bridge\n\
    Top stories\nMost read\n";

#[test]
fn line_model_is_explained_and_obeys_keep_rules_skip_and_max_loss() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("article.txt"), ARTICLE).unwrap();
    let stdout = text(&run(path, &["explain", "article.txt", "-l", "thorough"], 0, "").stdout);
    let line = stdout
        .lines()
        .find(|line| line.contains("{model/line 0."))
        .unwrap_or_else(|| panic!("{stdout}"));
    assert!(
        line.contains(": ") && line.contains("(+"),
        "the most important features are missing: {line}"
    );
    assert!(
        !text(
            &run(
                path,
                &[
                    "explain",
                    "article.txt",
                    "-l",
                    "thorough",
                    "--skip",
                    "model"
                ],
                0,
                ""
            )
            .stdout
        )
        .contains("model/line")
    );
    fs::write(
        path.join("keep.toml"),
        "[pack]\nname = 'mine'\n[[rule]]\nid = 'ferry'\ndescription = 'Ours.'\nkeep = true\n\
         labels = ['Ferry to replace bridge is late again', 'Council meets over bridge', \
         'Harbour', 'Transport']\nexamples.remove = ['Share this', 'Most read']\n\
         examples.keep = ['A.\\nHarbour', 'B.\\nTransport']\n",
    )
    .unwrap();
    let kept = text(
        &run(
            path,
            &[
                "clean",
                "article.txt",
                "-l",
                "thorough",
                "--rules",
                "keep.toml",
            ],
            0,
            "",
        )
        .stdout,
    );
    assert!(
        kept.contains("Ferry to replace bridge is late again\n") && kept.contains("Transport\n"),
        "{kept}"
    );
    run(
        path,
        &["clean", "article.txt", "--max-loss", "0.003"],
        0,
        "",
    );
    run(
        path,
        &["clean", "article.txt", "--max-loss", "0.00000001"],
        2,
        "lowest loss measured",
    );
    run(
        path,
        &["clean", "article.txt", "--max-loss", "2"],
        2,
        "0 to 1",
    );
}
