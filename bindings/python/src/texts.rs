//! Conversion of Python arguments: a list of texts, and values that hold for all texts or differ from
//! text to text.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyString};

/// Returns the texts of an iterable of `str` and `None`. A single `str` is a `TypeError`, since its
/// characters are hardly meant; so is an item of another type, whose index the message names.
pub fn texts<'py>(argument: &Bound<'py, PyAny>) -> PyResult<Strings<'py>> {
    let items = iter_texts(argument)?.enumerate();
    items
        .map(|(index, item)| optional_text("texts", item?, index))
        .collect()
}

/// Iterates over the argument `texts`. A `TypeError` if it is a single `str`, or not iterable.
pub fn iter_texts<'py>(argument: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
    if argument.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err(
            "texts is one str; pass a list of them, or call clean",
        ));
    }
    iterate("texts", argument)
}

/// Iterates over the argument `name`. A `TypeError` if it is not iterable.
pub fn iterate<'py>(name: &str, argument: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
    argument.try_iter().or_else(|_| {
        let class = argument.get_type().name()?;
        let message = format!("{name} must be an iterable of str, not {class}");
        Err(PyTypeError::new_err(message))
    })
}

/// Returns the item at `index` of the iterable `name`, or a `TypeError` if it is no `str`. For a
/// NaN, which pandas puts in place of a missing text, the message says what to do.
pub fn one_text<'py>(
    name: &str,
    item: Bound<'py, PyAny>,
    index: usize,
) -> PyResult<Bound<'py, PyString>> {
    item.cast_into::<PyString>().map_err(|error| {
        let item = error.into_inner();
        let is_missing = item.extract::<f64>().is_ok_and(f64::is_nan)
            || item.get_type().name().is_ok_and(|class| class == "NAType");
        let message = if is_missing {
            format!(
                "{name}[{index}] is missing ({item}); clean a pandas series with \
                 dechaff.integrations.pandas.clean_series, or pass None"
            )
        } else {
            format!("{name}[{index}] is of type {}, not str", item.get_type())
        };
        PyTypeError::new_err(message)
    })
}

/// Returns the item at `index` of the iterable `name`, which may be `None`.
pub fn optional_text<'py>(
    name: &str,
    item: Bound<'py, PyAny>,
    index: usize,
) -> PyResult<Option<Bound<'py, PyString>>> {
    if item.is_none() {
        return Ok(None);
    }
    one_text(name, item, index).map(Some)
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
            let items = iterate(name, argument)?.enumerate();
            let strings: Strings<'py> = items
                .map(|(index, item)| optional_text(name, item?, index))
                .collect::<PyResult<_>>()?;
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
