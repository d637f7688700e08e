"""Cleans texts in a pipeline of NeMo Curator on Ray Data. `test_integrations.py` runs this script.

Reads texts from standard input, separated by NUL, and writes a NUL and the cleaned text for each.
"""

import sys

import pandas
from nemo_curator.backends.ray_data import RayDataExecutor
from nemo_curator.pipeline import Pipeline
from nemo_curator.stages.text.modifiers import Modify
from nemo_curator.tasks import DocumentBatch

from dechaff.integrations.nemo_curator import Clean

frame = pandas.DataFrame({"text": sys.stdin.buffer.read().decode().split("\0")})
pipeline = Pipeline(name="pages")
pipeline.add_stage(Modify(Clean()))
done = pipeline.run(
    RayDataExecutor(), initial_tasks=[DocumentBatch(dataset_name="pages", data=frame)]
)
# Engines print to standard output too: their messages come before the first NUL.
sys.stdout.flush()
sys.stdout.buffer.write("".join(f"\0{text}" for text in done[0].to_pandas()["text"]).encode())
