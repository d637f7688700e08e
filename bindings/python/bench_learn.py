"""How fast sites are learned, merged and cleaned on one core, for docs/scale.md.

    python bindings/python/bench_learn.py [--command PATH] [--sites N] [PAGES.jsonl.gz ...]

Writes WET files with 25 pages of each of 1,000 sites. A page is a text in the frame of its site: a
text of PAGES, or without pages two samples. Rates are by processor time, per megabyte of text.
"""

from __future__ import annotations

import argparse
import gzip
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import texts

PAGES, FILES = 25, 32
FRAME = [
    "Home",
    "News",
    "Weather in {}",
    "All about {}",
    "Letters to the editor of {}",
    "Jobs",
    "Built in {} since 1872",
]


def write_files(source: list[str], sites: int, directory: Path) -> int:
    """Writes the pages in random order and returns the bytes of their texts."""
    drawn, size = random.Random(1), 0
    visits = [site for site in range(sites) for _ in range(PAGES)]
    drawn.shuffle(visits)
    for number in range(FILES):
        with gzip.open(directory / f"{number:02}.warc.wet.gz", "wb", compresslevel=6) as file:
            for visit, site in enumerate(visits[number::FILES]):
                frame = [
                    line.format(f"Town {'i' * (site % 50)} {chr(97 + site % 26)}") for line in FRAME
                ]
                body = (
                    "\n".join([*frame[:4], drawn.choice(source).strip(), *frame[4:]]).encode()
                    + b"\n"
                )
                head = "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\n"
                head += f"WARC-Target-URI: https://site{site}.example/{number}/{visit}\r\n"
                head += f"Content-Length: {len(body)}\r\n\r\n"
                file.write(head.encode() + body + b"\r\n\r\n")
                size += len(body)
    return size


def run(*arguments: str | Path) -> float:
    """Runs a command on one thread and returns its processor time in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(list(map(str, arguments)), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def show(name: str, seconds: float, size: float) -> None:
    print(f"{name:<34} {seconds:7.1f} s {size / seconds:7.1f} MB/s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*")
    parser.add_argument("--sites", type=int, default=1000)
    parser.add_argument("--command", default=Path(sys.executable).with_name("dechaff"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        crawl, out = Path(temporary, "crawl"), Path(temporary, "out")
        crawl.mkdir()
        out.mkdir()
        size = write_files(texts(args.pages), args.sites, crawl) / 1e6
        files = sorted(crawl.iterdir())
        compressed = sum(file.stat().st_size for file in files) / 1e6
        described = f"{FILES} WET files of {compressed:.0f} MB, {args.sites} sites of {PAGES} pages"
        print(f"{size:.0f} MB of text in {described}", flush=True)
        learned, total = out / "sites.learned", 0.0
        parts = [out / f"{number}.part" for number in range(4)]
        learn = (args.command, "learn", "-q", "--jobs", "1", "--part", "-o")
        for number, part in enumerate(parts):
            total += run(*learn, part, *files[number::4])
        show("learning parts", total, size)
        merging = run(args.command, "learned", "merge", *parts, "-o", learned)
        show("merging parts", merging, size)
        part_size = sum(part.stat().st_size for part in parts) / 1e6
        print(f"parts {part_size:.1f} MB, learned file {learned.stat().st_size / 1e6:.2f} MB")
        clean = (args.command, "clean", "-q", "--jobs", "1", crawl, "-o")
        rules, sites = ("--level", "precise", "--skip", "model"), ("--learned", learned)
        for name, options in {
            "cleaning, precise, rules alone": rules,
            "the same, with what was learned": (*rules, *sites),
            "cleaning, balanced": (),
            "balanced, with what was learned": sites,
        }.items():
            show(name, run(*clean, out / name, *options), size)
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"most memory {memory:.0f} MiB")


if __name__ == "__main__":
    main()
