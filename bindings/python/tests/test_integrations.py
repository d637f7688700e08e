"""Every adapter, run in its engine, cleans the samples byte for byte as the command does."""

from __future__ import annotations

import importlib
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import dechaff
from dechaff import Cleaner
from learned_pages import PAGES, SITES

SAMPLES = sorted((Path(__file__).parents[3] / "samples").glob("*.txt"))
TEXTS = [file.read_bytes().decode() for file in SAMPLES]
COMMAND = Path(sys.executable).with_name("dechaff")


@pytest.fixture(scope="module")
def expected() -> list[str]:
    """The samples as the command cleans them."""
    assert SAMPLES
    cleaned = []
    for file in SAMPLES:
        command = [COMMAND, "clean", "-q", file]
        run = subprocess.run(command, capture_output=True, check=True)
        cleaned.append(run.stdout.decode())
    assert cleaned != TEXTS
    return cleaned


@pytest.fixture(scope="module")
def sites() -> Cleaner:
    """A cleaner that has learned of the sites of some pages, whatever the texts say."""
    return Cleaner(learned=dechaff.learn(PAGES, SITES))


@pytest.fixture(scope="module")
def site_pages(sites: Cleaner) -> list[str]:
    """The pages without what their sites repeat. The last one has no site."""
    cleaned = sites.clean_many(PAGES, site=[*SITES[:-1], None])
    assert all("Letters" not in text for text in cleaned[:-1]) and cleaned[-1] == PAGES[-1]
    return cleaned


@pytest.mark.parametrize(
    ("adapter", "module", "package"),
    [
        ("daft", "daft", "daft"),
        ("datatrove", "datatrove", "datatrove"),
        ("haystack", "haystack", "haystack-ai"),
        ("langchain", "langchain_core", "langchain-core"),
        ("llama_index", "llama_index", "llama-index-core"),
        ("nemo_curator", "nemo_curator", "nemo-curator"),
        ("pandas", "pandas", "pandas"),
        ("polars", "polars", "polars"),
    ],
)
def test_a_missing_engine_is_named(
    adapter: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"dechaff.integrations.{adapter}"
    for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ModuleNotFoundError, match=f"{name} needs the package {package}; install it: pip install {package} "):
        importlib.import_module(name)


def test_engines_that_are_needed_late_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from dechaff.integrations.duckdb import register
    from dechaff.integrations.spark import clean_udf

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(ModuleNotFoundError, match="a function of DuckDB over Arrow needs the package pyarrow"):
        register(None)
    with pytest.raises(ModuleNotFoundError, match="clean_udf needs the package pyspark"):
        clean_udf()


def page_table() -> Any:
    """Returns an Arrow table of pages, the last of which has no site."""
    return pa.table({"number": range(90), "text": PAGES, "place": [*SITES[:-1], None]})


def table() -> Any:
    """Returns an Arrow table of the samples and their numbers."""
    return pa.table({"number": range(len(TEXTS)), "text": TEXTS})


def test_arrow_tables_are_cleaned(
    expected: list[str], sites: Cleaner, site_pages: list[str]
) -> None:
    from dechaff.integrations.arrow import CleanTable

    assert CleanTable()(table())["text"].to_pylist() == expected
    scanned = CleanTable(removals="removed")(table())
    assert scanned["text"].to_pylist() == expected and scanned.column_names == [
        "number",
        "text",
        "removed",
    ]
    assert any(scanned["removed"].to_pylist())
    judged = CleanTable(verdict="v")(table())
    assert judged["text"].to_pylist() == expected and judged.column_names == ["number", "text", "v"]
    assert all(0 <= row["risk"] <= 1 for row in judged["v"].to_pylist())
    with pytest.raises(dechaff.Error, match="verdict needs a cleaner with verdicts=True"):
        CleanTable(cleaner=Cleaner(), verdict="v")
    with pytest.raises(KeyError, match="body"):
        CleanTable("body")(table())
    assert CleanTable(cleaner=sites, site="place")(page_table())["text"].to_pylist() == site_pages


