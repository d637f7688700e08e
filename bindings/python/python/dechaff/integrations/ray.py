"""Ray Data: ``dataset.map_batches(Clean("text"), batch_format="pyarrow", batch_size=1024)``.

An instance runs in the same Ray tasks that read the data, so that blocks are not moved; each task
compiles the cleaner once, in milliseconds. The class itself, as in ``map_batches(Clean,
batch_format="pyarrow", concurrency=N)``, runs in N actors that occupy one core each: leave cores
for the tasks that read, or they never start.
"""

from dechaff.integrations.arrow import CleanTable as Clean

__all__ = ["Clean"]
