//! Long runs as their user meets them: interrupted, killed, gone on with, shared between machines, checked afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests"
)]

mod common;

use common::run;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The command, to be started and not waited for.
fn command(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dechaff"));
    command
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// All files below a directory, with what they hold, less the journal.
fn tree(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == ".dechaff" {
            continue;
        }
        if path.is_dir() {
            found.extend(
                tree(&path)
                    .into_iter()
                    .map(|(below, bytes)| (format!("{name}/{below}"), bytes)),
            );
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn line(number: usize) -> String {
    let chaff = if number.is_multiple_of(3) {
        "Share this article\n"
    } else {
        ""
    };
    format!(
        "{}\n",
        json!({ "id": number, "text": format!("It rained on day {number} in the town by the sea, all day long.\n{chaff}It stopped.") })
    )
}

/// A corpus of small files, and of one that is large enough to be cleaned by itself.
fn corpus(directory: &Path, large: usize) {
    fs::create_dir_all(directory.join("in/sub")).unwrap();
    for number in 0..20 {
        fs::write(
            directory.join(format!("in/sub/{number}.txt")),
            format!("It rained on day {number}.\nAdvertisement\nIt stopped.\n"),
        )
        .unwrap();
        fs::write(
            directory.join(format!("in/{number}.jsonl")),
            (0..40).map(line).collect::<String>(),
        )
        .unwrap();
    }
    fs::write(
        directory.join("in/large.jsonl"),
        (0..large).map(line).collect::<String>(),
    )
    .unwrap();
}

fn manifest(directory: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(directory.join(name)).unwrap()).unwrap()
}

#[test]
fn a_finished_run_leaves_a_manifest_that_is_verified() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    corpus(path, 10);
    run(path, &["verify", "in"], 2, "in has no manifest");
    run(
        path,
        &["clean", "in", "-o", "out", "-j", "1", "--level", "precise"],
        0,
        "",
    );
    run(
        path,
        &[
            "clean", "in", "-o", "again", "-j", "3", "--level", "precise",
        ],
        0,
        "",
    );
    assert!(
        tree(&path.join("out")) == tree(&path.join("again")),
        "equal runs write equal manifests"
    );
    let told = manifest(path, "out/dechaff-run.json");
    assert_eq!(
        (&told["options"]["level"], &told["totals"]["documents"]),
        (&json!("precise"), &json!(20 + 20 * 40 + 10))
    );
    assert_eq!(told["files"].as_array().unwrap().len(), 41);
    assert!(told["packs"]["video"].as_str().unwrap().len() == 64);
    run(
        path,
        &["verify", "out"],
        0,
        "41 outputs are as written, 0 problems",
    );
    fs::write(
        path.join("out/sub/1.txt"),
        "It rained on day 9.\nIt stopped.\n",
    )
    .unwrap();
    fs::write(path.join("out/2.jsonl"), "").unwrap();
    fs::remove_file(path.join("out/3.jsonl")).unwrap();
    let told = run(path, &["verify", "out", "--json"], 1, "3 problems");
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(
        (
            told["sound"].as_u64(),
            told["problems"].as_array().map(Vec::len)
        ),
        (Some(38), Some(3))
    );
    let output = run(
        path,
        &["verify", "out"],
        1,
        "38 outputs are as written, 3 problems",
    );
    let problems = String::from_utf8(output.stdout).unwrap();
    for problem in [
        "sub/1.txt has other bytes than were written\n",
        "2.jsonl has 0 bytes, not ",
        "3.jsonl cannot be read: ",
    ] {
        assert!(problems.contains(problem), "{problems}");
    }
    // What dechaff left is no input of a later run.
    run(
        path,
        &["clean", "again", "-o", "third", "--level", "precise"],
        0,
        "830 documents",
    );
}

#[test]
fn a_run_goes_on_with_what_is_new_or_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    corpus(path, 10);
    let clean = ["clean", "in", "-o", "out", "--removed", "r.jsonl"];
    run(path, &clean, 0, "");
    let before = (
        tree(&path.join("out")),
        fs::read(path.join("r.jsonl")).unwrap(),
    );
    run(
        path,
        &clean,
        2,
        "out holds the outputs of an earlier run; use --resume to continue it, or --force to start over",
    );
    run(
        path,
        &[
            "clean",
            "in",
            "-o",
            "none",
            "--resume",
            "--removed",
            "x.jsonl",
        ],
        0,
        "there is no earlier run to resume",
    );
    // Nothing is done twice: an output that was tampered with in place, at its length, stays so.
    let tampered = String::from_utf8(before.0["sub/5.txt"].clone())
        .unwrap()
        .replace("day 5", "day X");
    fs::write(path.join("out/sub/5.txt"), tampered).unwrap();
    let resume = [&clean[..], &["--resume"]].concat();
    run(path, &resume, 0, "830 documents");
    assert!(
        fs::read_to_string(path.join("out/sub/5.txt"))
            .unwrap()
            .contains("day X")
    );
    fs::write(path.join("out/sub/5.txt"), &before.0["sub/5.txt"]).unwrap();
    assert!(
        (
            tree(&path.join("out")),
            fs::read(path.join("r.jsonl")).unwrap()
        ) == before
    );
    // A changed input is cleaned anew, and the record tells of it once.
    fs::write(
        path.join("in/sub/7.txt"),
        "It snowed for once.\nAdvertisement\nIt stopped.\n",
    )
    .unwrap();
    fs::remove_file(path.join("out/sub/9.txt")).unwrap();
    run(
        path,
        &resume,
        0,
        "in/sub/7.txt: changed since the earlier run; cleaned again",
    );
    assert_eq!(
        fs::read_to_string(path.join("out/sub/7.txt")).unwrap(),
        "It snowed for once.\nIt stopped.\n"
    );
    run(
        path,
        &["clean", "in", "-o", "fresh", "--removed", "fresh.jsonl"],
        0,
        "",
    );
    assert!(tree(&path.join("out")) == tree(&path.join("fresh")));
    assert!(fs::read(path.join("r.jsonl")).unwrap() == fs::read(path.join("fresh.jsonl")).unwrap());
    run(
        path,
        &[
            "clean", "in", "-o", "out", "--resume", "--level", "thorough",
        ],
        0,
        "all files are cleaned again",
    );
    run(path, &["verify", "out"], 0, "41 outputs");
    run(
        path,
        &["clean", "in/1.jsonl", "--resume", "--in-place"],
        2,
        "name it with --output",
    );
}

