"""Learns what sites repeat with Ray Data.

    python ray_learn.py CRAWL SITES.learned [-- OPTIONS OF dechaff learn]

Reads what dechaff reads (Parquet, WET, JSON Lines), on a file system that all nodes see. Each task
learns from some files. What it counted is divided by site, so that each of the second tasks has all
counts of its sites.
"""

import argparse

import ray

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
    "--address", help="of a cluster, such as auto; one is started here unless given"
)
parser.add_argument("--cpus", type=int, help="of the one that is started here")
parser.add_argument("options", nargs="*", help="of dechaff learn, after --")
args = parser.parse_args()
root, options, shares = args.root, args.options, args.shares


def count(row):
    parts = learn_files(row["names"], root, options).split(shares)
    return [{"share": share, "part": part} for share, part in enumerate(parts)]


def add_up(group):
    return {"learned": [Learned.merge(group["part"]).to_bytes()]}


ray.init(address=args.address, num_cpus=args.cpus, include_dashboard=False)
names = files(root)
tasks = [{"names": names[start : start + args.files]} for start in range(0, len(names), args.files)]
dataset = ray.data.from_items(tasks, override_num_blocks=max(len(tasks), 1)).flat_map(count)
learned = dataset.groupby("share").map_groups(add_up, batch_format="numpy")
Learned.merge(row["learned"] for row in learned.iter_rows()).save(args.output)
