"""LangChain: a document transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.documents import BaseDocumentTransformer, Document

from dechaff import Cleaner


class Clean(BaseDocumentTransformer):
    """Cleans the page content of documents and keeps their metadata."""

    def __init__(self, cleaner: Cleaner | None = None) -> None:
        self.cleaner = Cleaner() if cleaner is None else cleaner

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> Sequence[Document]:
        texts = self.cleaner.clean_many(document.page_content for document in documents)
        return [document.model_copy(update={"page_content": text}) for document, text in zip(documents, texts, strict=True)]
