"""Hugging Face datasets: ``dataset.with_format("arrow").map(Clean(), batched=True)``.

Equal options have equal fingerprints, so that the cache of `datasets` works.
"""

from dechaff.integrations.arrow import CleanTable as Clean

__all__ = ["Clean"]
