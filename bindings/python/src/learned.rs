//! The Python class `dechaff.Learned`, a file of what was learned of sites, and the function
//! `dechaff.learn`. A file that was opened is pickled by its path, others by their bytes.

use crate::Error;
use crate::arguments::{self, LevelArgument, Memory};
use crate::arrow::{self, Column, is_arrow};
use crate::line_counts::add_rows;
use crate::texts::{Broadcast, iter_texts, iterate, one_text, optional_text};
use crate::workers::{self, Input};
use dechaff::Level;
use dechaff::learn::Evidence;
use dechaff::learned_files::{
    LearnedFile, LearnedMerger, Learning, learned_from_bytes, learned_lines, save_learned,
    split_learned,
};
use pyo3::exceptions::{PyKeyError, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyIterator, PyList, PyString, PyType};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of counts that are kept in memory by default, as in `dechaff learn`.
const MEMORY: usize = 256 << 20;
/// Most texts of an iterable that are held at a time.
const MAX_TEXTS: usize = 4096;
/// Bytes of texts of an iterable after which they are counted.
const MAX_BYTES: usize = 8 << 20;

/// What was learned of sites: a file, of which only the sites that are needed are read. It is
/// immutable and can be used from all threads. ``learn`` makes it from texts, ``Learned.open``
/// opens one that ``dechaff learn`` wrote. An opened file is pickled by its path, others by their
/// bytes.
///
/// >>> import dechaff
/// >>> pages = [f"Page {'i' * n}\nAll our letters" for n in range(1, 13)]
/// >>> learned = dechaff.learn(pages, "example.org")
/// >>> len(learned), learned.documents, "example.org" in learned
/// (1, 12, True)
#[pyclass(frozen, eq, hash, from_py_object, module = "dechaff")]
#[derive(Clone, Debug)]
pub struct Learned {
    /// The file, which may have no name.
    pub file: Arc<LearnedFile>,
    /// Its absolute path, unless it is temporary.
    path: Option<PathBuf>,
}

impl PartialEq for Learned {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.file, &other.file) {
            return true;
        }
        let is_same_path = self.path.is_some() && self.path == other.path;
        self.file.fingerprint() == other.file.fingerprint()
            && (is_same_path || self.bytes().ok() == other.bytes().ok())
    }
}

impl Hash for Learned {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.file.fingerprint().hash(state);
    }
}

impl fmt::Display for Learned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            return write!(f, "'{}'", path.display());
        }
        let [sites, documents, _] = self.file.counts();
        write!(
            f,
            "<dechaff.Learned of {sites} sites, {documents} documents>"
        )
    }
}

impl Learned {
    /// Reads an argument: a `Learned`, the path of a file, or the bytes of one.
    pub fn read(argument: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(learned) = argument.cast::<Self>() {
            return Ok(learned.get().clone());
        }
        if let Ok(bytes) = argument.cast::<PyBytes>() {
            return Self::from_bytes(argument.py(), bytes.as_bytes());
        }
        let path = argument.extract().or_else(|_| {
            let class = argument.get_type().name()?;
            Err(PyTypeError::new_err(format!(
                "learned must be a Learned, a path or bytes, not {class}"
            )))
        })?;
        Self::open(argument.py(), path)
    }

    fn unnamed(file: LearnedFile) -> Self {
        Self {
            file: Arc::new(file),
            path: None,
        }
    }

    fn bytes(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.copy_to(&mut bytes)?;
        Ok(bytes)
    }
}

