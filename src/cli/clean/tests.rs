//! Fails every file operation once. A small run of each kind is repeated as often as it has
//! operations. Each time, another one fails, writes only half of its bytes, or is where the process
//! stops. Afterwards no file may be truncated and no source lost, and the next run must give what
//! an undisturbed one gives. `DECHAFF_HEAVY` tries all operations, otherwise a sample of them.

use super::*;
use crate::cli::args::{Cli, Command};
use crate::cli::learn;
use crate::cli::restore::restore_text;
use crate::io::LearnedFile;
use crate::io::fs::Operation;
use crate::io::fs::faults::{self, Fault};
use clap::Parser;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// Without `DECHAFF_HEAVY`, one of this many operations fails.
const SAMPLE: usize = 7;
/// Failed checks that are reported.
const MAX_REPORTED: usize = 20;

/// A cleaner with one rule. Building it takes longer than a run.
static CLEANER: LazyLock<Cleaner> = LazyLock::new(|| {
    let builder = Cleaner::builder().only(["advert/marker"]).skip(["model"]);
    builder.build().unwrap()
});

/// The files below a directory by their relative paths; directories have no content.
type Tree = BTreeMap<String, Vec<u8>>;

/// A kind of run whose operations fail.
struct Scenario<'s> {
    /// The directory that the run writes to, which is created again for each run.
    work: &'s Path,
    /// Fewest operations that the run has.
    floor: usize,
    /// Puts what the run finds into `work`.
    prepare: &'s dyn Fn(),
    /// The run, and then the next one, with the exit code.
    run: &'s dyn Fn() -> u8,
    next: &'s dyn Fn() -> u8,
    /// Looks at `work` after a run in which an operation failed, and returns what is wrong.
    check: &'s dyn Fn(&Tree, Fault) -> Result<(), String>,
}

/// Runs the command `args`, which cleans, restores or learns, and returns the exit code.
fn dechaff(args: &[&str]) -> u8 {
    let args = Cli::try_parse_from([&["dechaff"], args].concat()).unwrap();
    let mut terminal = Terminal::muted();
    let sizes = Sizes {
        batch: 500,
        large_file: 1500,
        checkpoint: 1000,
        waiting_lines: 200,
    };
    let exit = match args.command {
        Command::Clean(args) => {
            let cleaner = CLEANER.clone();
            clean_with(*args, &Config::default(), cleaner, sizes, &mut terminal)
        }
        Command::Restore(args) => restore_text(args, &mut terminal),
        Command::Learn(args) => learn::run(*args, &mut terminal),
        _ => unreachable!("the tests clean, restore and learn"),
    };
    exit.unwrap_or(Exit::Unusable) as u8
}

/// Returns everything below `directory`, except what differs from run to run: journals, and their
/// locks.
fn tree(directory: &Path) -> Tree {
    let mut files = Tree::new();
    add_tree(directory, "", &mut files);
    files
}

fn add_tree(directory: &Path, prefix: &str, files: &mut Tree) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            add_tree(&path, &format!("{name}/"), files);
            files.insert(name, Vec::new());
        } else if !name.contains(".dechaff/journal") && !name.contains(".dechaff/lock") {
            let content = fs::read(&path).unwrap();
            files.insert(name, decompressed(&content).unwrap_or(content));
        }
    }
}

/// Returns what a complete gzip file holds. Restoring compresses in another way.
fn decompressed(bytes: &[u8]) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut content = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(bytes);
    decoder.read_to_end(&mut content).ok()?;
    Some(content)
}

/// Returns whether a name is that of an unfinished output.
fn is_unfinished(name: &str) -> bool {
    name.contains(".dechaff/parts") || name.rsplit('/').next().unwrap().starts_with(".dechaff-")
}

/// Returns the names that differ between two trees, or `None` if none do.
fn difference(found: &Tree, expected: &Tree) -> Option<String> {
    let names = found.keys().chain(expected.keys());
    let mut differing: Vec<String> = names
        .filter(|name| found.get(*name) != expected.get(*name))
        .map(|name| match (found.get(name), expected.get(name)) {
            (Some(bytes), Some(other)) => format!("{name} ({} not {})", bytes.len(), other.len()),
            (Some(_), None) => format!("{name} (left)"),
            _ => format!("{name} (missing)"),
        })
        .collect();
    differing.sort();
    differing.dedup();
    (!differing.is_empty()).then(|| differing.join(", "))
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_tree(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
            // The journal knows when outputs were written.
            let modified = fs::metadata(&path).unwrap().modified().unwrap();
            let copy = fs::File::options().append(true).open(&target).unwrap();
            copy.set_modified(modified).unwrap();
        }
    }
}

