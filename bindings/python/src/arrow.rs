//! Cleans Arrow columns through the PyCapsule interface, so that the same two functions serve every
//! library that supports it. Texts are read in place, and a chunk from which nothing is removed is
//! returned without being copied.

use crate::Error;
use crate::engine::Engine;
use crate::objects;
use crate::result::{CodePoints, Scanned, changed, scanned};
use crate::texts::{Broadcast, check_length};
use crate::workers::{self, Input};
use arrow_array::builder::{GenericStringBuilder, StringViewBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Float64Array, Int64Array,
    LargeBinaryArray,
};
use arrow_array::{ListArray, OffsetSizeTrait, StringArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields};
use arrow_select::concat::concat;
use dechaff::{Document, Verdict};
use pyo3::exceptions::{
    PyImportError, PyModuleNotFoundError, PyTypeError, PyUnicodeDecodeError, PyValueError,
};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyIterator, PyList, PyTuple};
use pyo3_arrow::ffi::{
    ArrayIterator, to_array_pycapsules, to_schema_pycapsule, to_stream_pycapsule,
};
use pyo3_arrow::input::AnyArray;
use std::str::Utf8Error;
use std::sync::Arc;

/// An Arrow array, possibly in several chunks, for any library that supports the Arrow PyCapsule
/// interface, as in ``pyarrow.array(array)`` or ``polars.Series(array)``.
#[pyclass(frozen, module = "dechaff")]
pub struct ArrowArray(Column);

#[pymethods]
impl ArrowArray {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// Returns the values as Python objects: ``str``, ``None`` for nulls, ``dict`` for structs and
    /// lists. Needs no other package.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for chunk in &self.0.chunks {
            for object in objects::of(py, chunk)? {
                list.append(object)?;
            }
        }
        Ok(list)
    }

    /// Returns the values as a NumPy array, of objects unless ``dtype`` says otherwise. Needs
    /// numpy.
    #[pyo3(signature = (dtype = None))]
    fn to_numpy<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let array = import(py, "numpy")?.call_method1("empty", (self.0.len(), "object"))?;
        // Assigned to a slice, lists would become further dimensions if they were of one length.
        for (index, object) in self.to_pylist(py)?.iter().enumerate() {
            array.set_item(index, object)?;
        }
        match dtype {
            Some(dtype) => array.call_method1("astype", (dtype,)),
            None => Ok(array),
        }
    }

    /// Returns the values as a pandas series, of the type that pandas infers. Needs pandas.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        import(py, "pandas")?.call_method1("Series", (self.to_pylist(py)?,))
    }

    /// For ``numpy.asarray``.
    #[pyo3(signature = (dtype = None, copy = None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if copy == Some(false) {
            let message = "strings of Arrow can only be copied to NumPy; use copy=None";
            return Err(PyValueError::new_err(message));
        }
        self.to_numpy(py, dtype)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.to_pylist(py)?.try_iter()
    }

    fn __repr__(&self) -> String {
        format!(
            "<dechaff.ArrowArray of {} {}>",
            self.0.len(),
            self.0.field.data_type()
        )
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.0.field.as_ref())?)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let array = self.0.concat()?;
        Ok(to_array_pycapsules(
            py,
            Arc::clone(&self.0.field),
            &array,
            requested_schema,
        )?)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let chunks: Vec<_> = self
            .0
            .chunks
            .iter()
            .cloned()
            .map(Ok::<_, ArrowError>)
            .collect();
        let reader = Box::new(ArrayIterator::new(chunks, Arc::clone(&self.0.field)));
        Ok(to_stream_pycapsule(py, reader, requested_schema)?)
    }
}

/// Imports another package. The error says how to install it.
fn import<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyModule>> {
    py.import(name).map_err(|error| {
        if !error.is_instance_of::<PyModuleNotFoundError>(py) {
            return error;
        }
        PyImportError::new_err(format!(
            "{name} is not installed; install it (pip install {name}), or use to_pylist"
        ))
    })
}

/// A column: arrays of one type that follow each other.
pub struct Column {
    field: FieldRef,
    chunks: Vec<ArrayRef>,
}

