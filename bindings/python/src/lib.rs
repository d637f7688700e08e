//! The native half of the Python package `dechaff`: the engine as Python sees it. What Python alone can say as well, such
//! as the classes of results and the adapters to engines, is Python, in `dechaff/`.

mod arrow;
mod cleaner;
mod engine;
mod texts;

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::ffi::OsString;
use std::io::Write;

create_exception!(
    dechaff,
    Error,
    PyValueError,
    "An option, a name or a pack of rules that dechaff cannot use, or a text too long."
);

/// Runs the command `dechaff` with these arguments, the program's name first, and gives its exit code.
#[pyfunction]
fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| {
        let code = dechaff::cli::run(arguments);
        // Of a program of Rust's own the runtime does this at the end.
        let _ = std::io::stdout().flush();
        code
    })
}

/// The native half of the package.
#[pymodule]
fn _dechaff(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Error", module.py().get_type::<Error>())?;
    module.add_class::<cleaner::Cleaner>()?;
    module.add_class::<arrow::ArrowArray>()?;
    module.add_function(wrap_pyfunction!(cleaner::unpickle, module)?)?;
    module.add_function(wrap_pyfunction!(command, module)?)?;
    Ok(())
}
