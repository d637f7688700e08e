//! What long runs meet: full disks, permissions lost, records without end, streams without end. Those that take long, or a
//! mount, run where `DECHAFF_HEAVY` is set.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests"
)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const DECHAFF: &str = env!("CARGO_BIN_EXE_dechaff");
const LINE: &str = "{\"text\":\"It rained all day in the town by the sea.\\nAdvertisement\\nIt stopped at night.\"}\n";

fn is_heavy() -> bool {
    let heavy = std::env::var_os("DECHAFF_HEAVY").is_some();
    if !heavy {
        println!("left out: DECHAFF_HEAVY is not set");
    }
    heavy
}

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

/// Feeds pieces to a run and reads what it gives. Gives the number of bytes read, those that begin and end it, and the most
/// memory that was resident, in MiB.
fn feed(
    args: &[&str],
    pieces: impl Iterator<Item = Vec<u8>> + Send,
) -> (u64, Vec<u8>, Vec<u8>, u64) {
    let directory = tempfile::tempdir().unwrap();
    let mut child = start(directory.path(), args);
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let status = format!("/proc/{}/status", child.id());
    let result = std::thread::scope(|scope| {
        scope.spawn(move || {
            pieces
                .into_iter()
                .for_each(|piece| stdin.write_all(&piece).unwrap())
        });
        let (mut bytes, mut first, mut last, mut most) = (0, Vec::new(), Vec::new(), 0);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = stdout.read(&mut buffer).unwrap();
            if read == 0 {
                return (bytes, first, last, most);
            }
            if first.len() < 200 {
                first.extend_from_slice(&buffer[..read]);
            }
            if bytes % (1 << 24) < read as u64 || most == 0 {
                let text = fs::read_to_string(&status).unwrap_or_default();
                let line = text
                    .lines()
                    .find(|line| line.starts_with("VmHWM"))
                    .unwrap_or("VmHWM: 0 kB");
                most = line
                    .split_whitespace()
                    .nth(1)
                    .unwrap()
                    .parse::<u64>()
                    .unwrap()
                    / 1024;
            }
            bytes += read as u64;
            last = buffer[..read].to_vec();
        }
    });
    assert!(child.wait().unwrap().success());
    result
}

#[test]
fn a_record_of_300_mib_passes_whole_in_bounded_memory() {
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
    let (bytes, first, last, most) = feed(
        &["clean", "-q", "--only", "advert/marker", "--skip", "model"],
        pieces,
    );
    let cleaned = LINE.replace("Advertisement\\n", "");
    assert_eq!(
        bytes as usize,
        2 * cleaned.len() + "{\"text\":\"\"}\n".len() + count * 1_100_000
    );
    assert!(first.starts_with(cleaned.as_bytes()) && last.ends_with(cleaned.as_bytes()));
    println!("a record of 300 MiB: {most} MiB resident");
    assert!(most < 256, "{most} MiB");
}

/// What the formats take, with an engine of one rule: the rules' own memory does not depend on the input.
#[test]
fn a_long_stream_runs_in_bounded_memory() {
    if !is_heavy() {
        return;
    }
    let piece = LINE.repeat(10_000).into_bytes();
    let count = (320 << 20) / piece.len();
    for compress in ["none", "zstd:1"] {
        let pieces = (0..count).map(|_| piece.clone());
        let (bytes, _, _, most) = feed(
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
                bytes as usize,
                count * 10_000 * (LINE.len() - "Advertisement\\n".len())
            );
        }
        println!("a stream of 320 MiB, {compress}: {most} MiB resident");
        assert!(most < 256, "{most} MiB");
    }
}

#[test]
fn a_full_disk_fails_the_file_and_leaves_nothing_half() {
    if !is_heavy() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for name in ["in", "small"] {
        fs::create_dir(path.join(name)).unwrap();
    }
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
        .arg(path.join("small"))
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        println!("left out: a file system cannot be mounted here");
        return;
    }
    fs::write(path.join("in/a.jsonl"), LINE.repeat(20)).unwrap();
    fs::write(path.join("in/b.jsonl"), LINE.repeat(80_000)).unwrap();
    fs::write(path.join("in/c.jsonl"), LINE.repeat(20)).unwrap();
    let output = start(path, &["clean", "in", "-o", "small/out"])
        .wait_with_output()
        .unwrap();
    let names = |name: &str| path.join("small/out").join(name).exists();
    let found = (
        output.status.code(),
        names("a.jsonl"),
        names("b.jsonl"),
        names("c.jsonl"),
    );
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        Command::new("umount")
            .arg(path.join("small"))
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(found, (Some(3), true, false, true), "{errors}");
    assert!(
        errors.contains("in/b.jsonl: cannot write small/out/b.jsonl: No space left"),
        "{errors}"
    );
}

#[test]
fn a_permission_that_is_lost_midway_fails_what_comes_after() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir_all(path.join("in/closed")).unwrap();
    fs::create_dir_all(path.join("out/closed")).unwrap();
    fs::write(path.join("in/a.jsonl"), LINE.repeat(60_000)).unwrap();
    fs::write(path.join("in/closed/b.jsonl"), LINE).unwrap();
    fs::write(path.join("in/z.jsonl"), LINE).unwrap();
    // Root may do everything, so that somebody else has to run this.
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = Command::new(if is_root { "setpriv" } else { DECHAFF });
    if is_root {
        if Command::new("setpriv").arg("--version").output().is_err() {
            println!("left out: root cannot be somebody else here");
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
