"""Uses of the package that type checkers must accept, or reject where marked. Not run."""

from pathlib import Path

from dechaff import Cleaner, Learned, Removal, Result, SiteText, clean, learn, restore, scan

cleaner = Cleaner(
    level="precise",
    rules=[Path("mine.toml"), "more"],
    only="advert",
    skip=["model"],
    max_loss=0.003,
    idempotent=True,
)
text: str = cleaner.clean("", url="https://example.org/", lang=None)
texts: list[str] = cleaner.clean_many(
    (text for text in [""]), url=[None, "https://example.org/"], threads=2
)
result: Result = cleaner.scan(text)
removal: Removal = result.removals[0]
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
cleaner.clean_arrow([""])  # type: ignore
