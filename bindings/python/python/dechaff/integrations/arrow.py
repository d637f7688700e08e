"""Cleans one column of Arrow tables, for the adapters of engines that exchange Arrow tables.

Requires pyarrow, which these engines install.
"""

from __future__ import annotations

from typing import Any

from dechaff import Cleaner
from dechaff._needs import needs
from dechaff._verdicts import cleaner_or_default


class CleanTable:
    """Cleans a column of pyarrow tables and record batches and keeps the others unchanged.

    Args:
        text: The column that contains the texts.
        cleaner: The cleaner; by default, one with default options.
        url: The column that contains the URLs, if there is one.
        lang: The column that contains the language codes, if there is one.
        site: The column that contains the sites, if there is one, for a cleaner that has learned of
            sites. Without it, the hosts of the URLs are used.
        removals: The name of a column to add that lists the removals.
        verdict: The name of a column to add that has the verdicts, as structs. The cleaner needs
            ``verdicts=True``, as the default one then has.
        threads: The number of threads per batch. The default is one, because engines run several
            batches at once.
    """

    def __init__(
        self,
        text: str = "text",
        cleaner: Cleaner | None = None,
        *,
        url: str | None = None,
        lang: str | None = None,
        site: str | None = None,
        removals: str | None = None,
        verdict: str | None = None,
        threads: int | None = 1,
    ) -> None:
        self.text, self.url, self.lang, self.site = text, url, lang, site
        self.removals, self.verdict, self.threads = removals, verdict, threads
        self.cleaner = cleaner_or_default(cleaner, verdict)

    def __call__(self, table: Any) -> Any:
        names = table.schema.names
        missing = [name for name in (self.text, self.url, self.lang, self.site) if name is not None and name not in names]
        if missing:
            raise KeyError(f"there is no column {missing[0]!r}; the columns are {', '.join(names)}")
        known: dict[str, Any] = {
            "url": None if self.url is None else table.column(self.url),
            "lang": None if self.lang is None else table.column(self.lang),
            "site": None if self.site is None else table.column(self.site),
            "threads": self.threads,
        }
        at = names.index(self.text)
        field = table.schema.field(at)
        added = [(self.removals, "removals"), (self.verdict, "verdict")]
        if self.removals is None and self.verdict is None:
            return table.set_column(at, field, self.cleaner.clean_arrow(table.column(at), **known))
        with needs("pyarrow", "a column of removals or verdicts"):
            import pyarrow.compute as pc
        scanned = self.cleaner.scan_arrow(table.column(at), **known)
        table = table.set_column(at, field, pc.struct_field(scanned, "text"))
        for name, part in added:
            if name is not None:
                table = table.append_column(name, pc.struct_field(scanned, part))
        return table
