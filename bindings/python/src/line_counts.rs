//! The texts of pages for data engines that count them: `line_keys`, `line_counts` and `hosts` over
//! Arrow, and the rows of counts that come back from such an engine.

use crate::Error;
use crate::arguments;
use crate::arrow::{
    self, build_with_offsets, for_each_chunk, map_lists, map_strings, read_strings,
};
use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, StructArray, UInt64Array};
use arrow_cast::{CastOptions, cast, cast_with_options};
use arrow_schema::{DataType, Field, Fields};
use dechaff::Document;
use dechaff::learn::{PageSketch, PageTexts, SiteCounts, TextCounts};
use dechaff::learned_files::Learning;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Returns the keys of the texts that ``learn`` counts, as a list of ``uint64`` for each string of an
/// Arrow array: of its lines and hard-wrapped paragraphs, in their order. Texts that a site repeats
/// have equal keys. Nulls stay null.
///
/// Args:
///     values: As for ``Cleaner.scan_arrow``.
///     threads: The number of threads; by default, one per core.
#[pyfunction]
#[pyo3(signature = (values, *, threads = None))]
pub fn line_keys<'py>(
    values: &Bound<'py, PyAny>,
    threads: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    map_lists(
        values,
        arguments::threads(threads)?,
        |_| Field::new("item", DataType::UInt64, false),
        |document| {
            let page = PageTexts::new(document);
            page.counted().map(|text| text.key).collect()
        },
        |_, keys: Vec<u64>| Ok(Arc::new(UInt64Array::from(keys))),
    )
}

/// Returns the host of each URL of an Arrow array, which is the site of a page that has no other one.
/// Nulls and URLs without a host are null.
///
/// Args:
///     values: As for ``Cleaner.scan_arrow``.
#[pyfunction]
pub fn hosts<'py>(values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    map_strings(values, |url| {
        let page = Document::new("").ok()?.with_url(url);
        page.site().map(str::to_owned)
    })
}

/// A text of a page, or with no key the page itself.
struct LineCount {
    key: Option<u64>,
    /// Hash of what distinguishes the page from others.
    page: u64,
    /// Whether the text stands before, in and behind the prose.
    places: [bool; 3],
    text: Box<str>,
}

/// Returns what ``learn`` counts, as a list of structs for each string of an Arrow array, for a data
/// engine that groups them by site and key. Nulls stay null.
///
/// Args:
///     values: As for ``Cleaner.scan_arrow``.
///     threads: The number of threads; by default, one per core.
///
/// Returns:
///     Structs of ``key``, ``page`` (a hash of what distinguishes the page), ``head``, ``body``,
///     ``tail`` (where the text stands) and ``text``. The first one of a document has no key: it
///     stands for the document. Each other one is a different text. ``Learned.from_counts`` takes
///     the sums.
#[pyfunction]
#[pyo3(signature = (values, *, threads = None))]
pub fn line_counts<'py>(
    values: &Bound<'py, PyAny>,
    threads: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    map_lists(
        values,
        arguments::threads(threads)?,
        |kind| Field::new("item", DataType::Struct(fields(kind)), false),
        counts_of,
        build_counts,
    )
}

/// Returns the page and its texts, in the order of their keys.
fn counts_of(document: &Document<'_>) -> Vec<LineCount> {
    let mut site = SiteCounts::default();
    site.add(&PageTexts::new(document), document.text());
    let mut lines = vec![LineCount {
        key: None,
        page: only_page(&site.pages),
        places: [false; 3],
        text: Box::default(),
    }];
    lines.extend(site.texts.into_iter().map(|(key, text)| LineCount {
        key: Some(key),
        page: only_page(&text.pages),
        places: [text.head, text.body, text.tail].map(|count| count > 0),
        text: text.text,
    }));
    lines.sort_unstable_by_key(|line| line.key);
    lines
}

/// Returns the hash of the page of a sketch with a single one.
fn only_page(pages: &PageSketch) -> u64 {
    pages.hashes().first().copied().unwrap_or_default()
}

/// Returns the fields of the structs for strings of the type `kind`. Strings that may have more than
/// 2 GiB in a chunk have texts of a type that can have more, too.
fn fields(kind: &DataType) -> Fields {
    let text = match kind {
        DataType::LargeUtf8 | DataType::Utf8View => DataType::LargeUtf8,
        _ => DataType::Utf8,
    };
    Fields::from(vec![
        Field::new("key", DataType::UInt64, true),
        Field::new("page", DataType::UInt64, false),
        Field::new("head", DataType::Boolean, false),
        Field::new("body", DataType::Boolean, false),
        Field::new("tail", DataType::Boolean, false),
        Field::new("text", text, true),
    ])
}

