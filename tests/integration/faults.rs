//! Faults and extremes: full disks, lost permissions, endless records and streams. Tests that take
//! long or need a mount run only if `DECHAFF_HEAVY` is set.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const DECHAFF: &str = env!("CARGO_BIN_EXE_dechaff");
const LINE: &str = "{\"text\":\"It rained all day in the town by the sea.\\nAdvertisement\\n\
    It stopped at night.\"}\n";

/// Whether heavy tests run; prints a note if they do not.
fn is_heavy() -> bool {
    let heavy = std::env::var_os("DECHAFF_HEAVY").is_some();
    if !heavy {
        println!("skipped: DECHAFF_HEAVY is not set");
    }
    heavy
}

/// Mounts a file system at `directory`; prints a note if that is not possible.
fn mount(args: &[&str], directory: &Path) -> bool {
    let output = Command::new("mount").args(args).arg(directory).output();
    let is_mounted = output.is_ok_and(|output| output.status.success());
    if !is_mounted {
        println!("skipped: a file system cannot be mounted");
    }
    is_mounted
}

fn unmount(directory: &Path) {
    let status = Command::new("umount").arg(directory).status().unwrap();
    assert!(status.success());
}

/// Starts `dechaff` in `directory` with pipes for standard input, output and error.
fn start(directory: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(DECHAFF);
    command
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Measurements of a run of `dechaff` from standard input to standard output.
struct StreamedRun {
    /// Bytes of the output.
    len: u64,
    /// The beginning of the output, at least 200 bytes of it unless it is shorter.
    first: Vec<u8>,
    /// The last chunk that was read of the output.
    last: Vec<u8>,
    /// Peak resident memory, in MiB.
    peak_mib: u64,
}

/// Runs `dechaff` with `pieces` as its standard input, reading its output at the same time.
fn stream(args: &[&str], pieces: impl Iterator<Item = Vec<u8>> + Send) -> StreamedRun {
    let directory = tempfile::tempdir().unwrap();
    let mut child = start(directory.path(), args);
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let status = format!("/proc/{}/status", child.id());
    let streamed = std::thread::scope(|scope| {
        scope.spawn(move || {
            for piece in pieces {
                stdin.write_all(&piece).unwrap();
            }
        });
        let mut run = StreamedRun {
            len: 0,
            first: Vec::new(),
            last: Vec::new(),
            peak_mib: 0,
        };
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = stdout.read(&mut buffer).unwrap();
            if read == 0 {
                return run;
            }
            if run.first.len() < 200 {
                run.first.extend_from_slice(&buffer[..read]);
            }
            // Linux reports the peak only while the process runs, so read it every 16 MiB.
            if run.len % (1 << 24) < read as u64 || run.peak_mib == 0 {
                let text = fs::read_to_string(&status).unwrap_or_default();
                let line = text
                    .lines()
                    .find(|line| line.starts_with("VmHWM"))
                    .unwrap_or("VmHWM: 0 kB");
                run.peak_mib = line
                    .split_whitespace()
                    .nth(1)
                    .unwrap()
                    .parse::<u64>()
                    .unwrap()
                    / 1024;
            }
            run.len += read as u64;
            run.last = buffer[..read].to_vec();
        }
    });
    assert!(child.wait().unwrap().success());
    streamed
}

#[test]
fn a_300_mib_record_passes_unchanged_in_bounded_memory() {
    if !is_heavy() {
        return;
    }
    let story = b"It rained. ".repeat(100_000);
    let count = (300 << 20) / story.len() + 1;
    let large = [b"{\"text\":\"".to_vec()]
        .into_iter()
        .chain((0..count).map(move |_| story.clone()))
        .chain([b"\"}\n".to_vec()]);
    let pieces = [LINE.as_bytes().to_vec()]
        .into_iter()
        .chain(large)
        .chain([LINE.as_bytes().to_vec()]);
    let run = stream(
        &["clean", "-q", "--only", "advert/marker", "--skip", "model"],
        pieces,
    );
    let cleaned = LINE.replace("Advertisement\\n", "");
    assert_eq!(
        run.len as usize,
        2 * cleaned.len() + "{\"text\":\"\"}\n".len() + count * 1_100_000
    );
    assert!(run.first.starts_with(cleaned.as_bytes()) && run.last.ends_with(cleaned.as_bytes()));
    println!("a record of 300 MiB: {} MiB resident", run.peak_mib);
    assert!(run.peak_mib < 256, "{} MiB", run.peak_mib);
}