#[test]
fn shards_share_the_work_and_their_statistics_add_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    corpus(path, 10);
    run(
        path,
        &["clean", "in", "-o", "whole", "--stats", "whole.json"],
        0,
        "",
    );
    for index in ["1", "2", "3"] {
        let (shard, stats) = (format!("{index}/3"), format!("s{index}.json"));
        run(
            path,
            &[
                "clean", "in", "-o", "out", "--shard", &shard, "--stats", &stats, "-q",
            ],
            0,
            "",
        );
        if index == "2" {
            run(path, &["verify", "out"], 1, "1 problem");
        }
    }
    run(path, &["verify", "out"], 0, "41 outputs are as written");
    let texts = |name: &str| {
        tree(&path.join(name))
            .into_iter()
            .filter(|(name, _)| !name.starts_with("dechaff-run"))
            .collect::<BTreeMap<_, _>>()
    };
    assert!(texts("out") == texts("whole"));
    let merged = run(
        path,
        &["stats", "merge", "s1.json", "s2.json", "s3.json"],
        0,
        "",
    )
    .stdout;
    assert_eq!(
        String::from_utf8(merged).unwrap(),
        fs::read_to_string(path.join("whole.json")).unwrap()
    );
    run(
        path,
        &["clean", "in", "-o", "x", "--shard", "4/3"],
        2,
        "'4/3' is not a valid shard",
    );
    run(
        path,
        &["stats", "merge", "in/sub/1.txt"],
        2,
        "holds no statistics",
    );
}

/// Of one file of lines each shard takes a slice, and all slices together are what one run writes, reports and all.
#[test]
fn shards_slice_a_single_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(
        path.join("a.jsonl"),
        (0..60_000).map(line).collect::<String>() + "no JSON",
    )
    .unwrap();
    let reports = |name: &str| {
        [
            format!("r-{name}.jsonl"),
            format!("e-{name}.jsonl"),
            format!("s-{name}.json"),
        ]
    };
    let clean = |name: &str, more: &[&str]| {
        let [removed, errors, stats] = &reports(name);
        let args = [
            "clean",
            "a.jsonl",
            "-q",
            "--skip",
            "model",
            "--removed",
            removed,
            "--errors",
            errors,
            "--stats",
            stats,
        ];
        run(path, &[&args[..], more].concat(), 0, "");
    };
    clean("whole", &["-o", "whole.jsonl"]);
    for (shard, name) in [("1/3", "1"), ("2/3", "2"), ("3/3", "3")] {
        clean(name, &["-o", "out/", "--shard", shard]);
    }
    let join = |names: [&str; 3]| names.map(|name| fs::read_to_string(path.join(name)).unwrap());
    let outputs = join([
        "out/a.1-of-3.jsonl",
        "out/a.2-of-3.jsonl",
        "out/a.3-of-3.jsonl",
    ]);
    assert!(outputs.iter().all(|output| output.len() > 1 << 20));
    assert!(outputs.concat() == fs::read_to_string(path.join("whole.jsonl")).unwrap());
    for kind in ["r", "e"] {
        let all = join(
            [1, 2, 3]
                .map(|number| format!("{kind}-{number}.jsonl"))
                .each_ref()
                .map(String::as_str),
        )
        .concat();
        assert!(
            all == fs::read_to_string(path.join(format!("{kind}-whole.jsonl"))).unwrap(),
            "{kind}"
        );
    }
    let merged = run(
        path,
        &["stats", "merge", "s-1.json", "s-2.json", "s-3.json"],
        0,
        "",
    );
    assert!(merged.stdout == fs::read(path.join("s-whole.json")).unwrap());
    run(path, &["verify", "out"], 0, "3 outputs are as written");
    // A line of names stands in the first slice alone.
    for shard in ["1/2", "2/2"] {
        run(
            path,
            &[
                "clean",
                "a.jsonl",
                "-q",
                "--skip",
                "model",
                "-o",
                "table/",
                "--output-format",
                "csv",
                "--shard",
                shard,
            ],
            0,
            "",
        );
    }
    let [first, second] = ["1", "2"]
        .map(|shard| fs::read_to_string(path.join(format!("table/a.{shard}-of-2.csv"))).unwrap());
    assert!(first.starts_with("id,url,text\n0,") && !second.contains("id,url"));
    run(
        path,
        &["clean", "a.jsonl", "--shard", "1/3"],
        2,
        "--shard needs --output",
    );
}