#[pymethods]
impl Learned {
    /// Opens a file that ``dechaff learn`` or ``save`` wrote. Only its ends are read.
    ///
    /// Raises:
    ///     dechaff.Error: It is not a complete file of this version.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| {
            let opened = LearnedFile::open(&path).map_err(|error| {
                match error.downcast_ref::<std::io::Error>() {
                    Some(cause) => os_error(cause, &path),
                    None => to_python(&error),
                }
            });
            Ok(Self {
                file: Arc::new(opened?),
                path: Some(std::path::absolute(&path)?),
            })
        })
    }

    /// Returns what ``to_bytes`` returned the bytes of.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let file = py.detach(|| learned_from_bytes(data));
        Ok(Self::unnamed(file.map_err(|error| to_python(&error))?))
    }

    /// Adds up grouped counts of texts, as a data engine computes them from ``line_counts``.
    ///
    /// Args:
    ///     rows: Arrow structs, a table, a stream of these, or an iterable of them. The columns are
    ///         ``site``, ``key``, ``documents``, ``pages`` (a list of the different pages; the 256
    ///         smallest are enough), ``head``, ``body``, ``tail`` and ``text`` (the smallest one). A
    ///         row without a key is about the site itself. Rows with the same site and key are
    ///         added up.
    ///     part: Keep every text, so that the result can be merged with that of other pages of the
    ///         same sites.
    ///     memory: Bytes of counts to keep in memory. More are moved to temporary files.
    #[staticmethod]
    #[pyo3(signature = (rows, *, part = false, memory = Memory(MEMORY)))]
    fn from_counts(rows: &Bound<'_, PyAny>, part: bool, memory: Memory) -> PyResult<Self> {
        let learning = Learning::new(memory.0);
        if is_arrow(rows)? {
            add_rows(rows, &learning)?;
        } else {
            for rows in rows.try_iter()? {
                add_rows(&rows?, &learning)?;
            }
        }
        let finished = rows.py().detach(|| learning.finish_unnamed(part));
        let (file, _) = finished.map_err(|error| to_python(&error))?;
        Ok(Self::unnamed(file))
    }

    /// Returns several of them as one. Parts are added up, as if all of their pages had been
    /// learned from at once. Others must not have a site in common.
    ///
    /// Args:
    ///     parts: An iterable of ``Learned``, paths of files, or bytes of files. Any number of them
    ///         can be merged, as no more than a few hundred are open at a time.
    ///     part: Return a part. All of ``parts`` must be parts.
    #[staticmethod]
    #[pyo3(signature = (parts, *, part = false))]
    fn merge(parts: &Bound<'_, PyAny>, part: bool) -> PyResult<Self> {
        let py = parts.py();
        let mut merger = LearnedMerger::default();
        for learned in parts.try_iter()? {
            let learned = Self::read(&learned?)?;
            let added = py.detach(|| merger.add(learned.file.reopen()?));
            added.map_err(|error| to_python(&error))?;
            py.check_signals()?;
        }
        let file = py.detach(|| merger.finish(part));
        Ok(Self::unnamed(file.map_err(|error| to_python(&error))?))
    }

    /// Divides the sites by a hash of their names, the same on every machine. Returns a list of
    /// ``count`` files as ``bytes``, so that an engine can bring together what belongs to a site.
    fn split<'py>(&self, py: Python<'py>, count: usize) -> PyResult<Bound<'py, PyList>> {
        if count == 0 {
            return Err(PyValueError::new_err("count must be at least 1"));
        }
        let shares = py.detach(|| split_learned(&self.file, count));
        let shares = shares.map_err(|error| to_python(&error))?;
        PyList::new(py, shares.iter().map(|share| PyBytes::new(py, share)))
    }

    /// Writes the file to a path, byte for byte what ``dechaff learn`` writes. An existing file is
    /// replaced once the new one is complete.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| save_learned(&self.file, &path))
            .map_err(|error| to_python(&error))
    }

    /// Returns the bytes of the file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.bytes());
        Ok(PyBytes::new(py, &bytes.map_err(|error| to_python(&error))?))
    }

    /// Returns the sites in the order of their names: a list of ``Site``.
    fn sites<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        static SITE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = SITE.import(py, "dechaff._learned", "Site")?;
        let list = PyList::empty(py);
        for site in self.file.iter() {
            let head = site.map_err(|error| to_python(&error))?.head;
            list.append(class.call1((head.name, head.documents, head.pages.count()))?)?;
        }
        Ok(list)
    }

    /// Returns the texts that would be removed from a site, those on most pages first: a list of
    /// ``SiteText``.
    ///
    /// Args:
    ///     site: The name of the site.
    ///     level: The level of the cleaner.
    ///     min_pages: As for ``Cleaner``.
    ///     min_share: As for ``Cleaner``.
    ///     all: Also return the texts that would stay.
    ///
    /// Raises:
    ///     KeyError: There is no such site.
    #[pyo3(
        signature = (
            site, *, level = LevelArgument(Level::Balanced), min_pages = None, min_share = None,
            all = false
        ),
        text_signature = "($self, site, *, level='balanced', min_pages=None, min_share=None, all=False)"
    )]
    fn texts<'py>(
        &self,
        py: Python<'py>,
        site: &str,
        level: LevelArgument,
        min_pages: Option<&Bound<'py, PyAny>>,
        min_share: Option<&Bound<'py, PyAny>>,
        all: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        static TEXT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = TEXT.import(py, "dechaff._learned", "SiteText")?;
        let min_pages = arguments::count("min_pages", min_pages, 1)?;
        let min_share = arguments::share("min_share", min_share)?;
        let evidence = evidence(level.0, min_pages, min_share);
        let loaded = py.detach(|| self.file.load(site));
        let learned = loaded
            .map_err(|error| to_python(&error))?
            .ok_or_else(|| PyKeyError::new_err(site.to_owned()))?;
        let list = PyList::empty(py);
        for line in learned_lines(&learned, &evidence) {
            if all || line.is_removed {
                let text = line.text;
                let places = (text.head, text.body, text.tail);
                list.append(class.call1((
                    &*text.text,
                    text.pages,
                    line.share,
                    text.documents,
                    places.0,
                    places.1,
                    places.2,
                    line.in_prose,
                    line.is_removed,
                ))?)?;
            }
        }
        Ok(list)
    }

    /// The number of documents that were counted.
    #[getter]
    fn documents(&self) -> u64 {
        self.file.counts()[1]
    }

    /// Whether every text was kept, so that it can be merged with other parts of the same sites.
    #[getter]
    fn is_part(&self) -> bool {
        self.file.is_part()
    }

    /// The absolute path of the file that was opened, or ``None``.
    #[getter]
    fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn __len__(&self) -> usize {
        usize::try_from(self.file.counts()[0]).unwrap_or(usize::MAX)
    }

    fn __contains__(&self, py: Python<'_>, site: &str) -> PyResult<bool> {
        let found = py.detach(|| self.file.find(site));
        Ok(found.map_err(|error| to_python(&error))?.is_some())
    }

    fn __repr__(&self) -> String {
        match &self.path {
            Some(_) => format!("Learned.open({self})"),
            None => self.to_string(),
        }
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, PickledFile)> {
        let unpickle = py
            .import("dechaff._dechaff")?
            .getattr("_unpickle_learned")?;
        let bytes = match &self.path {
            Some(_) => None,
            None => Some(self.to_bytes(py)?.unbind()),
        };
        let path = self.path.clone();
        Ok((unpickle, (path, bytes, self.file.fingerprint())))
    }
}

