"""What a call of `clean` costs beside the engine's own work: counted, as times of two runs differ by more than that.

    cargo build --release --locked -p dechaff-python                        with symbols, which the wheel has not
    taskset -c 1 python bindings/python/bench_call.py [PAGES.jsonl.gz ...]

Valgrind counts a loop over N texts of about 3 KB and one over 2N, once all instructions and once those in the engine alone
(`Cleaner::clean` of the crate and the index of lines that it needs). What is left of the difference of the two loops, for a text,
is Python's loop and call, the arguments, `str` to UTF-8, the interpreter's lock, and the new `str`. Instructions become time at
the rate of the same loop without Valgrind.
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
from pathlib import Path

import bench

PACKAGE = Path(__file__).parent
LIBRARY = PACKAGE.parents[1] / "target" / "release" / "lib_dechaff.so"
# A function of Rust as Valgrind names it, with or without a hash behind.
ENGINE = ("dechaff::cleaner::Cleaner::clean", "dechaff::document::Document::new")
COUNT = 300
ROUNDS = 31


def child(file: str, count: int) -> None:
    from dechaff import Cleaner

    clean = Cleaner().clean
    for text in pickle.loads(Path(file).read_bytes())[:count]:
        clean(text)


def instructions(file: Path, count: int, environment: dict[str, str], inside: bool) -> int:
    toggles = [f"--toggle-collect={name}{end}" for name in ENGINE for end in ("", "::h*")] if inside else []
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *toggles]
    command = [*tool, sys.executable, __file__, "--child", file, str(count)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    counted = re.search(r"Collected : (\d+)", run.stderr)
    if counted is None:
        raise RuntimeError(run.stderr)
    return int(counted[1])


def seconds(texts: list[str]) -> float:
    """Of a call in the loop, the median of rounds."""
    from dechaff import Cleaner

    clean, taken = Cleaner().clean, []
    for _ in range(ROUNDS):
        # Objects of its own each time, as `str` keeps its UTF-8.
        fresh = pickle.loads(pickle.dumps(texts))
        start = time.perf_counter()
        for text in fresh:
            clean(text)
        taken.append((time.perf_counter() - start) / len(fresh))
    return statistics.median(taken)


def row(name: str, texts: list[str], environment: dict[str, str]) -> str:
    with tempfile.NamedTemporaryFile() as file:
        # Twice as many objects in both runs, so that making them cancels out.
        file.write(pickle.dumps([*texts, *("".join([text, ""]) for text in texts)]))
        file.flush()
        path, count = Path(file.name), len(texts)
        difference = [
            (instructions(path, 2 * count, environment, inside) - instructions(path, count, environment, inside)) / count
            for inside in (False, True)
        ]
    whole, engine = difference
    call = seconds(texts) * 1e6
    size = sum(len(text.encode()) for text in texts) / len(texts) / 1e3
    return f"| {name} | {size:.1f} | {call:.1f} | {whole:,.0f} | {whole - engine:,.0f} | {call * (whole - engine) / whole:.2f} |"


def main() -> None:
    source = [text for text in bench.texts(sys.argv[1:]) if 2500 < len(text.encode()) < 3500]
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(PACKAGE / "python" / "dechaff", Path(directory, "dechaff"))
        shutil.copy(LIBRARY, Path(directory, "dechaff", "_dechaff.abi3.so"))
        environment = {**os.environ, "PYTHONPATH": directory}
        print("| texts | KB | µs a call | instructions | outside of the engine | µs |\n|---|---:|---:|---:|---:|---:|")
        print(row("ASCII", [text for text in source if text.isascii()][:COUNT], environment), flush=True)
        print(row("others", [text for text in source if not text.isascii()][:COUNT], environment))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], int(sys.argv[3]))
    else:
        main()
