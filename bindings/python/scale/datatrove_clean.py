"""Cleans a directory with datatrove's executors: python datatrove_clean.py CRAWL CLEAN [--slurm PARTITION] [-- OPTIONS]

Options are those of dechaff clean. Task I of N takes each Nth file. Run again, it goes on with what is not done; the statistics are
added up when all is.
"""

import argparse
from functools import partial

from datatrove.executor import LocalPipelineExecutor, SlurmPipelineExecutor


# Jobs on Slurm get these two functions by value, without what the script imports.
def clean(data, rank=0, world_size=1, *, root, output, options):
    from dechaff.integrations.files import clean_file, files

    for name in files(root)[rank::world_size]:
        clean_file(name, root, output, options)
    return data


def merge(data, rank=0, world_size=1, *, root, output):
    from dechaff.integrations.files import files, merge_stats

    merge_stats(files(root), output)
    return data


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root")
    parser.add_argument("output")
    parser.add_argument("--tasks", type=int, default=2)
    parser.add_argument("--slurm", metavar="PARTITION", help="submit to this partition instead of working here")
    parser.add_argument("--time", default="12:00:00", help="limit of a job on Slurm")
    parser.add_argument("options", nargs="*", help="of dechaff clean, after --")
    args = parser.parse_args()

    place = {"root": args.root, "output": args.output}
    steps = {"clean": (partial(clean, **place, options=args.options), args.tasks), "merge": (partial(merge, **place), 1)}
    before = None
    for name, (step, tasks) in steps.items():
        # What is done, `clean_file` knows itself; datatrove's own marks would hide new files from it.
        common = {"pipeline": [step], "tasks": tasks, "skip_completed": False, "logging_dir": f"{args.output}/logs/{name}"}
        if args.slurm:
            before = SlurmPipelineExecutor(
                **common, partition=args.slurm, time=args.time, job_name=f"dechaff-{name}", depends=before
            )
        else:
            LocalPipelineExecutor(**common, workers=tasks).run()
    # The last one submits the one that it waits for.
    if before:
        before.run()


if __name__ == "__main__":
    main()
