//! Conversion of Python arguments that are one value: levels, counts, names and paths. Every error
//! names the argument, what it must be and what it was.

use crate::Error;
use dechaff::Level;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};

/// The argument `level`.
#[derive(Clone, Copy)]
pub struct LevelArgument(pub Level);

impl<'py> FromPyObject<'_, 'py> for LevelArgument {
    type Error = PyErr;

    fn extract(argument: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let names: Vec<_> = Level::ALL.iter().map(|level| level.name()).collect();
        let wanted = format!("level must be one of '{}'", names.join("', '"));
        let Ok(name) = argument.extract::<String>() else {
            let given = argument.repr()?;
            return Err(PyTypeError::new_err(format!("{wanted}, not {given}")));
        };
        name.parse().map(Self).or_else(|_| {
            let hint = nearest(argument.py(), &name, names)?
                .map_or_else(String::new, |name| format!("; did you mean '{name}'?"));
            Err(Error::new_err(format!("{wanted}, not '{name}'{hint}")))
        })
    }
}

/// Returns the most similar of the `known` names, or `None` if none is similar.
fn nearest(py: Python<'_>, name: &str, known: Vec<&str>) -> PyResult<Option<String>> {
    let near = py
        .import("difflib")?
        .call_method1("get_close_matches", (name, known, 1))?;
    Ok(near.extract::<Vec<String>>()?.pop())
}

/// The argument `text`.
pub struct Text<'py>(pub Bound<'py, PyString>);

impl<'py> FromPyObject<'_, 'py> for Text<'py> {
    type Error = PyErr;

    fn extract(argument: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(text) = argument.cast::<PyString>() {
            return Ok(Self(text.to_owned()));
        }
        let class = argument.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "text must be a str, not {class}"
        )))
    }
}

/// The argument `max_removed`.
#[derive(Clone, Copy)]
pub struct MaxRemoved(pub f64);

impl<'py> FromPyObject<'_, 'py> for MaxRemoved {
    type Error = PyErr;

    fn extract(argument: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let share = share("max_removed", Some(&argument))?;
        Ok(Self(share.unwrap_or_default()))
    }
}

/// Converts the argument `name`, a share from 0 to 1. `None` stays `None`.
pub fn share(name: &str, argument: Option<&Bound<'_, PyAny>>) -> PyResult<Option<f64>> {
    let Some(argument) = argument else {
        return Ok(None);
    };
    let wanted = format!("{name} must be a share from 0 to 1");
    let Ok(share) = argument.extract::<f64>() else {
        let class = argument.get_type().name()?;
        return Err(PyTypeError::new_err(format!("{wanted}, not {class}")));
    };
    if !(0.0..=1.0).contains(&share) {
        return Err(Error::new_err(format!("{wanted}, not {share}")));
    }
    Ok(Some(share))
}

/// Converts the argument `name`, a whole number of at least `least`. `None` stays `None`.
pub fn count(name: &str, argument: Option<&Bound<'_, PyAny>>, least: u64) -> PyResult<Option<u64>> {
    let Some(argument) = argument else {
        return Ok(None);
    };
    let wanted = format!("{name} must be a whole number of at least {least}");
    if !argument.is_instance_of::<PyInt>() || argument.is_instance_of::<PyBool>() {
        let class = argument.get_type().name()?;
        return Err(PyTypeError::new_err(format!("{wanted}, not {class}")));
    }
    match argument.extract::<u64>() {
        Ok(count) if count >= least => Ok(Some(count)),
        _ => {
            let given = argument.repr()?;
            Err(PyValueError::new_err(format!("{wanted}, not {given}")))
        }
    }
}

/// Returns the number of threads to use: that of the argument `threads`, or one for each core
/// available to this process.
pub fn threads(argument: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
    let requested = count("threads", argument, 1)?;
    Ok(requested.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        |threads| usize::try_from(threads).unwrap_or(usize::MAX),
    ))
}

/// The argument `memory`: a number of bytes.
#[derive(Clone, Copy)]
pub struct Memory(pub usize);

impl<'py> FromPyObject<'_, 'py> for Memory {
    type Error = PyErr;

    fn extract(argument: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let bytes = count("memory", Some(&argument), 0)?.unwrap_or_default();
        Ok(Self(usize::try_from(bytes).unwrap_or(usize::MAX)))
    }
}

/// Converts the argument `name`, which is one value or an iterable of values. A `str` and a path
/// are one value, although a `str` is iterable. `None` has no values. `wanted` says what a value
/// is.
pub fn one_or_several<T>(
    name: &str,
    argument: Option<&Bound<'_, PyAny>>,
    wanted: &str,
) -> PyResult<Vec<T>>
where
    T: for<'a, 'py> FromPyObject<'a, 'py>,
{
    let Some(argument) = argument else {
        return Ok(Vec::new());
    };
    let is_one = argument.is_instance_of::<PyString>() || argument.hasattr("__fspath__")?;
    let items = if is_one {
        vec![argument.clone()]
    } else if let Ok(items) = argument.try_iter() {
        items.collect::<PyResult<_>>()?
    } else {
        vec![argument.clone()]
    };
    items
        .iter()
        .map(|item| {
            item.extract().or_else(|_| {
                let class = item.get_type().name()?;
                Err(PyTypeError::new_err(format!(
                    "{name} must be {wanted}, or several, not {class}"
                )))
            })
        })
        .collect()
}
