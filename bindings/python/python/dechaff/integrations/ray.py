"""Ray Data: ``dataset.map_batches(Clean, batch_format="pyarrow", fn_constructor_kwargs={"text": "text"}, concurrency=2)``.

A class, so that each of Ray's workers compiles its cleaner once.
"""

from dechaff.integrations.arrow import CleanTable as Clean

__all__ = ["Clean"]
