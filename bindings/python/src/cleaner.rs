//! `dechaff.Cleaner`: an engine and the options it was made by, which are what it is compared, hashed and pickled by.

use crate::Error;
use crate::arrow::{self, Column};
use crate::engine::{Engine, Input};
use crate::texts::{self, Known, one_or_several};
use dechaff::{Cleaned, Level, Outcome, Removal, RuleSet};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyString, PyTuple, PyType};
use std::fmt::Write;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a cleaner is made by. Packs are held by their contents, so that one can be made anew where their files are not.
#[derive(Clone, Debug, PartialEq)]
struct Options {
    level: Level,
    /// File names and contents.
    packs: Vec<(String, String)>,
    only: Vec<String>,
    skip: Vec<String>,
    max_removed: f64,
    max_loss: Option<f64>,
}

/// What of a result outlives it.
pub struct Scanned {
    /// The cleaned text, where something was removed.
    pub text: Option<String>,
    pub removals: Vec<Removal>,
    pub held: bool,
    /// The share of bytes that went, or would have gone.
    pub share: f64,
}

/// A text cleaner: compiled once, never changed, usable from all threads.
///
/// Args:
///     level: How much is removed: ``"precise"``, ``"balanced"`` or ``"thorough"``.
///     rules: Packs of rules to add to the built-in ones: TOML files, or directories of them. They are read now.
///     only: Remove only what these take: names of categories, packs, rules or filters.
///     skip: Leave alone what these take; wins over ``only``. ``skip="model"`` leaves everything to the rules.
///     max_removed: A text that would lose more than this share of its bytes is passed on whole.
///     max_loss: Let the line model go as far as it can while at most this share of the words of prose is lost, as
///         measured, instead of as far as the level says.
///
/// Raises:
///     dechaff.Error: An option, a name or a pack cannot be used. It is a ``ValueError``.
///
/// >>> from dechaff import Cleaner
/// >>> cleaner = Cleaner(level="precise")
/// >>> cleaner.clean("It rained.\nAdvertisement\nIt stopped.\n")
/// 'It rained.\nIt stopped.\n'
#[pyclass(frozen, eq, hash, module = "dechaff")]
pub struct Cleaner {
    options: Options,
    engine: Arc<Engine>,
}

impl PartialEq for Cleaner {
    fn eq(&self, other: &Self) -> bool {
        self.options == other.options
    }
}

impl Hash for Cleaner {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Options {
            level,
            packs,
            only,
            skip,
            max_removed,
            max_loss,
        } = &self.options;
        (
            level.name(),
            packs,
            only,
            skip,
            bits(*max_removed),
            max_loss.map(bits),
        )
            .hash(state);
    }
}

/// Returns the bits of a share, with both zeros alike, so that equal shares hash alike.
fn bits(share: f64) -> u64 {
    (share + 0.0).to_bits()
}

impl Cleaner {
    fn build(options: Options) -> PyResult<Self> {
        let mut rules = RuleSet::built_in();
        for (name, source) in &options.packs {
            rules.add_pack(source, name).map_err(refused)?;
        }
        let mut builder = dechaff::Cleaner::builder()
            .rules(rules)
            .level(options.level)
            .max_removed(options.max_removed);
        if let Some(share) = options.max_loss {
            builder = builder.max_loss(share);
        }
        let cleaner = builder
            .only(options.only.clone())
            .skip(options.skip.clone())
            .build()
            .map_err(refused)?;
        Ok(Self {
            options,
            engine: Arc::new(Engine::new(cleaner)),
        })
    }
}

#[pymethods]
impl Cleaner {
    #[new]
    #[pyo3(signature = (*, level = "balanced", rules = None, only = None, skip = None, max_removed = 0.95, max_loss = None))]
    fn new(
        level: &str,
        rules: Option<&Bound<'_, PyAny>>,
        only: Option<&Bound<'_, PyAny>>,
        skip: Option<&Bound<'_, PyAny>>,
        max_removed: f64,
        max_loss: Option<f64>,
    ) -> PyResult<Self> {
        let names = |given| {
            let mut names: Vec<String> = one_or_several(given, |name| name.extract())?;
            names.sort_unstable();
            names.dedup();
            PyResult::Ok(names)
        };
        let mut packs = Vec::new();
        for path in one_or_several(rules, |path| path.extract::<PathBuf>())? {
            read_packs(&path, &mut packs)?;
        }
        let level = level
            .parse()
            .map_err(|message: String| Error::new_err(message))?;
        Self::build(Options {
            level,
            packs,
            only: names(only)?,
            skip: names(skip)?,
            max_removed,
            max_loss,
        })
    }