impl Column {
    /// Imports a Python object that has one of the two PyCapsule methods, without copying its
    /// buffers. Any other object is a `TypeError`.
    pub fn import(values: &Bound<'_, PyAny>) -> PyResult<Self> {
        if !is_arrow(values)? {
            let class = values.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "expected an array with __arrow_c_array__ or __arrow_c_stream__, not {class}; \
                 use clean_many for lists"
            )));
        }
        let reader = values.extract::<AnyArray>()?.into_reader()?;
        let field = pyo3_arrow::ffi::ArrayReader::field(&reader);
        let chunks = reader.collect::<Result<_, _>>().map_err(to_python)?;
        Ok(Self { field, chunks })
    }

    fn len(&self) -> usize {
        self.chunks.iter().map(Array::len).sum()
    }

    fn strings(&self) -> PyResult<Vec<StringBytes>> {
        self.chunks.iter().map(StringBytes::of).collect()
    }

    /// Returns all chunks as one array, copying them only if there are several.
    fn concat(&self) -> PyResult<ArrayRef> {
        match self.chunks.as_slice() {
            [] => Ok(arrow_array::new_empty_array(self.field.data_type())),
            [chunk] => Ok(Arc::clone(chunk)),
            chunks => {
                concat(&chunks.iter().map(AsRef::as_ref).collect::<Vec<_>>()).map_err(to_python)
            }
        }
    }

    /// Exports the column as the type of `values` if that is an array of pyarrow or a series of
    /// polars, and otherwise as an `ArrowArray`.
    fn export_like<'py>(self, values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (py, class) = (values.py(), values.get_type());
        let array = Bound::new(py, ArrowArray(self))?;
        match (class.module()?.to_str()?, class.name()?.to_str()?) {
            ("pyarrow.lib", "ChunkedArray") => py
                .import("pyarrow")?
                .call_method1("chunked_array", (array,)),
            ("pyarrow.lib", name) if name.ends_with("Array") => {
                py.import("pyarrow")?.call_method1("array", (array,))
            }
            ("polars.series.series", "Series") => class.call1((values.getattr("name")?, array)),
            _ => Ok(array.into_any()),
        }
    }
}

/// The strings of an array as bytes, because the UTF-8 of another library must be checked before
/// use.
enum StringBytes {
    Small(BinaryArray),
    Large(LargeBinaryArray),
    View(BinaryViewArray),
}

impl StringBytes {
    /// Views an array of strings of any Arrow type as bytes, without copying. An array of nulls is
    /// an array of null strings; other types are a `TypeError`.
    fn of(array: &ArrayRef) -> PyResult<Self> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Small(array.as_string::<i32>().clone().into())),
            DataType::LargeUtf8 => Ok(Self::Large(array.as_string::<i64>().clone().into())),
            DataType::Utf8View => Ok(Self::View(array.as_string_view().clone().to_binary_view())),
            DataType::Null => Ok(Self::Small(BinaryArray::new_null(array.len()))),
            DataType::Struct(_) => Err(PyTypeError::new_err(
                "expected an array of strings, not a table or structs; pass one of its columns",
            )),
            other => Err(PyTypeError::new_err(format!(
                "expected an array of strings, not of {other}; cast it to strings first"
            ))),
        }
    }

    /// Iterates over the strings as bytes; nulls are `None`. The iterator is boxed because the
    /// three variants have iterators of different types.
    fn rows(&self) -> Box<dyn Iterator<Item = Option<&[u8]>> + '_> {
        match self {
            Self::Small(array) => Box::new(array.iter()),
            Self::Large(array) => Box::new(array.iter()),
            Self::View(array) => Box::new(array.iter()),
        }
    }
}

