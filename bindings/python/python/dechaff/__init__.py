"""Strips the boilerplate that scraping leaves in *already extracted* text, and accounts for every byte.

>>> import dechaff
>>> dechaff.clean("It rained.\\nShare this article\\nIt stopped.\\n")
'It rained.\\nIt stopped.\\n'

A `Cleaner` has levels, rules of your own, many texts at once, Arrow arrays, and says what it removed and why. Adapters to
engines are in `dechaff.integrations`.
"""

from __future__ import annotations

from functools import cache

from dechaff._dechaff import ArrowArray, Cleaner, Error, __version__
from dechaff._result import Removal, Result, restore

__all__ = ["ArrowArray", "Cleaner", "Error", "Removal", "Result", "__version__", "clean", "restore", "scan"]


@cache
def _default() -> Cleaner:
    return Cleaner()


def clean(text: str, *, url: str | None = None, lang: str | None = None) -> str:
    """The text without its chaff, by the built-in rules at the default level. See `Cleaner.clean`."""
    return _default().clean(text, url=url, lang=lang)


def scan(text: str, *, url: str | None = None, lang: str | None = None) -> Result:
    """The text without its chaff, with all that was removed and why. See `Cleaner.scan`."""
    return _default().scan(text, url=url, lang=lang)
