"""Cleans whole files, and learns from them, as units of work for any engine.

Each output is either complete or does not exist. This is separate from the adapters because only
file names pass through the engine. After a worker was lost, a file may be cleaned again, or by two
workers at once: both write the same bytes and rename them into place.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

from dechaff import Learned

KINDS = (".parquet", ".wet", ".wet.gz", ".wet.zst", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".txt")


def files(root: str | Path) -> list[str]:
    """Returns the sorted paths, relative to `root`, of the files below it that can be cleaned."""
    return sorted(str(path.relative_to(root)) for path in Path(root).rglob("*") if path.name.endswith(KINDS) and path.is_file())


def _run(*arguments: str | Path, directory: str | Path | None = None) -> bytes:
    command = [sys.executable, "-m", "dechaff._command", *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, check=False, cwd=directory)
    if run.returncode != 0:
        raise RuntimeError(f"dechaff {arguments[0]} ended with {run.returncode}: {run.stderr.decode(errors='replace').strip()}")
    return run.stdout


def clean_file(name: str, root: str | Path, output: str | Path, options: Sequence[str] = ()) -> str:
    """Cleans `root/name` to `output/text/name` on one core.

    Writes statistics to `output/stats/name.json`. They are written last: a file that has them is
    done and is not cleaned again. `options` are options of the command `dechaff clean`. Returns
    `name`.
    """
    text, stats = Path(output, "text", name), Path(output, "stats", f"{name}.json")
    if not stats.exists():
        for path in (text, stats):
            path.parent.mkdir(parents=True, exist_ok=True)
        part = stats.with_name(f".{stats.name}.{uuid.uuid4().hex}")
        try:
            _run("clean", Path(root, name), "--output", text, "--force", "--quiet", "--jobs", "1", "--stats", part, *options)
            os.replace(part, stats)
        finally:
            part.unlink(missing_ok=True)
    return name


def merge_stats(names: Sequence[str], output: str | Path) -> Path:
    """Adds up the statistics of files to `output/stats.json` and returns its path.

    All files must have been cleaned. Also removes the unfinished statistics that killed workers
    left behind.
    """
    total = Path(output, "stats.json")
    part = total.with_name(f".stats.{uuid.uuid4().hex}")
    try:
        # In steps, because a command line cannot hold 90,000 names.
        for start in range(0, len(names), 500):
            step = [Path(output, "stats", f"{name}.json") for name in names[start : start + 500]]
            part.write_bytes(_run("stats", "merge", *([part] if start else []), *step))
        if names:
            os.replace(part, total)
        for left in Path(output, "stats").rglob(".*"):
            if re.fullmatch(r".*\.json\.[0-9a-f]{32}", left.name):
                left.unlink(missing_ok=True)
    finally:
        part.unlink(missing_ok=True)
    return total


def learn_files(names: Sequence[str], root: str | Path, options: Sequence[str] = ()) -> Learned:
    """Learns from some of the files below `root` on one core.

    `options` are options of the command `dechaff learn`. Returns a part, in memory or a temporary
    file, to be merged with those of the other files.
    """
    with tempfile.TemporaryDirectory() as directory:
        listed, part = Path(directory, "names"), Path(directory, "part")
        listed.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        learn = ("learn", "--files-from", listed, "--part", "--output", part, "--quiet", "--jobs", "1")
        _run(*learn, *options, directory=root)
        return Learned.from_bytes(part.read_bytes())
