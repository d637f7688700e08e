//! The command for programs that embed it and pass a cleaner, readers and writers of their own: the
//! Python package. Nothing is printed, no configuration file is read, and the threads end with the
//! call, so that a process can fork between calls. Problems are returned in words.

use super::args::{Cli, Command};
use super::config::Config;
use super::listener::{Ended, exit_of};
use super::report;
use super::request::{Request, build_options};
use super::terminal::Terminal;
use crate::io::{Codec, Compression};
use crate::job::walk::Inputs;
use crate::job::{Event, EventSink, Job, Reports, Stdin, Stdout, Target};
use crate::report::display_path;
use anyhow::{Context, Result, anyhow, bail};
use clap::Parser;
use dechaff_core::Cleaner;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// A reader or a writer, with a name whose extension tells format and compression. The name `-` has
/// no extension.
#[derive(Debug)]
pub struct Stream<T> {
    /// The name.
    pub name: PathBuf,
    /// The reader or writer.
    pub stream: T,
}

/// What went wrong in a run that ended: inputs or records that were not cleaned, each in a
/// sentence.
#[derive(Debug, Default)]
pub struct Problems {
    /// Inputs that could not be read or written.
    pub failed: Vec<String>,
    /// Inputs, or records of them, that were passed through unchanged, left out or held.
    pub passed: Vec<String>,
}

impl EventSink for Problems {
    fn event(&mut self, path: &Path, event: Event) {
        // `clean_stream` knows what a stream is called.
        let prefix = if path == Path::new("-") {
            String::new()
        } else {
            format!("{}: ", path.display())
        };
        match event {
            Event::Failed(error) => self.failed.push(format!("{prefix}{error:#}")),
            Event::Uncleaned(reason) | Event::Passed(reason) => {
                self.passed.push(format!("{prefix}{reason}"));
            }
            Event::Changed(..) | Event::Found(_) | Event::Observed(_) | Event::Note(_) => {}
        }
    }

    fn advance(&mut self, _: u64, _: u64) {}
}

/// Cleans `input` to `output` with `options` of `dechaff clean` on `threads` threads. Returns the
/// statistics as JSON, in the form of `--stats`, and what was not cleaned. Setting `stop` ends the
/// run with an error.
///
/// # Errors
/// If an option is invalid, or the input cannot be read, cleaned or written. Some output may have
/// been written then.
pub fn clean_stream(
    cleaner: &Cleaner,
    options: &[String],
    input: Stream<impl Read + Send + 'static>,
    output: Stream<impl Write + Send + 'static>,
    threads: usize,
    stop: &AtomicBool,
) -> Result<(String, Problems)> {
    let Command::Clean(mut args) = parse("clean", options)? else {
        bail!("dechaff clean was expected");
    };
    let mut options = build_options(&mut args, &Config::default(), cleaner.clone(), None)?;
    // Without a name, the output is compressed as the input is.
    if output.name != Path::new("-") {
        let (compression, _) = Compression::of_name(&output.name.to_string_lossy());
        let codec = options.format.codec.unwrap_or(Codec::of(compression));
        options.format.codec = Some(codec);
    }
    let name = if input.name == Path::new("-") {
        "source".to_owned()
    } else {
        display_path(&input.name)
    };
    let inputs = Inputs {
        stream: Some(PathBuf::from("-")),
        stdin: Stdin::new(input.name, input.stream),
        ..Inputs::default()
    };
    let job = Job {
        options: &options,
        inputs: &inputs,
        target: Target::Stdout(Stdout::new(output.stream, false)),
        shard: None,
        stop,
    };
    let mut problems = Problems::default();
    let stats = in_pool(threads, || {
        let stats = job.run(&mut Reports::default(), None, &mut problems);
        stats.with_context(|| name.clone())
    })?;
    if stats.binary > 0 {
        bail!("{name}: {}", problems.passed.join("; "));
    }
    for reason in &mut problems.passed {
        reason.insert_str(0, &format!("{name}: "));
    }
    Ok((serde_json::to_string(&stats)?, problems))
}

