"""NeMo Curator: ``Modify(Clean(), input_fields="text")`` as a stage of a pipeline."""

from __future__ import annotations

from typing import Any

from dechaff import Cleaner
from dechaff._needs import needs

with needs("nemo-curator", __name__):
    from nemo_curator.stages.text.modifiers import DocumentModifier


class Clean(DocumentModifier):
    """Cleans a field.

    With ``input_fields=[["text", "url"]], output_fields="text"``, the other fields are used by the
    rules.

    Args:
        cleaner: The cleaner; by default, one with default options.
        text: The field that contains the texts, if there are several fields.
        url: The field that contains the URLs, if there is one.
        lang: The field that contains the language codes, if there is one.
        site: The field that contains the sites, if there is one.
    """

    def __init__(
        self,
        cleaner: Cleaner | None = None,
        *,
        text: str = "text",
        url: str | None = None,
        lang: str | None = None,
        site: str | None = None,
    ) -> None:
        super().__init__()
        self.cleaner = Cleaner() if cleaner is None else cleaner
        self.text, self.url, self.lang, self.site = text, url, lang, site

    def modify_document(self, *values: Any, **fields: Any) -> Any:
        text = values[0] if values else fields[self.text]
        # Rows without a text contain a missing value of pandas.
        if not isinstance(text, str):
            return text
        known = (fields.get(name) if name else None for name in (self.url, self.lang, self.site))
        url, lang, site = (value if isinstance(value, str) else None for value in known)
        return self.cleaner.clean(text, url=url, lang=lang, site=site)
