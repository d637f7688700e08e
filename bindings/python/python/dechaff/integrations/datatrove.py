"""datatrove: a pipeline step that cleans documents and counts removals by rule."""

from __future__ import annotations

from typing import Any

from dechaff import Cleaner
from dechaff._needs import needs
from dechaff._verdicts import cleaner_or_default

with needs("datatrove", __name__):
    from datatrove.data import DocumentsPipeline
    from datatrove.pipeline.base import PipelineStep


class Clean(PipelineStep):
    """Cleans the text of each document.

    Args:
        cleaner: The cleaner; by default, one with default options.
        removals: The metadata key under which the list of removals is stored; by default, it is not
            stored.
        verdict: The metadata key under which the verdict is stored, as a dict. The cleaner needs
            ``verdicts=True``, as the default one then has.
        url: The metadata key of the URL, if there is one.
        lang: The metadata key of the language code, if there is one.
        site: The metadata key of the site, if there is one. Without it, the host of the URL is used.
    """

    type = "✂️ - FORMAT"
    name = "dechaff"

    def __init__(
        self,
        cleaner: Cleaner | None = None,
        *,
        removals: str | None = None,
        verdict: str | None = None,
        url: str | None = None,
        lang: str | None = None,
        site: str | None = None,
    ) -> None:
        super().__init__()
        self.cleaner = cleaner_or_default(cleaner, verdict)
        self.removals, self.verdict = removals, verdict
        self.url, self.lang, self.site = url, lang, site

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            with self.track_time():
                self._clean(document)
            yield document

    def _clean(self, document: Any) -> None:
        keys = (self.url, self.lang, self.site)
        url, lang, site = (document.metadata.get(key) if key else None for key in keys)
        result = self.cleaner.scan(document.text, url=url, lang=lang, site=site)
        self.stat_update("held" if result.held else "changed" if result.changed else "clean")
        for removal in result.removals:
            self.stat_update(f"rule/{removal.rule}")
            self.stat_update("bytes_removed", value=removal.end_byte - removal.start_byte, unit="byte")
        document.text = result.text
        if self.removals is not None:
            document.metadata[self.removals] = [removal._asdict() for removal in result.removals]
        if self.verdict is not None and result.verdict is not None:
            document.metadata[self.verdict] = result.verdict._asdict()