impl Scenario<'_> {
    /// Makes an empty directory for a run and puts into it what the run finds.
    fn reset(&self) {
        let _ = fs::remove_dir_all(self.work);
        fs::create_dir_all(self.work).unwrap();
        (self.prepare)();
    }

    /// Counts the operations of an undisturbed run, and lets each of them fail in each way.
    fn fail_each_operation(&self, name: &str) {
        let start = std::time::Instant::now();
        let is_heavy = std::env::var_os("DECHAFF_HEAVY").is_some();
        self.reset();
        let (exit, operations) = faults::run(None, self.run);
        assert_eq!(exit, 0, "{name}");
        let whole = tree(self.work);
        self.reset();
        let (_, again) = faults::run(None, self.run);
        assert_eq!(operations, again, "{name} has no fixed order of operations");
        assert!(
            operations.len() >= self.floor,
            "{name}: {}",
            operations.len()
        );
        self.reset();
        let (exit, _) = faults::run(Some((Fault::Short, 0)), self.run);
        assert_eq!(exit, 0, "{name}: short reads and writes are no errors");
        assert_eq!(difference(&tree(self.work), &whole), None, "{name}");
        let (mut failures, mut faults) = (Vec::new(), 0);
        for at in (0..operations.len()).step_by(if is_heavy { 1 } else { SAMPLE }) {
            for fault in [
                Fault::Error,
                Fault::Stop,
                Fault::Full,
                Fault::OtherDevice,
                Fault::Torn,
                Fault::TornStop,
            ] {
                let applies = match fault {
                    Fault::Torn | Fault::TornStop => operations[at] == Operation::Write,
                    Fault::OtherDevice => operations[at] == Operation::Rename,
                    _ => true,
                };
                if !applies {
                    continue;
                }
                faults += 1;
                if let Err(failure) = self.fail(fault, at, &whole) {
                    failures.push(format!(
                        "{fault:?} at {at} ({:?}): {failure}",
                        operations[at]
                    ));
                }
            }
        }
        println!(
            "{name}: {} operations, {faults} faults, {:.1} s",
            operations.len(),
            start.elapsed().as_secs_f64()
        );
        let count = failures.len();
        failures.truncate(MAX_REPORTED);
        assert!(
            count == 0,
            "{name}: {count} of {faults}\n{}",
            failures.join("\n")
        );
    }

    /// Runs with one fault, then undisturbed. Returns what is wrong in between or afterwards.
    fn fail(&self, fault: Fault, at: usize, whole: &Tree) -> Result<(), String> {
        self.reset();
        let (exit, _) = faults::run(Some((fault, at)), self.run);
        let found = tree(self.work);
        (self.check)(&found, fault)?;
        let is_stopped = matches!(fault, Fault::Stop | Fault::TornStop);
        if exit == 0 && !is_stopped {
            let mut found = found;
            found.retain(|name, _| !is_unfinished(name));
            let mut whole = whole.clone();
            whole.retain(|name, _| !is_unfinished(name));
            if let Some(difference) = difference(&found, &whole) {
                return Err(format!("exit code 0, but {difference}"));
            }
        }
        let (exit, _) = faults::run(None, self.next);
        if exit != 0 {
            return Err(format!("the next run exits with {exit}"));
        }
        match difference(&tree(self.work), whole) {
            Some(difference) => Err(format!("after the next run: {difference}")),
            None => Ok(()),
        }
    }
}

/// Makes this thread the only one that cleans, so that operations have a fixed order.
fn use_one_thread() {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build()
        .unwrap();
}

/// Inputs of every format below `in`, and directories for runs.
struct Inputs {
    directory: tempfile::TempDir,
}

/// Returns a text; every second one has chaff.
fn story(number: usize) -> String {
    let chaff = if number.is_multiple_of(2) {
        "Advertisement\n"
    } else {
        ""
    };
    format!("It rained on day {number} in the town by the sea.\n{chaff}It stopped at night.\n")
}

