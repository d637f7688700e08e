//! Runs over a directory: manifests, `verify`, `--resume` after interrupts and kills, locks, and
//! shards.

use crate::common::{run, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Returns a `dechaff` command that is not started yet.
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

/// Returns the contents of all files below `directory` by their relative paths, without the
/// journal.
fn tree(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == ".dechaff" {
            continue;
        }
        if path.is_dir() {
            files.extend(
                tree(&path)
                    .into_iter()
                    .map(|(below, bytes)| (format!("{name}/{below}"), bytes)),
            );
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

/// Returns a line of JSON Lines; every third one has chaff.
fn line(number: usize) -> String {
    let chaff = if number.is_multiple_of(3) {
        "Share this article\n"
    } else {
        ""
    };
    let text = format!(
        "It rained on day {number} in the town by the sea, all day long.\n{chaff}It stopped."
    );
    format!("{}\n", json!({ "id": number, "text": text }))
}

/// Creates a directory `in` with 40 small files and one of `large_lines` lines, which has
/// checkpoints if it is large enough.
fn corpus(directory: &Path, large_lines: usize) {
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
        (0..large_lines).map(line).collect::<String>(),
    )
    .unwrap();
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

#[test]
fn verify_checks_outputs_against_the_manifest() {
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
    let manifest: Value = serde_json::from_str(&read(path, "out/dechaff-run.json")).unwrap();
    assert_eq!(
        (
            &manifest["options"]["level"],
            &manifest["totals"]["documents"]
        ),
        (&json!("precise"), &json!(20 + 20 * 40 + 10))
    );
    assert_eq!(manifest["files"].as_array().unwrap().len(), 41);
    assert!(manifest["packs"]["video"].as_str().unwrap().len() == 64);
    run(
        path,
        &["verify", "out"],
        0,
        "41 outputs match the manifest, 0 problems",
    );
    fs::write(
        path.join("out/sub/1.txt"),
        "It rained on day 9.\nIt stopped.\n",
    )
    .unwrap();
    fs::write(path.join("out/2.jsonl"), "").unwrap();
    fs::remove_file(path.join("out/3.jsonl")).unwrap();
    let output = run(path, &["verify", "out", "--json"], 1, "3 problems");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (
            report["sound"].as_u64(),
            report["problems"].as_array().map(Vec::len)
        ),
        (Some(38), Some(3))
    );
    let output = run(
        path,
        &["verify", "out"],
        1,
        "38 outputs match the manifest, 3 problems",
    );
    let problems = String::from_utf8(output.stdout).unwrap();
    for problem in [
        "sub/1.txt has other bytes than were written\n",
        "2.jsonl has 0 bytes, not ",
        "3.jsonl cannot be read: ",
    ] {
        assert!(problems.contains(problem), "{problems}");
    }
    // dechaff's own files in `again` are not inputs.
    run(
        path,
        &["clean", "again", "-o", "third", "--level", "precise"],
        0,
        "830 documents",
    );
}

#[test]
fn resume_cleans_only_new_or_changed_inputs() {
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
        "out holds the outputs of an earlier run; use --resume to continue it, \
         or --force to start over",
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
    // An output that was changed is written again, even if its size is the same.
    let tampered = String::from_utf8(before.0["sub/5.txt"].clone())
        .unwrap()
        .replace("day 5", "day X");
    fs::write(path.join("out/sub/5.txt"), tampered).unwrap();
    let resume = [&clean[..], &["--resume"]].concat();
    run(
        path,
        &resume,
        0,
        "in/sub/5.txt: changed since the earlier run; cleaned again",
    );
    let resumed = tree(&path.join("out"));
    assert!((resumed, fs::read(path.join("r.jsonl")).unwrap()) == before);
    // Finished outputs are not written again.
    let written = fs::metadata(path.join("out/sub/5.txt"))
        .unwrap()
        .modified()
        .unwrap();
    let output = run(path, &resume, 0, "830 documents");
    assert!(!text(&output.stderr).contains("cleaned again"));
    let now = fs::metadata(path.join("out/sub/5.txt"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(now, written);
    // A changed input is cleaned again, and its removals are recorded once.
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
        "name the directory with --output",
    );
}

/// Returns the contents of all files below `directory`, without manifests and the journal.
fn outputs(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = tree(directory);
    files.retain(|name, _| !name.starts_with("dechaff-run"));
    files
}

#[test]
fn shards_of_a_directory_add_up_to_one_run() {
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
    run(path, &["verify", "out"], 0, "41 outputs match the manifest");
    assert!(outputs(&path.join("out")) == outputs(&path.join("whole")));
    let merged = run(
        path,
        &["stats", "merge", "s1.json", "s2.json", "s3.json"],
        0,
        "",
    )
    .stdout;
    assert_eq!(String::from_utf8(merged).unwrap(), read(path, "whole.json"));
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
        "is not a statistics file",
    );
}

/// Cleans `a.jsonl` with all reports, named after `name`, and the options `more`.
fn clean_with_reports(directory: &Path, name: &str, more: &[&str]) {
    let removed = format!("r-{name}.jsonl");
    let errors = format!("e-{name}.jsonl");
    let stats = format!("s-{name}.json");
    let args = [
        "clean",
        "a.jsonl",
        "-q",
        "--skip",
        "model",
        "--removed",
        &removed,
        "--errors",
        &errors,
        "--stats",
        &stats,
    ];
    run(directory, &[&args[..], more].concat(), 0, "");
}

/// Returns the lines of a report without those that identify parts of an input.
fn removals(report: &str) -> Vec<&str> {
    report
        .lines()
        .filter(|line| !line.contains("\"cleaned\":{") && !line.contains("\"complete\":true"))
        .collect()
}

/// Each shard cleans a slice of the file. The slices concatenate to the output of one run, and so
/// do the removals in the reports, from which the whole file can be restored.
#[test]
fn shards_of_a_file_concatenate_to_one_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(
        path.join("a.jsonl"),
        (0..60_000).map(line).collect::<String>() + "no JSON",
    )
    .unwrap();
    clean_with_reports(path, "whole", &["-o", "whole.jsonl"]);
    for (shard, name) in [("1/3", "1"), ("2/3", "2"), ("3/3", "3")] {
        clean_with_reports(path, name, &["-o", "out/", "--shard", shard]);
    }
    let slices = [1, 2, 3].map(|shard| read(path, &format!("out/a.{shard}-of-3.jsonl")));
    assert!(slices.iter().all(|slice| slice.len() > 1 << 20));
    assert!(slices.concat() == read(path, "whole.jsonl"));
    for kind in ["r", "e"] {
        let reports = [1, 2, 3].map(|shard| read(path, &format!("{kind}-{shard}.jsonl")));
        let whole = read(path, &format!("{kind}-whole.jsonl"));
        // Lines that identify parts of the file depend on where the slices begin.
        assert!(removals(&reports.concat()) == removals(&whole), "{kind}");
        fs::write(path.join(format!("{kind}.jsonl")), reports.concat()).unwrap();
    }
    let restore = ["restore", "whole.jsonl", "--removed", "r.jsonl"];
    let restored = run(path, &restore, 0, "").stdout;
    assert!(restored == fs::read(path.join("a.jsonl")).unwrap());
    let merged = run(
        path,
        &["stats", "merge", "s-1.json", "s-2.json", "s-3.json"],
        0,
        "",
    );
    assert!(merged.stdout == fs::read(path.join("s-whole.json")).unwrap());
    run(path, &["verify", "out"], 0, "3 outputs match the manifest");
    // Only the first slice has the header line of CSV.
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
    let [first, second] = ["1", "2"].map(|shard| read(path, &format!("table/a.{shard}-of-2.csv")));
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
fn a_second_run_in_the_same_directory_is_refused() {
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

/// Returns arguments that clean `in` to the directory `output`, with a removal record and a map.
#[cfg(unix)]
fn clean_args<'a>(
    output: &'a str,
    [removed, map]: [&'a str; 2],
    compress: &'a str,
) -> Vec<&'a str> {
    vec![
        "clean",
        "in",
        "-o",
        output,
        "--removed",
        removed,
        "--map",
        map,
        "--compress",
        compress,
        "-q",
        "--level",
        "precise",
        "--skip",
        "model",
    ]
}

#[cfg(unix)]
fn reports(directory: &Path, names: [&str; 2]) -> [Vec<u8>; 2] {
    names.map(|name| fs::read(directory.join(name)).unwrap())
}

/// Waits until the run `child` has written a checkpoint to its journal, or has ended.
#[cfg(unix)]
fn wait_for_checkpoint(directory: &Path, child: &mut std::process::Child) {
    let journal = directory.join("out/.dechaff/journal.jsonl");
    while !fs::read_to_string(&journal)
        .unwrap_or_default()
        .contains("{\"part\"")
        && child.try_wait().unwrap().is_none()
    {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The reports of an undisturbed run, and of one that is killed.
#[cfg(unix)]
const WHOLE: [&str; 2] = ["whole.jsonl", "whole-map.jsonl"];
#[cfg(unix)]
const REPORTS: [&str; 2] = ["r.jsonl", "m.jsonl"];

/// Kills `kills` runs at different moments, each of which resumes the one before, and then lets one
/// finish. After each kill, every file under its final name must be complete; at the end, outputs
/// and reports must equal those of an undisturbed run.
#[cfg(unix)]
fn kill_and_resume(kills: u32, large_lines: usize, compress: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    corpus(path, large_lines);
    let start = std::time::Instant::now();
    run(path, &clean_args("whole", WHOLE, compress), 0, "");
    let duration = start.elapsed();
    let expected = tree(&path.join("whole"));
    let resume = [&clean_args("out", REPORTS, compress)[..], &["--resume"]].concat();
    let mut seed = 0x9E37_79B9u64;
    let (mut killed, mut finished, mut killed_in_large) = (0, 0, 0);
    while killed < kills {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mut child = command(path, &resume).spawn().unwrap();
        if killed == 0 {
            // The first run is killed in the middle of the large file.
            wait_for_checkpoint(path, &mut child);
        } else {
            std::thread::sleep(duration.mul_f64((seed >> 40) as f64 / f64::from(1 << 24) * 0.6));
        }
        child.kill().unwrap();
        if child.wait().unwrap().code().is_none() {
            killed += 1;
            let journal = fs::read_to_string(path.join("out/.dechaff/journal.jsonl"));
            let last = journal.unwrap_or_default();
            let last = last.lines().last().unwrap_or_default().to_owned();
            killed_in_large += u32::from(last.starts_with("{\"part\""));
        } else {
            finished += 1;
            assert!(tree(&path.join("out")) == expected, "after {killed} kills");
            assert!(reports(path, REPORTS) == reports(path, WHOLE));
            fs::remove_dir_all(path.join("out")).unwrap();
            for name in REPORTS {
                fs::remove_file(path.join(name)).unwrap();
            }
            continue;
        }
        if path.join("out").exists() {
            for (name, bytes) in &tree(&path.join("out")) {
                assert!(
                    expected[name] == *bytes,
                    "{name} is incomplete after {killed} kills"
                );
            }
        }
    }
    run(path, &resume, 0, "");
    assert!(tree(&path.join("out")) == expected);
    assert!(reports(path, REPORTS) == reports(path, WHOLE));
    assert!(killed_in_large > 0, "no run was killed in the large file");
    println!(
        "{killed} runs killed, {killed_in_large} of them in the large file, {} finished; \
         an undisturbed one takes {duration:.1?}",
        finished + 1
    );
}

#[cfg(unix)]
#[test]
fn resume_continues_after_a_kill() {
    if std::env::var_os("DECHAFF_HEAVY").is_some() {
        kill_and_resume(50, 400_000, "zstd:1");
    } else {
        kill_and_resume(3, 300_000, "gzip:1");
    }
}
