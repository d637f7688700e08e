"""Makes files with the clients of corpora, has dechaff clean them, and reads the outputs with the same clients."""

import gzip
import io
import json
import subprocess
import sys

import datasets
import pandas
import polars
import pyarrow
import pyarrow.json
import pyarrow.parquet
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator
from warcio.warcwriter import WARCWriter

DECHAFF = sys.argv[1]
CHAFF = "It rained.\nAdvertisement\nIt stopped \U0001d11e, \"they\" said.\n"
CLEAN = CHAFF.replace("Advertisement\n", "")


def clean(source, target, *more):
    subprocess.run([DECHAFF, "clean", "-q", "-f", source, "-o", target, *more], check=True)


def parquet():
    turns = pyarrow.list_(pyarrow.struct([("content", pyarrow.string()), ("role", pyarrow.string())]))
    table = pyarrow.table({
        "id": ["a", "b", "c"],
        "text": pyarrow.array([CHAFF, None, "Fine."], pyarrow.large_string()),
        "kind": pyarrow.array([CHAFF, CHAFF, "x"]).dictionary_encode(),
        "when": pyarrow.array([1, 2, 3], pyarrow.timestamp("ns", "UTC")),
        "turns": pyarrow.array([[{"content": CHAFF, "role": "u"}], [], None], turns),
    }).replace_schema_metadata({"key": "value"})
    for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
        for version in ["1.0", "2.0"]:
            options = {"compression": codec, "data_page_version": version, "row_group_size": 2, "write_page_index": True}
            pyarrow.parquet.write_table(table, "a.parquet", **options)
            clean("a.parquet", "b.parquet", "--text-field", "text,kind,turns.content", "--removed", "r.jsonl")
            before, after = pyarrow.parquet.read_table("a.parquet"), pyarrow.parquet.read_table("b.parquet")
            assert after.schema.equals(before.schema, check_metadata=True), (codec, version)
            assert after["text"].to_pylist() == [CLEAN, None, "Fine."]
            assert after["kind"].to_pylist() == [CLEAN, CLEAN, "x"]
            assert after["turns"].to_pylist() == [[{"content": CLEAN, "role": "u"}], [], None]
            assert after["when"] == before["when"] and after["id"] == before["id"]
            clean("a.parquet", "d.parquet", "--on-error", "drop")
            fewer = pyarrow.parquet.read_table("d.parquet")
            assert fewer.schema.equals(before.schema, check_metadata=True), (codec, version)
            expected = [row for row in before.to_pylist() if row["text"]]
            assert fewer.to_pylist() == [row | {"text": row["text"].replace("Advertisement\n", "")} for row in expected]
            old, new = (pyarrow.parquet.ParquetFile(name).metadata for name in ["a.parquet", "b.parquet"])
            assert new.num_row_groups == old.num_row_groups
            assert new.row_group(0).column(1).compression == old.row_group(0).column(1).compression
            assert polars.read_parquet("b.parquet")["text"].to_list() == [CLEAN, None, "Fine."]
            subprocess.run([DECHAFF, "restore", "-f", "b.parquet", "--removed", "r.jsonl", "-o", "c.parquet"], check=True)
            assert pyarrow.parquet.read_table("c.parquet").to_pylist() == before.to_pylist()
    assert pandas.read_parquet("b.parquet")["text"][0] == CLEAN
    loaded = datasets.load_dataset("parquet", data_files="b.parquet", cache_dir="cache", split="train")
    assert loaded["text"][0] == CLEAN


def lines():
    rows = [{"id": i, "text": CHAFF if i % 2 else "Fine.", "n": 1.5} for i in range(5000)]
    expected = [CLEAN if i % 2 else "Fine." for i in range(5000)]
    with gzip.open("a.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    clean("a.jsonl.gz", "b.jsonl.gz")
    clean("a.jsonl.gz", "b.jsonl.zst")
    assert pandas.read_json("b.jsonl.gz", lines=True)["text"].to_list() == expected
    assert polars.read_ndjson(gzip.open("b.jsonl.gz").read())["text"].to_list() == expected
    assert pyarrow.json.read_json("b.jsonl.gz")["text"].to_pylist() == expected
    assert pandas.read_json("b.jsonl.zst", lines=True)["text"].to_list() == expected
    loaded = datasets.load_dataset("json", data_files="b.jsonl.gz", cache_dir="cache", split="train")
    assert list(loaded["text"]) == expected
    clean("a.jsonl.gz", "b.parquet", "--output-format", "parquet")
    assert pyarrow.parquet.read_table("b.parquet").column_names == ["id", "url", "text"]
    assert polars.read_parquet("b.parquet")["text"].to_list() == expected
    clean("a.jsonl.gz", "b.csv", "--output-format", "csv")
    assert pandas.read_csv("b.csv")["text"].to_list() == expected
    clean("a.jsonl.gz", "c.jsonl", "--annotate", "field")
    loaded = datasets.load_dataset("json", data_files="c.jsonl", cache_dir="cache", split="train")
    for text, marks in zip(loaded["text"], loaded["dechaff"]):
        for mark in reversed(marks):
            text = text[:mark["start"]] + text[mark["end"]:]
        assert text in (CLEAN, "Fine.")


def csv():
    frame = pandas.DataFrame({"id": [1, 2], "text": [CHAFF, "Fine, \"really\"."], "note": ["a\tb", None]})
    for name, separator in [("csv", ","), ("tsv", "\t")]:
        frame.to_csv(f"a.{name}", index=False, sep=separator)
        clean(f"a.{name}", f"b.{name}")
        after = pandas.read_csv(f"b.{name}", sep=separator)
        assert after["text"].to_list() == [CLEAN, "Fine, \"really\"."]
        assert polars.read_csv(f"b.{name}", separator=separator)["text"].to_list() == after["text"].to_list()


def wet():
    with open("a.warc.wet.gz", "wb") as file:
        writer = WARCWriter(file, gzip=True)
        file_info = {"software": "test"}
        writer.write_record(writer.create_warcinfo_record("a.warc.wet.gz", file_info))
        for number in range(50):
            text = (CHAFF if number % 2 else "Fine.\n").encode()
            uri = f"https://example.org/{number}"
            record = writer.create_warc_record(uri, "conversion", payload=io.BytesIO(text), warc_content_type="text/plain")
            writer.write_record(record)
    clean("a.warc.wet.gz", "b.warc.wet.gz")
    with open("b.warc.wet.gz", "rb") as file:
        found = []
        for record in ArchiveIterator(file, check_digests="raise"):
            if record.rec_type == "conversion":
                found.append(record.content_stream().read().decode())
    assert found == [CLEAN if number % 2 else "Fine.\n" for number in range(50)]
    with open("b.warc.wet.gz", "rb") as file:
        records = list(FastIterator(file, record_types=WarcRecordType.conversion, verify_digests=True))
        assert len(records) == 50
    with open("b.warc.wet.gz", "rb") as file:
        again = [record.reader.read().decode() for record in FastIterator(file, record_types=WarcRecordType.conversion)]
    assert again == found
    subprocess.run([sys.executable, "-m", "warcio.cli", "check", "b.warc.wet.gz"], check=True)


for check in [parquet, lines, csv, wet]:
    check()
print("all read")