def test_polars_expressions_clean(
    expected: list[str], sites: Cleaner, site_pages: list[str]
) -> None:
    import polars as pl

    from dechaff.integrations.polars import clean

    frame = pl.DataFrame({"text": TEXTS})
    assert frame.with_columns(clean("text"))["text"].to_list() == expected
    assert (
        frame.lazy().select(clean(pl.col("text")).alias("a")).collect()["a"].to_list() == expected
    )
    pages = pl.DataFrame(page_table()).lazy()
    cleaned = pages.with_columns(clean("text", sites, site="place")).collect()
    assert cleaned["text"].to_list() == site_pages


def test_duckdb_function_cleans(expected: list[str], sites: Cleaner, site_pages: list[str]) -> None:
    import duckdb

    from dechaff.integrations.duckdb import register

    connection = duckdb.connect()
    register(connection)
    connection.register("pages", table())
    assert [
        row[0]
        for row in connection.execute("SELECT dechaff(text) FROM pages ORDER BY number").fetchall()
    ] == expected
    assert connection.execute("SELECT dechaff(NULL::VARCHAR)").fetchone() == (None,)
    connection = duckdb.connect()
    register(connection, sites, name="clean_site", site=True)
    connection.register("site_pages", page_table())
    query = "SELECT clean_site(text, place) FROM site_pages ORDER BY number"
    assert [row[0] for row in connection.execute(query).fetchall()] == site_pages


def test_daft_expressions_clean(
    expected: list[str], engine: Callable[[str], Any], sites: Cleaner, site_pages: list[str]
) -> None:
    daft = engine("daft")

    from dechaff.integrations.daft import clean

    frame = daft.from_arrow(table())
    for column in ["text", daft.col("text")]:
        assert (
            frame.with_column("text", clean(column)).sort("number").to_pydict()["text"] == expected
        )
    pages = daft.from_arrow(page_table()).with_column("text", clean("text", sites, site="place"))
    assert pages.sort("number").to_pydict()["text"] == site_pages
    assert daft.from_pydict({"text": ["a", None]}).select(clean("text")).to_pydict() == {
        "text": ["a", None]
    }


def test_huggingface_datasets_are_cleaned_and_fingerprinted(expected: list[str]) -> None:
    import datasets
    from datasets.fingerprint import Hasher

    from dechaff.integrations.huggingface import Clean

    dataset = datasets.Dataset(table()).with_format("arrow")
    for processes in [None, 2]:
        mapped = dataset.map(Clean(), batched=True, batch_size=3, num_proc=processes).with_format(
            None
        )
        assert list(mapped["text"]) == expected
    code = "from datasets.fingerprint import Hasher\n"
    code += "from dechaff.integrations.huggingface import Clean\n"
    code += "print(Hasher.hash(Clean()))"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert Hasher.hash(Clean()) == other != Hasher.hash(Clean(cleaner=Cleaner(skip="model")))


def test_datatrove_step_cleans(expected: list[str], sites: Cleaner, site_pages: list[str]) -> None:
    from datatrove.data import Document

    from dechaff.integrations.datatrove import Clean

    step = Clean(removals="removed")
    documents = list(
        step.run(iter([Document(text=text, id=str(index)) for index, text in enumerate(TEXTS)]))
    )
    assert [document.text for document in documents] == expected
    assert any(document.metadata["removed"] for document in documents)
    assert any(name.startswith("rule/") for name in step.stats.stats)
    (judged,) = Clean(verdict="v").run(iter([Document(text=TEXTS[0], id="0")]))
    assert 0 <= judged.metadata["v"]["risk"] <= 1
    pages = [
        Document(text=row["text"], id="a", metadata={"place": row["place"]})
        for row in page_table().to_pylist()
    ]
    step = Clean(sites, site="place")
    assert [document.text for document in step.run(iter(pages))] == site_pages