    /// The text without its chaff. A text in which nothing is found comes back as the same object.
    ///
    /// Args:
    ///     text: The text.
    ///     url: The address it came from, for rules that are bound to a host.
    ///     lang: The code of its language, such as ``"en"`` or ``"eng_Latn"``; guessed where it is needed and not given.
    ///
    /// >>> from dechaff import Cleaner
    /// >>> Cleaner().clean("It rained.\nShare this article\n")
    /// 'It rained.\n'
    #[pyo3(signature = (text, *, url = None, lang = None))]
    fn clean<'py>(
        &self,
        text: Bound<'py, PyString>,
        url: Option<&str>,
        lang: Option<&str>,
    ) -> PyResult<Bound<'py, PyString>> {
        let py = text.py();
        let changed = self.engine.one(
            py,
            Input {
                text: text.to_str()?,
                url,
                lang,
            },
            changed,
        )?;
        Ok(changed.map_or(text, |changed| PyString::new(py, &changed)))
    }

    /// The text without its chaff, with all that was removed and why.
    ///
    /// Args:
    ///     text: The text.
    ///     url: The address it came from.
    ///     lang: The code of its language.
    ///
    /// >>> from dechaff import Cleaner
    /// >>> result = Cleaner().scan("It rained.\nAdvertisement\nIt stopped.\n")
    /// >>> result.text
    /// 'It rained.\nIt stopped.\n'
    /// >>> [(removal.category, removal.text) for removal in result.removals]
    /// [('advert', 'Advertisement\n')]
    #[pyo3(signature = (text, *, url = None, lang = None))]
    fn scan<'py>(
        &self,
        text: Bound<'py, PyString>,
        url: Option<&str>,
        lang: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        static RESULT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let (py, source) = (text.py(), text.to_str()?);
        let scanned = self.engine.one(
            py,
            Input {
                text: source,
                url,
                lang,
            },
            scanned,
        )?;
        let removals = self.removals(py, source, &scanned.removals)?;
        let cleaned = scanned
            .text
            .map_or_else(|| text.clone(), |cleaned| PyString::new(py, &cleaned));
        RESULT.import(py, "dechaff._result", "Result")?.call1((
            &text,
            cleaned,
            removals,
            scanned.held,
            scanned.share,
        ))
    }

    /// The texts without their chaff, in their order, on several threads.
    ///
    /// Args:
    ///     texts: The texts: a list or another iterable.
    ///     url: An address for each text, or one for all.
    ///     lang: A code of a language for each text, or one for all.
    ///     threads: How many threads to use; one for each core unless given.
    ///
    /// >>> from dechaff import Cleaner
    /// >>> Cleaner().clean_many(["It rained.\nAdvertisement\n", "It stopped."])
    /// ['It rained.\n', 'It stopped.']
    #[pyo3(signature = (texts, *, url = None, lang = None, threads = None))]
    fn clean_many<'py>(
        &self,
        texts: &Bound<'py, PyAny>,
        url: Option<&Bound<'py, PyAny>>,
        lang: Option<&Bound<'py, PyAny>>,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyList>> {
        let py = texts.py();
        let texts = texts::texts(texts)?;
        let url = Known::read("url", url, texts.len())?;
        let lang = Known::read("lang", lang, texts.len())?;
        let mut inputs = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            inputs.push(Input {
                text: text.to_str()?,
                url: url.get(index)?,
                lang: lang.get(index)?,
            });
        }
        let cleaned = self
            .engine
            .many(py, &inputs, texts::threads(threads)?, changed)?;
        let text = |(text, cleaned): (&Bound<'py, PyString>, Option<String>)| {
            cleaned.map_or_else(|| text.clone(), |cleaned| PyString::new(py, &cleaned))
        };
        PyList::new(py, texts.iter().zip(cleaned).map(text))
    }

    /// The texts of an Arrow array without their chaff, on several threads. Nulls stay null.
    ///
    /// Args:
    ///     values: An array or a stream of strings, large strings, string views or a dictionary of these, of any library that
    ///         speaks the Arrow PyCapsule interface. It is read where it lies.
    ///     url: An array of addresses, one for each text, or one ``str`` for all.
    ///     lang: An array of codes of languages, or one ``str`` for all.
    ///     threads: How many threads to use; one for each core unless given.
    ///
    /// Returns:
    ///     Strings of the same type and in the same chunks: of pyarrow and polars what was given of them, else an
    ///     ``ArrowArray``. A chunk in which nothing is found comes back as it was, without having been copied.
    #[pyo3(signature = (values, *, url = None, lang = None, threads = None))]
    fn clean_arrow<'py>(
        &self,
        values: &Bound<'py, PyAny>,
        url: Option<&Bound<'py, PyAny>>,
        lang: Option<&Bound<'py, PyAny>>,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let known = [Column::known("url", url)?, Column::known("lang", lang)?];
        arrow::clean(&self.engine, values, known, texts::threads(threads)?)
    }

    /// The texts of an Arrow array without their chaff, with all that was removed and why.
    ///
    /// Args:
    ///     values: As for ``clean_arrow``, but for dictionaries.
    ///     url: An array of addresses, or one ``str`` for all.
    ///     lang: An array of codes of languages, or one ``str`` for all.
    ///     threads: How many threads to use; one for each core unless given.
    ///
    /// Returns:
    ///     Structs of ``text``, ``removals`` and ``held``, as of a ``Result``; ``removals`` is a list of structs with the
    ///     fields of a ``Removal``. Nulls stay null.
    #[pyo3(signature = (values, *, url = None, lang = None, threads = None))]
    fn scan_arrow<'py>(
        &self,
        values: &Bound<'py, PyAny>,
        url: Option<&Bound<'py, PyAny>>,
        lang: Option<&Bound<'py, PyAny>>,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let known = [Column::known("url", url)?, Column::known("lang", lang)?];
        arrow::scan(&self.engine, values, known, texts::threads(threads)?)
    }

    /// The level.
    #[getter]
    fn level(&self) -> &'static str {
        self.options.level.name()
    }

    /// The names that alone are removed, sorted; empty if all are.
    #[getter]
    fn only<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.options.only)
    }

    /// The names that are left alone, sorted.
    #[getter]
    fn skip<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.options.skip)
    }

    /// The files of the packs that were added.
    #[getter]
    fn rules<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.options.packs.iter().map(|(name, _)| name))
    }

    /// The share of its bytes above which a text is passed on whole.
    #[getter]
    fn max_removed(&self) -> f64 {
        self.options.max_removed
    }

    /// The share of the words of prose that may be lost, if one was given.
    #[getter]
    fn max_loss(&self) -> Option<f64> {
        self.options.max_loss
    }

    fn __repr__(&self) -> String {
        let mut told = format!("Cleaner(level='{}'", self.options.level);
        let names = self
            .options
            .packs
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>();
        let list = |names: Vec<&str>| format!("['{}']", names.join("', '"));
        for (option, names) in [
            ("rules", names),
            ("only", refs(&self.options.only)),
            ("skip", refs(&self.options.skip)),
        ] {
            if !names.is_empty() {
                let _ = write!(told, ", {option}={}", list(names));
            }
        }
        if self.options.max_removed.to_bits() != 0.95_f64.to_bits() {
            let _ = write!(told, ", max_removed={}", self.options.max_removed);
        }
        if let Some(share) = self.options.max_loss {
            let _ = write!(told, ", max_loss={share}");
        }
        told + ")"
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Pickled)> {
        let Options {
            level,
            packs,
            only,
            skip,
            max_removed,
            max_loss,
        } = self.options.clone();
        let unpickle = py.import("dechaff._dechaff")?.getattr("_unpickle")?;
        Ok((
            unpickle,
            (
                env!("CARGO_PKG_VERSION").to_owned(),
                level.name().to_owned(),
                packs,
                only,
                skip,
                max_removed,
                max_loss,
            ),
        ))
    }
}

