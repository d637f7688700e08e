"""LangChain: a document transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dechaff import Cleaner
from dechaff._needs import needs

with needs("langchain-core", __name__):
    from langchain_core.documents import BaseDocumentTransformer, Document


class Clean(BaseDocumentTransformer):
    """Cleans the page content of documents and keeps their metadata.

    Args:
        cleaner: The cleaner; by default, one with default options.
        site: The metadata key of the site, if there is one.
    """

    def __init__(self, cleaner: Cleaner | None = None, *, site: str | None = None) -> None:
        self.cleaner = Cleaner() if cleaner is None else cleaner
        self.site = site

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> Sequence[Document]:
        sites = None if self.site is None else [document.metadata.get(self.site) for document in documents]
        texts = self.cleaner.clean_many((document.page_content for document in documents), site=sites)
        return [document.model_copy(update={"page_content": text}) for document, text in zip(documents, texts, strict=True)]