def test_langchain_transformer_cleans(
    expected: list[str], sites: Cleaner, site_pages: list[str]
) -> None:
    from langchain_core.documents import Document

    from dechaff.integrations.langchain import Clean

    documents = [
        Document(page_content=text, metadata={"n": index}) for index, text in enumerate(TEXTS)
    ]
    cleaned = Clean().transform_documents(documents)
    assert [document.page_content for document in cleaned] == expected
    assert [document.metadata["n"] for document in cleaned] == list(range(len(TEXTS)))
    pages = [
        Document(page_content=row["text"], metadata={"place": row["place"]})
        for row in page_table().to_pylist()
    ]
    cleaned = Clean(sites, site="place").transform_documents(pages)
    assert [document.page_content for document in cleaned] == site_pages


def test_llama_index_component_cleans(
    expected: list[str], sites: Cleaner, site_pages: list[str]
) -> None:
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.schema import Document, ImageNode

    from dechaff.integrations.llama_index import Clean

    documents = [Document(text=text, metadata={"n": index}) for index, text in enumerate(TEXTS)]
    cleaned = IngestionPipeline(transformations=[Clean()]).run(documents=documents)
    assert [document.text for document in cleaned] == expected
    assert [document.id_ for document in cleaned] == [document.id_ for document in documents]
    assert [document.metadata for document in cleaned] == [
        document.metadata for document in documents
    ]
    assert [document.text for document in documents] == TEXTS
    pages = [
        Document(text=row["text"], metadata={"place": row["place"]})
        for row in page_table().to_pylist()
    ]
    assert [node.text for node in Clean(sites, site="place")(pages)] == site_pages
    image = ImageNode(image_url="https://example.org/a.png")
    assert Clean()([image])[0] is image
    # A pipeline caches the results of a step under this dict.
    assert Clean().to_dict() == Clean(Cleaner()).to_dict() != Clean(Cleaner(skip="model")).to_dict()
    assert pickle.loads(pickle.dumps(Clean(Cleaner(skip="model")))).cleaner == Cleaner(skip="model")


def test_haystack_component_cleans(
    expected: list[str], sites: Cleaner, site_pages: list[str], tmp_path: Path
) -> None:
    from haystack import Document, Pipeline

    from dechaff.integrations.haystack import Clean

    documents = [Document(content=text, meta={"n": index}) for index, text in enumerate(TEXTS)]
    pipeline = Pipeline()
    pipeline.add_component("clean", Clean())
    cleaned = pipeline.run({"clean": {"documents": [*documents, Document(content=None)]}})["clean"][
        "documents"
    ]
    assert [document.content for document in cleaned] == [*expected, None]
    assert [document.meta for document in cleaned[:-1]] == [document.meta for document in documents]
    assert [document.content for document in documents] == TEXTS
    changed = next(index for index, text in enumerate(TEXTS) if text != expected[index])
    assert (
        cleaned[changed].id
        != documents[changed].id
        == Clean(keep_id=True).run(documents)["documents"][changed].id
    )
    pages = [
        Document(content=row["text"], meta={"place": row["place"]})
        for row in page_table().to_pylist()
    ]
    cleaned = Clean(sites, site="place").run(pages)["documents"]
    assert [document.content for document in cleaned] == site_pages
    other = Pipeline()
    other.add_component("clean", Clean(Cleaner(level="precise", skip="model")))
    loaded = Pipeline.loads(other.dumps(), allowed_modules=["dechaff.integrations.haystack"])
    assert loaded.get_component("clean").cleaner == Cleaner(level="precise", skip="model")
    assert sites.learned is not None
    sites.learned.save(tmp_path / "a.learned")
    stored = Clean(Cleaner(learned=tmp_path / "a.learned", min_pages=4), site="place")
    again = Clean.from_dict(stored.to_dict())
    assert (again.cleaner, again.site) == (stored.cleaner, "place")
    with pytest.raises(ValueError, match="save it"):
        Clean(sites).to_dict()


