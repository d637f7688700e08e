//! The native half of the Python package `dechaff`: the cleaner, what is learned of sites, Arrow
//! arrays and the command. What Python can express as well, such as the classes of results and the
//! adapters to engines, is written in Python, in `dechaff/`.

mod arguments;
mod arrow;
mod cleaner;
mod engine;
mod explain;
mod files;
mod learned;
mod line_counts;
mod objects;
mod result;
mod texts;
mod workers;

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::ffi::OsString;
use std::io::Write;

create_exception!(
    dechaff,
    Error,
    PyValueError,
    "An invalid option, name or pack of rules, or a text that is too long."
);

/// Runs the command `dechaff` without holding the interpreter's lock and returns its exit code.
/// The first of `arguments` is the name of the program, as in `sys.argv`.
#[pyfunction]
fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| {
        let code = dechaff::cli::run(arguments);
        // In a Rust program, the runtime flushes standard output at exit.
        let _ = std::io::stdout().flush();
        code
    })
}

/// The native half of the package `dechaff`.
#[pymodule]
fn _dechaff(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Error", module.py().get_type::<Error>())?;
    module.add_class::<cleaner::Cleaner>()?;
    module.add_class::<arrow::ArrowArray>()?;
    module.add_class::<learned::Learned>()?;
    module.add_function(wrap_pyfunction!(learned::learn, module)?)?;
    module.add_function(wrap_pyfunction!(line_counts::hosts, module)?)?;
    module.add_function(wrap_pyfunction!(line_counts::line_keys, module)?)?;
    module.add_function(wrap_pyfunction!(line_counts::line_counts, module)?)?;
    module.add_function(wrap_pyfunction!(cleaner::unpickle, module)?)?;
    module.add_function(wrap_pyfunction!(learned::unpickle, module)?)?;
    module.add_function(wrap_pyfunction!(files::clean_file, module)?)?;
    module.add_function(wrap_pyfunction!(files::report, module)?)?;
    module.add_function(wrap_pyfunction!(command, module)?)?;
    Ok(())
}
