"""LlamaIndex: a transformation of documents or nodes, alone or in an ``IngestionPipeline``.

Use it before a splitter: boilerplate is recognized in whole texts, and a splitter's offsets refer
to the text it receives.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from typing import Any

from dechaff import Cleaner
from dechaff._needs import needs

with needs("llama-index-core", __name__):
    from llama_index.core.schema import BaseNode, MetadataMode, TransformComponent
    from pydantic import Field, field_serializer


class Clean(TransformComponent):
    """Cleans the texts of nodes. Nodes that change are copied; ids and metadata are kept.

    `site` is the metadata key of the site, for a cleaner that has learned of sites.
    """

    cleaner: Cleaner = Field(default_factory=Cleaner)
    site: str | None = None

    def __init__(self, cleaner: Cleaner | None = None, *, site: str | None = None) -> None:
        fields: dict[str, Any] = {"site": site} if cleaner is None else {"cleaner": cleaner, "site": site}
        super().__init__(**fields)

    @field_serializer("cleaner")
    def _options(self, cleaner: Cleaner) -> str:
        """Returns the key of the cleaner in pipeline caches.

        It is equal for equal options, in any process.
        """
        return hashlib.sha256(pickle.dumps(cleaner)).hexdigest()

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        texts = [node.get_content(metadata_mode=MetadataMode.NONE) for node in nodes]
        sites = None if self.site is None else [node.metadata.get(self.site) for node in nodes]
        cleaned = self.cleaner.clean_many(texts, site=sites)
        return [node if now == text else _with(node, now) for node, text, now in zip(nodes, texts, cleaned, strict=True)]


def _with(node: BaseNode, text: str) -> BaseNode:
    copy = node.model_copy()
    copy.set_content(text)
    return copy
