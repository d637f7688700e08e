"""Polars: ``frame.with_columns(clean("text"))``, also for lazy frames."""

from __future__ import annotations

from typing import Any

from dechaff import Cleaner
from dechaff._needs import needs

with needs("polars", __name__):
    import polars as pl


def clean(column: Any, cleaner: Cleaner | None = None, *, site: Any = None, threads: int | None = None) -> pl.Expr:
    """Returns an expression: the strings of a column or another expression, cleaned.

    `site` is a column or an expression with the sites, for a cleaner that has learned of sites.
    """
    use = Cleaner() if cleaner is None else cleaner
    texts, *sites = (value if isinstance(value, pl.Expr) else pl.col(value) for value in (column, site) if value is not None)
    if not sites:
        return texts.map_batches(
            lambda series: use.clean_arrow(series, threads=threads), return_dtype=pl.String, is_elementwise=True
        )
    return pl.map_batches(
        [texts, *sites],
        lambda series: use.clean_arrow(series[0], site=series[1], threads=threads),
        return_dtype=pl.String,
        is_elementwise=True,
    )
