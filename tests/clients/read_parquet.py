#!/usr/bin/env python3
"""Cleans each Parquet file of a directory and reads the outputs with pyarrow, polars and DuckDB.

Usage: read_parquet.py DECHAFF DIRECTORY

Writes to the working directory. All columns must be what they were, but for the removed lines.
"""

import pathlib
import subprocess
import sys

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = "text,messages.content"


def without_chaff(value):
    """Returns a value of a text column, or a list of structures with one, without the chaff."""
    if isinstance(value, str):
        return value.replace("Advertisement\n", "")
    if isinstance(value, list):
        return [{**part, "content": without_chaff(part["content"])} for part in value]
    return value


def main():
    dechaff, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    for source in sorted(directory.glob("*.parquet")):
        if source.name.startswith("encrypted"):
            continue
        cleaned = pathlib.Path(source.name)
        subprocess.run(
            [dechaff, "clean", source, "-o", cleaned, "--text-field", COLUMNS,
             "--only", "advert/marker", "--max-removed", "1", "-q"],
            check=True,
        )
        before, after = pq.read_table(source), pq.read_table(cleaned)
        after.validate(full=True)
        assert before.schema.equals(after.schema, check_metadata=True), source
        expected = before.to_pylist()
        for row in expected:
            row["text"] = without_chaff(row["text"])
            if "messages" in row:
                row["messages"] = without_chaff(row["messages"])
        assert after.to_pylist() == expected, source
        texts = [row["text"] for row in expected]
        frame = polars.read_parquet(cleaned)
        assert frame["text"].to_list() == texts, source
        assert frame["id"].to_list() == [row["id"] for row in expected], source
        rows = duckdb.sql(f"SELECT text, id, score FROM '{cleaned}'").fetchall()
        assert rows == [(row["text"], row["id"], row["score"]) for row in expected], source
    print("all read")


if __name__ == "__main__":
    main()
