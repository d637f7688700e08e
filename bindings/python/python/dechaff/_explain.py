"""The explanation of a text: what was removed and why, what is protected, how lines are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from dechaff._result import Removal

_QUOTED = 120
"""Characters of a text or a clause that are printed."""


class Match(NamedTuple):
    """What a rule matched in a removal."""

    rule: str
    """The full name of the rule."""
    clause: str | None
    """The phrase, label or pattern of the rule that matched, with its sets expanded; of several, the
    first. `None` for rules without clauses, such as lists of words and what a site repeats."""
    start: int
    """Start of the matched text in the source, in code points."""
    end: int
    """End of the matched text in the source, in code points; exclusive."""
    text: str
    """The matched words, without white space behind them."""
    pages: int | None
    """The number of pages of the site that have the text; `None` unless that is why it matched."""
    share: float | None
    """The share of the pages of the site that have the text, 0 to 1; `None` as for `pages`."""


class Feature(NamedTuple):
    """A feature of a line, and how much it contributed to the score of the line model."""

    name: str
    """The name of the feature."""
    value: int
    """The value of the feature, in its own unit: words, lines, parts of a thousand."""
    weight: float
    """What it added to the log-odds of the score; negative if it speaks for prose."""


class Judgement(NamedTuple):
    """The line model's judgement of a line, or of the lines of a hard-wrapped paragraph."""

    first_line: int
    """The number of the first line, from 1."""
    last_line: int
    """The number of the last line, from 1; inclusive."""
    decision: str
    """`removed`; `kept`, because the score is not above the threshold; `prose`, which is kept whatever
    its score; or `mixed`, because rules remove a part."""
    score: float
    """The probability that the lines are chaff, 0 to 1."""
    threshold: float
    """The score above which the level removes lines in such a page, 0 to 1."""
    page: str
    """The kind of page, in words."""
    features: tuple[Feature, ...]
    """The features that contributed most, the largest contribution first; empty for prose."""


class Protection(NamedTuple):
    """A text that a keep rule protected from removal."""

    first_line: int
    """The number of the first line, from 1."""
    last_line: int
    """The number of the last line, from 1; inclusive."""
    start: int
    """Start of the text in the source, in code points."""
    end: int
    """End of the text in the source, in code points; exclusive."""
    rule: str
    """The full name of the rule that would have removed it."""
    by: str
    """The full name of the keep rule."""
    description: str
    """What the keep rule protects, in a sentence."""
    text: str
    """The protected text."""


@dataclass(frozen=True)
class ExplainedRemoval:
    """A removal, with what led to it.

    >>> from dechaff import Cleaner
    >>> removal = Cleaner().explain("It rained.\\nAdvertisement\\nIt stopped.\\n").removals[0]
    >>> removal.first_line, removal.last_line, removal.rule, removal.text
    (2, 2, 'advert/marker', 'Advertisement\\n')
    """

    removal: Removal
    """The removal, as in a `Result`: its span, its rules and its text."""
    first_line: int
    """The number of the first line that it touches, from 1."""
    last_line: int
    """The number of the last line that it touches, from 1; inclusive."""
    description: str
    """What the rule removes, in a sentence."""
    matches: tuple[Match, ...]
    """What its rules matched, in the order of the text. Empty if only the line model, or a rule about
    the structure of a page, removed it."""
    judgements: tuple[Judgement, ...]
    """How the line model judges its lines; empty if the model did not run."""

    @property
    def rule(self) -> str:
        """The full name of the rule that removed it; of several, the most certain one."""
        return self.removal.rule

    @property
    def text(self) -> str:
        """The removed text."""
        return self.removal.text

    def __str__(self) -> str:
        removal = self.removal
        also = f", also {', '.join(removal.also)}" if removal.also else ""
        head = f"{_lines(self.first_line, self.last_line)}: {removal.rule}{also}"
        lines = [f"{head} ({removal.category}, {removal.confidence})", f"  removes  {_quote(self.text)}"]
        lines.append(f"  because  {self.description}")
        for match in self.matches:
            lines.append(f"  matches  {_quote(match.text)} ({match.rule})")
            if match.clause is not None:
                lines.append(f"  clause   {_cut(match.clause)}")
            if match.pages is not None:
                lines.append(f"  is on    {match.pages} pages of its site, {match.share:.0%} of them")
        lines += [f"  model    {self._place(judgement)}{_model(judgement)}" for judgement in self.judgements]
        return "\n".join(lines)

    def _place(self, judgement: Judgement) -> str:
        """Returns the lines of a judgement, unless they are those of the removal."""
        lines = (judgement.first_line, judgement.last_line)
        return "" if lines == (self.first_line, self.last_line) else f"{_lines(*lines)}: "


@dataclass(frozen=True)
class Explanation:
    """What is removed from a text and why. Printing it shows all of it as text.

    >>> from dechaff import Cleaner
    >>> print(Cleaner(skip="model").explain("It rained.\\nAdvertisement\\nIt stopped.\\n"))
    line 2: advert/marker (advert, certain)
      removes  'Advertisement'
      because  A label over or under an advert.
      matches  'Advertisement' (advert/marker)
      clause   Advertisement
    """

    source: str
    """The original text."""
    text: str
    """The text without its boilerplate, or the source if the text is held."""
    held: bool
    """Whether nothing is removed because the text would lose more than `max_removed` allows."""
    removals: tuple[ExplainedRemoval, ...]
    """The removals, in order; those that would be made if the text is held."""
    protections: tuple[Protection, ...]
    """The texts that keep rules protected from removal, in order."""
    judgements: tuple[Judgement, ...]
    """How the line model judges the lines of the text, in order; empty if it is off, or if the text
    has fewer than 4 lines or 40 words."""

    def __str__(self) -> str:
        parts = [str(removal) for removal in self.removals]
        for kept in self.protections:
            head = f"{_lines(kept.first_line, kept.last_line)}: {kept.by} protects it from {kept.rule}"
            parts.append(f"{head}\n  keeps    {_quote(kept.text)}\n  because  {kept.description}")
        if self.held:
            parts.insert(0, "held: more would be removed than max_removed allows; the removals would be:")
        return "\n\n".join(parts) if parts else "nothing is removed"


def _lines(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first}-{last}"


def _cut(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]} …"


def _quote(text: str) -> str:
    return repr(_cut(text.strip() or text))


def _model(judgement: Judgement) -> str:
    if judgement.decision == "prose":
        return "prose, kept whatever its score"
    relation = ">" if judgement.score > judgement.threshold else "<="
    score = f"score {judgement.score:.3f} {relation} {judgement.threshold:.3f}"
    features = ", ".join(f"{name} {value} ({weight:+.1f})" for name, value, weight in judgement.features)
    return f"{judgement.decision}, {score}, {judgement.page}: {features}"
