//! Files of texts and records for Python: `clean_file` between two file objects, and the HTML
//! report of paths. Both run the command with the cleaner of the caller, on threads that end with
//! the call.

use crate::Error;
use crate::arguments;
use crate::engine::Engine;
use crate::workers::{panic_message, wait};
use dechaff::embedded::{Problems, Stream, clean_stream, write_report};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The exception that a method of a file object raised. It ends the run, and is raised again.
type Raised = Arc<Mutex<Option<PyErr>>>;

/// A Python file object that is open in binary mode, as a reader and a writer.
struct PyFile {
    object: Py<PyAny>,
    raised: Raised,
}

impl PyFile {
    /// Calls a method of the file object and passes the result to `read`. An exception is kept in
    /// `raised`.
    fn call<T>(&self, call: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> io::Result<T> {
        Python::attach(|py| {
            call(self.object.bind(py)).map_err(|error| {
                let message = error.to_string();
                let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
                raised.get_or_insert(error);
                io::Error::other(message)
            })
        })
    }
}

impl Read for PyFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.call(|file| {
            let read = file.call_method1(intern!(file.py(), "read"), (buffer.len(),))?;
            let Ok(bytes) = read.cast::<PyBytes>() else {
                let class = read.get_type().name()?;
                return Err(PyTypeError::new_err(format!(
                    "source.read() returned {class}, not bytes; open the file in binary mode ('rb')"
                )));
            };
            let bytes = bytes.as_bytes();
            let Some(target) = buffer.get_mut(..bytes.len()) else {
                return Err(PyOSError::new_err(
                    "source.read(n) returned more than n bytes",
                ));
            };
            target.copy_from_slice(bytes);
            Ok(bytes.len())
        })
    }
}

impl Write for PyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call(|file| {
            let data = PyBytes::new(file.py(), bytes);
            let written = file.call_method1(intern!(file.py(), "write"), (data,))?;
            // Raw files may write less; some objects return nothing.
            Ok(written.extract().unwrap_or(bytes.len()))
        })
    }

    /// Flushing is left to the owner of the file: after each batch it would be slow, and impossible
    /// for objects that are uploaded in parts.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Cleans the file object `source` to the file object `target`. Returns the statistics as JSON, and
/// what was passed through.
#[pyfunction]
#[pyo3(name = "clean_stream")]
pub fn clean_file(
    py: Python<'_>,
    cleaner: PyRef<'_, crate::cleaner::Cleaner>,
    source: (PathBuf, Py<PyAny>),
    target: (PathBuf, Py<PyAny>),
    options: Vec<String>,
    threads: Option<&Bound<'_, PyAny>>,
) -> PyResult<(String, Vec<String>)> {
    let threads = arguments::threads(threads)?;
    let engine = Arc::clone(cleaner.engine());
    let raised = Raised::default();
    let [input, output] = [source, target].map(|(name, object)| Stream {
        name,
        stream: PyFile {
            object,
            raised: Arc::clone(&raised),
        },
    });
    let ended = run(py, move |stop| {
        clean_stream(&engine.cleaner, &options, input, output, threads, stop)
    })?;
    if let Some(error) = raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    let (stats, problems) = ended.map_err(|error| to_python(&error))?;
    Ok((stats, all_in_python(&problems.passed)))
}

/// Writes the HTML report of paths. Returns what failed, and what was passed through.
#[pyfunction]
#[pyo3(name = "write_report")]
pub fn report(
    py: Python<'_>,
    cleaner: PyRef<'_, crate::cleaner::Cleaner>,
    options: Vec<String>,
    threads: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Vec<String>, Vec<String>)> {
    let threads = arguments::threads(threads)?;
    let engine: Arc<Engine> = Arc::clone(cleaner.engine());
    let ended = run(py, move |stop| {
        write_report(&engine.cleaner, &options, threads, stop)
    })?;
    let Problems { failed, passed } = ended.map_err(|error| to_python(&error))?;
    Ok((all_in_python(&failed), all_in_python(&passed)))
}

/// Runs `work` on a thread without holding the interpreter's lock, and checks for signals meanwhile.
/// If the handler of one raises an exception, `work` is stopped, and the exception is returned
/// once it has. A panic is an exception.
fn run<R: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(&AtomicBool) -> R + Send + 'static,
) -> PyResult<R> {
    py.detach(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = channel::<()>();
        let worker = thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                // The channel closes when the work ends.
                let _sender = sender;
                catch_unwind(AssertUnwindSafe(|| work(&stop)))
            }
        });
        let ended = wait(&receiver);
        stop.store(ended.is_err(), Ordering::Relaxed);
        let result = worker.join().and_then(|result| result);
        ended?;
        result.map_err(|panic| {
            PyRuntimeError::new_err(format!(
                "dechaff failed because of a bug; please report it ({})",
                panic_message(&*panic)
            ))
        })
    })
}

/// Converts an error of the command. Options are called as in Python.
fn to_python(error: &anyhow::Error) -> PyErr {
    Error::new_err(all_in_python(&[format!("{error:#}")]).join(""))
}

/// Returns messages of the command in which options are called as in Python.
fn all_in_python(messages: &[String]) -> Vec<String> {
    let words = messages.iter().map(|message| message.split(' '));
    words
        .map(|words| words.map(in_python).collect::<Vec<_>>().join(" "))
        .collect()
}

/// Returns a word of a message; an option of the command, such as `--on-error`, as its argument in
/// Python.
fn in_python(word: &str) -> String {
    let option = word.trim_start_matches(['\'', '(']);
    let before = &word[..word.len() - option.len()];
    match option.strip_prefix("--") {
        Some(name) if name.starts_with(char::is_alphabetic) => {
            format!("{before}{}", name.replace('-', "_"))
        }
        _ => word.to_owned(),
    }
}
