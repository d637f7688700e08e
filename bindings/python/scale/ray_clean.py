"""Cleans a directory on Ray, a task for each file: python ray_clean.py CRAWL CLEAN [-- OPTIONS OF dechaff clean]

Both directories are on a file system that all nodes see. Ray runs a task again whose worker died.
"""

import argparse

import ray

from dechaff.integrations.files import clean_file, files, merge_stats

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("root")
parser.add_argument("output")
parser.add_argument("--address", help="of a cluster, such as auto; one is started here unless given")
parser.add_argument("--cpus", type=int, help="of the one that is started here")
parser.add_argument("options", nargs="*", help="of dechaff clean, after --")
args = parser.parse_args()

ray.init(address=args.address, num_cpus=args.cpus, include_dashboard=False)
clean = ray.remote(num_cpus=1, max_retries=5)(clean_file)
names = files(args.root)
ray.get([clean.remote(name, args.root, args.output, args.options) for name in names])
print(merge_stats(names, args.output))
