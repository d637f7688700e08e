"""How fast the package and its adapters are: ratios within one run, medians of interleaved rounds.

    taskset -c 1 python bindings/python/bench.py [PAGES.jsonl.gz ...]      one core
    python bindings/python/bench.py [PAGES.jsonl.gz ...]                   all cores
    python bindings/python/bench.py --engines [PAGES.jsonl.gz ...]         the engines that are installed, each beside `clean_arrow`
    taskset -c 1 python bindings/python/bench.py --line-rules [PAGES.jsonl.gz ...]     beside datatrove's C4 filter

It runs in an environment with the package and pyarrow, such as `target/tmp/python`, which the heavy tests make.
The engine alone is `cargo bench --bench engine`. Without pages, texts are made of the samples.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import bench_engines
import pyarrow as pa

from dechaff import Cleaner

ROUNDS = 5


def texts(paths: list[str]) -> list[str]:
    if paths:
        rows = [json.loads(line) for path in paths for line in gzip.open(path, "rt")]
        return [row["text"] for row in rows]
    samples = [file.read_text() for file in sorted((Path(__file__).parents[2] / "samples").glob("*.txt"))]
    drawn = random.Random(1)
    return ["".join(drawn.sample(samples, 2)) for _ in range(1500)]


def functions(cleaner: Cleaner, source: list[str]) -> dict[str, Callable[[], Any]]:
    from dechaff.integrations.arrow import CleanTable

    table = pa.table({"text": source})
    return {
        "loop of clean": lambda: [cleaner.clean(text) for text in source],
        "clean_many": lambda: cleaner.clean_many(source),
        "clean_arrow": lambda: cleaner.clean_arrow(table["text"]),
        "scan_arrow": lambda: cleaner.scan_arrow(table["text"]),
        "table": lambda: CleanTable("text", cleaner, threads=None)(table),
    }


def line_rules(source: list[str], sentences: int) -> tuple[float, float]:
    """Megabytes a second of datatrove's C4 filter and of dechaff's rules, in this process and on one thread each.

    With -1 for `sentences` the filter counts none, which leaves its rules for lines; that it counts them by default takes spaCy.
    """
    from datatrove.data import Document
    from datatrove.pipeline.filters import C4QualityFilter

    # As many texts as make a run of a few seconds.
    some = random.Random(1).sample(source, min(len(source), 300))
    megabytes = sum(len(text.encode()) for text in some) / 1e6
    peer = C4QualityFilter(split_paragraph=True, min_num_sentences=sentences)
    cleaner = Cleaner(level="precise", skip=["model"])
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS + 1):
        documents = [Document(text=text, id="") for text in some]
        start = time.perf_counter()
        for document in documents:
            peer.filter(document)
        between = time.perf_counter()
        for text in some:
            cleaner.clean(text)
        end = time.perf_counter()
        if turn > 0:
            times[0].append(between - start)
            times[1].append(end - between)
    return megabytes / statistics.median(times[0]), megabytes / statistics.median(times[1])


def rust(source: list[str]) -> float:
    """The seconds that the engine alone takes for these texts, on one thread."""
    with tempfile.NamedTemporaryFile("wb") as file:
        file.write("\0".join(source).encode())
        file.flush()
        command = ["cargo", "bench", "-q", "--locked", "--bench", "engine", "--", file.name]
        return float(subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, check=True).stdout)


def main() -> None:
    arguments = sys.argv[1:]
    source = texts([argument for argument in arguments if not argument.startswith("--")])
    if "--engines" in arguments:
        bench_engines.table(source)
        return
    if "--line-rules" in arguments:
        for name, sentences in {"line rules alone": -1, "as it is by default": 5}.items():
            if sentences > 0 and find_spec("spacy") is None:
                print(f"C4 filter, {name}: left out, as spaCy is not installed")
                continue
            peer, ours = line_rules(source, sentences)
            print(f"| C4 filter, {name} | {peer:.2f} | {ours:.1f} | {ours / peer:.1f} |")
        return
    megabytes = sum(len(text.encode()) for text in source) / 1e6
    cleaner = Cleaner()
    runs = functions(cleaner, source)
    times: dict[str, list[float]] = {name: [] for name in ["engine in Rust, one thread", *runs]}
    for turn in range(ROUNDS + 1):
        turn_times = {"engine in Rust, one thread": rust(source)}
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            turn_times[name] = time.perf_counter() - start
        # The first round wakes patterns and caches.
        if turn > 0:
            for name, taken in turn_times.items():
                times[name].append(taken)
    base = statistics.median(times["engine in Rust, one thread"])
    print(f"{len(source)} texts, {megabytes:.1f} MB, {len(os.sched_getaffinity(0))} cores\n")
    print("| | MB/s | of the engine |\n|---|---:|---:|")
    for name, taken in times.items():
        print(f"| {name} | {megabytes / statistics.median(taken):.1f} | {base / statistics.median(taken):.2f} |")


if __name__ == "__main__":
    main()
