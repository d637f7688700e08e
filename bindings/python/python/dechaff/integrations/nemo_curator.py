"""NeMo Curator: ``Modify(Clean(), input_fields="text")`` as a stage of a pipeline."""

from __future__ import annotations

from typing import Any

from nemo_curator.stages.text.modifiers import DocumentModifier

from dechaff import Cleaner


class Clean(DocumentModifier):
    """Cleans a field. Of several fields, ``input_fields=[["text", "url"]], output_fields="text"``, the rules are told the others.

    Args:
        cleaner: The cleaner; one with default options unless given.
        text: The field that holds the texts, where there are several.
        url: The field that holds addresses, if there is one.
        lang: The field that holds codes of languages, if there is one.
    """

    def __init__(
        self, cleaner: Cleaner | None = None, *, text: str = "text", url: str | None = None, lang: str | None = None
    ) -> None:
        super().__init__()
        self.cleaner = Cleaner() if cleaner is None else cleaner
        self.text, self.url, self.lang = text, url, lang

    def modify_document(self, *values: Any, **fields: Any) -> Any:
        text = values[0] if values else fields[self.text]
        # Rows without a text hold what pandas has for nothing.
        if not isinstance(text, str):
            return text
        known = (fields.get(name) if name else None for name in (self.url, self.lang))
        url, lang = (value if isinstance(value, str) else None for value in known)
        return self.cleaner.clean(text, url=url, lang=lang)