def test_nemo_curator_modifier_cleans(
    expected: list[str], engine: Callable[[str], Any], sites: Cleaner, site_pages: list[str]
) -> None:
    modifiers, tasks = engine("nemo_curator.stages.text.modifiers"), engine("nemo_curator.tasks")
    import pandas

    from dechaff.integrations.nemo_curator import Clean

    def cleaned(stage: Any) -> list[Any]:
        frame = pandas.DataFrame(
            {"text": [*TEXTS, None], "url": [*["https://example.org/"] * len(TEXTS), None]}
        )
        batch = stage.process(tasks.DocumentBatch(dataset_name="pages", data=frame))
        texts = batch.to_pandas()["text"]
        assert texts.isna().tolist() == [*[False] * len(TEXTS), True]
        return texts.tolist()[:-1]

    assert cleaned(modifiers.Modify(pickle.loads(pickle.dumps(Clean())))) == expected
    assert (
        cleaned(
            modifiers.Modify(Clean(url="url"), input_fields=[["text", "url"]], output_fields="text")
        )
        == expected
    )
    step = Clean(sites, site="place")
    rows = page_table().to_pylist()
    assert [
        step.modify_document(text=row["text"], place=row["place"]) for row in rows
    ] == site_pages


def test_nemo_curator_pipeline_on_ray_cleans(
    expected: list[str], engine: Callable[[str], Any]
) -> None:
    """Runs in a separate process, because the pipeline starts and stops a Ray cluster."""
    engine("nemo_curator.stages.text.modifiers")
    command = [sys.executable, Path(__file__).with_name("curate.py")]
    run = subprocess.run(command, input="\0".join(TEXTS).encode(), capture_output=True)
    assert run.returncode == 0, run.stderr.decode()
    assert run.stdout.decode().split("\0")[1:] == expected


def test_ray_data_is_cleaned(
    expected: list[str], engine: Callable[[str], Any], sites: Cleaner, site_pages: list[str]
) -> None:
    ray = engine("ray")

    from dechaff.integrations.ray import Clean

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        source = ray.data.from_arrow(table())
        for step, options in [(Clean("text"), {}), (Clean, {"concurrency": 1})]:
            dataset = source.map_batches(step, batch_format="pyarrow", batch_size=3, **options)
            assert [
                row["text"] for row in sorted(dataset.take_all(), key=lambda row: row["number"])
            ] == expected
        clean = Clean("text", sites, site="place")
        pages = ray.data.from_arrow(page_table()).map_batches(clean, batch_format="pyarrow")
        rows = sorted(pages.take_all(), key=lambda row: row["number"])
        assert [row["text"] for row in rows] == site_pages
    finally:
        ray.shutdown()


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, which was not found")
def test_spark_functions_clean(
    expected: list[str],
    engine: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    sites: Cleaner,
    site_pages: list[str],
) -> None:
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    pyspark = engine("pyspark.sql")

    from dechaff.integrations.spark import clean_batches, clean_udf

    builder = pyspark.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = (
        builder.config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )
    try:
        frame = session.createDataFrame(
            [(index, text) for index, text in enumerate(TEXTS)], "number int, text string"
        )
        mapped = frame.mapInArrow(clean_batches(), frame.schema).orderBy("number").collect()
        assert [row.text for row in mapped] == expected
        called = (
            frame.select("number", clean_udf()("text").alias("text")).orderBy("number").collect()
        )
        assert [row.text for row in called] == expected
        rows = [tuple(row.values()) for row in page_table().to_pylist()]
        pages = session.createDataFrame(rows, "number int, text string, place string")
        mapped = pages.mapInArrow(clean_batches(cleaner=sites, site="place"), pages.schema)
        assert [row.text for row in mapped.orderBy("number").collect()] == site_pages
        called = pages.select("number", clean_udf(sites, site=True)("text", "place").alias("text"))
        assert [row.text for row in called.orderBy("number").collect()] == site_pages
    finally:
        session.stop()
