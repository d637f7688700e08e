//! Arrow in and out through the PyCapsule interface, so that every library that speaks it is served by the same two
//! functions. Texts are read where they lie; what comes back unchanged is what came.

use crate::Error;
use crate::cleaner::{CodePoints, Scanned, changed, scanned};
use crate::engine::{Engine, Input};
use crate::texts::same_length;
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
use pyo3::exceptions::{PyTypeError, PyUnicodeDecodeError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyString, PyTuple};
use pyo3_arrow::ffi::{
    ArrayIterator, to_array_pycapsules, to_schema_pycapsule, to_stream_pycapsule,
};
use pyo3_arrow::input::AnyArray;
use std::sync::Arc;

/// An Arrow array, whole or in chunks, for any library that speaks the Arrow PyCapsule interface: ``pyarrow.array(it)``,
/// ``polars.Series(it)`` and so on.
#[pyclass(frozen, module = "dechaff")]
pub struct ArrowArray(Column);

#[pymethods]
impl ArrowArray {
    fn __len__(&self) -> usize {
        self.0.len()
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
        let whole = self.0.whole()?;
        Ok(to_array_pycapsules(
            py,
            Arc::clone(&self.0.field),
            &whole,
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

/// Arrays of one type, one after the other.
pub struct Column {
    field: FieldRef,
    chunks: Vec<ArrayRef>,
}

/// What is known of texts: nothing, one thing of all, or a column.
pub enum Known<'py> {
    Nothing,
    OfAll(Bound<'py, PyString>),
    OfEach(&'static str, Column),
}

impl Column {
    fn import(values: &Bound<'_, PyAny>) -> PyResult<Self> {
        if !values.hasattr("__arrow_c_array__")? && !values.hasattr("__arrow_c_stream__")? {
            let kind = values.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "expected an Arrow array, which has __arrow_c_array__ or __arrow_c_stream__, not {kind}; for lists there is clean_many"
            )));
        }
        let reader = values.extract::<AnyArray>()?.into_reader()?;
        let field = pyo3_arrow::ffi::ArrayReader::field(&reader);
        let chunks = reader.collect::<Result<_, _>>().map_err(failed)?;
        Ok(Self { field, chunks })
    }

    pub fn known<'py>(
        name: &'static str,
        given: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Known<'py>> {
        match given {
            None => Ok(Known::Nothing),
            Some(given) => match given.cast::<PyString>() {
                Ok(all) => Ok(Known::OfAll(all.clone())),
                Err(_) => Ok(Known::OfEach(name, Self::import(given)?)),
            },
        }
    }

    fn len(&self) -> usize {
        self.chunks.iter().map(Array::len).sum()
    }

    fn whole(&self) -> PyResult<ArrayRef> {
        match self.chunks.as_slice() {
            [] => Ok(arrow_array::new_empty_array(self.field.data_type())),
            [chunk] => Ok(Arc::clone(chunk)),
            chunks => concat(&chunks.iter().map(AsRef::as_ref).collect::<Vec<_>>()).map_err(failed),
        }
    }

    /// The column as the library that the values came from knows columns, where it is one that many use.
    fn like<'py>(self, values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
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

/// The bytes of strings, row by row, as their producer made them.
enum Bytes {
    Small(BinaryArray),
    Large(LargeBinaryArray),
    View(BinaryViewArray),
}

impl Bytes {
    fn of(array: &ArrayRef) -> PyResult<Self> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Small(array.as_string::<i32>().clone().into())),
            DataType::LargeUtf8 => Ok(Self::Large(array.as_string::<i64>().clone().into())),
            DataType::Utf8View => Ok(Self::View(array.as_string_view().clone().to_binary_view())),
            DataType::Null => Ok(Self::Small(BinaryArray::new_null(array.len()))),
            DataType::Struct(_) => Err(PyTypeError::new_err(
                "expected an array of strings, not a table or structs; give one of its columns",
            )),
            other => Err(PyTypeError::new_err(format!(
                "expected an array of strings, not of {other}; cast it to strings first"
            ))),
        }
    }

    fn rows(&self) -> Box<dyn Iterator<Item = Option<&[u8]>> + '_> {
        match self {
            Self::Small(array) => Box::new(array.iter()),
            Self::Large(array) => Box::new(array.iter()),
            Self::View(array) => Box::new(array.iter()),
        }
    }
}

