//! Runs the cleaner for Python: without holding the interpreter's lock, on several threads, and
//! interruptible with Ctrl-C. Threads are started for each call and never kept, so that a process
//! can fork between calls, as `multiprocessing` does.

use crate::Error;
use dechaff::{Cleaned, Cleaner, Document, Scratch};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes of texts after which a block is complete. A thread cleans one block at a time.
const BLOCK_BYTES: usize = 64 << 10;
/// Bytes from which a single text is cleaned on a separate thread, which Ctrl-C can abandon.
/// Cleaning such a text takes some tenths of a second.
const LONG_TEXT: usize = 8 << 20;
/// Interval between checks for signals.
const POLL: Duration = Duration::from_millis(50);

/// A compiled cleaner, and the buffers that no thread is using.
pub struct Engine {
    /// The cleaner, which also holds the rules.
    pub cleaner: Cleaner,
    scratches: Mutex<Vec<Scratch>>,
}

/// A text to clean, with its URL and its language code, if they are known.
#[derive(Clone, Copy)]
pub struct Input<'t> {
    pub text: &'t str,
    pub url: Option<&'t str>,
    pub lang: Option<&'t str>,
}

/// Why a text could not be cleaned.
enum Failure {
    /// The text is not a valid document: it is too long.
    Invalid(dechaff::Error),
    /// The engine panicked with this message.
    Bug(String),
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid(error) => Error::new_err(error.to_string()),
            Failure::Bug(message) => PyRuntimeError::new_err(format!(
                "dechaff failed on this text because of a bug; please report it ({message})"
            )),
        }
    }
}

impl Engine {
    /// Creates an engine without buffers; they are created on demand.
    pub fn new(cleaner: Cleaner) -> Self {
        Self {
            cleaner,
            scratches: Mutex::default(),
        }
    }

    /// Cleans one text and returns the value that `read` computes from the result. Texts from
    /// `LONG_TEXT` on are copied and cleaned on another thread, so that a signal can end the call.
    pub fn one<R: Send + 'static>(
        self: &Arc<Self>,
        py: Python<'_>,
        input: Input<'_>,
        read: fn(&Cleaned<'_>) -> R,
    ) -> PyResult<R> {
        if input.text.len() < LONG_TEXT {
            return py
                .detach(|| self.with_scratch(|scratch| self.clean(input, scratch, &read)))
                .map_err(PyErr::from);
        }
        py.detach(|| {
            // The thread must own the text, because it may outlive this call.
            let text = input.text.to_owned();
            let [url, lang] = [input.url, input.lang].map(|value| value.map(str::to_owned));
            let engine = Arc::clone(self);
            let (sender, receiver) = channel();
            thread::spawn(move || {
                let input = Input {
                    text: &text,
                    url: url.as_deref(),
                    lang: lang.as_deref(),
                };
                let _ =
                    sender.send(engine.with_scratch(|scratch| engine.clean(input, scratch, &read)));
            });
            let result =
                wait(&receiver)?.ok_or_else(|| Failure::Bug("its thread ended".to_owned()))?;
            Ok(result?)
        })
    }

    /// Cleans texts on at most `threads` threads and returns the value that `read` computes from
    /// each result, in the order of the texts. After a signal, threads stop at the next text, and
    /// the exception that Python raised is returned.
    pub fn many<R: Send>(
        &self,
        py: Python<'_>,
        inputs: &[Input<'_>],
        threads: usize,
        read: impl Fn(&Cleaned<'_>) -> R + Sync,
    ) -> PyResult<Vec<R>> {
        py.detach(|| {
            let blocks = blocks(inputs);
            if blocks.len() < 2 {
                return Ok(self.clean_block(inputs, &AtomicBool::new(false), &read)?);
            }
            let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
            let mut results = thread::scope(|scope| {
                // Nothing is sent: the channel closes when the last worker drops its sender.
                let (sender, receiver) = channel::<()>();
                let workers: Vec<_> = (0..threads.clamp(1, blocks.len()))
                    .map(|_| {
                        let sender = sender.clone();
                        let (blocks, next, stop, read) = (&blocks, &next, &stop, &read);
                        scope.spawn(move || {
                            let _sender = sender;
                            self.work(inputs, blocks, next, stop, read)
                        })
                    })
                    .collect();
                drop(sender);
                let ended = wait(&receiver);
                stop.store(ended.is_err(), Ordering::Relaxed);
                let mut results = Vec::with_capacity(blocks.len());
                for worker in workers {
                    let result = worker.join();
                    results.extend(result.map_err(|panic| Failure::Bug(panic_message(&*panic)))??);
                }
                ended.map(|_| results)
            })?;
            results.sort_unstable_by_key(|(start, _)| *start);
            Ok(results.into_iter().flat_map(|(_, block)| block).collect())
        })
    }

    /// Cleans blocks until none is left, taking the index of each from `next`. Returns the results
    /// of each block with the index of its first text.
    fn work<R>(
        &self,
        inputs: &[Input<'_>],
        blocks: &[Range<usize>],
        next: &AtomicUsize,
        stop: &AtomicBool,
        read: &impl Fn(&Cleaned<'_>) -> R,
    ) -> Result<Vec<(usize, Vec<R>)>, Failure> {
        let mut results = Vec::new();
        while let Some(range) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let block = self.clean_block(&inputs[range.clone()], stop, read)?;
            results.push((range.start, block));
        }
        Ok(results)
    }

    /// Cleans the texts of a block, up to the first one before which `stop` is set.
    fn clean_block<R>(
        &self,
        inputs: &[Input<'_>],
        stop: &AtomicBool,
        read: &impl Fn(&Cleaned<'_>) -> R,
    ) -> Result<Vec<R>, Failure> {
        self.with_scratch(|scratch| {
            inputs
                .iter()
                .take_while(|_| !stop.load(Ordering::Relaxed))
                .map(|&input| self.clean(input, scratch, read))
                .collect()
        })
    }

    /// Cleans a text. A panic of the engine becomes `Failure::Bug`, and `scratch` is replaced,
    /// since it may be in any state.
    fn clean<R>(
        &self,
        input: Input<'_>,
        scratch: &mut Scratch,
        read: &impl Fn(&Cleaned<'_>) -> R,
    ) -> Result<R, Failure> {
        let mut document = Document::new(input.text).map_err(Failure::Invalid)?;
        if let Some(url) = input.url {
            document = document.with_url(url);
        }
        if let Some(lang) = input.lang {
            document = document.with_corpus_language(lang);
        }
        let cleaned = catch_unwind(AssertUnwindSafe(|| {
            read(&self.cleaner.clean(&document, scratch))
        }));
        cleaned.map_err(|panic| {
            *scratch = Scratch::default();
            Failure::Bug(panic_message(&*panic))
        })
    }

    /// Calls `work` with free buffers and keeps them for later calls. The lock is not held during
    /// `work`.
    fn with_scratch<R>(&self, work: impl FnOnce(&mut Scratch) -> R) -> R {
        let mut scratch = self.free_scratches().pop().unwrap_or_default();
        let result = work(&mut scratch);
        self.free_scratches().push(scratch);
        result
    }

    fn free_scratches(&self) -> MutexGuard<'_, Vec<Scratch>> {
        self.scratches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
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
fn wait<T>(receiver: &Receiver<T>) -> PyResult<Option<T>> {
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
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