/// The version and the options.
type Pickled = (
    String,
    String,
    Vec<(String, String)>,
    Vec<String>,
    Vec<String>,
    f64,
    Option<f64>,
);

/// Makes a pickled cleaner anew. Another version has other rules, so that workers would not agree.
#[pyfunction]
#[pyo3(name = "_unpickle")]
pub fn unpickle(
    version: &str,
    level: &str,
    packs: Vec<(String, String)>,
    only: Vec<String>,
    skip: Vec<String>,
    max_removed: f64,
    max_loss: Option<f64>,
) -> PyResult<Cleaner> {
    let own = env!("CARGO_PKG_VERSION");
    if version != own {
        let message = format!(
            "this cleaner was pickled by dechaff {version}, here is {own}; install the same version on all machines"
        );
        return Err(Error::new_err(message));
    }
    let level = level
        .parse()
        .map_err(|message: String| Error::new_err(message))?;
    Cleaner::build(Options {
        level,
        packs,
        only,
        skip,
        max_removed,
        max_loss,
    })
}

/// The cleaned text, where something was removed.
pub fn changed(cleaned: &Cleaned<'_>) -> Option<String> {
    (cleaned.outcome() == Outcome::Changed).then(|| cleaned.text().into_owned())
}

pub fn scanned(cleaned: &Cleaned<'_>) -> Scanned {
    let bytes: usize = cleaned
        .found()
        .iter()
        .map(|removal| removal.span.len())
        .sum();
    Scanned {
        text: changed(cleaned),
        removals: cleaned.removals().to_vec(),
        held: matches!(cleaned.outcome(), Outcome::Held { .. }),
        share: bytes as f64 / cleaned.source().len().max(1) as f64,
    }
}