/// The strings of several arrays, row by row. What a producer says to be UTF-8 is not believed.
fn strings<'b>(py: Python<'_>, arrays: &'b [Bytes]) -> PyResult<Vec<Option<&'b str>>> {
    let check = |bytes: &'b [u8]| std::str::from_utf8(bytes).map_err(|error| (bytes, error));
    let checked: Result<_, _> = py.detach(|| {
        arrays
            .iter()
            .flat_map(Bytes::rows)
            .map(|bytes| bytes.map(check).transpose())
            .collect()
    });
    checked.map_err(
        |(bytes, error)| match PyUnicodeDecodeError::new_utf8(py, bytes, error) {
            Ok(error) => PyErr::from_value(error.into_any()),
            Err(error) => error,
        },
    )
}

impl Known<'_> {
    /// The bytes of the column, if there is one for each of so many texts.
    fn bytes(&self, texts: usize) -> PyResult<Vec<Bytes>> {
        let Self::OfEach(name, column) = self else {
            return Ok(Vec::new());
        };
        same_length(name, column.len(), texts)?;
        column.chunks.iter().map(Bytes::of).collect()
    }

    fn of_all(&self) -> PyResult<Option<&str>> {
        if let Self::OfAll(known) = self {
            known.to_str().map(Some)
        } else {
            Ok(None)
        }
    }
}

