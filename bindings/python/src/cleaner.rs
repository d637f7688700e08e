//! The Python class `dechaff.Cleaner`: an engine together with the options that it was built from.
//! Cleaners are compared, hashed and pickled by their options.

use crate::Error;
use crate::arguments::{self, LevelArgument, MaxRemoved, Text, one_or_several};
use crate::arrow;
use crate::engine::Engine;
use crate::explain;
use crate::learned::{Learned, evidence};
use crate::result::{changed, removals, scanned, verdict};
use crate::texts::{self, Broadcast};
use crate::workers::Input;
use dechaff::{Level, RuleSet};
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

/// The options of a cleaner. Packs are stored with their contents, so that the cleaner can be
/// unpickled on a machine that does not have their files.
#[derive(Clone, Debug, PartialEq)]
struct Options {
    level: Level,
    /// File names and contents, in the order in which they are added.
    packs: Vec<(String, String)>,
    only: Vec<String>,
    skip: Vec<String>,
    max_removed: f64,
    max_loss: Option<f64>,
    idempotent: bool,
    learned: Option<Learned>,
    min_pages: Option<u64>,
    min_share: Option<f64>,
    verdicts: bool,
}

/// A text cleaner. It is compiled once, is immutable, and can be used from all threads.
///
/// Args:
///     level: How much to remove: ``"precise"``, ``"balanced"`` or ``"thorough"``.
///     rules: Packs of rules to add to the built-in ones: TOML files, or directories of them. They
///         are read at once.
///     only: Use only these rules, given as names of rules, packs, categories or filters.
///     skip: Do not use these rules; overrides ``only``. ``skip="model"`` turns off the line model.
///     max_removed: A text that would lose more than this share of its bytes is held: returned
///         unchanged.
///     max_loss: Let the line model remove as much as it can while at most this share of the words
///         of prose is lost, as measured on labelled pages. By default, the level decides.
///     idempotent: Clean until nothing more is found, so that cleaning the result again changes
///         nothing. This takes 10 to 50 % longer.
///     learned: Remove what sites repeat on their pages, as it was learned: a ``Learned``, or the
///         path of a file that ``dechaff learn`` wrote. Each text needs a ``site``, or a ``url``.
///     min_pages: With ``learned``, remove only texts on at least this many pages of their site. By
///         default, the level decides.
///     min_share: With ``learned``, remove only texts on at least this share of the pages of their
///         site. By default, the level decides.
///     verdicts: Give a ``Verdict`` on each text, by which texts can be filtered. It is in the results
///         of ``scan`` and ``scan_arrow``, and ``clean_file`` writes it.
///
/// Raises:
///     dechaff.Error: An option, a name or a pack is invalid. It is a ``ValueError``.
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
            idempotent,
            learned,
            min_pages,
            min_share,
            verdicts,
        } = &self.options;
        (
            level.name(),
            packs,
            only,
            skip,
            bits(*max_removed),
            max_loss.map(bits),
            idempotent,
            learned,
            min_pages,
            min_share.map(bits),
            verdicts,
        )
            .hash(state);
    }
}

/// Returns the bits of a share, with both zeros alike, so that equal shares hash alike.
fn bits(share: f64) -> u64 {
    (share + 0.0).to_bits()
}

impl Cleaner {
    /// Returns the engine, which threads can share.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Compiles a cleaner from its options. Invalid packs, names and shares become `dechaff.Error`.
    fn build(options: Options) -> PyResult<Self> {
        let mut rules = RuleSet::built_in();
        for (name, source) in &options.packs {
            rules.add_pack(source, name).map_err(to_python)?;
        }
        let mut builder = dechaff::Cleaner::builder()
            .rules(rules)
            .level(options.level)
            .max_removed(options.max_removed)
            .idempotent(options.idempotent)
            .verdicts(options.verdicts);
        if let Some(share) = options.max_loss {
            builder = builder.max_loss(share);
        }
        let (min_pages, min_share) = (options.min_pages, options.min_share);
        if let Some(learned) = &options.learned {
            builder = builder.learned(learned.file.clone()).evidence(evidence(
                options.level,
                min_pages,
                min_share,
            ));
        } else if min_pages.is_some() || min_share.is_some() {
            return Err(Error::new_err("min_pages and min_share need learned"));
        }
        let cleaner = builder
            .only(options.only.clone())
            .skip(options.skip.clone())
            .build()
            .map_err(to_python)?;
        Ok(Self {
            options,
            engine: Arc::new(Engine::new(cleaner)),
        })
    }
}