/// Runs `dechaff report` with these options and paths. Returns the inputs that failed, and what was
/// not cleaned.
///
/// # Errors
/// If an option is invalid, the page cannot be written, or no input could be read.
pub fn write_report(
    cleaner: &Cleaner,
    options: &[String],
    threads: usize,
    stop: &AtomicBool,
) -> Result<Problems> {
    let Command::Report(args) = parse("report", options)? else {
        bail!("dechaff report was expected");
    };
    let mut problems = Problems::default();
    let mut terminal = Terminal::new(anstream::ColorChoice::Never);
    let (config, cleaner) = (Config::default(), cleaner.clone());
    in_pool(threads, || {
        report::write_report(*args, &config, cleaner, &mut terminal, |request, _| {
            inspect(&request, stop, &mut problems)
        })
    })?;
    Ok(problems)
}

/// Shows the documents of a request to its observer. Fails if no input could be read.
fn inspect(request: &Request, stop: &AtomicBool, problems: &mut Problems) -> Result<Ended> {
    let job = Job {
        options: &request.options,
        inputs: &request.inputs,
        target: Target::Nowhere,
        shard: None,
        stop,
    };
    let stats = job.run(&mut Reports::default(), None, problems)?;
    if stats.documents == 0 && !problems.failed.is_empty() {
        bail!(problems.failed.join("; "));
    }
    let exit = exit_of(&stats);
    Ok(Ended { exit, stats })
}

/// Parses the options of a command. The error is one line.
fn parse(command: &str, options: &[String]) -> Result<Command> {
    let arguments = ["dechaff", command].into_iter();
    let arguments = arguments.chain(options.iter().map(String::as_str));
    let cli = Cli::try_parse_from(arguments).map_err(|error| {
        let message = error.to_string();
        let message = message.split("\n\n").next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message);
        anyhow!(message.split_whitespace().collect::<Vec<_>>().join(" "))
    })?;
    Ok(cli.command)
}

/// Runs work in a pool of threads that ends with it.
fn in_pool<R: Send>(threads: usize, work: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start threads")?
        .install(work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Cursor};
    use std::sync::{Arc, Mutex};

    /// A writer whose bytes can be looked at.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn clean(name: &str, input: &str, options: &[&str]) -> Result<(String, Problems, String)> {
        let cleaner = Cleaner::builder().build().unwrap();
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let output = Shared::default();
        let input = Stream {
            name: name.into(),
            stream: Cursor::new(input.as_bytes().to_vec()),
        };
        let target = Stream {
            name: "-".into(),
            stream: output.clone(),
        };
        let stop = AtomicBool::new(false);
        let (stats, problems) = clean_stream(&cleaner, &options, input, target, 2, &stop)?;
        let output = output.0.lock().unwrap().clone();
        Ok((stats, problems, String::from_utf8(output)?))
    }

    #[test]
    fn a_reader_is_cleaned_as_its_name_says() {
        let line = r#"{"body":"It rained.\nAdvertisement\n"}"#;
        let (stats, problems, output) = clean("pages.jsonl", line, &["--text-field=body"]).unwrap();
        assert_eq!(output, r#"{"body":"It rained.\n"}"#);
        assert!(stats.contains("\"bytes-removed\":14"), "{stats}");
        assert!(problems.passed.is_empty(), "{problems:?}");
        let (_, problems, _) = clean("-", "{\"text\":3}\n", &["--format=jsonl"]).unwrap();
        assert!(
            problems.passed[0].starts_with("source: record 1 holds"),
            "{problems:?}"
        );
    }

    #[test]
    fn errors_are_one_line_and_name_the_option_or_the_source() {
        let error = clean("-", "", &["--on-error=stop"]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("invalid value 'stop' for '--on-error")
        );
        assert!(!error.to_string().contains('\n'), "{error}");
        let error = clean("a.bin", &"\0\0\u{1}".repeat(400), &[]).unwrap_err();
        assert!(error.to_string().starts_with("a.bin: is binary"), "{error}");
    }
}
