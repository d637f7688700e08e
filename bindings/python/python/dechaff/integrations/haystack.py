"""Haystack: a component that cleans documents, to use instead of a ``DocumentCleaner``.

A pipeline that is loaded from a file must allow this module:
``Pipeline.loads(text, allowed_modules=["dechaff.integrations.haystack"])``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dechaff import Cleaner
from dechaff._needs import needs

with needs("haystack-ai", __name__):
    from haystack import Document, component, default_to_dict

OPTIONS = (
    *("level", "rules", "only", "skip", "max_removed", "max_loss", "idempotent", "min_pages", "min_share"),
    "verdicts",
)


@component
class Clean:
    """Cleans the content of documents and keeps everything else unchanged.

    Args:
        cleaner: The cleaner; by default, one with default options.
        keep_id: Keep the ids of documents that change. By default they get new ids, which Haystack
            derives from the content.
        site: The metadata key of the site, if there is one.
    """

    def __init__(self, cleaner: Cleaner | None = None, *, keep_id: bool = False, site: str | None = None) -> None:
        self.cleaner = Cleaner() if cleaner is None else cleaner
        self.keep_id = keep_id
        self.site = site

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]) -> dict[str, list[Document]]:
        texts = [document.content or "" for document in documents]
        sites = None if self.site is None else [document.meta.get(self.site) for document in documents]
        cleaned = self.cleaner.clean_many(texts, site=sites)
        rows = zip(documents, texts, cleaned, strict=True)
        return {"documents": [document if now == text else self._with(document, now) for document, text, now in rows]}

    def _with(self, document: Document, text: str) -> Document:
        return replace(document, content=text, id=document.id if self.keep_id else "")

    def to_dict(self) -> dict[str, Any]:
        """Serializes the component for a pipeline file.

        Packs of rules and the file that was learned are stored as paths and read when it is loaded.
        """
        learned = self.cleaner.learned
        if learned is not None and learned.path is None:
            raise ValueError("what was learned is in no file; save it, and give the cleaner its path")
        options = {name: getattr(self.cleaner, name) for name in OPTIONS}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
        if learned is not None:
            plain["learned"] = str(learned.path)
        step: dict[str, Any] = default_to_dict(self, cleaner=plain, keep_id=self.keep_id, site=self.site)
        return step

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Clean:
        parameters = data["init_parameters"]
        options = {name: value for name, value in parameters["cleaner"].items() if value not in ([], None)}
        return cls(Cleaner(**options), keep_id=parameters["keep_id"], site=parameters.get("site"))
