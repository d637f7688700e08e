"""Removes boilerplate from *already extracted* text of web pages, and accounts for every byte.

>>> import dechaff
>>> dechaff.clean("It rained.\\nShare this article\\nIt stopped.\\n")
'It rained.\\nIt stopped.\\n'

A `Cleaner` offers levels, your own rules, lists of texts and Arrow arrays, and reports and explains
what it removed. `clean_file` cleans files, `report` shows what would be removed from them. `learn` finds what sites repeat on their pages, for `Cleaner(learned=...)`. Adapters
for data engines are in `dechaff.integrations`.
"""

from __future__ import annotations

from functools import cache

from dechaff._dechaff import ArrowArray, Cleaner, Error, Learned, __version__, hosts, learn, line_counts, line_keys
from dechaff._explain import ExplainedRemoval, Explanation, Feature, Judgement, Match, Protection
from dechaff._files import clean_file, report
from dechaff._learned import Site, SiteText
from dechaff._offsets import OffsetMap
from dechaff._result import Removal, Result, Verdict, restore

__all__ = [
    "ArrowArray",
    "Cleaner",
    "Error",
    "ExplainedRemoval",
    "Explanation",
    "Feature",
    "Judgement",
    "Learned",
    "Match",
    "OffsetMap",
    "Protection",
    "Removal",
    "Result",
    "Site",
    "SiteText",
    "Verdict",
    "__version__",
    "clean",
    "clean_file",
    "hosts",
    "learn",
    "line_counts",
    "line_keys",
    "report",
    "restore",
    "scan",
]


@cache
def _default() -> Cleaner:
    return Cleaner()


def clean(text: str, *, url: str | None = None, lang: str | None = None) -> str:
    """Returns the text without its boilerplate.

    Uses the built-in rules at the default level. See `Cleaner.clean`.
    """
    return _default().clean(text, url=url, lang=lang)


def scan(text: str, *, url: str | None = None, lang: str | None = None) -> Result:
    """Returns the text without its boilerplate, together with what was removed and why.

    See `Cleaner.scan`.
    """
    return _default().scan(text, url=url, lang=lang)
