"""What a `Learned` tells about sites and their texts."""

from __future__ import annotations

from typing import NamedTuple


class Site(NamedTuple):
    """A site that was learned from."""

    name: str
    """The name of the site."""
    documents: int
    """The number of documents, copies of a page included."""
    pages: int
    """The number of different pages: exact up to 256, an estimate above."""


class SiteText(NamedTuple):
    """A text that a site repeats.

    >>> import dechaff
    >>> words = ["bridge", "tunnel", "ferry", "road", "port", "dam", "pier", "mill"]
    >>> article = "The {} opens on Monday, a year later than was planned.\\nAll our letters\\n"
    >>> pages = [article.format(word) for word in words]
    >>> learned = dechaff.learn(pages, "example.org")
    >>> [(text.text, text.pages, text.share) for text in learned.texts("example.org")]
    [('All our letters', 8, 1.0)]
    """

    text: str
    """The text as it stands on one of the pages, cut after 400 bytes."""
    pages: int
    """The number of different pages that have it: exact up to 256, an estimate above."""
    share: float
    """The share of the site's pages that have it, 0 to 1."""
    documents: int
    """The number of documents that have it."""
    head: int
    """The number of documents that have it before their prose."""
    body: int
    """The number of documents that have it in their prose."""
    tail: int
    """The number of documents that have it behind their prose."""
    in_prose: bool
    """Whether it stands in the prose of most documents, so that it needs more evidence."""
    removed: bool
    """Whether there is enough evidence to remove it."""