/// The arguments of `unpickle`: the path of a file or its bytes, and its fingerprint.
type PickledFile = (Option<PathBuf>, Option<Py<PyBytes>>, u64);

/// Opens the file that was pickled. A file that is not the one at its path any more is refused, as
/// workers would clean differently.
#[pyfunction]
#[pyo3(name = "_unpickle_learned")]
pub fn unpickle(
    py: Python<'_>,
    path: Option<PathBuf>,
    data: Option<&[u8]>,
    fingerprint: u64,
) -> PyResult<Learned> {
    let Some(path) = path else {
        return Learned::from_bytes(py, data.unwrap_or_default());
    };
    let learned = Learned::open(py, path)?;
    if learned.file.fingerprint() == fingerprint {
        return Ok(learned);
    }
    Err(Error::new_err(format!(
        "{learned} is not the file that was pickled; put the same file there on all machines"
    )))
}

/// Learns what sites repeat on their pages.
///
/// Args:
///     texts: The texts: an iterable of ``str``, which is read once, or an Arrow array or stream.
///     sites: The site of each text, or one ``str`` for all: an iterable, or an Arrow array if
///         ``texts`` is one. Texts whose site is ``None`` or empty get it from ``url``.
///     url: The URL of each text, whose host is the site if there is no other one.
///     part: Keep every text, so that the result can be merged with that of other pages of the same
///         sites.
///     memory: Bytes of counts to keep in memory. More are moved to temporary files.
///     threads: The number of threads; by default, one per core.
///
/// Returns:
///     A ``Learned``. Texts of which no site is known, and nulls, are left out.
///
/// >>> import dechaff
/// >>> pages = [f"Page {'i' * n}\nAll our letters" for n in range(1, 13)]
/// >>> [site.name for site in dechaff.learn(pages, url="https://example.org/").sites()]
/// ['example.org']
#[pyfunction]
#[pyo3(signature = (
    texts, sites = None, *, url = None, part = false, memory = Memory(MEMORY), threads = None
))]
pub fn learn(
    texts: &Bound<'_, PyAny>,
    sites: Option<&Bound<'_, PyAny>>,
    url: Option<&Bound<'_, PyAny>>,
    part: bool,
    memory: Memory,
    threads: Option<&Bound<'_, PyAny>>,
) -> PyResult<Learned> {
    let py = texts.py();
    if sites.is_none() && url.is_none() {
        return Err(Error::new_err(
            "no site is known; pass sites, or the url of each text",
        ));
    }
    let (learning, threads) = (Learning::new(memory.0), arguments::threads(threads)?);
    if is_arrow(texts)? {
        let about = arrow::about(url, None, sites)?;
        let column = Column::import(texts)?;
        arrow::for_each(py, &column, about, threads, |document| {
            learning.add(document);
        })?;
    } else {
        learn_iterable(texts, sites, url, threads, &learning)?;
    }
    let finished = py.detach(|| learning.finish_unnamed(part));
    let (file, unnamed) = finished.map_err(|error| to_python(&error))?;
    if unnamed > 0 && file.counts()[0] == 0 {
        return Err(Error::new_err(format!(
            "none of the {unnamed} texts has a site"
        )));
    }
    Ok(Learned::unnamed(file))
}

