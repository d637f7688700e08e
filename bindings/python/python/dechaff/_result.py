"""The result of a scan: plain data that can be compared, pickled and displayed in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from dechaff._offsets import OffsetMap


class Removal(NamedTuple):
    """One removed span and the rules that removed it.

    >>> from dechaff import scan
    >>> removal = scan("Es regnete süß.\\nAdvertisement\\n").removals[0]
    >>> removal.start, removal.end, removal.start_byte, removal.end_byte
    (16, 30, 18, 32)
    """

    start: int
    """Start of the span in the source, in code points, as Python indexes strings."""
    end: int
    """End of the span in the source, in code points; exclusive."""
    start_byte: int
    """Start of the span in the source, in bytes of UTF-8."""
    end_byte: int
    """End of the span in the source, in bytes of UTF-8; exclusive."""
    rule: str
    """The full name of the rule that removed it; of several, the most certain one."""
    also: tuple[str, ...]
    """The full names of the other rules that removed it."""
    category: str
    """The category of the rule, such as `advert`."""
    confidence: str
    """The confidence of the rule: `certain`, `likely` or `possible`."""
    score: float
    """The score of the mark: 1.0 for a rule, less for the line model."""
    text: str
    """The removed text."""


class Verdict(NamedTuple):
    """What a cleaner found out about a text, by which texts can be filtered.

    >>> from dechaff import Cleaner
    >>> verdict = Cleaner(verdicts=True).scan("It rained.\\nAdvertisement\\nIt stopped.\\n").verdict
    >>> verdict.removed_share, verdict.held
    (0.378, False)
    """

    kind: str
    """The kind of page: `article`, `list`, `forum`, `product`, `documentation` or `other`."""
    removed_share: float
    """The share of the bytes that was removed, 0 to 1; of a held text, that would have been removed."""
    almost_removed_share: float
    """The share of the lines with words that were kept, but almost removed, 0 to 1."""
    risk: float
    """The probability that prose was removed, 0 to 1. Of the texts with a risk of 0.2, about a fifth are damaged."""
    held: bool
    """Whether the text is held, because it would lose more than `max_removed` allows."""


@dataclass(frozen=True)
class Result:
    """A cleaned text and what was removed from its source.

    >>> from dechaff import scan
    >>> result = scan("It rained.\\nAdvertisement\\nIt stopped.\\n")
    >>> result.text
    'It rained.\\nIt stopped.\\n'
    >>> result.changed, result.held
    (True, False)
    """

    source: str
    """The original text."""
    text: str
    """The text without its boilerplate, or the source if the text is held."""
    removals: tuple[Removal, ...]
    """The removed spans, disjoint and in order; empty if the text is held."""
    held: bool
    """Whether nothing was removed because the text would lose more than `max_removed` allows."""
    share: float
    """The share of the bytes that was removed, or would have been removed if the text is held."""
    verdict: Verdict | None = None
    """The verdict on the text, if the cleaner gives verdicts."""

    @property
    def changed(self) -> bool:
        """Whether anything was removed."""
        return bool(self.removals)

    @property
    def offset_map(self) -> OffsetMap:
        """The map between offsets of the text and of the source."""
        ends = [0, *(removal.end for removal in self.removals)]
        starts = [*(removal.start for removal in self.removals), len(self.source)]
        return OffsetMap(zip(ends, starts, strict=True), len(self.source))

    def _repr_html_(self) -> str:
        """Returns the source with the removed spans struck through and their rules as tooltips."""
        parts: list[str] = []
        last = 0
        for removal in self.removals:
            parts.append(escape(self.source[last : removal.start]))
            rules = escape(", ".join((removal.rule, *removal.also)))
            style = "background:#fdd;color:#900;text-decoration:line-through"
            parts.append(f'<del title="{rules}" style="{style}">{escape(removal.text)}</del>')
            last = removal.end
        parts.append(escape(self.source[last:]))
        held = f"<p>Held: {self.share:.0%} would have been removed.</p>" if self.held else ""
        return f'{held}<div style="white-space:pre-wrap">{"".join(parts)}</div>'


def restore(text: str, removals: Iterable[Removal]) -> str:
    """Returns the source of a cleaned text by inserting its removals: the inverse of cleaning.

    >>> from dechaff import restore, scan
    >>> result = scan("It rained.\\nAdvertisement\\n")
    >>> restore(result.text, result.removals) == result.source
    True
    """
    parts: list[str] = []
    taken = length = 0
    for removal in removals:
        missing = removal.start - length
        if missing < 0 or taken + missing > len(text):
            raise ValueError(f"the removal at {removal.start} does not fit the text; is it of another one?")
        parts += [text[taken : taken + missing], removal.text]
        taken += missing
        length = removal.end
    return "".join([*parts, text[taken:]])
