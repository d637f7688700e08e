//! The documentation: runs the commands that README and `docs/` show and compares their outputs
//! with the recorded ones, and checks a generated page. `DECHAFF_DOCS=write cargo test
//! --test integration docs` writes the outputs to the pages instead.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn root() -> &'static Path {
    Path::new(ROOT)
}

/// Creates a directory with the files that the pages use in its subdirectory `work`, where their
/// commands run.
fn sandbox() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("work");
    fs::create_dir_all(path.join("corpus")).unwrap();
    for name in ["article.txt", "pages.jsonl"] {
        fs::copy(root().join("tests/docs").join(name), path.join(name)).unwrap();
    }
    for entry in fs::read_dir(root().join("samples")).unwrap() {
        let from = entry.unwrap().path();
        if from.extension().is_some_and(|extension| extension == "txt") {
            fs::copy(&from, path.join("corpus").join(from.file_name().unwrap())).unwrap();
        }
    }
    directory
}

/// Runs a shell command in `work` and returns its standard output and error, interleaved, and its
/// exit code (-1 if a signal ended it).
fn shell(directory: &Path, command: &str) -> (String, i32) {
    let bin = Path::new(env!("CARGO_BIN_EXE_dechaff")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {command}\n}} 2>&1 < /dev/null")])
        .current_dir(directory.join("work"))
        .env("PATH", path)
        .env("SLURM_ARRAY_TASK_ID", "3")
        .output()
        .unwrap();
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        output.status.code().unwrap_or(-1),
    )
}

/// Whether the environment asks to write outputs to the pages instead of comparing them.
fn is_writing() -> bool {
    std::env::var_os("DECHAFF_DOCS").is_some_and(|value| value == "write")
}

/// Whether `output` is what a page shows: in `shown`, `[..]` matches any part of a line, and a line
/// `...` matches any number of lines.
fn matches_shown(shown: &[&str], output: &[&str]) -> bool {
    let Some((pattern, more_shown)) = shown.split_first() else {
        return output.is_empty();
    };
    if *pattern == "..." {
        return (0..=output.len()).any(|skipped| matches_shown(more_shown, &output[skipped..]));
    }
    let Some((line, more_output)) = output.split_first() else {
        return false;
    };
    matches_line(pattern, line) && matches_shown(more_shown, more_output)
}

/// Whether `line` matches `pattern`, in which `[..]` matches any text.
fn matches_line(pattern: &str, line: &str) -> bool {
    let mut at = 0;
    let mut parts = pattern.split("[..]").peekable();
    let mut is_first = true;
    while let Some(part) = parts.next() {
        let offset = if is_first {
            line.starts_with(part).then_some(0)
        } else {
            line[at..].find(part)
        };
        let Some(offset) = offset else { return false };
        at += offset + part.len();
        if parts.peek().is_none() && !part.is_empty() && !line.ends_with(part) {
            return false;
        }
        is_first = false;
    }
    pattern.ends_with("[..]") || at == line.len()
}

/// Returns `lines` without the blank ones at the end.
fn trim_blank_end<'l, 't>(lines: &'l [&'t str]) -> &'l [&'t str] {
    let end = lines.iter().rposition(|line| !line.is_empty());
    &lines[..end.map_or(0, |last| last + 1)]
}

/// Runs the commands in the console blocks of `page`. Returns the page with their actual outputs,
/// and each command whose output differs from the page, with that output.
fn play(page: &str) -> (String, Vec<String>) {
    let directory = sandbox();
    let (mut updated, mut wrong) = (String::new(), Vec::new());
    let mut lines = page.lines().peekable();
    let mut is_console = false;
    while let Some(line) = lines.next() {
        updated.push_str(line);
        updated.push('\n');
        if line.starts_with("```") {
            is_console = line == "```console";
        }
        let Some(command) = line.strip_prefix("$ ").filter(|_| is_console) else {
            continue;
        };
        let mut shown = Vec::new();
        while lines
            .peek()
            .is_some_and(|next| !next.starts_with("```") && !next.starts_with("$ "))
        {
            shown.push(lines.next().unwrap());
        }
        let (output, _) = shell(directory.path(), command);
        let output: Vec<&str> = output.lines().map(str::trim_end).collect();
        let output = trim_blank_end(&output);
        // A blank line before the next command belongs to the page, not to the output.
        let expected = trim_blank_end(&shown);
        if matches_shown(expected, output) {
            shown
                .iter()
                .for_each(|line| updated.push_str(&format!("{line}\n")));
        } else {
            wrong.push(format!("$ {command}\n{}", output.join("\n")));
            output
                .iter()
                .for_each(|line| updated.push_str(&format!("{line}\n")));
            (expected.len()..shown.len()).for_each(|_| updated.push('\n'));
        }
    }
    (updated, wrong)
}

#[test]
fn recorded_commands_print_what_the_pages_show() {
    let mut recordings = 0;
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let page = fs::read_to_string(&path).unwrap();
        recordings += page.matches("```console\n").count();
        let (updated, wrong) = play(&page);
        if is_writing() {
            fs::write(&path, updated).unwrap();
        } else {
            assert!(
                wrong.is_empty(),
                "{} shows other outputs than its commands print:\n{}",
                path.display(),
                wrong.join("\n")
            );
        }
    }
    assert!(recordings > 10);
}

