"""Daft: ``frame.with_column("text", clean("text"))``."""

from __future__ import annotations

from typing import Any

import daft

from dechaff import Cleaner


def clean(column: Any, cleaner: Cleaner | None = None, *, threads: int | None = 1) -> Any:
    """Returns an expression: the strings of a column or another expression, cleaned.

    Each batch is cleaned on one thread by default, because Daft runs several batches at once.
    """
    use = Cleaner() if cleaner is None else cleaner

    def dechaff(texts: Any) -> Any:
        return use.clean_arrow(texts.to_arrow(), threads=threads)

    return daft.func.batch(return_dtype=daft.DataType.string())(dechaff)(daft.col(column) if isinstance(column, str) else column)