/// Cleans all strings of these rows. Gives what `read` makes of each, and nothing for nulls.
fn run<R: Send>(
    py: Python<'_>,
    engine: &Engine,
    rows: &[Option<&str>],
    [url, lang]: [Known<'_>; 2],
    threads: usize,
    read: impl Fn(&dechaff::Cleaned<'_>) -> R + Sync,
) -> PyResult<Vec<Option<R>>> {
    let [urls, langs] = [url.bytes(rows.len())?, lang.bytes(rows.len())?];
    let [urls, langs] = [strings(py, &urls)?, strings(py, &langs)?];
    let [any_url, any_lang] = [url.of_all()?, lang.of_all()?];
    let mut inputs = Vec::with_capacity(rows.len());
    for (row, text) in rows.iter().enumerate() {
        if let Some(text) = *text {
            let url = urls.get(row).copied().flatten().or(any_url);
            let lang = langs.get(row).copied().flatten().or(any_lang);
            inputs.push(Input { text, url, lang });
        }
    }
    let mut results = engine.many(py, &inputs, threads, read)?.into_iter();
    Ok(rows
        .iter()
        .map(|row| row.and_then(|_| results.next()))
        .collect())
}

/// The strings of a column without their chaff.
pub fn clean<'py>(
    engine: &Engine,
    values: &Bound<'py, PyAny>,
    known: [Known<'_>; 2],
    threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let py = values.py();
    let mut column = Column::import(values)?;
    let of_each = known.iter().any(|known| matches!(known, Known::OfEach(..)));
    if matches!(column.field.data_type(), DataType::Dictionary(..)) && of_each {
        return Err(PyTypeError::new_err(
            "a dictionary's strings may stand in several rows, so url and lang cannot be arrays; cast it to strings first",
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
        .map(Bytes::of)
        .collect::<PyResult<Vec<_>>>()?;
    let rows = strings(py, &bytes)?;
    let cleaned = run(py, engine, &rows, known, threads, changed)?;
    column.chunks = py.detach(|| {
        let (mut rows, mut cleaned) = (rows.as_slice(), cleaned.into_iter());
        let chunks = column.chunks.iter().zip(&targets).map(|(chunk, target)| {
            let (own, rest) = rows.split_at(target.len());
            rows = rest;
            let own: Vec<_> = own
                .iter()
                .zip(cleaned.by_ref().take(target.len()))
                .map(|(row, cleaned)| (*row, cleaned.flatten()))
                .collect();
            if own.iter().all(|(_, cleaned)| cleaned.is_none()) {
                return Arc::clone(chunk);
            }
            let made = array_of(target.data_type(), &own);
            chunk
                .as_any_dictionary_opt()
                .map_or(Arc::clone(&made), |chunk| chunk.with_values(made))
        });
        chunks.collect()
    });
    column.like(values)
}

/// Strings of a type: the second of each pair where there is one, else the first.
fn array_of(kind: &DataType, rows: &[(Option<&str>, Option<String>)]) -> ArrayRef {
    let texts = rows
        .iter()
        .map(|(row, cleaned)| cleaned.as_deref().or(*row));
    match kind {
        DataType::LargeUtf8 => small_or_large::<i64>(texts),
        DataType::Utf8View => {
            let mut builder = StringViewBuilder::with_capacity(rows.len());
            texts.for_each(|text| builder.append_option(text));
            Arc::new(builder.finish())
        }
        _ => small_or_large::<i32>(texts),
    }
}

fn small_or_large<'t, O: OffsetSizeTrait>(
    texts: impl Iterator<Item = Option<&'t str>> + Clone,
) -> ArrayRef {
    let bytes = texts.clone().flatten().map(str::len).sum();
    let mut builder = GenericStringBuilder::<O>::with_capacity(texts.size_hint().0, bytes);
    texts.for_each(|text| builder.append_option(text));
    Arc::new(builder.finish())
}

/// The strings of a column without their chaff, each with what was removed.
pub fn scan<'py>(
    engine: &Engine,
    values: &Bound<'py, PyAny>,
    known: [Known<'_>; 2],
    threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let py = values.py();
    let column = Column::import(values)?;
    let bytes = column
        .chunks
        .iter()
        .map(Bytes::of)
        .collect::<PyResult<Vec<_>>>()?;
    let rows = strings(py, &bytes)?;
    let mut found = run(py, engine, &rows, known, threads, scanned)?.into_iter();
    let rules = engine.cleaner.rules();
    let kind = column.field.data_type();
    let fields = result_fields(kind);
    let mut rows = rows.as_slice();
    let chunks = column.chunks.iter().map(|chunk| {
        let (own, rest) = rows.split_at(chunk.len());
        rows = rest;
        let mut texts = Vec::with_capacity(own.len());
        let (mut removals, mut lengths, mut held) = (Removals::default(), Vec::new(), Vec::new());
        for (row, found) in own.iter().zip(found.by_ref().take(chunk.len())) {
            lengths.push(found.as_ref().map_or(0, |found| found.removals.len()));
            held.push(found.as_ref().is_some_and(|found| found.held));
            if let (Some(source), Some(found)) = (row, &found) {
                removals.add(source, found, rules);
            }
            texts.push((*row, found.and_then(|found| found.text)));
        }
        let nulls: NullBuffer = own.iter().map(Option::is_some).collect();
        let text = array_of(kind, &texts);
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
        .map_err(failed)?;
        let columns: Vec<ArrayRef> = vec![text, Arc::new(list), Arc::new(BooleanArray::from(held))];
        let made = StructArray::try_new(fields.clone(), columns, Some(nulls)).map_err(failed)?;
        Ok(Arc::new(made) as ArrayRef)
    });
    let chunks = chunks.collect::<PyResult<Vec<_>>>()?;
    let field = Field::new(column.field.name(), DataType::Struct(fields), true);
    Column {
        field: Arc::new(field),
        chunks,
    }
    .like(values)
}

fn result_fields(text: &DataType) -> Fields {
    let text = if *text == DataType::Null {
        &DataType::Utf8
    } else {
        text
    };
    let item = Field::new("item", DataType::Struct(removal_fields()), false);
    Fields::from(vec![
        Field::new("text", text.clone(), true),
        Field::new("removals", DataType::List(Arc::new(item)), false),
        Field::new("held", DataType::Boolean, false),
    ])
}

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

/// Removals, column by column.
#[derive(Default)]
struct Removals<'r> {
    places: [Vec<i64>; 4],
    rule: Vec<&'r str>,
    also: Vec<&'r str>,
    also_lengths: Vec<usize>,
    category: Vec<&'static str>,
    confidence: Vec<&'static str>,
    score: Vec<f64>,
    text: Vec<&'r str>,
}

impl<'r> Removals<'r> {
    fn add(&mut self, source: &'r str, found: &Scanned, rules: &'r dechaff::RuleSet) {
        for (removal, (start, end)) in found
            .removals
            .iter()
            .zip(CodePoints::new(source, &found.removals))
        {
            let rule = rules.get(removal.rule);
            let span = removal.span;
            for (places, place) in
                self.places
                    .iter_mut()
                    .zip([start, end, span.start(), span.end()])
            {
                places.push(place as i64);
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

    fn finish(self) -> PyResult<StructArray> {
        let name = Arc::new(Field::new("item", DataType::Utf8, false));
        let also = Arc::new(StringArray::from(self.also));
        let also = ListArray::try_new(
            name,
            OffsetBuffer::from_lengths(self.also_lengths),
            also,
            None,
        )
        .map_err(failed)?;
        let mut columns: Vec<ArrayRef> = self
            .places
            .into_iter()
            .map(|places| Arc::new(Int64Array::from(places)) as ArrayRef)
            .collect();
        columns.push(Arc::new(StringArray::from(self.rule)));
        columns.push(Arc::new(also));
        columns.push(Arc::new(StringArray::from(self.category)));
        columns.push(Arc::new(StringArray::from(self.confidence)));
        columns.push(Arc::new(Float64Array::from(self.score)));
        columns.push(Arc::new(StringArray::from(self.text)));
        StructArray::try_new(removal_fields(), columns, None).map_err(failed)
    }
}

fn failed(error: ArrowError) -> PyErr {
    Error::new_err(format!("the Arrow data cannot be used: {error}"))
}