/// Returns the strings of several arrays, row by row; nulls are `None`. Invalid UTF-8 is a
/// `UnicodeDecodeError`.
fn strings<'b>(py: Python<'_>, arrays: &'b [StringBytes]) -> PyResult<Vec<Option<&'b str>>> {
    let checked: Result<_, _> = py.detach(|| {
        arrays
            .iter()
            .flat_map(StringBytes::rows)
            .map(|bytes| bytes.map(check_utf8).transpose())
            .collect()
    });
    checked.map_err(
        |(bytes, error)| match PyUnicodeDecodeError::new_utf8(py, bytes, error) {
            Ok(error) => PyErr::from_value(error.into_any()),
            Err(error) => error,
        },
    )
}

/// Returns `bytes` as a string, or the bytes together with the error, as the exception needs both.
fn check_utf8(bytes: &[u8]) -> Result<&str, (&[u8], Utf8Error)> {
    std::str::from_utf8(bytes).map_err(|error| (bytes, error))
}

impl Broadcast<'_, Column> {
    /// Returns the arrays of the argument `name` if it is a column, which must have one value for
    /// each of `texts` texts. Returns no arrays if it is not a column.
    fn arrays(&self, name: &str, texts: usize) -> PyResult<Vec<StringBytes>> {
        let Self::Each(column) = self else {
            return Ok(Vec::new());
        };
        check_length(name, column.len(), texts)?;
        column.chunks.iter().map(StringBytes::of).collect()
    }
}

/// What is known of the texts of a column: the arguments `url`, `lang` and `site`.
pub type About<'py> = [Broadcast<'py, Column>; 3];

/// Reads the arguments `url`, `lang` and `site`.
pub fn about<'py>(
    url: Option<&Bound<'py, PyAny>>,
    lang: Option<&Bound<'py, PyAny>>,
    site: Option<&Bound<'py, PyAny>>,
) -> PyResult<About<'py>> {
    Ok([
        Broadcast::read(url, Column::import)?,
        Broadcast::read(lang, Column::import)?,
        Broadcast::read(site, Column::import)?,
    ])
}