/// Measures the memory of the formats, with a single rule: the memory of the rules does not depend
/// on the input.
#[test]
fn a_long_stream_runs_in_bounded_memory() {
    if !is_heavy() {
        return;
    }
    let piece = LINE.repeat(10_000).into_bytes();
    let count = (320 << 20) / piece.len();
    for compress in ["none", "zstd:1"] {
        let pieces = (0..count).map(|_| piece.clone());
        let run = stream(
            &[
                "clean",
                "-q",
                "--only",
                "advert/marker",
                "--skip",
                "model",
                "--compress",
                compress,
            ],
            pieces,
        );
        if compress == "none" {
            assert_eq!(
                run.len as usize,
                count * 10_000 * (LINE.len() - "Advertisement\\n".len())
            );
        }
        println!(
            "a stream of 320 MiB, {compress}: {} MiB resident",
            run.peak_mib
        );
        assert!(run.peak_mib < 256, "{} MiB", run.peak_mib);
    }
}

#[test]
fn a_full_disk_fails_only_the_file_that_does_not_fit() {
    if !is_heavy() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for name in ["in", "small"] {
        fs::create_dir(path.join(name)).unwrap();
    }
    if !mount(
        &["-t", "tmpfs", "-o", "size=2m", "tmpfs"],
        &path.join("small"),
    ) {
        return;
    }
    fs::write(path.join("in/a.jsonl"), LINE.repeat(20)).unwrap();
    fs::write(path.join("in/b.jsonl"), LINE.repeat(80_000)).unwrap();
    fs::write(path.join("in/c.jsonl"), LINE.repeat(20)).unwrap();
    let output = start(path, &["clean", "in", "-o", "small/out"])
        .wait_with_output()
        .unwrap();
    let exist =
        ["a.jsonl", "b.jsonl", "c.jsonl"].map(|name| path.join("small/out").join(name).exists());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    // With more space, the run goes on.
    mount(&["-o", "remount,size=64m"], &path.join("small"));
    for args in [
        &["clean", "in", "-o", "small/out", "--resume"][..],
        &["clean", "in", "-o", "whole"],
    ] {
        let output = start(path, args).wait_with_output().unwrap();
        assert!(output.status.success());
    }
    let same = ["a.jsonl", "b.jsonl", "c.jsonl", "dechaff-run.json"].map(|name| {
        let resumed = fs::read(path.join("small/out").join(name)).unwrap();
        resumed == fs::read(path.join("whole").join(name)).unwrap()
    });
    unmount(&path.join("small"));
    assert_eq!(
        (output.status.code(), exist, same),
        (Some(3), [true, false, true], [true; 4]),
        "{errors}"
    );
    assert!(
        errors.contains("in/b.jsonl: cannot write small/out/b.jsonl: No space left"),
        "{errors}"
    );
}

