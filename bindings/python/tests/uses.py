"""Uses of the package that type checkers must accept, or reject where marked. Not run."""

import io
from pathlib import Path

from dechaff import (
    Cleaner,
    Explanation,
    Learned,
    Removal,
    Result,
    SiteText,
    Verdict,
    clean,
    clean_file,
    learn,
    report,
    restore,
    scan,
)

cleaner = Cleaner(
    level="precise",
    rules=[Path("mine.toml"), "more"],
    only="advert",
    skip=["model"],
    max_loss=0.003,
    idempotent=True,
    verdicts=True,
)
text: str = cleaner.clean("", url="https://example.org/", lang=None)
texts: list[str] = cleaner.clean_many(
    (text for text in [""]), url=[None, "https://example.org/"], threads=2
)
some: list[str | None] = cleaner.clean_many(["", None])
explanation: Explanation = cleaner.explain(text)
clause: str | None = explanation.removals[0].matches[0].clause
documents: int = clean_file(Path("a"), io.BytesIO(), cleaner, text_field=["a"])["documents"]
failed: list[str] = report(["a", Path("b")], "c.html", overwrite=True)
result: Result = cleaner.scan(text)
removal: Removal = result.removals[0]
verdict: Verdict | None = result.verdict
start: int = removal.start
also: tuple[str, ...] = removal.also
restored: str = restore(clean(text), scan(text).removals)
learned: Learned = learn(iter([""]), [None, "example.org"], part=True, memory=1 << 20)
merged: Learned = Learned.merge([learned, Path("a.part"), b""], part=False)
known: list[SiteText] = merged.texts("example.org", level="precise", min_share=0.1)
share: float = known[0].share
by_site = Cleaner(learned="sites.learned", min_pages=4).clean_many([""], site="example.org")
learn([3], "example.org")  # type: ignore
learn([""], 3)  # type: ignore
Cleaner(level="extreme")  # type: ignore
cleaner.clean(3)  # type: ignore
cleaner.clean_many([3])  # type: ignore
clean_file("a", "b", on_error="stop")  # type: ignore
cleaner.clean_arrow([""])  # type: ignore