/// Passes the strings of `rows` that are not null to `work`, with what is known of them, and returns
/// its value.
fn with_inputs<R>(
    py: Python<'_>,
    rows: &[Option<&str>],
    about: About<'_>,
    work: impl FnOnce(&[Input<'_>]) -> PyResult<R>,
) -> PyResult<R> {
    let [url, lang, site] = &about;
    let arrays = [
        url.arrays("url", rows.len())?,
        lang.arrays("lang", rows.len())?,
        site.arrays("site", rows.len())?,
    ];
    let mut columns = Vec::with_capacity(arrays.len());
    for (argument, arrays) in about.iter().zip(&arrays) {
        columns.push((strings(py, arrays)?, argument.one()?));
    }
    let mut inputs = Vec::with_capacity(rows.len());
    for (row, text) in rows.iter().enumerate() {
        let Some(text) = *text else { continue };
        let mut values = columns
            .iter()
            .map(|(values, common)| values.get(row).copied().flatten().or(*common));
        inputs.push(Input {
            text,
            url: values.next().flatten(),
            lang: values.next().flatten(),
            site: values.next().flatten(),
        });
    }
    work(&inputs)
}

/// Cleans the strings of `rows` on at most `threads` threads. Returns the value that `read`
/// computes from each result, and `None` for nulls.
fn run<R: Send>(
    py: Python<'_>,
    engine: &Engine,
    rows: &[Option<&str>],
    about: About<'_>,
    threads: usize,
    read: impl Fn(&dechaff::Cleaned<'_>) -> R + Sync,
) -> PyResult<Vec<Option<R>>> {
    let results = with_inputs(py, rows, about, |inputs| {
        engine.many(py, inputs, threads, read)
    })?;
    let mut results = results.into_iter();
    Ok(rows
        .iter()
        .map(|row| row.and_then(|_| results.next()))
        .collect())
}

/// Calls `work` for each string of a column that is not null, on at most `threads` threads.
pub fn for_each(
    py: Python<'_>,
    column: &Column,
    about: About<'_>,
    threads: usize,
    work: impl Fn(&Document<'_>) + Sync,
) -> PyResult<()> {
    let bytes = column.strings()?;
    with_inputs(py, &strings(py, &bytes)?, about, |inputs| {
        workers::each(py, inputs, threads, work).map(|_| ())
    })
}

/// Calls `work` for each string of a column, and builds a column of lists of the type `item` from
/// its values: one chunk from the values of each chunk. Nulls stay null.
pub fn map_lists<'py, R: Send>(
    values: &Bound<'py, PyAny>,
    threads: usize,
    item: impl Fn(&DataType) -> Field,
    work: impl Fn(&Document<'_>) -> Vec<R> + Sync,
    build: impl Fn(&DataType, Vec<R>) -> PyResult<ArrayRef>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = values.py();
    let column = Column::import(values)?;
    let kind = column.field.data_type();
    let bytes = column.strings()?;
    let rows = strings(py, &bytes)?;
    let lists = with_inputs(
        py,
        &rows,
        std::array::from_fn(|_| Broadcast::Absent),
        |inputs| workers::each(py, inputs, threads, work),
    )?;
    let (mut rows, mut lists) = (rows.as_slice(), lists.into_iter());
    let item = Arc::new(item(kind));
    let mut chunks = Vec::with_capacity(column.chunks.len());
    for chunk in &column.chunks {
        let (chunk_rows, rest) = rows.split_at(chunk.len());
        rows = rest;
        let (mut lengths, mut items) = (Vec::with_capacity(chunk_rows.len()), Vec::new());
        for row in chunk_rows {
            let list = row.and_then(|_| lists.next()).unwrap_or_default();
            lengths.push(list.len());
            items.extend(list);
        }
        let nulls: NullBuffer = chunk_rows.iter().map(Option::is_some).collect();
        let (offsets, items) = (OffsetBuffer::from_lengths(lengths), build(kind, items)?);
        let list = ListArray::try_new(Arc::clone(&item), offsets, items, Some(nulls));
        chunks.push(Arc::new(list.map_err(to_python)?) as ArrayRef);
    }
    let field = Field::new(column.field.name(), DataType::List(item), true);
    Column {
        field: Arc::new(field),
        chunks,
    }
    .export_like(values)
}

/// Builds a column of strings from those that `work` returns for the strings of a column. Nulls stay
/// null.
pub fn map_strings<'py>(
    values: &Bound<'py, PyAny>,
    work: impl Fn(&str) -> Option<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut column = Column::import(values)?;
    let kind = column.field.data_type().clone();
    let mut chunks = Vec::with_capacity(column.chunks.len());
    for chunk in &column.chunks {
        let bytes = [StringBytes::of(chunk)?];
        let rows = strings(values.py(), &bytes)?;
        let rows: Vec<_> = rows
            .into_iter()
            .map(|row| (None, row.and_then(&work)))
            .collect();
        chunks.push(build_strings(&kind, &rows));
    }
    let kind = if kind == DataType::Null {
        DataType::Utf8
    } else {
        kind
    };
    column.field = Arc::new(Field::new(column.field.name(), kind, true));
    column.chunks = chunks;
    column.export_like(values)
}

/// Returns whether an object is an Arrow array or a stream of them.
pub fn is_arrow(values: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(values.hasattr("__arrow_c_array__")? || values.hasattr("__arrow_c_stream__")?)
}

/// Passes each chunk of an Arrow array or stream of structs to `work`, one after the other.
pub fn for_each_chunk(
    values: &Bound<'_, PyAny>,
    mut work: impl FnMut(&StructArray) -> PyResult<()>,
) -> PyResult<()> {
    for chunk in values.extract::<AnyArray>()?.into_reader()? {
        let chunk = chunk.map_err(to_python)?;
        let rows = chunk.as_struct_opt().ok_or_else(|| {
            let kind = chunk.data_type();
            PyTypeError::new_err(format!("expected a table or structs, not {kind}"))
        })?;
        work(rows)?;
    }
    Ok(())
}

/// Returns the strings of an array, row by row; nulls are `None`.
pub fn read_strings(py: Python<'_>, array: &ArrayRef) -> PyResult<Vec<Option<String>>> {
    let bytes = [StringBytes::of(array)?];
    let rows = strings(py, &bytes)?;
    Ok(rows.into_iter().map(|row| row.map(str::to_owned)).collect())
}

/// Cleans the strings of a column and returns a column of the same type and with the same chunks. A
/// dictionary is cleaned value by value.
pub fn clean<'py>(
    engine: &Engine,
    values: &Bound<'py, PyAny>,
    about: About<'_>,
    threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let py = values.py();
    let mut column = Column::import(values)?;
    let has_arrays = about
        .iter()
        .any(|argument| matches!(argument, Broadcast::Each(_)));
    if matches!(column.field.data_type(), DataType::Dictionary(..)) && has_arrays {
        return Err(PyTypeError::new_err(
            "url, lang and site cannot be arrays for a dictionary, whose strings are shared by rows; \
             cast it to strings first",
        ));
    }
    let targets: Vec<ArrayRef> = column
        .chunks
        .iter()
        .map(|chunk| {
            chunk
                .as_any_dictionary_opt()
                .map_or(chunk, |chunk| chunk.values())
                .clone()
        })
        .collect();
    let bytes = targets
        .iter()
        .map(StringBytes::of)
        .collect::<PyResult<Vec<_>>>()?;
    let rows = strings(py, &bytes)?;
    let cleaned = run(py, engine, &rows, about, threads, changed)?;
    column.chunks = py.detach(|| {
        let (mut rows, mut cleaned) = (rows.as_slice(), cleaned.into_iter());
        let chunks = column.chunks.iter().zip(&targets).map(|(chunk, target)| {
            let (chunk_rows, rest) = rows.split_at(target.len());
            rows = rest;
            let texts: Vec<_> = chunk_rows
                .iter()
                .zip(cleaned.by_ref().take(target.len()))
                .map(|(row, cleaned)| (*row, cleaned.flatten()))
                .collect();
            if texts.iter().all(|(_, cleaned)| cleaned.is_none()) {
                return Arc::clone(chunk);
            }
            let array = build_strings(target.data_type(), &texts);
            chunk
                .as_any_dictionary_opt()
                .map_or(Arc::clone(&array), |chunk| chunk.with_values(array))
        });
        chunks.collect()
    });
    column.export_like(values)
}

/// Builds an array of the string type `kind`. Each row is a source and its cleaned text, if it
/// changed: the array has the cleaned text, or else the source, or else null.
fn build_strings(kind: &DataType, rows: &[(Option<&str>, Option<String>)]) -> ArrayRef {
    let texts = rows
        .iter()
        .map(|(row, cleaned)| cleaned.as_deref().or(*row));
    match kind {
        DataType::LargeUtf8 => build_with_offsets::<i64>(texts),
        DataType::Utf8View => {
            let mut builder = StringViewBuilder::with_capacity(rows.len());
            texts.for_each(|text| builder.append_option(text));
            Arc::new(builder.finish())
        }
        _ => build_with_offsets::<i32>(texts),
    }
}

/// Builds an array of strings with offsets of the type `O`, in buffers of the exact size.
pub fn build_with_offsets<'t, O: OffsetSizeTrait>(
    texts: impl Iterator<Item = Option<&'t str>> + Clone,
) -> ArrayRef {
    let bytes = texts.clone().flatten().map(str::len).sum();
    let mut builder = GenericStringBuilder::<O>::with_capacity(texts.size_hint().0, bytes);
    texts.for_each(|text| builder.append_option(text));
    Arc::new(builder.finish())
}

/// Cleans the strings of a column and returns a column of structs with the fields `text`,
/// `removals` and `held`, and `verdict` if the cleaner gives verdicts. Nulls stay null.
pub fn scan<'py>(
    engine: &Engine,
    values: &Bound<'py, PyAny>,
    about: About<'_>,
    threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let py = values.py();
    let column = Column::import(values)?;
    let bytes = column.strings()?;
    let rows = strings(py, &bytes)?;
    let mut results = run(py, engine, &rows, about, threads, scanned)?.into_iter();
    let rules = engine.cleaner.rules();
    let kind = column.field.data_type();
    let gives_verdicts = engine.cleaner.gives_verdicts();
    let fields = result_fields(kind, gives_verdicts);
    let mut rows = rows.as_slice();
    let chunks = column.chunks.iter().map(|chunk| {
        let (chunk_rows, rest) = rows.split_at(chunk.len());
        rows = rest;
        let mut texts = Vec::with_capacity(chunk_rows.len());
        let (mut removals, mut lengths, mut held) =
            (RemovalColumns::default(), Vec::new(), Vec::new());
        let mut verdicts = Vec::with_capacity(chunk.len());
        for (row, result) in chunk_rows.iter().zip(results.by_ref().take(chunk.len())) {
            lengths.push(result.as_ref().map_or(0, |result| result.removals.len()));
            held.push(result.as_ref().is_some_and(|result| result.held));
            verdicts.push(result.as_ref().and_then(|result| result.verdict));
            if let (Some(source), Some(result)) = (row, &result) {
                removals.add(source, result, rules);
            }
            texts.push((*row, result.and_then(|result| result.text)));
        }
        let nulls: NullBuffer = chunk_rows.iter().map(Option::is_some).collect();
        let text = build_strings(kind, &texts);
        let item = Arc::new(Field::new(
            "item",
            DataType::Struct(removal_fields()),
            false,
        ));
        let list = ListArray::try_new(
            item,
            OffsetBuffer::from_lengths(lengths),
            Arc::new(removals.finish()?),
            None,
        )
        .map_err(to_python)?;
        let mut columns: Vec<ArrayRef> =
            vec![text, Arc::new(list), Arc::new(BooleanArray::from(held))];
        if gives_verdicts {
            columns.push(Arc::new(verdict_structs(&verdicts)?));
        }
        let structs =
            StructArray::try_new(fields.clone(), columns, Some(nulls)).map_err(to_python)?;
        Ok(Arc::new(structs) as ArrayRef)
    });
    let chunks = chunks.collect::<PyResult<Vec<_>>>()?;
    let field = Field::new(column.field.name(), DataType::Struct(fields), true);
    Column {
        field: Arc::new(field),
        chunks,
    }
    .export_like(values)
}

