//! Conversion of Arrow arrays to Python objects, without pyarrow, for the types that dechaff returns:
//! strings, numbers, booleans, and lists, structs and dictionaries of these.

use crate::Error;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, StructArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// Returns the values of an array, row by row. Nulls are ``None``, structs are ``dict``.
pub fn of<'py>(py: Python<'py>, array: &ArrayRef) -> PyResult<Vec<Option<Bound<'py, PyAny>>>> {
    match array.data_type() {
        DataType::Null => Ok(vec![None; array.len()]),
        DataType::Utf8 => objects(py, array.as_string::<i32>()),
        DataType::LargeUtf8 => objects(py, array.as_string::<i64>()),
        DataType::Utf8View => objects(py, array.as_string_view()),
        DataType::Boolean => objects(py, array.as_boolean()),
        DataType::UInt64 => objects(py, array.as_primitive::<UInt64Type>()),
        DataType::Int64 => objects(py, array.as_primitive::<Int64Type>()),
        DataType::Float64 => objects(py, array.as_primitive::<Float64Type>()),
        DataType::Dictionary(_, values) => {
            let plain = cast(array, values).map_err(|error| Error::new_err(error.to_string()))?;
            of(py, &plain)
        }
        DataType::Struct(_) => structs(py, array.as_struct()),
        DataType::List(_) => {
            let rows = array.as_list::<i32>().iter();
            rows.map(|row| row.map(|row| list(py, &row)).transpose())
                .collect()
        }
        other => Err(PyTypeError::new_err(format!(
            "an array of {other} cannot be converted without pyarrow; use pyarrow.array(array)"
        ))),
    }
}

/// Converts values for which PyO3 knows how to; nulls are ``None``.
fn objects<'py, T: IntoPyObject<'py>>(
    py: Python<'py>,
    values: impl IntoIterator<Item = Option<T>>,
) -> PyResult<Vec<Option<Bound<'py, PyAny>>>> {
    values
        .into_iter()
        .map(|value| value.map(|value| value.into_bound_py_any(py)).transpose())
        .collect()
}

/// Converts structs to ``dict``.
fn structs<'py>(py: Python<'py>, array: &StructArray) -> PyResult<Vec<Option<Bound<'py, PyAny>>>> {
    let dicts: Vec<_> = (0..array.len())
        .map(|row| array.is_valid(row).then(|| PyDict::new(py)))
        .collect();
    for (field, column) in array.fields().iter().zip(array.columns()) {
        for (dict, object) in dicts.iter().zip(of(py, column)?) {
            if let Some(dict) = dict {
                dict.set_item(field.name(), object)?;
            }
        }
    }
    Ok(dicts
        .into_iter()
        .map(|dict| dict.map(Bound::into_any))
        .collect())
}

fn list<'py>(py: Python<'py>, row: &ArrayRef) -> PyResult<Bound<'py, PyAny>> {
    Ok(PyList::new(py, of(py, row)?)?.into_any())
}
