"""pandas: ``frame["text"] = clean_series(frame["text"])``.

Index, name and type of a series stay as they are, and so do missing values: ``None`` stays
``None``, NaN stays NaN, and ``pd.NA`` stays ``pd.NA``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dechaff import Cleaner
from dechaff._needs import needs

with needs("pandas", __name__):
    import pandas as pd


def clean_series(
    series: Any,
    cleaner: Cleaner | None = None,
    *,
    url: Any = None,
    lang: Any = None,
    site: Any = None,
    threads: int | None = None,
) -> Any:
    """Returns a series with its texts cleaned, and its index, name, type and missing values unchanged.

    The type is ``object`` or one of pandas' string types (``str``, ``string[python]``,
    ``string[pyarrow]``, strings of an ``ArrowDtype``).

    Args:
        series: The series.
        cleaner: The cleaner; by default, one with default options.
        url: A URL for each text, in the order of the series, or one ``str`` for all.
        lang: A language code for each text, or one ``str`` for all.
        site: A site for each text, or one ``str`` for all, for a cleaner that has learned of sites.
        threads: The number of threads; by default, one per core.

    Raises:
        TypeError: The series has another type, or a value that is no ``str``.
        ValueError: There is not one URL, language code or site for each text.
    """
    if not isinstance(series, pd.Series):
        raise TypeError(f"series must be a pandas Series, not {type(series).__name__}")
    is_text = series.notna().to_numpy()
    if not is_text.any():
        return series.copy()
    known = {name: _known(name, values, is_text) for name, values in (("url", url), ("lang", lang), ("site", site))}
    texts = _texts(series, is_text)
    use = Cleaner() if cleaner is None else cleaner
    # As objects, so that each missing value stays what it is.
    values = series.astype(object).to_numpy(copy=True)
    values[is_text] = pd.Series(use.clean_many(texts, threads=threads, **known), dtype=object)
    cleaned = pd.Series(values, index=series.index, name=series.name, dtype=series.dtype)
    cleaned.attrs = dict(series.attrs)
    return cleaned


def clean_column(
    frame: Any,
    text: str = "text",
    cleaner: Cleaner | None = None,
    *,
    url: str | None = None,
    lang: str | None = None,
    site: str | None = None,
    threads: int | None = None,
) -> Any:
    """Returns a frame with one column cleaned, as ``clean_series`` does, and the others unchanged.

    Args:
        frame: The frame.
        text: The column that contains the texts.
        cleaner: The cleaner; by default, one with default options.
        url: The column that contains the URLs, if there is one.
        lang: The column that contains the language codes, if there is one.
        site: The column that contains the sites, if there is one.
        threads: The number of threads; by default, one per core.

    Raises:
        KeyError: There is no such column.
    """
    missing = [name for name in (text, url, lang, site) if name is not None and name not in frame.columns]
    if missing:
        columns = ", ".join(map(str, frame.columns))
        raise KeyError(f"there is no column {missing[0]!r}; the columns are {columns}")
    known = {name: None if column is None else frame[column] for name, column in (("url", url), ("lang", lang), ("site", site))}
    return frame.assign(**{text: clean_series(frame[text], cleaner, threads=threads, **known)})


def _texts(series: Any, is_text: Any) -> list[str]:
    """Returns the texts that are not missing. Fails if one of them is no `str`."""
    name = "" if series.name is None else f" {series.name!r}"
    # Of other types, a cleaned text may be no value: it would become a missing one.
    if series.dtype != object and series.dtype.type is not str:
        raise TypeError(f"the series{name} is of type {series.dtype}; convert it first: series.astype(str)")
    texts: list[str] = series[is_text].tolist()
    for label, text in zip(series.index[is_text], texts, strict=True):
        if not isinstance(text, str):
            raise TypeError(f"the series{name} has a value of type {type(text).__name__} at {label!r}, not str")
    return texts


def _known(name: str, values: Any, is_text: Any) -> Any:
    """Returns one value for each text that is not missing, or what holds for all."""
    if values is None or isinstance(values, str):
        return values
    if not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a str or an iterable of str, not {type(values).__name__}")
    listed = pd.Series(list(values), dtype=object)
    if len(listed) != len(is_text):
        raise ValueError(f"{name} has {len(listed)} items for {len(is_text)} texts; pass one for each text, or one str for all")
    return [None if missing else value for value, missing in zip(listed[is_text], listed[is_text].isna(), strict=True)]