/// Returns the fields of a result whose texts have the type `text`. An array of nulls results in
/// strings that are null.
fn result_fields(text: &DataType, gives_verdicts: bool) -> Fields {
    let text = if *text == DataType::Null {
        &DataType::Utf8
    } else {
        text
    };
    let item = Field::new("item", DataType::Struct(removal_fields()), false);
    let mut fields = vec![
        Field::new("text", text.clone(), true),
        Field::new("removals", DataType::List(Arc::new(item)), false),
        Field::new("held", DataType::Boolean, false),
    ];
    if gives_verdicts {
        let kind = DataType::Struct(verdict_fields());
        fields.push(Field::new("verdict", kind, true));
    }
    Fields::from(fields)
}

/// Returns the fields of a verdict: those of the Python class `Verdict`, in its order.
fn verdict_fields() -> Fields {
    Fields::from(vec![
        Field::new("kind", DataType::Utf8, true),
        Field::new("removed_share", DataType::Float64, true),
        Field::new("almost_removed_share", DataType::Float64, true),
        Field::new("risk", DataType::Float64, true),
        Field::new("held", DataType::Boolean, true),
    ])
}

/// Builds the array of structs with the fields of `verdict_fields`, one for each row.
fn verdict_structs(verdicts: &[Option<Verdict>]) -> PyResult<StructArray> {
    let rows = || verdicts.iter().map(Option::as_ref);
    let kinds: StringArray = rows()
        .map(|row| row.map(|verdict| verdict.kind.name()))
        .collect();
    let shares: Float64Array = rows()
        .map(|row| row.map(|verdict| verdict.removed_share))
        .collect();
    let almost: Float64Array = rows()
        .map(|row| row.map(|verdict| verdict.almost_removed_share))
        .collect();
    let risks: Float64Array = rows().map(|row| row.map(|verdict| verdict.risk)).collect();
    let held: BooleanArray = rows().map(|row| row.map(|verdict| verdict.held)).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(kinds),
        Arc::new(shares),
        Arc::new(almost),
        Arc::new(risks),
        Arc::new(held),
    ];
    let nulls: NullBuffer = rows().map(|row| row.is_some()).collect();
    StructArray::try_new(verdict_fields(), columns, Some(nulls)).map_err(to_python)
}

