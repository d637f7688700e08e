"""Daft: ``frame.with_column("text", clean("text"))``."""

from __future__ import annotations

from typing import Any

from dechaff import Cleaner
from dechaff._needs import needs

with needs("daft", __name__):
    import daft


def clean(column: Any, cleaner: Cleaner | None = None, *, site: Any = None, threads: int | None = 1) -> Any:
    """Returns an expression: the strings of a column or another expression, cleaned.

    `site` is a column or an expression with the sites, for a cleaner that has learned of sites. Each
    batch is cleaned on one thread by default, because Daft runs several batches at once.
    """
    use = Cleaner() if cleaner is None else cleaner

    def one(texts: Any) -> Any:
        return use.clean_arrow(texts.to_arrow(), threads=threads)

    def two(texts: Any, sites: Any) -> Any:
        return use.clean_arrow(texts.to_arrow(), site=sites.to_arrow(), threads=threads)

    columns = [daft.col(value) if isinstance(value, str) else value for value in (column, site) if value is not None]
    return daft.func.batch(return_dtype=daft.DataType.string())(one if site is None else two)(*columns)