fn stories(count: usize) -> String {
    let line = |number| format!("{}\n", json!({ "id": number, "text": story(number) }));
    (0..count).map(line).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns a WET file of `count` records, each a member of gzip.
fn wet(count: usize) -> Vec<u8> {
    let record = |number| {
        let text = story(number);
        gzip(
            format!(
                "WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: https://example.org/{number}\
                 \r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{text}\r\n\r\n",
                text.len()
            )
            .as_bytes(),
        )
    };
    (0..count).flat_map(record).collect()
}

impl Inputs {
    fn new() -> Self {
        use_one_thread();
        // Disks take a hundred times longer than the runs do.
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let inputs = Self {
            directory: directory.unwrap(),
        };
        for (name, content) in [
            ("in/a.txt", story(0).into_bytes()),
            ("in/b.txt", story(1).into_bytes()),
            ("in/c.jsonl", stories(30).into_bytes()),
            (
                "in/d.jsonl",
                format!("{}no JSON\n", stories(2)).into_bytes(),
            ),
            ("in/sub/e.txt", story(2).into_bytes()),
            ("in/sub/f.wet.gz", wet(3)),
            (
                "one/a.jsonl",
                format!("{}no JSON\n", stories(6)).into_bytes(),
            ),
            ("one/b.wet.gz", wet(5)),
        ] {
            let path = inputs.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let (from, to) = (inputs.text("one/a.jsonl"), inputs.text("one/c.parquet"));
        let convert = [
            "clean",
            "-q",
            "--output-format",
            "parquet",
            &from,
            "-o",
            &to,
        ];
        let keep = ["--max-removed", "0"];
        assert_eq!(dechaff(&[&convert[..], &keep].concat()), 0);
        inputs
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Runs a command in which `{}` stands for the directory of the inputs.
    fn run(&self, command: &str) -> u8 {
        let directory = self.directory.path().to_str().unwrap();
        let args: Vec<String> = command
            .split_whitespace()
            .map(|arg| arg.replace("{}", directory))
            .collect();
        dechaff(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Runs a command and checks that it succeeds.
    fn expect(&self, command: &str) {
        assert_eq!(self.run(command), 0, "{command}");
    }
}

/// Returns an error unless each file of `found` whose name begins with `prefix` is one of those
/// that the trees `allowed` have under the rest of its name. Unfinished files are left out.
fn check_complete(found: &Tree, prefix: &str, allowed: &[&Tree]) -> Result<(), String> {
    for (name, bytes) in found {
        let Some(rest) = name.strip_prefix(prefix).filter(|_| !is_unfinished(name)) else {
            continue;
        };
        if !allowed.iter().any(|tree| tree.get(rest) == Some(bytes)) {
            return Err(format!("{name} is damaged ({} bytes)", bytes.len()));
        }
    }
    Ok(())
}

/// Returns an error if the JSON file `name` is there and incomplete.
fn check_json(found: &Tree, name: &str) -> Result<(), String> {
    let json = found
        .get(name)
        .map(|bytes| serde_json::from_slice::<Value>(bytes));
    json.transpose()
        .map(drop)
        .map_err(|error| format!("{name}: {error}"))
}

const DIRECTORY: &str = "clean -q {}/in -o {}/area/out --removed {}/area/r --errors {}/area/e \
    --stats {}/area/s";

/// Checks the outputs of an interrupted or failed run over a directory, and that they can be
/// restored as far as they are there.
fn check_directory(
    inputs: &Inputs,
    found: &Tree,
    whole: &Tree,
    restored_as: &[&Tree],
) -> Result<(), String> {
    let mut outputs = found.clone();
    check_json(&outputs, "out/dechaff-run.json")?;
    check_json(&outputs, "s")?;
    outputs.remove("out/dechaff-run.json");
    check_complete(&outputs, "out/", &[whole])?;
    let restored = inputs.path("restored");
    let _ = fs::remove_dir_all(&restored);
    if found.contains_key("out") && found.contains_key("r") {
        inputs.run("restore {}/area/out --removed {}/area/r -o {}/restored");
        if restored.exists() {
            let mut restored = tree(&restored);
            restored.remove("dechaff-run.json");
            check_complete(&restored, "", restored_as)?;
            for name in outputs.keys() {
                let source = name.strip_prefix("out/").filter(|_| !is_unfinished(name));
                if let Some(source) = source.filter(|_| !inputs.path("area").join(name).is_dir())
                    && !restored.contains_key(source)
                {
                    return Err(format!("{name} is not restored"));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn runs_into_a_directory_survive_every_fault() {
    let inputs = Inputs::new();
    inputs.expect(DIRECTORY);
    let whole = tree(&inputs.path("area/out"));
    let sources = tree(&inputs.path("in"));
    inputs.expect("restore {}/area/out --removed {}/area/r -o {}/restored");
    let mut restored = tree(&inputs.path("restored"));
    restored.remove("dechaff-run.json");
    assert_eq!(difference(&restored, &sources), None);
    Scenario {
        work: &inputs.path("area"),
        floor: 300,
        prepare: &|| {},
        run: &|| inputs.run(DIRECTORY),
        next: &|| inputs.run(&format!("{DIRECTORY} --resume")),
        check: &|found, _| check_directory(&inputs, found, &whole, &[&sources]),
    }
    .fail_each_operation("directory");
    assert_eq!(difference(&tree(&inputs.path("in")), &sources), None);
}

#[test]
fn resumed_runs_survive_every_fault() {
    let inputs = Inputs::new();
    inputs.expect(DIRECTORY);
    let whole = tree(&inputs.path("area/out"));
    let sources = tree(&inputs.path("in"));
    let (work, interrupted) = (inputs.path("area"), inputs.path("interrupted"));
    // Stop a run at the last operation after which there is an unfinished output.
    let (_, operations) = faults::run(None, || {
        fs::remove_dir_all(&work).unwrap();
        fs::create_dir(&work).unwrap();
        inputs.run(DIRECTORY)
    });
    let at = (0..operations.len()).rev().find(|&at| {
        fs::remove_dir_all(&work).unwrap();
        fs::create_dir(&work).unwrap();
        faults::run(Some((Fault::Stop, at)), || inputs.run(DIRECTORY));
        let journal = fs::read_to_string(inputs.path("area/out/.dechaff/journal.jsonl"));
        let parts = tree(&work)
            .keys()
            .filter(|name| name.contains("parts/"))
            .count();
        parts > 0 && journal.is_ok_and(|journal| journal.matches("{\"part\"").count() > 1)
    });
    assert!(at.is_some(), "no run is interrupted after a checkpoint");
    copy_tree(&work, &interrupted);
    let resume = format!("{DIRECTORY} --resume");
    Scenario {
        work: &work,
        floor: 200,
        prepare: &|| copy_tree(&interrupted, &work),
        run: &|| inputs.run(&resume),
        next: &|| inputs.run(&resume),
        check: &|found, fault| {
            // If an input that the earlier run cleaned cannot be read now, its output stays, but
            // the records after it are written again without its lines.
            let restored = if fault == Fault::Error {
                &[&sources, &whole][..]
            } else {
                &[&sources]
            };
            check_directory(&inputs, found, &whole, restored)
        },
    }
    .fail_each_operation("resume");
}

const IN_PLACE: &str = "clean -q --in-place {}/area/in --errors {}/area/e --stats {}/area/s -f";

#[test]
fn runs_in_place_survive_every_fault() {
    let inputs = Inputs::new();
    let (work, sources) = (inputs.path("area"), tree(&inputs.path("in")));
    copy_tree(&inputs.path("in"), &inputs.path("area/in"));
    inputs.expect(&format!("{IN_PLACE} --removed {{}}/area/r"));
    let cleaned = tree(&inputs.path("area/in"));
    let restore = |record: &str| {
        let copy = inputs.path("copy");
        let _ = fs::remove_dir_all(&copy);
        copy_tree(&work, &copy);
        if record == "both" {
            let next = format!("{IN_PLACE} --removed {{}}/copy/r2").replace("area", "copy");
            inputs.run(&next);
            inputs.run("restore {}/copy/in --in-place --removed {}/copy/r2");
        }
        if copy.join("r").exists() {
            inputs.run("restore {}/copy/in --in-place --removed {}/copy/r");
        }
        let mut restored = tree(&inputs.path("copy/in"));
        restored.retain(|name, _| !is_unfinished(name));
        match difference(&restored, &sources) {
            Some(difference) => Err(format!("restored with {record}: {difference}")),
            None => Ok(()),
        }
    };
    Scenario {
        work: &work,
        floor: 100,
        prepare: &|| copy_tree(&inputs.path("in"), &inputs.path("area/in")),
        run: &|| inputs.run(&format!("{IN_PLACE} --removed {{}}/area/r")),
        next: &|| {
            // The sources, so that one record describes all that was removed.
            if inputs.path("area/r").exists() {
                inputs.run("restore {}/area/in --in-place --removed {}/area/r");
                fs::remove_file(work.join("r")).unwrap();
            }
            inputs.run(&format!("{IN_PLACE} --removed {{}}/area/r"))
        },
        check: &|found, _| {
            check_json(found, "s")?;
            check_complete(found, "in/", &[&sources, &cleaned])?;
            restore("r")?;
            restore("both")
        },
    }
    .fail_each_operation("in place");
}

/// Fails every operation of cleaning one file, and of restoring it.
fn fail_single(name: &str, floors: [usize; 2]) {
    let inputs = Inputs::new();
    let work = inputs.path("area");
    let clean = format!(
        "clean -q {{}}/one/{name} -o {{}}/area/{name} --removed {{}}/area/r --errors {{}}/area/e \
         --stats {{}}/area/s --force"
    );
    let old = Tree::from([(name.to_owned(), b"old".to_vec())]);
    fs::create_dir(&work).unwrap();
    inputs.expect(&clean);
    let (whole, source) = (tree(&work), tree(&inputs.path("one"))[name].clone());
    Scenario {
        work: &work,
        floor: floors[0],
        prepare: &|| fs::write(work.join(name), "old").unwrap(),
        run: &|| inputs.run(&clean),
        next: &|| inputs.run(&clean),
        check: &|found, _| {
            check_json(found, "s")?;
            let mut outputs = found.clone();
            outputs.retain(|output, _| output == name);
            check_complete(&outputs, "", &[&whole, &old])
        },
    }
    .fail_each_operation(name);
    let cleaned = inputs.path("cleaned");
    copy_tree(&work, &cleaned);
    fs::write(inputs.path("cleaned/e"), "").unwrap();
    let restore =
        format!("restore {{}}/cleaned/{name} --removed {{}}/cleaned/r -o {{}}/area/{name} -f");
    let sources = Tree::from([(name.to_owned(), source)]);
    fs::remove_dir_all(&work).unwrap();
    fs::create_dir(&work).unwrap();
    inputs.expect(&restore);
    if !name.ends_with("parquet") {
        assert_eq!(difference(&tree(&work), &sources), None);
    }
    let restored = tree(&work);
    Scenario {
        work: &work,
        floor: floors[1],
        prepare: &|| {},
        run: &|| inputs.run(&restore),
        next: &|| inputs.run(&restore),
        check: &|found, _| check_complete(found, "", &[&restored]),
    }
    .fail_each_operation(&format!("restore {name}"));
}

#[test]
fn json_lines_survive_every_fault() {
    fail_single("a.jsonl", [40, 20]);
}

#[test]
fn wet_files_survive_every_fault() {
    fail_single("b.wet.gz", [40, 20]);
}

#[test]
fn parquet_files_survive_every_fault() {
    fail_single("c.parquet", [40, 20]);
}

#[test]
fn restoring_a_directory_survives_every_fault() {
    let inputs = Inputs::new();
    inputs.expect(&DIRECTORY.replace("area/", ""));
    let (work, cleaned) = (inputs.path("area"), tree(&inputs.path("out")));
    let sources = tree(&inputs.path("in"));
    let copy = "restore {}/out --removed {}/r -o {}/area/restored";
    Scenario {
        work: &work,
        floor: 100,
        prepare: &|| {},
        run: &|| inputs.run(copy),
        next: &|| inputs.run(copy),
        check: &|found, _| check_complete(found, "restored/", &[&sources, &cleaned]),
    }
    .fail_each_operation("restore a directory to another");
    let in_place = "restore {}/area/out --removed {}/r --in-place";
    Scenario {
        work: &work,
        floor: 100,
        prepare: &|| copy_tree(&inputs.path("out"), &inputs.path("area/out")),
        run: &|| inputs.run(in_place),
        next: &|| inputs.run(in_place),
        check: &|found, _| check_complete(found, "out/", &[&sources, &cleaned]),
    }
    .fail_each_operation("restore a directory in place");
}

#[test]
fn learning_survives_every_fault() {
    let inputs = Inputs::new();
    let work = inputs.path("area");
    let old = Tree::from([("s".to_owned(), b"old".to_vec())]);
    for (more, floor) in [("", 60), (" --resume", 100)] {
        let learn =
            format!("learn -q {{}}/in --host example.org --memory 2k -o {{}}/area/s --force{more}");
        let _ = fs::remove_dir_all(&work);
        fs::create_dir(&work).unwrap();
        inputs.expect(&learn);
        let whole = tree(&work);
        Scenario {
            work: &work,
            floor,
            prepare: &|| fs::write(work.join("s"), "old").unwrap(),
            run: &|| inputs.run(&learn),
            next: &|| inputs.run(&learn),
            check: &|found, fault| {
                // If an input fails, what the others have is written.
                if fault == Fault::Error && LearnedFile::open(&work.join("s")).is_ok() {
                    return Ok(());
                }
                let mut outputs = found.clone();
                outputs.retain(|name, _| name == "s");
                check_complete(&outputs, "", &[&whole, &old])
            },
        }
        .fail_each_operation(&format!("learning{more}"));
    }
}