#[pymethods]
impl Cleaner {
    #[new]
    #[pyo3(
        signature = (
            *, level = LevelArgument(Level::Balanced), rules = None, only = None, skip = None,
            max_removed = MaxRemoved(0.95), max_loss = None, idempotent = false, learned = None,
            min_pages = None, min_share = None, verdicts = false
        ),
        text_signature = "(*, level='balanced', rules=None, only=None, skip=None, max_removed=0.95, \
            max_loss=None, idempotent=False, learned=None, min_pages=None, min_share=None, \
            verdicts=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        level: LevelArgument,
        rules: Option<&Bound<'_, PyAny>>,
        only: Option<&Bound<'_, PyAny>>,
        skip: Option<&Bound<'_, PyAny>>,
        max_removed: MaxRemoved,
        max_loss: Option<&Bound<'_, PyAny>>,
        idempotent: bool,
        learned: Option<&Bound<'_, PyAny>>,
        min_pages: Option<&Bound<'_, PyAny>>,
        min_share: Option<&Bound<'_, PyAny>>,
        verdicts: bool,
    ) -> PyResult<Self> {
        let mut packs = Vec::new();
        for path in one_or_several::<PathBuf>("rules", rules, "a path")? {
            read_packs(&path, &mut packs)?;
        }
        Self::build(Options {
            level: level.0,
            packs,
            only: sorted_names("only", only)?,
            skip: sorted_names("skip", skip)?,
            max_removed: max_removed.0,
            max_loss: arguments::share("max_loss", max_loss)?,
            idempotent,
            learned: learned.map(Learned::read).transpose()?,
            min_pages: arguments::count("min_pages", min_pages, 1)?,
            min_share: arguments::share("min_share", min_share)?,
            verdicts,
        })
    }

    /// Returns the text without its boilerplate. If nothing is removed, the same object is
    /// returned.
    ///
    /// Args:
    ///     text: The text.
    ///     url: The URL it came from, for rules bound to a host.
    ///     lang: The code of its language, such as ``"en"`` or ``"eng_Latn"``; by default, it is
    ///         guessed if needed.
    ///     site: The site it came from, for ``learned``; by default, the host of the URL.
    ///
    /// >>> from dechaff import Cleaner
    /// >>> Cleaner().clean("It rained.\nShare this article\n")
    /// 'It rained.\n'
    #[pyo3(signature = (text, *, url = None, lang = None, site = None))]
    fn clean<'py>(
        &self,
        text: Text<'py>,
        url: Option<&str>,
        lang: Option<&str>,
        site: Option<&str>,
    ) -> PyResult<Bound<'py, PyString>> {
        let text = text.0;
        let py = text.py();
        let changed = self.engine.one(
            py,
            Input {
                text: text.to_str()?,
                url,
                lang,
                site,
            },
            changed,
        )?;
        Ok(changed.map_or(text, |changed| PyString::new(py, &changed)))
    }

    /// Returns the text without its boilerplate, together with what was removed and why.
    ///
    /// Args:
    ///     text: The text.
    ///     url: The URL it came from, for rules bound to a host.
    ///     lang: The code of its language; by default, it is guessed if needed.
    ///     site: The site it came from, for ``learned``; by default, the host of the URL.
    ///
    /// >>> from dechaff import Cleaner
    /// >>> result = Cleaner().scan("It rained.\nAdvertisement\nIt stopped.\n")
    /// >>> result.text
    /// 'It rained.\nIt stopped.\n'
    /// >>> [(removal.category, removal.text) for removal in result.removals]
    /// [('advert', 'Advertisement\n')]
    #[pyo3(signature = (text, *, url = None, lang = None, site = None))]
    fn scan<'py>(
        &self,
        text: Text<'py>,
        url: Option<&str>,
        lang: Option<&str>,
        site: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        static RESULT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let text = text.0;
        let (py, source) = (text.py(), text.to_str()?);
        let scanned = self.engine.one(
            py,
            Input {
                text: source,
                url,
                lang,
                site,
            },
            scanned,
        )?;
        let removals = removals(py, self.engine.cleaner.rules(), source, &scanned.removals)?;
        let cleaned = scanned
            .text
            .map_or_else(|| text.clone(), |cleaned| PyString::new(py, &cleaned));
        RESULT.import(py, "dechaff._result", "Result")?.call1((
            &text,
            cleaned,
            removals,
            scanned.held,
            scanned.share,
            scanned
                .verdict
                .map(|found| verdict(py, found))
                .transpose()?,
        ))
    }

    /// Explains what is removed from a text and why: the lines, rules, clauses and matched words of
    /// each removal, what keep rules protect, and how the line model judges each line. Printing the
    /// result shows it as text. Takes far longer than ``scan``, as it searches for each clause.
    ///
    /// Args:
    ///     text: The text.
    ///     url: The URL it came from, for rules bound to a host.
    ///     lang: The code of its language; by default, it is guessed if needed.
    ///     site: The site it came from, for ``learned``; by default, the host of the URL.
    ///
    /// Returns:
    ///     An ``Explanation``.
    ///
    /// >>> from dechaff import Cleaner
    /// >>> explanation = Cleaner().explain("It rained.\nAdvertisement\nIt stopped.\n")
    /// >>> removal = explanation.removals[0]
    /// >>> removal.first_line, removal.rule, removal.matches[0].text
    /// (2, 'advert/marker', 'Advertisement')
    #[pyo3(signature = (text, *, url = None, lang = None, site = None))]
    fn explain<'py>(
        &self,
        text: Text<'py>,
        url: Option<&str>,
        lang: Option<&str>,
        site: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let text = text.0;
        let input = Input {
            text: text.to_str()?,
            url,
            lang,
            site,
        };
        explain::explain(text.py(), &self.engine, input)
    }

    /// Returns the texts without their boilerplate, in the same order. Uses several threads.
    ///
    /// Args:
    ///     texts: The texts: a list or another iterable of ``str``. ``None`` stays ``None``, as
    ///         nulls do in ``clean_arrow``. The NaN of pandas is a ``TypeError``;
    ///         ``dechaff.integrations.pandas`` cleans series with missing values.
    ///     url: A URL for each text, or one ``str`` for all.
    ///     lang: A language code for each text, or one ``str`` for all.
    ///     site: A site for each text, or one ``str`` for all; by default, the hosts of the URLs.
    ///     threads: The number of threads; by default, one per core.
    ///
    /// >>> from dechaff import Cleaner
    /// >>> Cleaner().clean_many(["It rained.\nAdvertisement\n", "It stopped."])
    /// ['It rained.\n', 'It stopped.']
    #[pyo3(signature = (texts, *, url = None, lang = None, site = None, threads = None))]
    fn clean_many<'py>(
        &self,
        texts: &Bound<'py, PyAny>,
        url: Option<&Bound<'py, PyAny>>,
        lang: Option<&Bound<'py, PyAny>>,
        site: Option<&Bound<'py, PyAny>>,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let py = texts.py();
        let texts = texts::texts(texts)?;
        let url = Broadcast::read_strings("url", url, texts.len())?;
        let lang = Broadcast::read_strings("lang", lang, texts.len())?;
        let site = Broadcast::read_strings("site", site, texts.len())?;
        let mut inputs = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let Some(text) = text else { continue };
            inputs.push(Input {
                text: text.to_str()?,
                url: url.get(index)?,
                lang: lang.get(index)?,
                site: site.get(index)?,
            });
        }
        let cleaned = self
            .engine
            .many(py, &inputs, arguments::threads(threads)?, changed)?;
        let mut cleaned = cleaned.into_iter();
        let results = texts.into_iter().map(|text| {
            let text = text?;
            let changed = cleaned.next().flatten();
            Some(changed.map_or(text, |changed| PyString::new(py, &changed)))
        });
        PyList::new(py, results.collect::<Vec<_>>())
    }

    /// Returns the texts of an Arrow array without their boilerplate. Nulls stay null. Uses several
    /// threads.
    ///
    /// Args:
    ///     values: An array or a stream of strings, large strings, string views or a dictionary of
    ///         these, from any library that supports the Arrow PyCapsule interface. It is not
    ///         copied.
    ///     url: An array with a URL for each text, or one ``str`` for all.
    ///     lang: An array with a language code for each text, or one ``str`` for all.
    ///     site: An array with a site for each text, or one ``str`` for all; by default, the hosts
    ///         of the URLs.
    ///     threads: The number of threads; by default, one per core.
    ///
    /// Returns:
    ///     Strings of the same type and in the same chunks: for pyarrow and polars the type of
    ///     object that was passed, otherwise an ``ArrowArray``. A chunk from which nothing is
    ///     removed is returned without being copied.
    #[pyo3(signature = (values, *, url = None, lang = None, site = None, threads = None))]
    fn clean_arrow<'py>(
        &self,
        values: &Bound<'py, PyAny>,
        url: Option<&Bound<'py, PyAny>>,
        lang: Option<&Bound<'py, PyAny>>,
        site: Option<&Bound<'py, PyAny>>,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let about = arrow::about(url, lang, site)?;
        arrow::clean(&self.engine, values, about, arguments::threads(threads)?)
    }

    /// Returns the texts of an Arrow array without their boilerplate, together with what was
    /// removed and why.
    ///
    /// Args:
    ///     values: As for ``clean_arrow``, except for dictionaries.
    ///     url: An array with a URL for each text, or one ``str`` for all.
    ///     lang: An array with a language code for each text, or one ``str`` for all.
    ///     site: An array with a site for each text, or one ``str`` for all; by default, the hosts
    ///         of the URLs.
    ///     threads: The number of threads; by default, one per core.
    ///
    /// Returns:
    ///     Structs of ``text``, ``removals`` and ``held``, as in a ``Result``; ``removals`` is a
    ///     list of structs with the fields of a ``Removal``. With ``verdicts``, there is also
    ///     ``verdict``, a struct with the fields of a ``Verdict``. Nulls stay null.
    #[pyo3(signature = (values, *, url = None, lang = None, site = None, threads = None))]
    fn scan_arrow<'py>(
        &self,
        values: &Bound<'py, PyAny>,
        url: Option<&Bound<'py, PyAny>>,
        lang: Option<&Bound<'py, PyAny>>,
        site: Option<&Bound<'py, PyAny>>,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let about = arrow::about(url, lang, site)?;
        arrow::scan(&self.engine, values, about, arguments::threads(threads)?)
    }

    /// The level.
    #[getter]
    fn level(&self) -> &'static str {
        self.options.level.name()
    }

    /// The names of the only rules in use, sorted; empty if all are in use.
    #[getter]
    fn only<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.options.only)
    }

    /// The names of the rules that are not used, sorted.
    #[getter]
    fn skip<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.options.skip)
    }

    /// The paths of the packs that were added.
    #[getter]
    fn rules<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.options.packs.iter().map(|(name, _)| name))
    }

    /// The largest share of its bytes that a text may lose without being held.
    #[getter]
    fn max_removed(&self) -> f64 {
        self.options.max_removed
    }

    /// The share of the words of prose that may be lost, or ``None`` if the level decides.
    #[getter]
    fn max_loss(&self) -> Option<f64> {
        self.options.max_loss
    }

    /// Whether texts are cleaned until nothing more is found.
    #[getter]
    fn idempotent(&self) -> bool {
        self.options.idempotent
    }

    /// What was learned of sites, or ``None``.
    #[getter]
    fn learned(&self) -> Option<Learned> {
        self.options.learned.clone()
    }

    /// The fewest pages of a site with a text that is removed, or ``None`` if the level decides.
    #[getter]
    fn min_pages(&self) -> Option<u64> {
        self.options.min_pages
    }

    /// The least share of the pages of a site with a text that is removed, or ``None`` if the level
    /// decides.
    #[getter]
    fn min_share(&self) -> Option<f64> {
        self.options.min_share
    }

    /// Whether a verdict on each text is given.
    #[getter]
    fn verdicts(&self) -> bool {
        self.options.verdicts
    }

    fn __repr__(&self) -> String {
        let mut text = format!("Cleaner(level='{}'", self.options.level);
        let packs: Vec<String> = self
            .options
            .packs
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        for (option, names) in [
            ("rules", &packs),
            ("only", &self.options.only),
            ("skip", &self.options.skip),
        ] {
            if !names.is_empty() {
                let _ = write!(text, ", {option}=['{}']", names.join("', '"));
            }
        }
        if self.options.max_removed.to_bits() != 0.95_f64.to_bits() {
            let _ = write!(text, ", max_removed={}", self.options.max_removed);
        }
        if let Some(share) = self.options.max_loss {
            let _ = write!(text, ", max_loss={share}");
        }
        if self.options.idempotent {
            text += ", idempotent=True";
        }
        if let Some(learned) = &self.options.learned {
            let _ = write!(text, ", learned={learned}");
        }
        if let Some(pages) = self.options.min_pages {
            let _ = write!(text, ", min_pages={pages}");
        }
        if let Some(share) = self.options.min_share {
            let _ = write!(text, ", min_share={share}");
        }
        if self.options.verdicts {
            text += ", verdicts=True";
        }
        text + ")"
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
            idempotent,
            learned,
            min_pages,
            min_share,
            verdicts,
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
                idempotent,
                (learned, min_pages, min_share),
                verdicts,
            ),
        ))
    }
}

