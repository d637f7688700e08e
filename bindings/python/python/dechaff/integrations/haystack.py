"""Haystack: a component that cleans documents, to use instead of a ``DocumentCleaner``.

A pipeline that is loaded from a file must allow this module:
``Pipeline.loads(text, allowed_modules=["dechaff.integrations.haystack"])``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from haystack import Document, component, default_to_dict

from dechaff import Cleaner

OPTIONS = ("level", "rules", "only", "skip", "max_removed", "max_loss", "idempotent")


@component
class Clean:
    """Cleans the content of documents and keeps everything else unchanged.

    Args:
        cleaner: The cleaner; by default, one with default options.
        keep_id: Keep the ids of documents that change. By default they get new ids, which Haystack
            derives from the content.
    """

    def __init__(self, cleaner: Cleaner | None = None, *, keep_id: bool = False) -> None:
        self.cleaner = Cleaner() if cleaner is None else cleaner
        self.keep_id = keep_id

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]) -> dict[str, list[Document]]:
        texts = [document.content or "" for document in documents]
        cleaned = self.cleaner.clean_many(texts)
        rows = zip(documents, texts, cleaned, strict=True)
        return {"documents": [document if now == text else self._with(document, now) for document, text, now in rows]}

    def _with(self, document: Document, text: str) -> Document:
        return replace(document, content=text, id=document.id if self.keep_id else "")

    def to_dict(self) -> dict[str, Any]:
        """Serializes the component for a pipeline file.

        Packs of rules are stored as paths and read when it is loaded.
        """
        options = {name: getattr(self.cleaner, name) for name in OPTIONS}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
        step: dict[str, Any] = default_to_dict(self, cleaner=plain, keep_id=self.keep_id)
        return step

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Clean:
        parameters = data["init_parameters"]
        options = {name: value for name, value in parameters["cleaner"].items() if value not in ([], None)}
        return cls(Cleaner(**options), keep_id=parameters["keep_id"])
