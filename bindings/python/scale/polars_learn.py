"""Learns what sites repeat with Polars.

    python polars_learn.py CRAWL SITES.learned [--site COLUMN]

Reads all Parquet files below CRAWL. The counts of all sites must fit into memory.
"""

import argparse

import polars as pl

import dechaff

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("root")
parser.add_argument("output")
parser.add_argument("--text", default="text", help="column of the texts")
parser.add_argument("--url", default="url", help="column of the URLs, whose hosts are the sites")
parser.add_argument("--site", help="column of the sites, instead of --url")
args = parser.parse_args()

places = {"head": pl.Boolean, "body": pl.Boolean, "tail": pl.Boolean}
line = pl.Struct({"key": pl.UInt64, "page": pl.UInt64, **places, "text": pl.String})
lines = pl.col(args.text).map_batches(
    dechaff.line_counts, return_dtype=pl.List(line), is_elementwise=True
)
hosts = pl.col(args.url).map_batches(dechaff.hosts, return_dtype=pl.String, is_elementwise=True)
rows = (
    pl.scan_parquet(f"{args.root}/**/*.parquet")
    .select(site=pl.col(args.site) if args.site else hosts, line=lines)
    .explode("line")
    .unnest("line")
    .group_by("site", "key")
    .agg(
        pl.len().alias("documents"),
        pl.col("page").unique().alias("pages"),
        *(pl.col(place).sum() for place in places),
        pl.col("text").min(),
    )
    .filter(pl.col("key").is_null() | (pl.col("documents") > 1))
)
dechaff.Learned.from_counts(rows.collect(engine="streaming")).save(args.output)