impl Cleaner {
    /// Removals as Python's class of them.
    fn removals<'py>(
        &self,
        py: Python<'py>,
        source: &str,
        removals: &[Removal],
    ) -> PyResult<Bound<'py, PyTuple>> {
        static REMOVAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = REMOVAL.import(py, "dechaff._result", "Removal")?;
        let rules = self.engine.cleaner.rules();
        let points = CodePoints::new(source, removals);
        let objects = removals.iter().zip(points).map(|(removal, (start, end))| {
            let rule = rules.get(removal.rule);
            let also = PyTuple::new(py, removal.also.iter().map(|&id| &rules.get(id).name))?;
            class.call1((
                start,
                end,
                removal.span.start(),
                removal.span.end(),
                &rule.name,
                also,
                rule.category.name(),
                rule.confidence.name(),
                f64::from(removal.score.thousandths()) / 1000.0,
                &source[removal.span.range()],
            ))
        });
        PyTuple::new(py, objects.collect::<PyResult<Vec<_>>>()?)
    }
}

/// Where removals start and end in code points, as Python counts.
pub struct CodePoints<'s> {
    source: &'s str,
    removals: std::slice::Iter<'s, Removal>,
    /// The end of the last removal, in bytes and in code points.
    last: (usize, usize),
}

impl<'s> CodePoints<'s> {
    pub fn new(source: &'s str, removals: &'s [Removal]) -> Self {
        Self {
            source,
            removals: removals.iter(),
            last: (0, 0),
        }
    }
}

impl Iterator for CodePoints<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let span = self.removals.next()?.span;
        let start = self.last.1 + self.source[self.last.0..span.start()].chars().count();
        let end = start + self.source[span.range()].chars().count();
        self.last = (span.end(), end);
        Some((start, end))
    }
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn refused(error: dechaff::Error) -> PyErr {
    Error::new_err(error.to_string())
}

/// Reads a pack, or all packs of a directory.
fn read_packs(path: &Path, packs: &mut Vec<(String, String)>) -> PyResult<()> {
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        paths = fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        paths.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        });
        paths.sort();
        if paths.is_empty() {
            return Err(Error::new_err(format!(
                "the directory {} has no packs (*.toml)",
                path.display()
            )));
        }
    }
    for path in paths {
        let name = path.to_string_lossy().into_owned();
        let source = fs::read_to_string(&path).map_err(|error| {
            if error.kind() == io::ErrorKind::InvalidData {
                return Error::new_err(format!("{name}: is not UTF-8"));
            }
            // As Python itself says it: the number and the file stand apart.
            let told = error.to_string();
            let told = told.split(" (os error").next().unwrap_or(&told).to_owned();
            PyOSError::new_err((error.raw_os_error(), told, name.clone()))
        })?;
        packs.push((name, source));
    }
    Ok(())
}