fn build_counts(kind: &DataType, lines: Vec<LineCount>) -> PyResult<ArrayRef> {
    let keys: UInt64Array = lines.iter().map(|line| line.key).collect();
    let pages = UInt64Array::from_iter_values(lines.iter().map(|line| line.page));
    let [head, body, tail] = [0, 1, 2].map(|at| {
        let places: Vec<bool> = lines.iter().map(|line| line.places[at]).collect();
        Arc::new(BooleanArray::from(places)) as ArrayRef
    });
    let texts = lines.iter().map(|line| line.key.map(|_| &*line.text));
    let fields = fields(kind);
    let text = match fields[5].data_type() {
        DataType::LargeUtf8 => build_with_offsets::<i64>(texts),
        _ => build_with_offsets::<i32>(texts),
    };
    let columns: Vec<ArrayRef> = vec![Arc::new(keys), Arc::new(pages), head, body, tail, text];
    let structs = StructArray::try_new(fields, columns, None).map_err(arrow::to_python)?;
    Ok(Arc::new(structs))
}

/// Adds rows of counts, which are an Arrow array or stream of structs, to `learning`.
pub fn add_rows(rows: &Bound<'_, PyAny>, learning: &Learning) -> PyResult<()> {
    let py = rows.py();
    for_each_chunk(rows, |rows| {
        let sites = read_strings(py, column(rows, "site")?)?;
        let texts = read_strings(py, column(rows, "text")?)?;
        let keys = numbers(rows, "key")?;
        let [documents, head, body, tail] = [
            numbers(rows, "documents")?,
            numbers(rows, "head")?,
            numbers(rows, "body")?,
            numbers(rows, "tail")?,
        ];
        let pages = page_lists(column(rows, "pages")?)?;
        let mut by_site: HashMap<&str, SiteCounts> = HashMap::new();
        for (row, site) in sites.iter().enumerate() {
            let Some(site) = site.as_deref().filter(|site| !site.is_empty()) else {
                continue;
            };
            let counts = by_site.entry(site).or_default();
            let pages = PageSketch::from_hashes(pages[row].clone());
            if keys.is_null(row) {
                counts.documents += value(&documents, row);
                counts.pages.merge(&pages);
                continue;
            }
            counts
                .texts
                .entry(keys.value(row))
                .or_default()
                .merge(TextCounts {
                    documents: value(&documents, row),
                    pages,
                    head: value(&head, row),
                    body: value(&body, row),
                    tail: value(&tail, row),
                    text: texts[row].as_deref().unwrap_or_default().into(),
                });
        }
        py.detach(|| {
            for (site, counts) in by_site {
                learning.add_counts(site, counts);
            }
        });
        py.check_signals()
    })
}

fn column<'a>(rows: &'a StructArray, name: &str) -> PyResult<&'a ArrayRef> {
    rows.column_by_name(name).ok_or_else(|| {
        let names = rows.column_names().join(", ");
        Error::new_err(format!(
            "there is no column '{name}'; the columns are {names}"
        ))
    })
}

/// Returns a number of a row; zero if it is null.
fn value(numbers: &UInt64Array, row: usize) -> u64 {
    if numbers.is_null(row) {
        0
    } else {
        numbers.value(row)
    }
}

/// Returns a column of whole numbers.
fn numbers(rows: &StructArray, name: &str) -> PyResult<UInt64Array> {
    unsigned(column(rows, name)?).map_err(|error| {
        let kind = column(rows, name).map(|column| column.data_type().to_string());
        PyTypeError::new_err(format!(
            "the column '{name}' is of {}, not of whole numbers: {error}",
            kind.unwrap_or_default()
        ))
    })
}

/// Returns whole numbers of any type as unsigned ones of 64 bits. Negative numbers of 64 bits have
/// the same bits, as engines without unsigned numbers keep keys and pages like that.
fn unsigned(array: &ArrayRef) -> Result<UInt64Array, arrow_schema::ArrowError> {
    if let Some(signed) = array.as_primitive_opt::<arrow_array::types::Int64Type>() {
        let (_, values, nulls) = signed.clone().into_parts();
        return Ok(PrimitiveArray::<UInt64Type>::new(
            values.iter().map(|value| value.cast_unsigned()).collect(),
            nulls,
        ));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let array = cast_with_options(array, &DataType::UInt64, &options)?;
    Ok(array.as_primitive::<UInt64Type>().clone())
}

/// Returns the pages of each row, from any type of list.
fn page_lists(array: &ArrayRef) -> PyResult<Vec<Vec<u64>>> {
    let item = match array.data_type() {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => Arc::clone(item),
        kind => {
            return Err(PyTypeError::new_err(format!(
                "the column 'pages' is of {kind}, not of lists"
            )));
        }
    };
    let lists = cast(array, &DataType::LargeList(item)).map_err(arrow::to_python)?;
    let lists = lists.as_list::<i64>();
    (0..lists.len())
        .map(|row| {
            if lists.is_null(row) {
                return Ok(Vec::new());
            }
            let pages = unsigned(&lists.value(row)).map_err(arrow::to_python)?;
            Ok(pages.iter().flatten().collect())
        })
        .collect()
}