/// Returns the fields of a removal: those of the Python class `Removal`, in its order.
fn removal_fields() -> Fields {
    let name = Arc::new(Field::new("item", DataType::Utf8, false));
    Fields::from(vec![
        Field::new("start", DataType::Int64, false),
        Field::new("end", DataType::Int64, false),
        Field::new("start_byte", DataType::Int64, false),
        Field::new("end_byte", DataType::Int64, false),
        Field::new("rule", DataType::Utf8, false),
        Field::new("also", DataType::List(name), false),
        Field::new("category", DataType::Utf8, false),
        Field::new("confidence", DataType::Utf8, false),
        Field::new("score", DataType::Float64, false),
        Field::new("text", DataType::Utf8, false),
    ])
}

/// The removals of the rows of a chunk, column by column.
#[derive(Default)]
struct RemovalColumns<'r> {
    /// Start and end in code points, then start and end in bytes.
    offsets: [Vec<i64>; 4],
    rule: Vec<&'r str>,
    /// The names of the other rules, for all removals in a row; `also_lengths` has the number of
    /// names of each removal.
    also: Vec<&'r str>,
    also_lengths: Vec<usize>,
    category: Vec<&'static str>,
    confidence: Vec<&'static str>,
    score: Vec<f64>,
    text: Vec<&'r str>,
}