/// A text with its site and its URL.
type Page<'py> = (
    Bound<'py, PyString>,
    Option<Bound<'py, PyString>>,
    Option<Bound<'py, PyString>>,
);

/// Counts the texts of an iterable, some at a time.
fn learn_iterable(
    texts: &Bound<'_, PyAny>,
    sites: Option<&Bound<'_, PyAny>>,
    url: Option<&Bound<'_, PyAny>>,
    threads: usize,
    learning: &Learning,
) -> PyResult<()> {
    let py = texts.py();
    let mut sites = Broadcast::read(sites, |sites| iterate("sites", sites))?;
    let mut urls = Broadcast::read(url, |url| iterate("url", url))?;
    let (mut pages, mut bytes, mut count): (Vec<Page<'_>>, usize, usize) = (Vec::new(), 0, 0);
    for (index, text) in iter_texts(texts)?.enumerate() {
        let text = one_text("texts", text?, index)?;
        let site = next_value("sites", &mut sites, index)?;
        let url = next_value("url", &mut urls, index)?;
        bytes += text.to_str()?.len();
        pages.push((text, site, url));
        count = index + 1;
        if pages.len() >= MAX_TEXTS || bytes >= MAX_BYTES {
            learn_pages(py, &pages, threads, learning)?;
            pages.clear();
            bytes = 0;
        }
    }
    for (name, values) in [("sites", &mut sites), ("url", &mut urls)] {
        if let Broadcast::Each(values) = values
            && values.next().transpose()?.is_some()
        {
            return Err(PyValueError::new_err(format!(
                "{name} has more items than the {count} texts"
            )));
        }
    }
    learn_pages(py, &pages, threads, learning)
}

/// Returns the next value of an argument, for the text at `index`.
fn next_value<'py>(
    name: &str,
    values: &mut Broadcast<'py, Bound<'py, PyIterator>>,
    index: usize,
) -> PyResult<Option<Bound<'py, PyString>>> {
    let value = match values {
        Broadcast::Absent => return Ok(None),
        Broadcast::One(value) => return Ok(Some(value.clone())),
        Broadcast::Each(values) => values.next().transpose()?,
    };
    let value = value.ok_or_else(|| {
        PyValueError::new_err(format!("{name} has only {index} items, fewer than texts"))
    })?;
    optional_text(name, value, index)
}

fn learn_pages(
    py: Python<'_>,
    pages: &[Page<'_>],
    threads: usize,
    learning: &Learning,
) -> PyResult<()> {
    let mut inputs = Vec::with_capacity(pages.len());
    for (text, site, url) in pages {
        inputs.push(Input {
            text: text.to_str()?,
            url: url.as_ref().map(|url| url.to_str()).transpose()?,
            lang: None,
            site: site.as_ref().map(|site| site.to_str()).transpose()?,
        });
    }
    workers::each(py, &inputs, threads, |document| learning.add(document))?;
    Ok(())
}

/// Returns the evidence that a level requires, with other values in place of some of its own.
pub fn evidence(level: Level, min_pages: Option<u64>, min_share: Option<f64>) -> Evidence {
    let default = Evidence::at(level);
    Evidence {
        min_pages: min_pages.unwrap_or(default.min_pages),
        min_share: min_share.unwrap_or(default.min_share),
    }
}

/// Converts an error with its causes to `dechaff.Error`.
pub fn to_python(error: &anyhow::Error) -> PyErr {
    Error::new_err(format!("{error:#}"))
}

/// Returns the exception that Python itself would raise for a file that cannot be opened.
fn os_error(error: &std::io::Error, path: &Path) -> PyErr {
    // Python adds the error number to the message itself.
    let message = error.to_string();
    let message = message.split(" (os error").next().unwrap_or_default();
    PyOSError::new_err((
        error.raw_os_error(),
        message.to_owned(),
        path.to_string_lossy().into_owned(),
    ))
}