#[cfg(unix)]
#[test]
fn two_runs_do_not_write_to_one_directory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    corpus(path, 60_000);
    let clean = ["clean", "in", "-o", "out"];
    let mut first = command(path, &clean).spawn().unwrap();
    while !path.join("out/.dechaff/lock").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(20));
    run(
        path,
        &[&clean[..], &["--force"]].concat(),
        2,
        "another run is writing to out",
    );
    assert!(
        Command::new("kill")
            .args(["-INT", &first.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert!(matches!(first.wait().unwrap().code(), Some(130 | 0)));
    run(path, &[&clean[..], &["--resume"]].concat(), 0, "");
    run(path, &["verify", "out"], 0, "41 outputs");
}

/// Kills runs at moments that differ, and goes on with them until one comes to its end. All that is there under its final
/// name is whole, and in the end all is as if nothing had happened.
#[cfg(unix)]
fn kill_and_resume(kills: u32, large: usize, compress: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    corpus(path, large);
    let args = |out: &'static str, removed: &'static str| {
        vec![
            "clean",
            "in",
            "-o",
            out,
            "--removed",
            removed,
            "--compress",
            compress,
            "-q",
            "--level",
            "precise",
            "--skip",
            "model",
        ]
    };
    let end = if compress.starts_with("zstd") {
        ".zst"
    } else {
        ".gz"
    };
    let begun = std::time::Instant::now();
    run(path, &args("whole", "whole.jsonl"), 0, "");
    let time = begun.elapsed();
    let expected = tree(&path.join("whole"));
    let mut seed = 0x9E37_79B9u64;
    let (mut killed, mut ended, mut within) = (0, 0, 0);
    while killed < kills {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mut again = args("out", "r.jsonl");
        again.push("--resume");
        let mut child = command(path, &again).spawn().unwrap();
        if killed == 0 {
            // The first one falls in the middle of the large file.
            let journal =
                || fs::read_to_string(path.join("out/.dechaff/journal.jsonl")).unwrap_or_default();
            while !journal().contains("{\"part\"") && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(2));
            }
        } else {
            std::thread::sleep(time.mul_f64((seed >> 40) as f64 / f64::from(1 << 24) * 0.6));
        }
        child.kill().unwrap();
        if child.wait().unwrap().code().is_none() {
            killed += 1;
            within += u32::from(
                path.join(format!("out/.dechaff-large.jsonl{end}.part"))
                    .exists(),
            );
        } else {
            ended += 1;
            assert!(tree(&path.join("out")) == expected, "after {killed} kills");
            assert!(
                fs::read(path.join("r.jsonl")).unwrap()
                    == fs::read(path.join("whole.jsonl")).unwrap()
            );
            fs::remove_dir_all(path.join("out")).unwrap();
            fs::remove_file(path.join("r.jsonl")).unwrap();
            continue;
        }
        if path.join("out").exists() {
            for (name, bytes) in tree(&path.join("out"))
                .iter()
                .filter(|(name, _)| !name.contains(".dechaff-"))
            {
                assert!(
                    expected[name] == *bytes,
                    "{name} is not whole after {killed} kills"
                );
            }
        }
    }
    let mut last = args("out", "r.jsonl");
    last.push("--resume");
    run(path, &last, 0, "");
    assert!(tree(&path.join("out")) == expected);
    assert!(fs::read(path.join("r.jsonl")).unwrap() == fs::read(path.join("whole.jsonl")).unwrap());
    assert!(within > 0, "none was killed within the large file");
    println!(
        "{killed} runs killed, {within} of them within the large file, {} came to their end; an undisturbed one takes {time:.1?}",
        ended + 1
    );
}

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_nothing_half_and_is_gone_on_with() {
    if std::env::var_os("DECHAFF_HEAVY").is_some() {
        kill_and_resume(50, 400_000, "zstd:1");
    } else {
        kill_and_resume(3, 300_000, "gzip:1");
    }
}
