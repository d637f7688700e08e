"""Polars: ``frame.with_columns(clean("text"))``, lazy frames too."""

from __future__ import annotations

from typing import Any

import polars as pl

from dechaff import Cleaner


def clean(column: Any, cleaner: Cleaner | None = None, *, threads: int | None = None) -> pl.Expr:
    """An expression: the strings of a column, or of another expression, without their chaff."""
    use = Cleaner() if cleaner is None else cleaner
    expression = column if isinstance(column, pl.Expr) else pl.col(column)
    return expression.map_batches(
        lambda series: use.clean_arrow(series, threads=threads), return_dtype=pl.String, is_elementwise=True
    )
