#!/usr/bin/env python3
"""Writes tests/clients/parquet/: files as pyarrow, pandas, polars and DuckDB write them.

Usage: make_parquet.py DIRECTORY

The files are committed, so that tests need none of these programs. They were written with pyarrow
26.0.1, pandas 3.1.1, polars 2.1.0 and DuckDB 2.0.1; `readers.txt` lists them.
`make_spark_parquet.py` writes those of Spark, which needs Java.
"""

import datetime
import decimal
import pathlib
import sys

import duckdb
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from parquet_rows import messages, text

OUT = pathlib.Path(sys.argv[1])
DAY = datetime.date(2024, 5, 12)


NUMBERS = range(40)
FLAT = {
    "id": pa.array(NUMBERS, pa.int64()),
    "text": pa.array([text(number) for number in NUMBERS], pa.string()),
    "score": pa.array([number / 8 for number in NUMBERS], pa.float64()),
    "source": pa.array([["web", "feed"][number % 2] for number in NUMBERS]),
}
RICH = {
    **FLAT,
    "messages": pa.array(
        [messages(number) for number in NUMBERS],
        pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())])),
    ),
    "kind": pa.array(["a", "b", None, "a"] * 10).dictionary_encode(),
    "raw": pa.array([bytes([number, 255]) for number in NUMBERS], pa.binary()),
    "day": pa.array([DAY + datetime.timedelta(number) for number in NUMBERS], pa.date32()),
    "time": pa.array([number * 10**9 for number in NUMBERS], pa.timestamp("us", "UTC")),
    "price": pa.array([decimal.Decimal(number) / 4 for number in NUMBERS], pa.decimal128(9, 2)),
    "sure": pa.array([number % 2 == 0 for number in NUMBERS], pa.bool_()),
}


def with_text(kind):
    """Returns the flat table with texts of another type."""
    return pa.table({**FLAT, "text": FLAT["text"].cast(kind)})


class PlainKeys(pe.KmsClient):
    """Keys that are not encrypted themselves."""

    def __init__(self, configuration):
        super().__init__()

    def wrap_key(self, key, master):
        return key

    def unwrap_key(self, key, master):
        return key


def write_encrypted(name, plaintext_footer):
    factory = pe.CryptoFactory(PlainKeys)
    configuration = pe.EncryptionConfiguration(
        footer_key="footer", column_keys={"column": ["score"]}, plaintext_footer=plaintext_footer
    )
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), configuration)
    flat = pa.table(FLAT)
    with pq.ParquetWriter(OUT / name, flat.schema, encryption_properties=properties) as writer:
        writer.write_table(flat)


def main():
    OUT.mkdir(exist_ok=True)
    flat, rich = pa.table(FLAT), pa.table(RICH)
    pq.write_table(flat, OUT / "pyarrow.parquet")
    pq.write_table(rich, OUT / "pyarrow-rich.parquet")
    pq.write_table(rich, OUT / "pyarrow-page-index.parquet", write_page_index=True)
    pq.write_table(
        rich, OUT / "pyarrow-v1.parquet", version="1.0", data_page_version="1.0",
        compression="gzip", use_dictionary=False, row_group_size=9,
    )
    pq.write_table(
        rich, OUT / "pyarrow-v2.parquet", data_page_version="2.0", compression="zstd",
        row_group_size=16, write_page_checksum=True,
    )
    pq.write_table(
        rich, OUT / "pyarrow-bare.parquet", compression="none", write_statistics=False,
        store_schema=False, data_page_size=512,
    )
    pq.write_table(with_text(pa.large_string()), OUT / "pyarrow-large-string.parquet")
    pq.write_table(with_text(pa.string_view()), OUT / "pyarrow-string-view.parquet")
    pq.write_table(flat.slice(0, 0), OUT / "pyarrow-no-rows.parquet")
    for name, has_index in (("empty-group", False), ("empty-group-page-index", True)):
        path = OUT / f"pyarrow-{name}.parquet"
        with pq.ParquetWriter(path, flat.schema, write_page_index=has_index) as writer:
            for part in (flat.slice(0, 0), flat.slice(0, 9), flat.slice(0, 0), flat.slice(9)):
                writer.write_table(part)
    write_encrypted("encrypted-footer.parquet", False)
    write_encrypted("encrypted-column.parquet", True)
    flat.to_pandas().to_parquet(OUT / "pandas.parquet")
    polars.from_arrow(rich.drop(["kind"])).write_parquet(OUT / "polars.parquet")
    duckdb.sql("SELECT * FROM flat").write_parquet(str(OUT / "duckdb.parquet"))
    print(f"pyarrow {pa.__version__}, pandas {pandas.__version__}, polars {polars.__version__}, "
          f"DuckDB {duckdb.__version__}")


if __name__ == "__main__":
    main()
