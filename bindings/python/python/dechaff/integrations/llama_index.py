"""LlamaIndex: a transformation of documents or nodes, by itself or in an ``IngestionPipeline``.

It belongs before a splitter: only whole texts show their chaff, and a splitter's offsets are those of the text that it was given.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from typing import Any

from llama_index.core.schema import BaseNode, MetadataMode, TransformComponent
from pydantic import Field, field_serializer

from dechaff import Cleaner


class Clean(TransformComponent):
    """Cleans the texts of nodes, which are copied where something was removed; ids and metadata stay."""

    cleaner: Cleaner = Field(default_factory=Cleaner)

    def __init__(self, cleaner: Cleaner | None = None) -> None:
        fields: dict[str, Any] = {} if cleaner is None else {"cleaner": cleaner}
        super().__init__(**fields)

    @field_serializer("cleaner")
    def _options(self, cleaner: Cleaner) -> str:
        """What caches of pipelines know it by: equal for equal options, wherever it is asked."""
        return hashlib.sha256(pickle.dumps(cleaner)).hexdigest()

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        texts = [node.get_content(metadata_mode=MetadataMode.NONE) for node in nodes]
        cleaned = self.cleaner.clean_many(texts)
        return [node if now == text else _with(node, now) for node, text, now in zip(nodes, texts, cleaned, strict=True)]


def _with(node: BaseNode, text: str) -> BaseNode:
    copy = node.model_copy()
    copy.set_content(text)
    return copy
