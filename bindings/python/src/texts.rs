//! Conversion of Python arguments: one value or several, a list of texts, and values that hold for
//! all texts or differ from text to text.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

/// Converts an argument that is one value or an iterable of values, each with `convert`. A `str`
/// and a path are one value, although a `str` is iterable. `None` has no values.
pub fn one_or_several<T>(
    argument: Option<&Bound<'_, PyAny>>,
    convert: impl Fn(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let Some(argument) = argument else {
        return Ok(Vec::new());
    };
    if argument.is_instance_of::<PyString>() || argument.hasattr("__fspath__")? {
        return Ok(vec![convert(argument)?]);
    }
    argument.try_iter()?.map(|item| convert(&item?)).collect()
}

/// Returns the texts of an iterable of `str`. A single `str` is a `TypeError`, since its characters
/// are hardly meant; so is an item of another type, whose index the message names.
pub fn texts<'py>(argument: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyString>>> {
    let items = check_texts(argument)?.try_iter()?.enumerate();
    items.map(|(index, item)| one_text(item?, index)).collect()
}

/// Returns the argument `texts`, or a `TypeError` if it is a single `str`.
pub fn check_texts<'a, 'py>(argument: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyAny>> {
    if argument.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err(
            "texts is one str; pass a list of them, or call clean",
        ));
    }
    Ok(argument)
}

/// Returns the item at `index` of an iterable of texts, or a `TypeError` if it is no `str`.
pub fn one_text(item: Bound<'_, PyAny>, index: usize) -> PyResult<Bound<'_, PyString>> {
    item.cast_into::<PyString>().map_err(|error| {
        let class = error.into_inner().get_type();
        PyTypeError::new_err(format!("texts[{index}] is of type {class}, not str"))
    })
}

/// An optional argument of a call over many texts, such as `url`: absent, one `str` for all texts,
/// or a collection `C` with a value for each text.
pub enum Broadcast<'py, C> {
    Absent,
    One(Bound<'py, PyString>),
    Each(C),
}

/// A `str` or `None` for each text.
pub type Strings<'py> = Vec<Option<Bound<'py, PyString>>>;

impl<'py, C> Broadcast<'py, C> {
    /// Converts an argument. Everything other than `None` and `str` is passed to `convert`.
    pub fn read(
        argument: Option<&Bound<'py, PyAny>>,
        convert: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<C>,
    ) -> PyResult<Self> {
        let Some(argument) = argument else {
            return Ok(Self::Absent);
        };
        match argument.cast::<PyString>() {
            Ok(one) => Ok(Self::One(one.clone())),
            Err(_) => convert(argument).map(Self::Each),
        }
    }

    /// Returns the value that holds for all texts, or `None` if there is none.
    pub fn one(&self) -> PyResult<Option<&str>> {
        match self {
            Self::One(one) => one.to_str().map(Some),
            Self::Absent | Self::Each(_) => Ok(None),
        }
    }
}

impl<'py> Broadcast<'py, Strings<'py>> {
    /// Converts the argument `name` of a call over `count` texts: `None`, a `str`, or an iterable
    /// of `str` and `None` with `count` items.
    pub fn read_strings(
        name: &str,
        argument: Option<&Bound<'py, PyAny>>,
        count: usize,
    ) -> PyResult<Self> {
        Self::read(argument, |argument| {
            let mut strings = Vec::new();
            for item in argument.try_iter()? {
                let item = item?;
                strings.push(if item.is_none() {
                    None
                } else {
                    Some(item.cast_into::<PyString>()?)
                });
            }
            check_length(name, strings.len(), count)?;
            Ok(strings)
        })
    }

    /// Returns the value for the text at `index`, or `None` if it has none.
    pub fn get(&self, index: usize) -> PyResult<Option<&str>> {
        match self {
            Self::Each(strings) => strings[index]
                .as_ref()
                .map(|text| text.to_str())
                .transpose(),
            Self::Absent | Self::One(_) => self.one(),
        }
    }
}

/// Returns a `ValueError` unless the argument `name` has as many items as there are texts.
pub fn check_length(name: &str, items: usize, texts: usize) -> PyResult<()> {
    if items == texts {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "{name} has {items} items for {texts} texts; pass one for each text, or one str for all"
    )))
}

/// Returns the number of threads to use: `requested`, or one for each core available to this
/// process. Zero is a `ValueError`.
pub fn threads(requested: Option<usize>) -> PyResult<usize> {
    match requested {
        Some(0) => Err(PyValueError::new_err("threads must be at least 1")),
        Some(threads) => Ok(threads),
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}
