"""Cleans a directory on Spark, a task for each file: spark-submit spark_clean.py CRAWL CLEAN [-- OPTIONS OF dechaff clean]

Both directories are on a file system that all nodes see. Spark runs a task again whose worker died (spark.task.maxFailures).
"""

import argparse

from pyspark.sql import SparkSession

from dechaff.integrations.files import clean_file, files, merge_stats

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("root")
parser.add_argument("output")
parser.add_argument("--master", help="unless spark-submit says so; local[2,4] is two cores here and four tries")
parser.add_argument("options", nargs="*", help="of dechaff clean, after --")
args = parser.parse_args()

builder = SparkSession.builder.appName("dechaff")
spark = (builder.master(args.master) if args.master else builder).getOrCreate()
names = files(args.root)
if names:
    work = spark.sparkContext.parallelize(names, len(names))
    work.map(lambda name: clean_file(name, args.root, args.output, args.options)).collect()
print(merge_stats(names, args.output))
spark.stop()
