#!/usr/bin/env python3
"""Writes the files of tests/clients/parquet/ that Spark wrote.

Usage: make_spark_parquet.py DIRECTORY

The files are committed, so that tests need neither Spark nor Java. They were written with
PySpark 4.3.0 on Java 17.
"""

import pathlib
import shutil
import sys

from parquet_rows import messages, text
from pyspark.sql import SparkSession

OUT = pathlib.Path(sys.argv[1])

SCHEMA = """
    id bigint not null, text string, score double, source string,
    messages array<struct<role: string, content: string>>, raw binary, day date, time timestamp,
    price decimal(9, 2), sure boolean, tags map<string, string>
"""


def turns(number):
    """Returns the messages as pairs, since Spark orders the fields of dictionaries by name."""
    found = messages(number)
    return found and [(message["role"], message["content"]) for message in found]


def write(rows, name, **options):
    """Writes `rows`, a data frame, to one file named `name`."""
    parts = OUT / "parts"
    rows.coalesce(1).write.mode("overwrite").options(**options).parquet(str(parts))
    (part,) = parts.glob("*.parquet")
    shutil.move(part, OUT / name)
    shutil.rmtree(parts)


def main():
    OUT.mkdir(exist_ok=True)
    local = {"spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1",
             "spark.driver.host": "127.0.0.1", "spark.sql.session.timeZone": "UTC"}
    spark = SparkSession.builder.master("local[1]").config(map=local).getOrCreate()
    rows = [
        (number, text(number), number / 8, ["web", "feed"][number % 2], turns(number),
         bytes([number, 255]), None, None, None, number % 2 == 0, {"n": str(number)})
        for number in range(40)
    ]
    frame = spark.createDataFrame(rows, SCHEMA).selectExpr(
        "id", "text", "score", "source", "messages", "raw", "date_add(date'2024-05-12', int(id)) day",
        "timestamp_seconds(id) time", "cast(id / 4 as decimal(9, 2)) price", "sure", "tags",
    )
    write(frame, "spark.parquet")
    write(frame.limit(0), "spark-no-rows.parquet")
    write(frame, "spark-v2.parquet", **{"parquet.writer.version": "PARQUET_2_0", "compression": "zstd"})
    spark.conf.set("spark.sql.parquet.writeLegacyFormat", "true")
    spark.conf.set("spark.sql.parquet.outputTimestampType", "INT96")
    write(frame.drop("messages"), "spark-legacy.parquet", compression="gzip")
    print(f"PySpark {spark.version}")


if __name__ == "__main__":
    main()
