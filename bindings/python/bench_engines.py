"""Engines at work on the same texts, for `bench.py --engines`: each passes a column of texts through, and cleans it.

One function an engine. It starts the engine, gives what it does with a column (nothing, or cleaning), and stops it. First runs
start workers, so that rates are of those after it, and start-up is told by itself. As others may use the machine, the time that
cores spent is told too.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from dechaff import Cleaner

ROUNDS = 5
# Bytes for engines that have processes of their own and read files.
LARGE = 240_000_000
Work = Callable[[], Any]
Works = Iterator[tuple[Work, Work]]


class Pages(NamedTuple):
    """The texts in memory and in files, and who cleans them on how many cores."""

    table: pa.Table
    files: Path
    cores: int
    cleaner: Cleaner


def polars(pages: Pages) -> Works:
    import polars as pl

    from dechaff.integrations.polars import clean

    frame = pl.DataFrame({"text": pages.table["text"]})
    nothing = pl.col("text").map_batches(lambda texts: texts, return_dtype=pl.String, is_elementwise=True)
    yield lambda: frame.with_columns(nothing), lambda: frame.with_columns(clean("text", pages.cleaner))


def duckdb(pages: Pages) -> Works:
    import duckdb

    from dechaff.integrations.duckdb import register

    connection = duckdb.connect()
    connection.execute(f"SET threads = {pages.cores}")
    register(connection, pages.cleaner)
    connection.create_function("nothing", lambda texts: texts, ["VARCHAR"], "VARCHAR", type="arrow")
    connection.register("pages", pages.table)
    run = lambda name: connection.execute(f"CREATE OR REPLACE TABLE t AS SELECT {name}(text) FROM pages")
    yield lambda: run("nothing"), lambda: run("dechaff")
    connection.close()


def daft(pages: Pages) -> Works:
    import daft

    from dechaff.integrations.daft import clean

    frame = daft.from_arrow(pages.table).collect()
    nothing = daft.func.batch(return_dtype=daft.DataType.string())(lambda texts: texts)
    run = lambda column: frame.with_column("text", column).collect()
    yield lambda: run(nothing(daft.col("text"))), lambda: run(clean("text", pages.cleaner, threads=None))


def datasets(pages: Pages) -> Works:
    import datasets

    from dechaff.integrations.huggingface import Clean

    datasets.disable_progress_bars()
    dataset = datasets.Dataset(pages.table).with_format("arrow")
    run = lambda step: dataset.map(step, batched=True, keep_in_memory=True, load_from_cache_file=False)
    yield lambda: run(lambda table: table), lambda: run(Clean("text", pages.cleaner, threads=None))


def datatrove(pages: Pages) -> Works:
    from datatrove.data import Document

    from dechaff.integrations.datatrove import Clean

    texts = pages.table["text"].to_pylist()
    documents = lambda: (Document(text=text, id="") for text in texts)
    yield lambda: list(documents()), lambda: list(Clean(pages.cleaner).run(documents()))


def langchain(pages: Pages) -> Works:
    from langchain_core.documents import Document

    from dechaff.integrations.langchain import Clean

    documents = [Document(page_content=text) for text in pages.table["text"].to_pylist()]
    nothing = lambda: [document.model_copy(update={"page_content": document.page_content}) for document in documents]
    yield nothing, lambda: Clean(pages.cleaner).transform_documents(documents)


def llama_index(pages: Pages) -> Works:
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.schema import Document, TransformComponent

    from dechaff.integrations.llama_index import Clean

    class Nothing(TransformComponent):
        def __call__(self, nodes: Any, **kwargs: Any) -> Any:
            return nodes

    documents = [Document(text=text) for text in pages.table["text"].to_pylist()]
    run = lambda step: IngestionPipeline(transformations=[step], disable_cache=True).run(documents=documents)
    yield lambda: run(Nothing()), lambda: run(Clean(pages.cleaner))


def haystack(pages: Pages) -> Works:
    os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
    from haystack import Document, Pipeline
    from haystack.components.joiners import DocumentJoiner

    from dechaff.integrations.haystack import Clean

    documents = [Document(content=text) for text in pages.table["text"].to_pylist()]

    def run(step: Any) -> Any:
        pipeline = Pipeline()
        pipeline.add_component("step", step)
        return pipeline.run({"step": {"documents": documents}})

    yield lambda: run(DocumentJoiner()), lambda: run(Clean(pages.cleaner))


def nemo_curator(pages: Pages) -> Works:
    from nemo_curator.stages.text.modifiers import Modify
    from nemo_curator.tasks import DocumentBatch

    from dechaff.integrations.nemo_curator import Clean

    run = lambda step: Modify(step).process(DocumentBatch(dataset_name="pages", data=pages.table.to_pandas()))
    yield lambda: run(lambda text: text), lambda: run(Clean(pages.cleaner))


def ray(pages: Pages) -> Works:
    import logging

    import ray

    from dechaff.integrations.ray import Clean

    ray.init(num_cpus=pages.cores, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel("ERROR")
    read = lambda: ray.data.read_parquet(str(pages.files))
    run = lambda step: read().map_batches(step, batch_format="pyarrow", batch_size=1024).materialize()
    yield lambda: run(lambda table: table), lambda: run(Clean("text", pages.cleaner))
    ray.shutdown()


def spark(pages: Pages) -> Works:
    import sys

    from pyspark.sql import SparkSession

    from dechaff.integrations.spark import clean_batches

    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    builder = SparkSession.builder.master(f"local[{pages.cores}]").config("spark.ui.enabled", "false")
    session = builder.config("spark.driver.memory", "4g").config("spark.ui.showConsoleProgress", "false").getOrCreate()
    frame = session.read.parquet(str(pages.files))
    run = lambda step: frame.mapInArrow(step, frame.schema).write.format("noop").mode("overwrite").save()
    yield lambda: run(lambda batches: batches), lambda: run(clean_batches("text", pages.cleaner))
    session.stop()


INSIDE = [polars, duckdb, daft, datasets, datatrove, langchain, llama_index, haystack, nemo_curator]
OUTSIDE = [ray, spark]


def processor_time() -> float:
    """The seconds that this process and all below it have been on a core, where `/proc` tells."""
    times: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
        times[int(entry.name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    total, left = 0.0, [os.getpid()]
    while left:
        process = left.pop()
        total += times.get(process, 0.0)
        left += children.get(process, [])
    return total


def timed(work: Work) -> tuple[float, float]:
    """The seconds that passed, and those that cores spent."""
    start, used = time.perf_counter(), processor_time()
    work()
    return time.perf_counter() - start, processor_time() - used


def row(name: str, engine: Callable[[Pages], Works], pages: Pages) -> str:
    """A line of the table: rates of the engine, and how they stand to `clean_arrow` in the same rounds."""
    start = time.perf_counter()
    with contextmanager(engine)(pages) as (nothing, clean):
        started = time.perf_counter() - start
        # The first round starts workers and wakes patterns.
        _, first = nothing(), timed(clean)[0]
        direct = lambda: pages.cleaner.clean_arrow(pages.table["text"], threads=pages.cores)
        rounds = [[timed(work) for work in (direct, nothing, clean)] for _ in range(ROUNDS)]
    megabytes = pages.table["text"].nbytes / 1e6
    rates = [megabytes / statistics.median(turn[work][0] for turn in rounds) for work in range(3)]
    shares = [statistics.median(turn[0][kind] / turn[2][kind] for turn in rounds) for kind in range(2)]
    started += max(0.0, first - megabytes / rates[2])
    cells = [name, f"{started:.1f}", *(f"{rate:,.1f}" for rate in rates), *(f"{share:.2f}" for share in shares)]
    return f"| {' | '.join(cells)} |"


def table(source: list[str]) -> None:
    """Prints a table of all engines that are installed."""
    cleaner, cores = Cleaner(), len(os.sched_getaffinity(0))
    small = pa.table({"text": source})
    large = pa.concat_tables([small] * -(-LARGE // small.nbytes))
    print(f"{small.nbytes / 1e6:.0f} MB, for engines with processes of their own {large.nbytes / 1e6:.0f} MB, {cores} cores\n")
    print("| | start, s | `clean_arrow`, MB/s | nothing | cleaning | of `clean_arrow` | by time of cores |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as directory:
        for number in range(8):
            rows = len(large) // 8
            pq.write_table(large.slice(number * rows, rows), Path(directory, f"{number}.parquet"), row_group_size=1000)
        for engine in INSIDE + OUTSIDE:
            pages = Pages(large if engine in OUTSIDE else small, Path(directory), cores, cleaner)
            try:
                print(row(engine.__name__, engine, pages), flush=True)
            except ImportError as error:
                print(f"{engine.__name__} is left out: {error}", flush=True)
