"""Learns what sites repeat with DuckDB.

    python duckdb_learn.py CRAWL SITES.learned [--site COLUMN] [--memory 8GB]

Reads all Parquet files below CRAWL. DuckDB groups the texts by site and key, and moves what exceeds
its memory to the disk.
"""

import argparse

import duckdb

import dechaff

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("root")
parser.add_argument("output")
parser.add_argument("--text", default="text", help="column of the texts")
parser.add_argument("--url", default="url", help="column of the URLs, whose hosts are the sites")
parser.add_argument("--site", help="column of the sites, instead of --url")
parser.add_argument("--memory", help="that DuckDB may use")
args = parser.parse_args()

connection = duckdb.connect(config={"memory_limit": args.memory} if args.memory else {})
line = "STRUCT(key UBIGINT, page UBIGINT, head BOOL, body BOOL, tail BOOL, text VARCHAR)[]"
connection.create_function(
    "line_counts", lambda texts: dechaff.line_counts(texts), ["VARCHAR"], line, type="arrow"
)
connection.create_function(
    "hosts", lambda urls: dechaff.hosts(urls), ["VARCHAR"], "VARCHAR", type="arrow"
)
site = f'"{args.site}"' if args.site else f'hosts("{args.url}")'
rows = connection.execute(
    f"""
    SELECT site, line.key AS key, count(*) AS documents, list(DISTINCT line.page) AS pages,
        count(*) FILTER (line.head) AS head, count(*) FILTER (line.body) AS body,
        count(*) FILTER (line.tail) AS tail, min(line.text) AS text
    FROM (SELECT {site} AS site, unnest(line_counts("{args.text}")) AS line FROM read_parquet(?))
    GROUP BY site, key
    HAVING key IS NULL OR documents > 1
    """,
    [f"{args.root}/**/*.parquet"],
)
dechaff.Learned.from_counts(rows.to_arrow_reader()).save(args.output)
