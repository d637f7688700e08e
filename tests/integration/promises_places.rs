//! What dechaff promises of files: an output is never an input, two inputs never share an output,
//! nothing outside of the named places is written, inputs that change are not lost, and runs do not
//! mix. Also names and files that are hostile.

use crate::common::{dechaff, run, text};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const DIRTY: &str = "It rained.\nAdvertisement\nIt stopped.\n";
const PACK: &str = include_str!("../cmd/config-in-parent-directory.in/mine.toml");
const CLEAN: &str = "It rained.\nIt stopped.\n";

/// Creates a directory with these files, and the directories above them.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

/// Runs a command line that must be refused because of `message`, and checks that every file in
/// `directory` stays as it is and no file is added.
fn refused(directory: &Path, args: &[&str], message: &str) {
    let before = contents(directory);
    run(directory, args, 2, message);
    assert!(contents(directory) == before, "{args:?} changed a file");
}

/// Returns all files below `directory` with their contents, sorted.
fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            found.push((path.clone(), Vec::new()));
            found.extend(contents(&path));
        } else if metadata.is_file() {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// Starts `dechaff` in `directory`.
fn start(directory: &Path, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until a directory has a file whose name `is_wanted` accepts, or `child` ends.
fn wait_for_file(directory: &Path, child: &mut Child, is_wanted: fn(&str) -> bool) {
    while child.try_wait().unwrap().is_none() {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        if entries
            .into_iter()
            .any(|entry| is_wanted(&entry.file_name().to_string_lossy()))
        {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Writes a file of JSON Lines that takes long enough to clean for a test to change it meanwhile.
fn write_large(path: &Path) {
    let line = format!("{}\n", serde_json::json!({ "text": DIRTY }));
    fs::write(path, line.repeat(90_000)).unwrap();
}

#[test]
fn an_output_is_never_an_input() {
    let files = [
        ("sub/x.txt", DIRTY),
        ("a.jsonl", "{\"text\":\"It rained.\"}\n"),
        ("my.toml", PACK),
        ("dechaff-run.json", "{}"),
    ];
    let directory = directory(&files);
    let path = directory.path();
    fs::hard_link(path.join("a.jsonl"), path.join("hard")).unwrap();
    symlink("a.jsonl", path.join("soft")).unwrap();
    for (args, message) in [
        (
            &["clean", "sub/x.txt", "-o", "sub"][..],
            "the output of sub/x.txt would be sub/x.txt, which is the input sub/x.txt",
        ),
        (
            &["clean", "sub/x.txt", "a.jsonl", "-o", "sub"],
            "which is the input",
        ),
        (&["clean", "a.jsonl", "-o", "soft"], "is the input"),
        (&["clean", "a.jsonl", "-o", "hard"], "is the input a.jsonl"),
        (
            &["clean", "a.jsonl", "-o", "b", "--removed", "a.jsonl"],
            "--removed a.jsonl is the input a.jsonl, which would be lost",
        ),
        (
            &["clean", "a.jsonl", "-o", "b", "--stats", "hard"],
            "--stats hard is the input a.jsonl",
        ),
        (
            &["clean", "a.jsonl", "-o", "new", "--errors", "soft"],
            "--errors soft is the input a.jsonl",
        ),
        (
            &["clean", "a.jsonl", "-i", "--stats", "./a.jsonl"],
            "--stats ./a.jsonl is the input a.jsonl",
        ),
        (
            &["clean", "a.jsonl", "--check", "--stats", "a.jsonl"],
            "is the input a.jsonl",
        ),
        (
            &[
                "clean",
                "a.jsonl",
                "sub/x.txt",
                "-o",
                "out",
                "--stats",
                "a.jsonl",
            ],
            "is the input a.jsonl",
        ),
        (
            &[
                "clean",
                "a.jsonl",
                "-o",
                "b",
                "--removed",
                "r",
                "--errors",
                "./r",
            ],
            "--removed r and --errors ./r are the same file",
        ),
        (
            &["clean", "a.jsonl", "-o", "b", "--stats", "b"],
            "--stats b is also the output",
        ),
        (
            &[
                "clean",
                "a.jsonl",
                "sub",
                "-o",
                "out",
                "--stats",
                "out/x.txt",
            ],
            "--stats out/x.txt is also the output of an input",
        ),
        (
            &[
                "clean",
                "a.jsonl",
                "sub",
                "-o",
                "out",
                "--stats",
                "out/dechaff-run.json",
            ],
            "is also the output",
        ),
        (
            &[
                "clean", "a.jsonl", "-o", "b", "--rules", "my.toml", "--stats", "my.toml",
            ],
            "--stats my.toml is the --rules my.toml",
        ),
        (
            &["clean", "a.jsonl", "dechaff-run.json", "-o", "out"],
            "would be out/dechaff-run.json, a file of dechaff itself",
        ),
        (
            &["report", "sub", "-o", "sub/x.txt"],
            "--output sub/x.txt is the input sub/x.txt",
        ),
        (
            &[
                "restore",
                "sub/x.txt",
                "--removed",
                "a.jsonl",
                "-o",
                "sub/x.txt",
            ],
            "--output sub/x.txt is the input sub/x.txt",
        ),
        (
            &["restore", "sub/x.txt", "--removed", "a.jsonl", "-o", "hard"],
            "--output hard is the input a.jsonl",
        ),
    ] {
        let forced = [args, &["--force"]].concat();
        refused(path, &forced, message);
    }
    // Devices may be named several times.
    let args = ["clean", "a.jsonl", "-o", "b", "--removed", "/dev/null"];
    let args = [&args[..], &["--errors", "/dev/null", "--force"]].concat();
    run(path, &args, 0, "");
}

#[test]
fn redirected_standard_streams_are_compared_too() {
    let directory = directory(&[("a.txt", DIRTY)]);
    let path = directory.path();
    for command in [
        "$0 clean a.txt >> a.txt",
        "$0 clean -o a.txt --force < a.txt",
        "$0 clean --stats a.txt < a.txt",
    ] {
        let output = Command::new("sh")
            .args(["-c", command, env!("CARGO_BIN_EXE_dechaff")])
            .current_dir(path)
            .output()
            .unwrap();
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {errors}");
        assert!(errors.contains("which would be lost"), "{errors}");
        assert_eq!(read(path, "a.txt"), DIRTY);
    }
}

#[test]
fn two_inputs_never_share_an_output() {
    let files = [
        ("in/x.jsonl", "{\"text\":\"plain\"}\n"),
        ("in/x.jsonl.gz", "{\"text\":\"other\"}\n"),
        ("one/a", DIRTY),
        ("two/a/b", DIRTY),
        ("two/c.txt", DIRTY),
        ("list", "one/a\nx/../one/a\n"),
    ];
    let directory = directory(&files);
    let path = directory.path();
    fs::create_dir(path.join("x")).unwrap();
    for (args, messages) in [
        (
            &["clean", "in", "-o", "out", "--compress", "none"][..],
            ["in/x.jsonl and in/x.jsonl.gz", "written to out/x.jsonl;"],
        ),
        (
            &["clean", "in", "-o", "out", "--compress", "gzip"],
            ["in/x.jsonl and in/x.jsonl.gz", "written to out/x.jsonl.gz;"],
        ),
        (
            &[
                "clean",
                "in",
                "-o",
                "out",
                "--compress",
                "none",
                "--shard",
                "2/2",
            ],
            ["in/x.jsonl and in/x.jsonl.gz", "written to out/x.jsonl;"],
        ),
        (
            &["clean", "one", "two", "-o", "out"],
            ["one/a and two/a/b", "written to out/a/b;"],
        ),
        (
            &["clean", "two/c.txt", "two/c.txt", "-o", "out"],
            ["two/c.txt and two/c.txt", "written to out/c.txt;"],
        ),
        (
            &["clean", "one/a", "x/../one/a", "-o", "out"],
            ["one/a and x/../one/a", "written to out/a;"],
        ),
    ] {
        for message in messages {
            refused(path, args, message);
            refused(path, &[args, &["--force"]].concat(), message);
        }
    }
    run(path, &["clean", "in", "two", "-o", "out"], 0, "");
}

#[test]
fn names_that_differ_in_case_share_an_output_only_where_the_disk_says_so() {
    let directory = directory(&[("one/a.txt", DIRTY), ("two/A.txt", DIRTY)]);
    let path = directory.path();
    let is_one = path.join("one/A.txt").exists();
    let code = if is_one { 2 } else { 0 };
    run(path, &["clean", "one", "two", "-o", "out"], code, "");
    assert_eq!(path.join("out/a.txt").exists(), !is_one);
}

#[test]
fn links_below_the_output_directory_are_not_followed() {
    let directory = directory(&[
        ("in/sub/a.txt", DIRTY),
        ("in/b.txt", DIRTY),
        ("precious", "p"),
    ]);
    let path = directory.path();
    fs::create_dir_all(path.join("outside")).unwrap();
    fs::create_dir_all(path.join("out")).unwrap();
    symlink("../outside", path.join("out/sub")).unwrap();
    run(path, &["clean", "in", "-o", "out"], 3, "out/sub is a link");
    assert_eq!(fs::read_dir(path.join("outside")).unwrap().count(), 0);
    assert_eq!(read(path, "out/b.txt"), CLEAN);

    // Files of dechaff itself.
    for name in ["journal.jsonl", "lock", "parts"] {
        let state = path.join("out2/.dechaff");
        fs::create_dir_all(&state).unwrap();
        let to = if name == "parts" {
            "outside"
        } else {
            "precious"
        };
        symlink(Path::new("../..").join(to), state.join(name)).unwrap();
        run(path, &["clean", "in", "-o", "out2"], 2, "link");
        fs::remove_dir_all(path.join("out2")).unwrap();
    }
    fs::create_dir(path.join("out3")).unwrap();
    symlink("../outside", path.join("out3/.dechaff")).unwrap();
    refused(path, &["clean", "in", "-o", "out3"], "is a link");
    fs::create_dir_all(path.join("out4/.dechaff")).unwrap();
    fs::hard_link(
        path.join("precious"),
        path.join("out4/.dechaff/journal.jsonl"),
    )
    .unwrap();
    run(path, &["clean", "in", "-o", "out4"], 2, "hard link");
    fs::create_dir_all(path.join("out5/.dechaff")).unwrap();
    let fifo = path.join("out5/.dechaff/journal.jsonl");
    assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    run(
        path,
        &["clean", "in", "-o", "out5"],
        2,
        "not a regular file",
    );
    assert_eq!(read(path, "precious"), "p");
    assert_eq!(fs::read_dir(path.join("outside")).unwrap().count(), 0);
    // A link in the place of an output is replaced, not followed.
    fs::create_dir(path.join("out6")).unwrap();
    symlink("../precious", path.join("out6/b.txt")).unwrap();
    run(path, &["clean", "in", "-o", "out6", "--force"], 0, "");
    assert_eq!(
        (read(path, "precious"), read(path, "out6/b.txt")),
        ("p".into(), CLEAN.into())
    );
}

/// `--force` replaced a device with a file: as root, even `/dev/null`.
#[test]
fn devices_and_pipes_are_written_to_and_never_replaced() {
    let directory = directory(&[("a.txt", DIRTY), ("site/b.txt", CLEAN)]);
    let place = directory.path();
    symlink("/dev/null", place.join("null")).unwrap();
    for args in [
        &["clean", "a.txt", "-o", "null"][..],
        &["clean", "a.txt", "-o", "null", "--force"],
        &["clean", "-", "-o", "null", "--force"],
    ] {
        run(place, args, 0, "");
        assert!(place.join("null").is_symlink(), "{args:?}");
    }
    refused(
        place,
        &["report", "a.txt", "-o", "null", "--force"],
        "null is a device or pipe, which no file replaces; name another file",
    );
    let pipe = place.join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || fs::read_to_string(pipe).unwrap())
    };
    run(place, &["clean", "a.txt", "-o", "pipe"], 0, "");
    assert_eq!(reader.join().unwrap(), CLEAN);
    assert!(!fs::metadata(&pipe).unwrap().is_file());
}

/// Returns a removal record of one removal from the file that `name` names.
fn record_of(name: &str) -> String {
    let directory = directory(&[("a.txt", DIRTY)]);
    let args = ["clean", "a.txt", "-i", "--removed", "r"];
    run(directory.path(), &args, 0, "");
    read(directory.path(), "r").replace("a.txt", name)
}

#[test]
fn restore_stays_below_its_root() {
    let directory = directory(&[("victim", CLEAN), ("work/a.txt", CLEAN), ("work/sub/x", "")]);
    let path = directory.path();
    let work = path.join("work");
    symlink("../victim", work.join("link")).unwrap();
    symlink("/dev/zero", work.join("zero")).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(work.join("fifo"))
            .status()
            .unwrap()
            .success()
    );
    let absolute = path.join("victim").to_str().unwrap().to_owned();
    for name in [
        "../victim",
        "sub/../../victim",
        &absolute,
        "link",
        "fifo",
        "zero",
        "sub",
    ] {
        fs::write(path.join("r"), record_of(name)).unwrap();
        let output = dechaff(&work, &["restore", "--in-place", "--removed", "../r"]);
        let code = output.status.code();
        assert!(
            matches!(code, Some(2 | 3)),
            "{name}: {}",
            text(&output.stderr)
        );
        assert_eq!(read(path, "victim"), CLEAN, "{name}");
    }
    // A named root allows what is below it.
    let restore = ["restore", "--in-place", "--removed", "r", "--root", "work"];
    fs::write(path.join("r"), record_of("a.txt")).unwrap();
    run(path, &restore, 0, "");
    assert_eq!(read(path, "work/a.txt"), DIRTY);
    let whole = path.to_str().unwrap();
    fs::write(path.join("r"), record_of(&absolute)).unwrap();
    let restore = [
        "restore",
        "--in-place",
        "--removed",
        "../r",
        "--root",
        whole,
    ];
    run(&work, &restore, 0, "");
    assert_eq!(read(path, "victim"), DIRTY);
}

#[test]
fn hostile_manifests_end_in_a_result() {
    let directory = directory(&[("in/a.txt", DIRTY), ("secret", "s")]);
    let path = directory.path();
    run(path, &["clean", "in", "-o", "out"], 0, "");
    let manifest = read(path, "out/dechaff-run.json");
    for place in ["../secret", "/etc/passwd", "fifo", "zero", "link", ""] {
        fs::write(
            path.join("out/dechaff-run.json"),
            manifest.replace("\"a.txt\"", &format!("\"{place}\"")),
        )
        .unwrap();
        if !path.join("out/fifo").exists() {
            let fifo = path.join("out/fifo");
            assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
            symlink("/dev/zero", path.join("out/zero")).unwrap();
            symlink("../secret", path.join("out/link")).unwrap();
        }
        let output = run(path, &["verify", "out"], 1, "1 problem.");
        assert!(text(&output.stdout).contains("cannot be read"), "{place}");
    }
    let endless = manifest.replacen(
        '{',
        "{\"shard\":{\"index\":1,\"of\":18446744073709551615},",
        1,
    );
    fs::write(path.join("out/dechaff-run.json"), endless).unwrap();
    let output = run(path, &["verify", "out"], 1, "");
    assert!(output.stdout.len() < 10_000);
    assert!(text(&output.stdout).contains("more shards of 18446744073709551615"));
    fs::remove_file(path.join("out/dechaff-run.json")).unwrap();
    symlink("/dev/zero", path.join("out/dechaff-run.json")).unwrap();
    run(path, &["verify", "out"], 2, "is not a regular file");
}

#[test]
fn hard_links_are_reported_in_place() {
    let directory = directory(&[("in/a.txt", DIRTY), ("in/clean.txt", CLEAN)]);
    let path = directory.path();
    fs::hard_link(path.join("in/a.txt"), path.join("other")).unwrap();
    fs::hard_link(path.join("in/clean.txt"), path.join("same")).unwrap();
    let output = run(
        path,
        &["clean", "in", "-i"],
        0,
        "in/a.txt: has 1 other name (hard link), which keeps the text as it was",
    );
    assert!(!text(&output.stderr).contains("in/clean.txt"));
    assert_eq!(
        (read(path, "other"), read(path, "in/a.txt")),
        (DIRTY.into(), CLEAN.into())
    );
}

#[test]
fn an_input_that_changes_during_a_run_is_not_lost() {
    let directory = directory(&[("in/z.txt", DIRTY)]);
    let path = directory.path();
    let large = path.join("in/large.jsonl");
    for in_place in [false, true] {
        write_large(&large);
        let before = fs::read(&large).unwrap();
        let args: &[&str] = if in_place {
            &["clean", "in", "-i", "--removed", "r2"]
        } else {
            &["clean", "in", "-o", "out", "--removed", "r"]
        };
        let mut child = start(path, &[args, &["--skip", "model"]].concat());
        if in_place {
            wait_for_file(&path.join("in"), &mut child, |name| {
                name.starts_with(".dechaff-")
            });
        } else {
            wait_for_file(&path.join("out/.dechaff/parts"), &mut child, |_| true);
        }
        let line = b"{\"text\":\"It rained again.\"}\n";
        let changed = [&before[..], line].concat();
        fs::write(path.join("new"), &changed).unwrap();
        fs::rename(path.join("new"), &large).unwrap();
        let output = child.wait_with_output().unwrap();
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{errors}");
        assert!(
            errors.contains("in/large.jsonl: changed while it was cleaned"),
            "{errors}"
        );
        assert!(fs::read(&large).unwrap() == changed);
        let (other, record) = if in_place {
            ("in/z.txt", "r2")
        } else {
            ("out/z.txt", "r")
        };
        assert_eq!(read(path, other), CLEAN);
        assert_eq!(read(path, record).lines().count(), 2);
        if !in_place {
            assert!(!path.join("out/large.jsonl").exists());
            let resume = ["clean", "in", "-o", "out", "--removed", "r", "--resume"];
            run(path, &[&resume[..], &["--skip", "model"]].concat(), 0, "");
            assert!(read(path, "out/large.jsonl").ends_with("again.\"}\n"));
            run(path, &["verify", "out"], 0, "2 outputs");
        }
    }
}

#[test]
fn runs_of_the_same_files_exclude_each_other() {
    let directory = directory(&[("in/a.txt", DIRTY), ("in/b.txt", DIRTY)]);
    let path = directory.path();
    let clean = ["clean", "in", "-o", "out", "--force"];
    let shard = |shard: &'static str| [&clean[..], &["--shard", shard]].concat();
    run(path, &shard("1/1"), 0, "");
    let open = |name: &str| {
        let lock = path.join("out/.dechaff").join(name);
        fs::File::options()
            .read(true)
            .write(true)
            .open(lock)
            .unwrap()
    };
    // As a plain run does.
    let lock = open("lock");
    lock.lock().unwrap();
    run(path, &clean, 2, "another run is writing to out");
    run(path, &shard("1/1"), 2, "another run is writing to out");
    drop(lock);
    // As a shard does.
    let (lock, count) = (open("lock"), open("lock-of-1"));
    lock.lock_shared().unwrap();
    count.lock_shared().unwrap();
    run(path, &clean, 2, "another run is writing to out");
    run(
        path,
        &shard("1/2"),
        2,
        "another run with another number of shards",
    );
    run(path, &shard("1/1"), 0, "");
    let own = open("lock-1-of-1");
    own.lock().unwrap();
    run(path, &shard("1/1"), 2, "another run of the same shard");
    drop((lock, count, own));
    run(path, &shard("1/2"), 0, "");
    run(path, &clean, 0, "");
}

#[test]
fn the_next_run_cleans_up_after_a_killed_one() {
    let directory = directory(&[("in/z.txt", DIRTY)]);
    let path = directory.path();
    write_large(&path.join("in/large.jsonl"));
    let clean = ["clean", "in", "-o", "out", "--skip", "model"];
    let mut child = start(path, &clean);
    let parts = path.join("out/.dechaff/parts");
    wait_for_file(&parts, &mut child, |_| true);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(fs::read_dir(&parts).unwrap().count() > 0);
    fs::write(path.join("in/large.jsonl"), "").unwrap();
    run(path, &[&clean[..], &["--force"]].concat(), 0, "");
    assert!(!parts.exists());
    let names: Vec<PathBuf> = contents(&path.join("out"))
        .into_iter()
        .map(|(path, _)| path.file_name().unwrap().into())
        .collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().ends_with(".part")),
        "{names:?}"
    );

    // In place and beside a single output, temporary files are beside their targets.
    let temporary = path.join("in/.dechaff-0123456789ab.part");
    for args in [
        &["clean", "in", "-i"][..],
        &["clean", "in/z.txt", "-o", "in/y.txt"],
    ] {
        fs::write(&temporary, "left").unwrap();
        let lock = fs::File::options().write(true).open(&temporary).unwrap();
        lock.lock().unwrap();
        run(path, args, 0, "");
        assert!(temporary.exists(), "another run is still writing this file");
        drop(lock);
        run(path, &[args, &["--force"]].concat(), 0, "");
        assert!(!temporary.exists());
        assert_eq!(read(path, "in/z.txt"), CLEAN);
    }
}

