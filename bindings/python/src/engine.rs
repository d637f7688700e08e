//! Runs the cleaner for Python: without holding the interpreter's lock, and with buffers that are
//! kept from call to call.

use crate::workers::{self, Failure, Input, wait};
use dechaff::learn::Sites;
use dechaff::{Cleaned, Cleaner, Scratch};
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Bytes from which a single text is cleaned on a separate thread, which Ctrl-C can abandon.
/// Cleaning such a text takes some tenths of a second.
const LONG_TEXT: usize = 8 << 20;

/// A compiled cleaner, and the buffers that no thread is using.
pub struct Engine {
    /// The cleaner, which also holds the rules.
    pub cleaner: Cleaner,
    scratches: Mutex<Vec<Scratch>>,
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
            let about = [input.url, input.lang, input.site];
            let [url, lang, site] = about.map(|value| value.map(str::to_owned));
            let engine = Arc::clone(self);
            let (sender, receiver) = channel();
            thread::spawn(move || {
                let input = Input {
                    text: &text,
                    url: url.as_deref(),
                    lang: lang.as_deref(),
                    site: site.as_deref(),
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
    /// each result, in the order of the texts.
    pub fn many<R: Send>(
        &self,
        py: Python<'_>,
        inputs: &[Input<'_>],
        threads: usize,
        read: impl Fn(&Cleaned<'_>) -> R + Sync,
    ) -> PyResult<Vec<R>> {
        workers::run(py, inputs, threads, |block, stop| {
            self.clean_block(block, stop, &read)
        })
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
        let document = input.document()?;
        let cleaned = workers::catch(|| read(&self.cleaner.clean(&document, scratch)));
        if matches!(cleaned, Err(Failure::Bug(_))) {
            *scratch = Scratch::default();
        }
        if let Some(error) = self.cleaner.learned().and_then(Sites::error) {
            return Err(Failure::Learned(error));
        }
        cleaned
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
