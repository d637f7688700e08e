"""Ray Data: ``dataset.map_batches(Clean("text"), batch_format="pyarrow", batch_size=1024)``.

An instance runs in Ray's tasks, where reading does too, so that blocks stay where they were read; each task compiles the cleaner once,
in milliseconds. The class itself, ``map_batches(Clean, batch_format="pyarrow", concurrency=N)``, runs in N actors that keep a core
each: leave cores for the tasks that read, or these wait for ever.
"""

from dechaff.integrations.arrow import CleanTable as Clean

__all__ = ["Clean"]
