//! The commands that README and the pages of `docs/` show: each runs as it stands there, and what the pages show of its
//! output is what it prints. `DECHAFF_DOCS=write cargo test --test docs` writes the outputs anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests"
)]
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn root() -> &'static Path {
    Path::new(ROOT)
}

/// A directory with what the pages speak of, and in it the one where their commands run.
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

/// What a command prints, on both outputs, and its exit code.
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

/// Whether a text is what a page shows: `[..]` stands for a part of a line, a line `...` for any lines.
fn fits(shown: &[&str], told: &[&str]) -> bool {
    let Some((first, rest)) = shown.split_first() else {
        return told.is_empty();
    };
    if *first == "..." {
        return (0..=told.len()).any(|skipped| fits(rest, &told[skipped..]));
    }
    let Some((line, others)) = told.split_first() else {
        return false;
    };
    let mut at = 0;
    let mut parts = first.split("[..]").peekable();
    let mut is_first = true;
    while let Some(part) = parts.next() {
        let found = if is_first {
            line.starts_with(part).then_some(0)
        } else {
            line[at..].find(part)
        };
        let Some(found) = found else { return false };
        at += found + part.len();
        if parts.peek().is_none() && !part.is_empty() && !line.ends_with(part) {
            return false;
        }
        is_first = false;
    }
    (first.ends_with("[..]") || at == line.len()) && fits(rest, others)
}

/// Runs the recordings of a page, and gives the page with the outputs that came.
fn play(page: &str) -> (String, Vec<String>) {
    let directory = sandbox();
    let (mut anew, mut wrong) = (String::new(), Vec::new());
    let mut lines = page.lines().peekable();
    let mut inside = false;
    while let Some(line) = lines.next() {
        anew.push_str(line);
        anew.push('\n');
        if line.starts_with("```") {
            inside = line == "```console";
        }
        let Some(command) = line.strip_prefix("$ ").filter(|_| inside) else {
            continue;
        };
        let mut shown = Vec::new();
        while lines
            .peek()
            .is_some_and(|next| !next.starts_with("```") && !next.starts_with("$ "))
        {
            shown.push(lines.next().unwrap());
        }
        let (told, _) = shell(directory.path(), command);
        let told: Vec<&str> = told.lines().map(str::trim_end).collect();
        // A blank line before the next command belongs to the page.
        let kept: Vec<&str> = shown
            .iter()
            .rev()
            .skip_while(|line| line.is_empty())
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .copied()
            .collect();
        let bare: Vec<&str> = told
            .iter()
            .rev()
            .skip_while(|line| line.is_empty())
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .copied()
            .collect();
        if fits(&kept, &bare) {
            shown
                .iter()
                .for_each(|line| anew.push_str(&format!("{line}\n")));
        } else {
            wrong.push(format!("$ {command}\n{}", bare.join("\n")));
            bare.iter()
                .for_each(|line| anew.push_str(&format!("{line}\n")));
            (kept.len()..shown.len()).for_each(|_| anew.push('\n'));
        }
    }
    (anew, wrong)
}

#[test]
fn recordings_print_what_the_pages_show() {
    let mut recordings = 0;
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let page = fs::read_to_string(&path).unwrap();
        recordings += page.matches("```console\n").count();
        let (anew, wrong) = play(&page);
        if std::env::var_os("DECHAFF_DOCS").is_some_and(|what| what == "write") {
            fs::write(&path, anew).unwrap();
        } else {
            assert!(
                wrong.is_empty(),
                "{} shows something else than comes:\n{}",
                path.display(),
                wrong.join("\n")
            );
        }
    }
    assert!(recordings > 10);
}

#[test]
fn the_reference_is_up_to_date() {
    let (told, _) = shell(sandbox().path(), "dechaff reference");
    let path = root().join("docs/reference.md");
    if std::env::var_os("DECHAFF_DOCS").is_some_and(|what| what == "write") {
        fs::write(&path, &told).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap() == told,
        "docs/reference.md is out of date; make it with: dechaff reference > docs/reference.md"
    );
}

#[test]
fn links_between_pages_lead_somewhere() {
    let pages = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for path in pages
        .chain(["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"].map(|name| root().join(name)))
    {
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
            let leads = target.is_empty()
                || target.contains(':')
                || path.parent().unwrap().join(target).exists();
            assert!(
                leads || path.ends_with("rules.md"),
                "{} links to {target}",
                path.display()
            );
        }
    }
}

/// Lines of the README that need what a test has not: a build of its own, a file in Parquet (`tests/formats.rs` has those).
const LEFT_OUT: &[&str] = &["cargo ", "train.parquet"];

#[test]
fn every_command_of_the_readme_runs() {
    let directory = sandbox();
    let work = directory.path().join("work");
    let run = |command: &str| {
        let (told, code) = shell(directory.path(), command);
        assert!(matches!(code, 0 | 1), "{command}\n{told}");
    };
    // What the README takes for granted.
    for directory in ["crawl", "texts", "corpus/documents"] {
        fs::create_dir_all(work.join(directory)).unwrap();
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
    fs::write(work.join("chats.jsonl"), "{\"prompt\":\"It rained.\",\"messages\":[{\"content\":\"Advertisement\\nIt stopped.\\n\"}]}\n")
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
    run(
        "dechaff clean -q pages.jsonl -o pages.jsonl.zst && dechaff clean -q corpus -o ../new --removed new.jsonl --level precise",
    );
    let labelled = "{\"text\":\"It rained.\\nAdvertisement\",\"labels\":\"kd\",\"publisher\":\"a\",\"lang\":\"en\"}\n";
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (mut inside, mut ran) = (false, 0);
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
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
        if !inside || command.is_empty() || LEFT_OUT.iter().any(|part| command.contains(part)) {
            continue;
        }
        let lacks = |tool: &str| {
            command.contains(tool) && Command::new(tool).arg("--version").output().is_err()
        };
        if lacks("zstdcat") || lacks("jq") {
            println!("left out: {command}");
            continue;
        }
        if command.starts_with("dechaff eval") {
            let name = command.split_whitespace().nth(2).unwrap();
            let plain = name.trim_end_matches(".gz");
            fs::write(work.join(plain), labelled.repeat(9)).unwrap();
            if plain != name {
                run(&format!(
                    "dechaff clean -q --level precise --only cookie --compress gzip {plain} -o {name}"
                ));
            }
        }
        // What an earlier line wrote is in the way of none but one that goes on with it.
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
        run(command);
        ran += 1;
    }
    assert!(ran > 30, "{ran}");
}
