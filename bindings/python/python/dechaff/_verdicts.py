"""The cleaner of whatever writes verdicts, which has to give them."""

from __future__ import annotations

from dechaff._dechaff import Cleaner, Error


def cleaner_or_default(cleaner: Cleaner | None, verdict: str | None) -> Cleaner:
    """Returns the cleaner, or one with default options, which gives verdicts if `verdict` names them."""
    if cleaner is None:
        return Cleaner(verdicts=verdict is not None)
    if verdict is not None and not cleaner.verdicts:
        raise Error("verdict needs a cleaner with verdicts=True")
    return cleaner
