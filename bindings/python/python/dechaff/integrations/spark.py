"""Spark: ``frame.mapInArrow(clean_batches(...), frame.schema)``, or a function over a column.

Both are sent to executors as the options of the cleaner, which is compiled once per task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dechaff import Cleaner
from dechaff._needs import needs
from dechaff.integrations.arrow import CleanTable


def clean_batches(
    text: str = "text",
    cleaner: Cleaner | None = None,
    *,
    url: str | None = None,
    lang: str | None = None,
    site: str | None = None,
) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Returns a function for `DataFrame.mapInArrow` that cleans one column and keeps the others."""
    clean = CleanTable(text, cleaner, url=url, lang=lang, site=site)
    return lambda batches: map(clean, batches)


def clean_udf(cleaner: Cleaner | None = None, *, site: bool = False) -> Any:
    """Returns an Arrow user-defined function from strings to strings.

    With `site`, it has a second argument: the sites. Requires Spark 4.1 or newer.
    """
    with needs("pyspark", "clean_udf"):
        from pyspark.sql.functions import arrow_udf
    with needs("pyarrow", "clean_udf"):
        import pyarrow

    clean = Cleaner() if cleaner is None else cleaner

    def one(texts: Any) -> Any:
        return clean.clean_arrow(texts, threads=1)

    def two(texts: Any, sites: Any) -> Any:
        return clean.clean_arrow(texts, site=sites, threads=1)

    # Spark decides the kind of a function by its annotations, which must be types and not strings.
    column, names = (two, ("texts", "sites", "return")) if site else (one, ("texts", "return"))
    column.__annotations__ = dict.fromkeys(names, pyarrow.Array)
    return arrow_udf(column, "string")