impl<'r> RemovalColumns<'r> {
    /// Appends the removals of one row. `source` is the text of the row, and `rules` are those of
    /// the cleaner, to look up names and categories.
    fn add(&mut self, source: &'r str, result: &Scanned, rules: &'r dechaff::RuleSet) {
        for (removal, (start, end)) in result
            .removals
            .iter()
            .zip(CodePoints::new(source, &result.removals))
        {
            let rule = rules.get(removal.rule);
            let span = removal.span;
            let offsets = [start, end, span.start(), span.end()];
            for (column, offset) in self.offsets.iter_mut().zip(offsets) {
                column.push(offset as i64);
            }
            self.rule.push(&rule.name);
            self.also
                .extend(removal.also.iter().map(|&id| rules.get(id).name.as_str()));
            self.also_lengths.push(removal.also.len());
            self.category.push(rule.category.name());
            self.confidence.push(rule.confidence.name());
            self.score
                .push(f64::from(removal.score.thousandths()) / 1000.0);
            self.text.push(&source[span.range()]);
        }
    }

    /// Builds the array of structs with the fields of `removal_fields`: the removals of all rows
    /// together, from which `scan` makes a list for each row.
    fn finish(self) -> PyResult<StructArray> {
        let name = Arc::new(Field::new("item", DataType::Utf8, false));
        let also = Arc::new(StringArray::from(self.also));
        let also = ListArray::try_new(
            name,
            OffsetBuffer::from_lengths(self.also_lengths),
            also,
            None,
        )
        .map_err(to_python)?;
        let mut columns: Vec<ArrayRef> = self
            .offsets
            .into_iter()
            .map(|column| Arc::new(Int64Array::from(column)) as ArrayRef)
            .collect();
        columns.push(Arc::new(StringArray::from(self.rule)));
        columns.push(Arc::new(also));
        columns.push(Arc::new(StringArray::from(self.category)));
        columns.push(Arc::new(StringArray::from(self.confidence)));
        columns.push(Arc::new(Float64Array::from(self.score)));
        columns.push(Arc::new(StringArray::from(self.text)));
        StructArray::try_new(removal_fields(), columns, None).map_err(to_python)
    }
}

/// Converts an error of Arrow to `dechaff.Error`, the exception that users of the package expect
/// for data that cannot be processed.
pub fn to_python(error: ArrowError) -> PyErr {
    Error::new_err(format!("the Arrow data cannot be used: {error}"))
}