#[test]
fn names_of_any_length_and_names_of_dechaff_are_cleaned_or_reported() {
    let long = "a".repeat(251) + ".txt";
    let directory = directory(&[(&format!("in/{long}"), DIRTY)]);
    let path = directory.path();
    for name in [
        ".dechaff-user.txt",
        "dechaff-run-notes.json",
        "dechaff-run-1-of-2.json",
    ] {
        fs::write(path.join("in").join(name), DIRTY).unwrap();
    }
    let message = "in/dechaff-run-1-of-2.json: left out; files of this name belong to dechaff";
    run(path, &["clean", "in", "-o", "out"], 0, message);
    for name in [&long, ".dechaff-user.txt"] {
        assert_eq!(read(path, &format!("out/{name}")), CLEAN, "{name}");
    }
    assert!(path.join("out/dechaff-run-notes.json").exists());
    assert!(!path.join("out/dechaff-run-1-of-2.json").exists());
    run(path, &["clean", "in", "-i"], 0, message);
    assert_eq!(read(path, &format!("in/{long}")), CLEAN);
}

#[test]
fn one_bad_name_in_a_list_fails_alone() {
    let directory = directory(&[("a.txt", DIRTY), ("list", "")]);
    let path = directory.path();
    let bad = std::ffi::OsStr::from_bytes(b"bad\xff.txt");
    fs::write(path.join(bad), DIRTY).unwrap();
    fs::write(path.join("list"), b"a.txt\nbad\xff.txt\nmissing\xfe.txt\n").unwrap();
    let args = ["clean", "--files-from", "list", "-o", "out"];
    run(path, &args, 3, "cannot be read");
    assert_eq!(read(path, "out/a.txt"), CLEAN);
    assert_eq!(
        fs::read_to_string(path.join("out").join(bad)).unwrap(),
        CLEAN
    );
}