#[test]
fn reference_page_is_up_to_date() {
    let (reference, _) = shell(sandbox().path(), "dechaff reference");
    let path = root().join("docs/reference.md");
    if is_writing() {
        fs::write(&path, &reference).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap() == reference,
        "docs/reference.md is out of date; \
         regenerate it with: dechaff reference > docs/reference.md"
    );
}

/// The pages whose `sh` blocks are run, in this order.
const COMMAND_PAGES: &[&str] = &[
    "README.md",
    "docs/formats.md",
    "docs/runs.md",
    "docs/quality.md",
    "docs/packs.md",
];

/// Parts of commands that cannot run here: they build dechaff or need a Parquet file, which
/// `formats.rs` covers.
const SKIPPED: &[&str] = &["cargo ", "train.parquet"];

/// Runs a shell command and asserts that it exits with 0 or with 1, which means "found chaff".
fn assert_runs(directory: &Path, command: &str) {
    let (output, code) = shell(directory, command);
    assert!(matches!(code, 0 | 1), "{command}\n{output}");
}

/// Whether a program can be started.
fn is_installed(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok()
}

#[test]
fn every_command_runs() {
    let directory = sandbox();
    let work = directory.path().join("work");
    // Files that the commands expect.
    for name in ["crawl", "texts", "corpus/documents", "samples"] {
        fs::create_dir_all(work.join(name)).unwrap();
    }
    for name in ["phone-review.txt", "harbour-bridge.txt"] {
        fs::copy(
            work.join("corpus").join(name),
            work.join("samples").join(name),
        )
        .unwrap();
    }
    fs::copy(work.join("article.txt"), work.join("texts/a.txt")).unwrap();
    fs::copy(work.join("pages.jsonl"), work.join("crawl/pages.jsonl")).unwrap();
    fs::copy(
        work.join("pages.jsonl"),
        work.join("corpus/documents/pages.jsonl"),
    )
    .unwrap();
    fs::write(
        work.join("table.csv"),
        "id,body\n1,\"It rained.\nAdvertisement\n\"\n",
    )
    .unwrap();
    fs::write(
        work.join("feed.jsonl"),
        "{\"content\": \"<p>It rained.</p><p>Advertisement</p>\"}\n",
    )
    .unwrap();
    fs::write(
        work.join("chats.jsonl"),
        "{\"prompt\":\"It rained.\",\
         \"messages\":[{\"content\":\"Advertisement\\nIt stopped.\\n\"}]}\n",
    )
    .unwrap();
    let text = "It rained.\nAdvertisement\nIt stopped.\n";
    let wet = format!(
        "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: {}\r\n\r\n{text}\r\n\r\n",
        text.len()
    );
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(wet.as_bytes()).unwrap();
    fs::write(
        work.join("CC-MAIN-00000.warc.wet.gz"),
        gzip.finish().unwrap(),
    )
    .unwrap();
    assert_runs(
        directory.path(),
        "dechaff clean -q pages.jsonl -o pages.jsonl.zst && \
         dechaff clean -q corpus -o ../new --removed new.jsonl --level precise",
    );
    let labelled = "{\"text\":\"It rained.\\nAdvertisement\",\"labels\":\"kd\",\
                    \"publisher\":\"a\",\"lang\":\"en\"}\n";
    let pages: String = COMMAND_PAGES
        .iter()
        .map(|page| fs::read_to_string(root().join(page)).unwrap())
        .collect();
    let (mut is_shell, mut ran) = (false, 0);
    for line in pages.lines() {
        if line.starts_with("```") {
            is_shell = line == "```sh";
            continue;
        }
        let command = line
            .split("  #")
            .next()
            .unwrap()
            .split(" # ")
            .next()
            .unwrap()
            .trim();
        if !is_shell || command.is_empty() || SKIPPED.iter().any(|part| command.contains(part)) {
            continue;
        }
        if ["zstdcat", "jq", "duckdb"]
            .iter()
            .any(|tool| command.contains(tool) && !is_installed(tool))
        {
            println!("skipped: {command}");
            continue;
        }
        if command.starts_with("dechaff eval") {
            let name = command.split_whitespace().nth(2).unwrap();
            let plain = name.trim_end_matches(".gz");
            fs::write(work.join(plain), labelled.repeat(9)).unwrap();
            if plain != name {
                let compress = "dechaff clean -q --level precise --only cookie --compress gzip";
                assert_runs(directory.path(), &format!("{compress} {plain} -o {name}"));
            }
        }
        // dechaff refuses to overwrite outputs of earlier commands, unless it resumes.
        let words: Vec<&str> = command.split_whitespace().collect();
        for pair in words
            .windows(2)
            .filter(|pair| matches!(pair[0], "-o" | "--output" | "--removed" | "--errors"))
        {
            if command.contains("dechaff clean") && !command.contains("--resume") {
                let _ = fs::remove_dir_all(work.join(pair[1]));
                let _ = fs::remove_file(work.join(pair[1]));
            }
        }
        assert_runs(directory.path(), command);
        // Attribute files have no texts, so nobody would clean them with the documents.
        let _ = fs::remove_dir_all(work.join("corpus/attributes"));
        ran += 1;
    }
    assert!(ran > 30, "{ran}");
}
