"""Maps between offsets of a cleaned text and of its source, to carry annotations along."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class OffsetMap:
    """Where each part of a cleaned text is in its source, and the reverse.

    Offsets count code points, as Python does. An offset means the character with that many
    characters before it, and the length of a text its end.

    >>> from dechaff import scan
    >>> result = scan("It rained.\\nAdvertisement\\nAda Quill left Paris.\\n")
    >>> map = result.offset_map
    >>> result.text[11:20], map.span_to_source(11, 20)
    ('Ada Quill', (25, 34))
    >>> map.span_from_source(25, 34)
    (11, 20)
    >>> map.from_source(13) is None, map.kept_before(13)
    (True, 11)
    """

    def __init__(self, kept: Iterable[Sequence[int]], length: int) -> None:
        """Makes a map from the kept spans of a source of `length` characters, each a start and an
        end, disjoint and in order."""
        self._source: list[int] = []
        self._kept: list[int] = []
        self._ends: list[int] = []
        self._length = length
        self._kept_length = 0
        last = 0
        for start, end in kept:
            if not last <= start <= end <= length:
                raise ValueError(f"the kept span {start}..{end} is out of order, or ends behind the source")
            last = end
            self._source.append(start)
            self._kept.append(self._kept_length)
            self._ends.append(end)
            self._kept_length += end - start

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> OffsetMap:
        """Makes the map of a document from its line in the file that `dechaff clean --map` wrote.

        >>> line = {"path": "a.txt", "code_points": {"length": 10, "kept": [[0, 3], [7, 10]]}}
        >>> OffsetMap.from_line(line).to_source(3)
        7
        """
        units = line["code_points"]
        return cls(units["kept"], units["length"])

    def to_source(self, offset: int) -> int | None:
        """Returns where the character at `offset` of the cleaned text is in the source. The end of
        the one is the end of the other. `None` if there is no such offset."""
        if not 0 <= offset < self._kept_length:
            return self._length if offset == self._kept_length else None
        at = bisect_right(self._kept, offset) - 1
        return self._source[at] + offset - self._kept[at]

    def from_source(self, offset: int) -> int | None:
        """Returns where the character at `offset` of the source is in the cleaned text, or `None`
        if it was removed, or there is no such offset."""
        if not 0 <= offset < self._length:
            return self._kept_length if offset == self._length else None
        at = bisect_right(self._source, offset) - 1
        if at < 0 or offset >= self._ends[at]:
            return None
        return self._kept[at] + offset - self._source[at]

    def kept_before(self, offset: int) -> int:
        """Returns how many kept characters precede `offset` of the source: for a removed character,
        the offset in the cleaned text at which it was taken out."""
        at = bisect_right(self._source, offset) - 1
        if at < 0:
            return 0
        return self._kept[at] + min(offset, self._ends[at]) - self._source[at]

    def span_to_source(self, start: int, end: int) -> tuple[int, int] | None:
        """Returns the span of the source from the first to the last character of a span of the
        cleaned text, with what was removed between them. `None` if there is no such span."""
        if not 0 <= start <= end <= self._kept_length:
            return None
        first = self.to_source(start)
        last = self.to_source(end - 1) if start < end else None
        assert first is not None
        return first, first if last is None else last + 1

    def span_from_source(self, start: int, end: int) -> tuple[int, int] | None:
        """Returns the span of the cleaned text with what is kept of a span of the source; it is
        shorter if a part was removed. `None` if nothing of it is kept, or there is no such span."""
        if not 0 <= start <= end <= self._length:
            return None
        if start == end:
            at = self.from_source(start)
            return None if at is None else (at, at)
        first, last = self.kept_before(start), self.kept_before(end)
        return (first, last) if first < last else None
