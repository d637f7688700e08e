//! The engine at work for Python: without the interpreter's lock, on several threads, and so that Ctrl-C ends it. Threads are
//! started for each call and never kept, so that a process may fork between calls, as `multiprocessing` does.

use crate::Error;
use dechaff::{Cleaned, Cleaner, Document, Scratch};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A thread takes texts of so many bytes at once.
const BLOCK: usize = 64 << 10;
/// A text of so many bytes is cleaned on a thread that Ctrl-C can leave behind. The engine needs some tenth of a second for it.
const LONG: usize = 8 << 20;
/// How often it is asked whether there was a signal.
const POLL: Duration = Duration::from_millis(50);

/// A compiled cleaner with the buffers that are not in use.
pub struct Engine {
    pub cleaner: Cleaner,
    scratches: Mutex<Vec<Scratch>>,
}

/// A text and what is known of it.
#[derive(Clone, Copy)]
pub struct Input<'t> {
    pub text: &'t str,
    pub url: Option<&'t str>,
    pub lang: Option<&'t str>,
}

/// Why a text could not be cleaned.
enum Failure {
    Refused(dechaff::Error),
    Bug(String),
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => Error::new_err(error.to_string()),
            Failure::Bug(message) => PyRuntimeError::new_err(format!(
                "dechaff has a bug that this text brings out; please report it ({message})"
            )),
        }
    }
}

impl Engine {
    pub fn new(cleaner: Cleaner) -> Self {
        Self {
            cleaner,
            scratches: Mutex::default(),
        }
    }

    /// Cleans one text, and gives what `read` makes of the result.
    pub fn one<R: Send + 'static>(
        self: &Arc<Self>,
        py: Python<'_>,
        input: Input<'_>,
        read: fn(&Cleaned<'_>) -> R,
    ) -> PyResult<R> {
        if input.text.len() < LONG {
            return py
                .detach(|| self.with_scratch(|scratch| self.clean(input, scratch, &read)))
                .map_err(PyErr::from);
        }
        py.detach(|| {
            // The thread may outlive this call, so the text is its own.
            let text = input.text.to_owned();
            let [url, lang] = [input.url, input.lang].map(|known| known.map(str::to_owned));
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
            let ended =
                wait(&receiver)?.ok_or_else(|| Failure::Bug("its thread ended".to_owned()))?;
            Ok(ended?)
        })
    }

    /// Cleans texts on so many threads at most, and gives what `read` makes of each result, in the order of the texts.
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
                return Ok(self.block(inputs, &AtomicBool::new(false), &read)?);
            }
            let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
            let work = || {
                let mut found = Vec::new();
                while let Some(range) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    found.push((
                        range.start,
                        self.block(&inputs[range.clone()], &stop, &read)?,
                    ));
                }
                Ok::<_, Failure>(found)
            };
            let mut found = thread::scope(|scope| {
                let (working, receiver) = channel::<()>();
                let workers: Vec<_> = (0..threads.clamp(1, blocks.len()))
                    .map(|_| {
                        let working = working.clone();
                        scope.spawn(move || {
                            let _working = working;
                            work()
                        })
                    })
                    .collect();
                drop(working);
                let waited = wait(&receiver);
                stop.store(waited.is_err(), Ordering::Relaxed);
                let mut found = Vec::with_capacity(blocks.len());
                for worker in workers {
                    found.extend(
                        worker
                            .join()
                            .map_err(|panic| Failure::Bug(told(&*panic)))??,
                    );
                }
                waited.map(|_| found)
            })?;
            found.sort_unstable_by_key(|(start, _)| *start);
            Ok(found.into_iter().flat_map(|(_, block)| block).collect())
        })
    }

    /// Cleans a block of texts, or as much of it as there is time for.
    fn block<R>(
        &self,
        inputs: &[Input<'_>],
        stop: &AtomicBool,
        read: &impl Fn(&Cleaned<'_>) -> R,
    ) -> Result<Vec<R>, Failure> {
        self.with_scratch(|scratch| {
            let wanted = inputs.iter().take_while(|_| !stop.load(Ordering::Relaxed));
            wanted
                .map(|&input| self.clean(input, scratch, read))
                .collect()
        })
    }

    fn clean<R>(
        &self,
        input: Input<'_>,
        scratch: &mut Scratch,
        read: &impl Fn(&Cleaned<'_>) -> R,
    ) -> Result<R, Failure> {
        let mut document = Document::new(input.text).map_err(Failure::Refused)?;
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
            Failure::Bug(told(&*panic))
        })
    }

    fn with_scratch<R>(&self, work: impl FnOnce(&mut Scratch) -> R) -> R {
        let free = || {
            self.scratches
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let mut scratch = free().pop().unwrap_or_default();
        let result = work(&mut scratch);
        free().push(scratch);
        result
    }
}

/// Cuts texts into runs of about a block each.
fn blocks(inputs: &[Input<'_>]) -> Vec<Range<usize>> {
    let (mut blocks, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (index, input) in inputs.iter().enumerate() {
        bytes += input.text.len();
        if bytes >= BLOCK {
            blocks.push(start..index + 1);
            (start, bytes) = (index + 1, 0);
        }
    }
    if start < inputs.len() {
        blocks.push(start..inputs.len());
    }
    blocks
}

/// Waits for what threads send, or for their end, and looks after signals meanwhile. Fails where one raised an exception.
fn wait<T>(receiver: &Receiver<T>) -> PyResult<Option<T>> {
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(sent) => return Ok(Some(sent)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => Python::attach(signals)?,
        }
    }
}

fn signals(py: Python<'_>) -> PyResult<()> {
    py.check_signals()
}

fn told(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
