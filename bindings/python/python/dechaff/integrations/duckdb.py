"""DuckDB: ``register(connection)``, then ``SELECT dechaff(text) FROM ...``."""

from __future__ import annotations

from typing import Any

from dechaff import Cleaner
from dechaff._needs import needs


def register(
    connection: Any,
    cleaner: Cleaner | None = None,
    *,
    name: str = "dechaff",
    site: bool = False,
    threads: int | None = None,
) -> None:
    """Registers a SQL function that cleans strings. Nulls stay null.

    With `site`, it has a second argument: the site, for a cleaner that has learned of sites.
    """
    with needs("pyarrow", "a function of DuckDB over Arrow"):
        import pyarrow  # noqa: F401
    use = Cleaner() if cleaner is None else cleaner

    def one(texts: Any) -> Any:
        return use.clean_arrow(texts, threads=threads)

    def two(texts: Any, sites: Any) -> Any:
        return use.clean_arrow(texts, site=sites, threads=threads)

    if site:
        # Texts without a site must be cleaned, too.
        nulls = {"null_handling": "special"}
        connection.create_function(name, two, ["VARCHAR", "VARCHAR"], "VARCHAR", type="arrow", **nulls)
    else:
        connection.create_function(name, one, ["VARCHAR"], "VARCHAR", type="arrow")
