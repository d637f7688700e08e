"""Every adapter, in its real engine, gives byte for byte what the command gives on the samples."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dechaff import Cleaner

SAMPLES = sorted((Path(__file__).parents[3] / "samples").glob("*.txt"))
TEXTS = [file.read_bytes().decode() for file in SAMPLES]
COMMAND = Path(sys.executable).with_name("dechaff")


@pytest.fixture(scope="module")
def expected() -> list[str]:
    assert SAMPLES
    run = lambda file: subprocess.run([COMMAND, "clean", "-q", file], capture_output=True, check=True)
    cleaned = [run(file).stdout.decode() for file in SAMPLES]
    assert cleaned != TEXTS
    return cleaned


def table() -> Any:
    return pa.table({"number": range(len(TEXTS)), "text": TEXTS})


def test_tables(expected: list[str]) -> None:
    from dechaff.integrations.arrow import CleanTable

    assert CleanTable()(table())["text"].to_pylist() == expected
    scanned = CleanTable(removals="removed")(table())
    assert scanned["text"].to_pylist() == expected and scanned.column_names == ["number", "text", "removed"]
    assert any(scanned["removed"].to_pylist())
    with pytest.raises(KeyError, match="body"):
        CleanTable("body")(table())


def test_polars(expected: list[str]) -> None:
    import polars as pl

    from dechaff.integrations.polars import clean

    frame = pl.DataFrame({"text": TEXTS})
    assert frame.with_columns(clean("text"))["text"].to_list() == expected
    assert frame.lazy().select(clean(pl.col("text")).alias("a")).collect()["a"].to_list() == expected


def test_duckdb(expected: list[str]) -> None:
    import duckdb

    from dechaff.integrations.duckdb import register

    connection = duckdb.connect()
    register(connection)
    connection.register("pages", table())
    assert [row[0] for row in connection.execute("SELECT dechaff(text) FROM pages ORDER BY number").fetchall()] == expected
    assert connection.execute("SELECT dechaff(NULL::VARCHAR)").fetchone() == (None,)


def test_daft(expected: list[str]) -> None:
    import daft

    from dechaff.integrations.daft import clean

    frame = daft.from_arrow(table())
    for column in ["text", daft.col("text")]:
        assert frame.with_column("text", clean(column)).sort("number").to_pydict()["text"] == expected
    assert daft.from_pydict({"text": ["a", None]}).select(clean("text")).to_pydict() == {"text": ["a", None]}


def test_huggingface(expected: list[str]) -> None:
    import datasets
    from datasets.fingerprint import Hasher

    from dechaff.integrations.huggingface import Clean

    dataset = datasets.Dataset(table()).with_format("arrow")
    for processes in [None, 2]:
        mapped = dataset.map(Clean(), batched=True, batch_size=3, num_proc=processes).with_format(None)
        assert list(mapped["text"]) == expected
    code = "from datasets.fingerprint import Hasher; from dechaff.integrations.huggingface import Clean; print(Hasher.hash(Clean()))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert Hasher.hash(Clean()) == other != Hasher.hash(Clean(cleaner=Cleaner(skip="model")))


def test_datatrove(expected: list[str]) -> None:
    from datatrove.data import Document

    from dechaff.integrations.datatrove import Clean

    step = Clean(removals="removed")
    documents = list(step.run(iter([Document(text=text, id=str(index)) for index, text in enumerate(TEXTS)])))
    assert [document.text for document in documents] == expected
    assert any(document.metadata["removed"] for document in documents)
    assert any(name.startswith("rule/") for name in step.stats.stats)


def test_langchain(expected: list[str]) -> None:
    from langchain_core.documents import Document

    from dechaff.integrations.langchain import Clean

    documents = [Document(page_content=text, metadata={"n": index}) for index, text in enumerate(TEXTS)]
    cleaned = Clean().transform_documents(documents)
    assert [document.page_content for document in cleaned] == expected
    assert [document.metadata["n"] for document in cleaned] == list(range(len(TEXTS)))


def test_ray(expected: list[str]) -> None:
    ray = pytest.importorskip("ray")

    from dechaff.integrations.ray import Clean

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        dataset = ray.data.from_arrow(table()).map_batches(Clean, batch_format="pyarrow", batch_size=3, concurrency=1)
        assert [row["text"] for row in sorted(dataset.take_all(), key=lambda row: row["number"])] == expected
    finally:
        ray.shutdown()


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, which is not here")
def test_spark(expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    pyspark = pytest.importorskip("pyspark.sql")

    from dechaff.integrations.spark import clean_batches, clean_udf

    builder = pyspark.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
    try:
        frame = session.createDataFrame([(index, text) for index, text in enumerate(TEXTS)], "number int, text string")
        mapped = frame.mapInArrow(clean_batches(), frame.schema).orderBy("number").collect()
        assert [row.text for row in mapped] == expected
        called = frame.select("number", clean_udf()("text").alias("text")).orderBy("number").collect()
        assert [row.text for row in called] == expected
    finally:
        session.stop()
