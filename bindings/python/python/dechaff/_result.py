"""What a scan gives: plain data, which can be compared, pickled, and shown in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import NamedTuple


class Removal(NamedTuple):
    """One removed span, and the rules that took it.

    >>> from dechaff import scan
    >>> removal = scan("Es regnete süß.\\nAdvertisement\\n").removals[0]
    >>> removal.start, removal.end, removal.start_byte, removal.end_byte
    (16, 30, 18, 32)
    """

    start: int
    """Where it starts in the source, in code points, as Python counts."""
    end: int
    """One past its last code point."""
    start_byte: int
    """Where it starts in the source as UTF-8, in bytes."""
    end_byte: int
    """One past its last byte."""
    rule: str
    """The full name of the rule that took it; of several the surest."""
    also: tuple[str, ...]
    """The other rules that took it too."""
    category: str
    """The category of the rule, such as `advert`."""
    confidence: str
    """How sure the rule is: `certain`, `likely` or `possible`."""
    score: float
    """How sure the mark is: 1.0 for a rule, less for the line model."""
    text: str
    """What was removed."""


@dataclass(frozen=True)
class Result:
    """A cleaned text, and what was removed of its source.

    >>> from dechaff import scan
    >>> result = scan("It rained.\\nAdvertisement\\nIt stopped.\\n")
    >>> result.text
    'It rained.\\nIt stopped.\\n'
    >>> result.changed, result.held
    (True, False)
    """

    source: str
    """The text that was given."""
    text: str
    """The text without its chaff."""
    removals: tuple[Removal, ...]
    """What was removed: disjoint, in order. Nothing if the text is held."""
    held: bool
    """Whether more would have been removed than `max_removed` allows, so that nothing was."""
    share: float
    """The share of bytes that was removed, or would have been if the text is held."""

    @property
    def changed(self) -> bool:
        """Whether anything was removed."""
        return bool(self.removals)

    def _repr_html_(self) -> str:
        """The source with what was removed struck through; the rule shows under the pointer."""
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
    """Puts removals back: the inverse of cleaning.

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