#[test]
fn a_field_name_of_20_000_parts_is_refused() {
    let directory = directory(&[("a.jsonl", "{\"text\":\"It rained.\"}\n")]);
    let name = vec!["a"; 20_000].join(".");
    let args = ["clean", "a.jsonl", "-o", "b", "--text-field", &name];
    run(directory.path(), &args, 2, "a field name of 20000 parts");
}

#[test]
fn a_limit_of_file_sizes_fails_only_its_file() {
    let directory = directory(&[("in/a.txt", DIRTY), ("in/z.txt", DIRTY)]);
    let path = directory.path();
    let lines = (0..40_000).map(|day| format!("It rained on day {day} of that year.\n"));
    fs::write(path.join("in/large.txt"), lines.collect::<String>()).unwrap();
    for (target, code) in [("-o out", 3), ("-o one.txt", 2)] {
        let input = if code == 3 { "in" } else { "in/large.txt" };
        let script = format!("ulimit -f 64; exec $0 clean {input} {target} --skip model");
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_dechaff")])
            .current_dir(path)
            .output()
            .unwrap();
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        assert!(errors.contains("File too large"), "{errors}");
        assert!(
            !errors.contains(".dechaff-") && !errors.contains(".part"),
            "{errors}"
        );
    }
    assert_eq!(read(path, "out/z.txt"), CLEAN);
    let left = contents(path);
    assert!(
        !left
            .iter()
            .any(|(path, _)| path.to_string_lossy().ends_with(".part"))
    );
}

#[test]
fn errors_do_not_show_temporary_names() {
    let directory = directory(&[("in/a.txt", DIRTY), ("in/b.txt", DIRTY)]);
    let path = directory.path();
    fs::create_dir_all(path.join("out/a.txt")).unwrap();
    for args in [
        &["clean", "in", "-o", "out", "--force"][..],
        &["clean", "in/a.txt", "-o", "/proc/dechaff.txt"],
        &[
            "clean",
            "in/a.txt",
            "-o",
            "b.txt",
            "--stats",
            "/proc/dechaff.json",
        ],
    ] {
        let output = dechaff(path, args);
        let errors = text(&output.stderr);
        assert!(
            matches!(output.status.code(), Some(2 | 3)),
            "{args:?}: {errors}"
        );
        assert!(
            errors.contains("cannot write") || errors.contains("cannot create"),
            "{errors}"
        );
        assert!(
            !errors.contains(".dechaff-") && !errors.contains(".part"),
            "{errors}"
        );
    }
}
