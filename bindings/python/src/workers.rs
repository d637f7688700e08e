//! Runs work on texts for Python: without holding the interpreter's lock, on several threads, and
//! interruptible with Ctrl-C. Threads are started for each call and never kept, so that a process
//! can fork between calls, as `multiprocessing` does.

use crate::Error;
use dechaff::Document;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Bytes of texts after which a block is complete. A thread works on one block at a time.
const BLOCK_BYTES: usize = 64 << 10;
/// Interval between checks for signals.
const POLL: Duration = Duration::from_millis(50);

/// A text, with its URL, its language code and its site, if they are known.
#[derive(Clone, Copy)]
pub struct Input<'t> {
    pub text: &'t str,
    pub url: Option<&'t str>,
    pub lang: Option<&'t str>,
    pub site: Option<&'t str>,
}

impl<'t> Input<'t> {
    /// Returns the text as a document. An empty site counts as unknown.
    pub fn document(&self) -> Result<Document<'t>, Failure> {
        let mut document = Document::new(self.text).map_err(Failure::Invalid)?;
        if let Some(url) = self.url {
            document = document.with_url(url);
        }
        if let Some(lang) = self.lang {
            document = document.with_corpus_language(lang);
        }
        if let Some(site) = self.site.filter(|site| !site.is_empty()) {
            document = document.with_site(site);
        }
        Ok(document)
    }
}

/// Why work on a text failed.
pub enum Failure {
    /// The text is not a valid document: it is too long.
    Invalid(dechaff::Error),
    /// What was learned of sites could not be read.
    Learned(String),
    /// The engine panicked with this message.
    Bug(String),
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid(error) => Error::new_err(error.to_string()),
            Failure::Learned(message) => Error::new_err(message),
            Failure::Bug(message) => PyRuntimeError::new_err(format!(
                "dechaff failed on this text because of a bug; please report it ({message})"
            )),
        }
    }
}

/// Calls `work` for blocks of texts on at most `threads` threads and returns its values in the
/// order of the texts. After a signal, `work` receives `true` and should stop at the next text; the
/// exception that Python raised is returned.
pub fn run<R: Send>(
    py: Python<'_>,
    inputs: &[Input<'_>],
    threads: usize,
    work: impl Fn(&[Input<'_>], &AtomicBool) -> Result<Vec<R>, Failure> + Sync,
) -> PyResult<Vec<R>> {
    py.detach(|| {
        let blocks = blocks(inputs);
        if blocks.len() < 2 {
            return Ok(work(inputs, &AtomicBool::new(false))?);
        }
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let mut results = thread::scope(|scope| {
            // Nothing is sent: the channel closes when the last worker drops its sender.
            let (sender, receiver) = channel::<()>();
            let workers: Vec<_> = (0..threads.clamp(1, blocks.len()))
                .map(|_| {
                    let sender = sender.clone();
                    let (blocks, next, stop, work) = (&blocks, &next, &stop, &work);
                    scope.spawn(move || {
                        let _sender = sender;
                        run_blocks(inputs, blocks, next, stop, work)
                    })
                })
                .collect();
            drop(sender);
            // Work that takes less than `POLL` ends without a check, however often it is repeated.
            let ended = wait(&receiver).and_then(|_| Python::attach(check_signals));
            stop.store(ended.is_err(), Ordering::Relaxed);
            let mut results = Vec::with_capacity(blocks.len());
            for worker in workers {
                let result = worker.join();
                results.extend(result.map_err(|panic| Failure::Bug(panic_message(&*panic)))??);
            }
            ended.map(|()| results)
        })?;
        results.sort_unstable_by_key(|(start, _)| *start);
        Ok(results.into_iter().flat_map(|(_, block)| block).collect())
    })
}

/// Works on blocks until none is left, taking the index of each from `next`. Returns the values of
/// each block with the index of its first text.
fn run_blocks<R>(
    inputs: &[Input<'_>],
    blocks: &[Range<usize>],
    next: &AtomicUsize,
    stop: &AtomicBool,
    work: &impl Fn(&[Input<'_>], &AtomicBool) -> Result<Vec<R>, Failure>,
) -> Result<Vec<(usize, Vec<R>)>, Failure> {
    let mut results = Vec::new();
    while let Some(range) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
        results.push((range.start, work(&inputs[range.clone()], stop)?));
    }
    Ok(results)
}

/// Calls `work` for each text on at most `threads` threads and returns its values in the order of
/// the texts. A panic is an exception.
pub fn each<R: Send>(
    py: Python<'_>,
    inputs: &[Input<'_>],
    threads: usize,
    work: impl Fn(&Document<'_>) -> R + Sync,
) -> PyResult<Vec<R>> {
    run(py, inputs, threads, |block, stop| {
        let inputs = block.iter().take_while(|_| !stop.load(Ordering::Relaxed));
        inputs
            .map(|input| {
                let document = input.document()?;
                catch(|| work(&document))
            })
            .collect()
    })
}

/// Calls `work` and returns its value. A panic becomes [`Failure::Bug`].
pub fn catch<R>(work: impl FnOnce() -> R) -> Result<R, Failure> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| Failure::Bug(panic_message(&*panic)))
}

/// Splits texts into blocks: ranges of indices whose texts have at least `BLOCK_BYTES` in total,
/// except for the last.
fn blocks(inputs: &[Input<'_>]) -> Vec<Range<usize>> {
    let (mut blocks, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (index, input) in inputs.iter().enumerate() {
        bytes += input.text.len();
        if bytes >= BLOCK_BYTES {
            blocks.push(start..index + 1);
            (start, bytes) = (index + 1, 0);
        }
    }
    if start < inputs.len() {
        blocks.push(start..inputs.len());
    }
    blocks
}

/// Waits for a value, and checks for signals meanwhile. Returns `None` if all senders are gone, and
/// an error if the handler of a signal raised an exception.
pub fn wait<T>(receiver: &Receiver<T>) -> PyResult<Option<T>> {
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(sent) => return Ok(Some(sent)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => Python::attach(check_signals)?,
        }
    }
}

/// Runs the handlers of pending signals. A function, because `Python::check_signals` is not generic
/// over the lifetime that `Python::attach` passes.
fn check_signals(py: Python<'_>) -> PyResult<()> {
    py.check_signals()
}

/// Returns the message of a panic, or an empty string if it is not a string.
pub fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
