"""DuckDB: ``register(connection)``, then ``SELECT dechaff(text) FROM ...``."""

from __future__ import annotations

from typing import Any

from dechaff import Cleaner


def register(connection: Any, cleaner: Cleaner | None = None, *, name: str = "dechaff", threads: int | None = None) -> None:
    """Registers a SQL function that cleans strings. Nulls stay null."""
    use = Cleaner() if cleaner is None else cleaner
    connection.create_function(
        name, lambda texts: use.clean_arrow(texts, threads=threads), ["VARCHAR"], "VARCHAR", type="arrow"
    )