/// Uses exFAT, which ignores case and which a program without special features of the kernel mounts.
#[test]
fn two_inputs_never_share_an_output_where_case_is_ignored() {
    if !is_heavy() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for name in ["one/sub", "two/sub", "three/Sub", "disk"] {
        fs::create_dir_all(path.join(name)).unwrap();
    }
    for name in ["one/sub/a.txt", "two/sub/A.txt", "three/Sub/b.txt"] {
        fs::write(path.join(name), "It rained.\nAdvertisement\n").unwrap();
    }
    let image = path.join("image");
    fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
    let made = Command::new("mkfs.exfat").arg(&image).output();
    if !made.is_ok_and(|made| made.status.success()) {
        println!("skipped: there is no mkfs.exfat");
        return;
    }
    let image = image.to_str().unwrap();
    if !mount(
        &["-o", "loop", "-t", "exfat-fuse", image],
        &path.join("disk"),
    ) {
        return;
    }
    let runs = [
        &["clean", "one", "two", "-o", "disk/out"][..],
        &["clean", "one", "two", "-o", "disk/not/yet", "--force"],
        &["clean", "one", "three", "-o", "disk/out"],
        &["clean", "one", "three", "-o", "disk/OUT", "--resume"],
    ]
    .map(|args| {
        let output = start(path, args).wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), errors)
    });
    let cleaned = fs::read_to_string(path.join("disk/out/sub/B.TXT"));
    unmount(&path.join("disk"));
    println!("{runs:?}");
    let codes: Vec<Option<i32>> = runs.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [2, 2, 0, 0].map(Some), "{runs:?}");
    for (_, errors) in &runs[..2] {
        assert!(
            errors.contains("one/sub/a.txt and two/sub/A.txt would both be written"),
            "{errors}"
        );
    }
    assert_eq!(cleaned.unwrap(), "It rained.\n");
}

#[test]
fn an_input_that_is_mounted_twice_is_recognized() {
    if !is_heavy() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for name in ["in", "twin"] {
        fs::create_dir(path.join(name)).unwrap();
    }
    fs::write(path.join("in/a.txt"), "It rained.\nAdvertisement\n").unwrap();
    let input = path.join("in");
    if !mount(&["--bind", input.to_str().unwrap()], &path.join("twin")) {
        return;
    }
    let runs = [
        &["clean", "in", "-o", "twin", "--force"][..],
        &["clean", "in", "-o", "twin/out"],
        &["clean", "in", "-o", "out", "--removed", "twin/r.jsonl"],
    ]
    .map(|args| start(path, args).wait_with_output().unwrap());
    unmount(&path.join("twin"));
    let messages = [
        "--output is the input directory in;",
        "--output twin/out lies inside the input in;",
        "twin/r.jsonl lies inside the input in;",
    ];
    for (output, message) in runs.iter().zip(messages) {
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(message), "{errors}");
    }
}

#[test]
fn losing_write_permission_midway_fails_only_the_files_below_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir_all(path.join("in/closed")).unwrap();
    fs::create_dir_all(path.join("out/closed")).unwrap();
    fs::write(path.join("in/a.jsonl"), LINE.repeat(60_000)).unwrap();
    fs::write(path.join("in/closed/b.jsonl"), LINE).unwrap();
    fs::write(path.join("in/z.jsonl"), LINE).unwrap();
    // Permissions do not bind root, so root runs dechaff as another user.
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = Command::new(if is_root { "setpriv" } else { DECHAFF });
    if is_root {
        if Command::new("setpriv").arg("--version").output().is_err() {
            println!("skipped: setpriv is not installed");
            return;
        }
        assert!(
            Command::new("chmod")
                .args(["-R", "a+rwX"])
                .arg(path)
                .status()
                .unwrap()
                .success()
        );
        let binary = path.join("dechaff");
        fs::copy(DECHAFF, &binary).unwrap();
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(binary);
    }
    let mut child = command
        .args(["clean", "in", "-o", "out", "-q"])
        .current_dir(path)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !path.join("out/.dechaff").exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    fs::set_permissions(path.join("out/closed"), fs::Permissions::from_mode(0o555)).unwrap();
    let output = child.wait_with_output().unwrap();
    fs::set_permissions(path.join("out/closed"), fs::Permissions::from_mode(0o777)).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(
        errors.contains("in/closed/b.jsonl: cannot write out/closed/b.jsonl: Permission denied"),
        "{errors}"
    );
    assert!(path.join("out/a.jsonl").exists() && path.join("out/z.jsonl").exists());
    assert_eq!(fs::read_dir(path.join("out/closed")).unwrap().count(), 0);
}
