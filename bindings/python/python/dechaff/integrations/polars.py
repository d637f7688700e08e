"""Polars: ``frame.with_columns(clean("text"))``, also for lazy frames."""

from __future__ import annotations

from typing import Any

import polars as pl

from dechaff import Cleaner


def clean(column: Any, cleaner: Cleaner | None = None, *, threads: int | None = None) -> pl.Expr:
    """Returns an expression: the strings of a column or another expression, cleaned."""
    use = Cleaner() if cleaner is None else cleaner
    expression = column if isinstance(column, pl.Expr) else pl.col(column)
    return expression.map_batches(
        lambda series: use.clean_arrow(series, threads=threads), return_dtype=pl.String, is_elementwise=True
    )