/// The arguments of `unpickle`: the version of dechaff, then the options in their order.
type Pickled = (
    String,
    String,
    Vec<(String, String)>,
    Vec<String>,
    Vec<String>,
    f64,
    Option<f64>,
    bool,
    PickledSites,
    bool,
);

/// What was learned, and the fewest pages and the least share with a text.
type PickledSites = (Option<Learned>, Option<u64>, Option<f64>);

/// Builds the cleaner that was pickled. Fails if another version of dechaff pickled it, because its
/// built-in rules differ and workers would clean differently.
#[pyfunction]
#[pyo3(name = "_unpickle")]
#[expect(clippy::too_many_arguments, reason = "pickle calls it with a tuple")]
pub fn unpickle(
    version: &str,
    level: &str,
    packs: Vec<(String, String)>,
    only: Vec<String>,
    skip: Vec<String>,
    max_removed: f64,
    max_loss: Option<f64>,
    idempotent: bool,
    sites: PickledSites,
    verdicts: bool,
) -> PyResult<Cleaner> {
    let installed = env!("CARGO_PKG_VERSION");
    if version != installed {
        let message = format!(
            "this cleaner was pickled by dechaff {version}, but this is dechaff {installed}; \
             install the same version on all machines"
        );
        return Err(Error::new_err(message));
    }
    let level = level
        .parse()
        .map_err(|message: String| Error::new_err(message))?;
    let (learned, min_pages, min_share) = sites;
    Cleaner::build(Options {
        level,
        packs,
        only,
        skip,
        max_removed,
        max_loss,
        idempotent,
        learned,
        min_pages,
        min_share,
        verdicts,
    })
}

/// Converts an option that is one name or several. Names are sorted and unique, so that equal
/// options compare equal.
fn sorted_names(option: &str, names: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<String>> {
    let mut names: Vec<String> = one_or_several(option, names, "a name")?;
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Converts an error of the crate to `dechaff.Error`. Options are called as in Python.
fn to_python(error: dechaff::Error) -> PyErr {
    if let dechaff::Error::Option(message) = &error
        && let Some((option, rest)) = message.split_once(' ')
    {
        return Error::new_err(format!("{} {rest}", option.replace('-', "_")));
    }
    Error::new_err(error.to_string())
}

/// Reads a pack, or the `*.toml` files of a directory in the order of their paths, and appends the
/// path and the contents of each to `packs`. Errors are those that Python itself would raise, or
/// `dechaff.Error` for invalid UTF-8 and for a directory without packs.
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
                return Error::new_err(format!("{name} is not valid UTF-8"));
            }
            // Python adds the error number to the message itself.
            let message = error.to_string();
            let message = message.split(" (os error").next().unwrap_or_default();
            PyOSError::new_err((error.raw_os_error(), message.to_owned(), name.clone()))
        })?;
        packs.push((name, source));
    }
    Ok(())
}
