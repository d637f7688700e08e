//! Arguments from Python as the engine takes them: one thing or several, for one text or for each of many.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

/// A `str`, or an iterable of what `read` takes; nothing for `None`.
pub fn one_or_several<T>(
    given: Option<&Bound<'_, PyAny>>,
    read: impl Fn(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let Some(given) = given else {
        return Ok(Vec::new());
    };
    if given.is_instance_of::<PyString>() || given.hasattr("__fspath__")? {
        return Ok(vec![read(given)?]);
    }
    given.try_iter()?.map(|item| read(&item?)).collect()
}

/// The texts of an iterable.
pub fn texts<'py>(given: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyString>>> {
    if given.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err(
            "texts is one str; give a list of them, or call clean",
        ));
    }
    let item = |(index, item): (usize, PyResult<Bound<'py, PyAny>>)| {
        item?.cast_into::<PyString>().map_err(|error| {
            let kind = error.into_inner().get_type();
            PyTypeError::new_err(format!("texts[{index}] is of type {kind}, not str"))
        })
    };
    given.try_iter()?.enumerate().map(item).collect()
}

/// What is known of many texts: the same of all, or something of each.
pub enum Known<'py> {
    Nothing,
    OfAll(Bound<'py, PyString>),
    OfEach(Vec<Option<Bound<'py, PyString>>>),
}

impl<'py> Known<'py> {
    /// Reads `None`, a `str`, or an iterable of them that is as long as the texts.
    pub fn read(name: &str, given: Option<&Bound<'py, PyAny>>, texts: usize) -> PyResult<Self> {
        let Some(given) = given else {
            return Ok(Self::Nothing);
        };
        if let Ok(all) = given.cast::<PyString>() {
            return Ok(Self::OfAll(all.clone()));
        }
        let item = |item: PyResult<Bound<'py, PyAny>>| {
            let item = item?;
            if item.is_none() {
                Ok(None)
            } else {
                Ok(Some(item.cast_into::<PyString>()?))
            }
        };
        let each = given.try_iter()?.map(item).collect::<PyResult<Vec<_>>>()?;
        same_length(name, each.len(), texts)?;
        Ok(Self::OfEach(each))
    }

    /// What is known of one of the texts.
    pub fn get(&self, index: usize) -> PyResult<Option<&str>> {
        let known = match self {
            Self::Nothing => None,
            Self::OfAll(known) => Some(known),
            Self::OfEach(each) => each[index].as_ref(),
        };
        known.map(|known| known.to_str()).transpose()
    }
}

pub fn same_length(name: &str, has: usize, texts: usize) -> PyResult<()> {
    if has == texts {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "{name} has {has} items for {texts} texts; give one for each text, or one str for all"
    )))
}

/// How many threads to use: as many as asked for, else as there are cores for this process.
pub fn threads(asked: Option<usize>) -> PyResult<usize> {
    match asked {
        Some(0) => Err(PyValueError::new_err("threads must be at least 1")),
        Some(threads) => Ok(threads),
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}
