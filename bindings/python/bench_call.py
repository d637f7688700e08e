"""What a call of `clean` costs beside the engine's own work: counted, as times of two runs differ by more than that.

    cargo build --release --locked -p dechaff-python                        with symbols, which the wheel has not
    taskset -c 1 python bindings/python/bench_call.py [PAGES.jsonl.gz ...]

Valgrind counts a loop over N texts of about 3 KB and one over 2N: all instructions, and of these the ones in the engine alone (the
index of lines, all of cleaning, and the cleaned text). What is left of the difference of the two loops, for a text, is Python's
loop and call, the arguments, the interpreter's lock, `str` to UTF-8 and the new `str`. The last two are CPython's own loops, which
can be called by themselves: they are timed so. The rest becomes time at the rate of the whole loop without Valgrind.
"""

from __future__ import annotations

import os
import pickle
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bench

PACKAGE = Path(__file__).parent
LIBRARY = PACKAGE.parents[1] / "target" / "release" / "lib_dechaff.so"
# A function of Rust as Valgrind names it, with or without a hash behind.
ENGINE = ("dechaff::document::Document::new", "dechaff::cleaner::Cleaner::run", "dechaff::cleaner::Cleaned::text")
CONVERSIONS = ("PyUnicode_AsUTF8AndSize", "PyUnicode_FromStringAndSize")
# A process that does nothing else: what other packages do when they are imported differs from run to run.
LOOP = """
import pickle, sys
from dechaff import Cleaner
clean = Cleaner().clean
texts = pickle.load(open(sys.argv[1], "rb"))
for text in texts[: int(sys.argv[2])]:
    clean(text)
"""
COUNT = 300
ROUNDS = 31


def instructions(file: Path, count: int, environment: dict[str, str]) -> tuple[int, int, int]:
    """All instructions of a loop over so many texts, those in the engine, and those of conversions."""
    with tempfile.NamedTemporaryFile() as profile:
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile.name}"]
        command = [*tool, sys.executable, "-c", LOOP, str(file), str(count)]
        subprocess.run(command, env=environment, capture_output=True, check=True)
        annotate = ["callgrind_annotate", "--inclusive=yes", "--threshold=100", profile.name]
        lines = subprocess.run(annotate, capture_output=True, text=True, check=True).stdout.splitlines()
    found = [(int(line.split()[0].replace(",", "")), line) for line in lines if re.match(r" *[\d,]{4,} ", line)]
    of = lambda name: max(number for number, line in found if re.search(rf"[:?]{name}(::h\w+)?(\s|'|$)", line))
    whole = next(number for number, line in found if "PROGRAM TOTALS" in line)
    return whole, sum(map(of, ENGINE)), sum(map(of, CONVERSIONS))


def seconds(work: Callable[[Any], Any], things: list[Any]) -> float:
    """Of a call in a loop, the median of rounds."""
    taken = []
    for _ in range(ROUNDS):
        # Objects of its own each time, as `str` keeps its UTF-8.
        fresh = pickle.loads(pickle.dumps(things))
        start = time.thread_time()
        for thing in fresh:
            work(thing)
        taken.append((time.thread_time() - start) / len(fresh))
    return statistics.median(taken)


def row(name: str, texts: list[str], environment: dict[str, str]) -> str:
    with tempfile.NamedTemporaryFile() as file:
        # Twice as many objects in both runs, so that making them cancels out.
        file.write(pickle.dumps([*texts, *("".join([text, ""]) for text in texts)]))
        file.flush()
        path, count = Path(file.name), len(texts)
        once, twice = (instructions(path, times * count, environment) for times in (1, 2))
    whole, engine, conversions = ((two - one) / count for one, two in zip(once, twice, strict=True))
    from dechaff import Cleaner

    clean = Cleaner().clean
    call = seconds(clean, texts) * 1e6
    new = [cleaned.encode() for cleaned, text in zip(map(clean, texts), texts, strict=True) if cleaned != text]
    loop = seconds(lambda text: None, texts)
    # UTF-8 of a text of ASCII alone is what it is made of.
    there = 0.0 if texts[0].isascii() else seconds(lambda text: text.encode(), texts) - loop
    back = (seconds(lambda text: text.decode(), new) - loop) * len(new) / count if new else 0.0
    rest = call * (whole - engine - conversions) / whole
    size = sum(len(text.encode()) for text in texts) / count / 1e3
    counts = f"{whole:,.0f} | {conversions:,.0f} | {whole - engine - conversions:,.0f}"
    converting = (there + back) * 1e6
    return f"| {name} | {size:.1f} | {call:.0f} | {counts} | {converting:.2f} | {rest:.2f} | {converting + rest:.2f} |"


def main() -> None:
    source = [text for text in bench.texts(sys.argv[1:]) if 2500 < len(text.encode()) < 3500]
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(PACKAGE / "python" / "dechaff", Path(directory, "dechaff"))
        shutil.copy(LIBRARY, Path(directory, "dechaff", "_dechaff.abi3.so"))
        environment = {**os.environ, "PYTHONPATH": directory, "PYTHONHASHSEED": "0"}
        print("| texts | KB | µs a call | instructions | of conversions | of the rest | µs converting | µs of the rest | µs |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
        print(row("ASCII", [text for text in source if text.isascii()][:COUNT], environment), flush=True)
        print(row("others", [text for text in source if not text.isascii()][:COUNT], environment))


if __name__ == "__main__":
    main()
