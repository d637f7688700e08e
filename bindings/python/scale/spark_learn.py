"""Learns what sites repeat with Spark.

    spark-submit spark_learn.py CRAWL SITES.learned [-- OPTIONS OF dechaff learn]

Reads what dechaff reads (Parquet, WET, JSON Lines), on a file system that all nodes see. Each task
learns from some files. What it counted is divided by site, so that each of the second tasks has all
counts of its sites.
"""

import argparse

from pyspark.sql import SparkSession

from dechaff import Learned
from dechaff.integrations.files import files, learn_files

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("root")
parser.add_argument("output")
parser.add_argument("--files", type=int, default=16, help="files per task")
parser.add_argument(
    "--shares", type=int, default=16, help="tasks that add up, each for its share of the sites"
)
parser.add_argument(
    "--master", help="unless spark-submit says so; local[2,4] is two cores here and four tries"
)
parser.add_argument("options", nargs="*", help="of dechaff learn, after --")
args = parser.parse_args()
root, options, shares = args.root, args.options, args.shares


def count(names):
    return enumerate(learn_files(names, root, options).split(shares))


def add_up(parts):
    return [Learned.merge(part for _, part in parts).to_bytes()]


builder = SparkSession.builder.appName("dechaff")
spark = (builder.master(args.master) if args.master else builder).getOrCreate()
names = files(root)
tasks = [names[start : start + args.files] for start in range(0, len(names), args.files)]
parts = spark.sparkContext.parallelize(tasks, max(len(tasks), 1)).flatMap(count)
learned = parts.partitionBy(shares, lambda share: share).mapPartitions(add_up)
Learned.merge(learned.toLocalIterator()).save(args.output)
spark.stop()
