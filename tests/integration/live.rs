//! `--line-buffered`: records of a live stream come back before the next one is written.

use crate::common::{restore, run, text};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a machine with much else to do may take for a record.
const PATIENCE: Duration = Duration::from_mins(1);

/// A run of `clean --line-buffered`.
struct Live {
    child: Child,
    stdin: Option<ChildStdin>,
    /// The lines of its output.
    lines: Receiver<String>,
}

impl Live {
    fn start(directory: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dechaff"))
            .args(["clean", "--line-buffered"])
            .args(more)
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    // Closes the pipe.
                    return;
                }
            }
        });
        Self {
            stdin: child.stdin.take(),
            child,
            lines,
        }
    }

    fn write(&mut self, bytes: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(bytes.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    fn next_line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    /// Waits for the end and returns the exit code and the messages.
    fn end(mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if start.elapsed() > PATIENCE {
                self.child.kill().unwrap();
            }
            thread::sleep(Duration::from_millis(5));
        }
        let mut messages = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut messages).unwrap();
        (self.child.wait().unwrap().code(), messages)
    }
}

#[test]
fn each_record_comes_back_before_the_next_one_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for jobs in ["1", "4"] {
        let reports = ["--removed", "r.jsonl", "--stats", "s.json", "-f"];
        let more = [&reports[..], &["-j", jobs, "-o", "-"]].concat();
        let mut live = Live::start(path, &more);
        let (mut source, mut cleaned) = (String::new(), String::new());
        for number in 0..20 {
            let before = format!("{{\"id\": {number}, \"text\": \"It rained.\\n");
            let chaff = ["", "Advertisement\\n"][number % 2];
            let record = format!("{before}{chaff}It stopped.\"}}\n");
            let (first, second) = record.split_at(record.len() / 2);
            live.write(first);
            live.write(second);
            let expected = format!("{before}It stopped.\"}}\n");
            assert_eq!(live.next_line() + "\n", expected);
            source += &record;
            cleaned += &expected;
        }
        // Several records at once, of which the last has no line end.
        live.write("{\"text\": \"A.\"}\n\n{\"id\": 4}\n{\"text\": \"B.\"}");
        assert_eq!(
            [live.next_line(), live.next_line()],
            ["{\"text\": \"A.\"}", ""]
        );
        assert_eq!(live.next_line(), "{\"id\": 4}");
        live.stdin = None;
        assert_eq!(live.next_line(), "{\"text\": \"B.\"}");
        let (code, messages) = live.end();
        assert_eq!(code, Some(0), "{messages}");
        assert!(messages.contains("22 documents: 10 changed"), "{messages}");
        let end = "{\"text\": \"A.\"}\n\n{\"id\": 4}\n{\"text\": \"B.\"}";
        fs::write(path.join("cleaned.jsonl"), cleaned + end).unwrap();
        assert_eq!(text(&restore(path, "cleaned.jsonl")), source + end);
        let stats = fs::read_to_string(path.join("s.json")).unwrap();
        assert!(stats.contains("\"documents\": 22"), "{stats}");
    }
}

#[test]
fn a_closed_output_ends_the_run_although_the_input_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    for jobs in ["1", "3"] {
        let mut live = Live::start(directory.path(), &["-j", jobs]);
        live.write("{\"text\": \"A.\"}\n");
        live.next_line();
        // The thread that reads the output notices with the next line, and closes it.
        live.lines = channel().1;
        live.write("{\"text\": \"B.\"}\n");
        thread::sleep(Duration::from_millis(200));
        live.write("{\"text\": \"C.\"}\n");
        // The input stays open.
        let start = Instant::now();
        let (code, messages) = live.end();
        assert!(code.is_some() && start.elapsed() < PATIENCE, "{messages}");
        assert!(!messages.contains("panicked"), "{messages}");
    }
}

#[test]
fn other_formats_are_cleaned_live_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut live = Live::start(path, &["--format", "csv", "-q"]);
    live.write("id,text\n1,A.\n");
    assert_eq!([live.next_line(), live.next_line()], ["id,text", "1,A."]);
    live.write("2,\"It rained.\nAdvertisement\n\"\n");
    assert_eq!(live.next_line(), "2,\"It rained.");
    live.stdin = None;
    assert_eq!(live.end().0, Some(0));
    // The message comes with the first line, not at the end of the stream.
    let mut live = Live::start(path, &[]);
    live.write("It rained.\n");
    let (code, messages) = live.end();
    assert_eq!(code, Some(2));
    assert!(
        messages.contains("is one text, which can only be cleaned as a whole"),
        "{messages}"
    );
    run(path, &["clean", "--line-buffered"], 0, "");
    fs::write(path.join("a.jsonl"), "{\"text\": \"A.\"}\n").unwrap();
    let output = run(path, &["clean", "--line-buffered", "a.jsonl", "-q"], 0, "");
    assert_eq!(text(&output.stdout), "{\"text\": \"A.\"}\n");
    for (more, message) in [
        (&["-o", "b.jsonl"][..], "cleans one stream"),
        (&["--output-format", "parquet"], "complete only at its end"),
        (&["--format", "parquet"], "is a table"),
        (&["--in-place"], "cannot be used with"),
    ] {
        let args = [&["clean", "--line-buffered", "a.jsonl"], more].concat();
        run(path, &args, 2, message);
    }
}
