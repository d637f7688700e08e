"""The scripts of `scale/` write what the command writes, even if a worker is killed at work."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PACKAGE = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("dechaff")
TEXTS = [
    file.read_bytes().decode() for file in sorted((PACKAGE.parents[1] / "samples").glob("*.txt"))
]


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six files that take a worker about half a second each, long enough to kill it at work."""
    root = tmp_path_factory.mktemp("crawl")
    (root / "deep").mkdir()
    for number in range(4):
        rows = [f"{text}\nPage {number}, {row}.\n" for row in range(700) for text in TEXTS]
        pq.write_table(pa.table({"text": rows}), root / "deep" / f"{number}.parquet")
    for number in range(2):
        records = []
        for row in range(700):
            for text in TEXTS:
                body = f"{text}\nPage {number}, {row}.\n".encode()
                head = "WARC/1.0\r\nWARC-Type: conversion\r\n"
                head += f"WARC-Target-URI: http://example.org/{row}\r\n"
                head += f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
                records.append(head.encode() + body + b"\r\n\r\n")
        (root / f"{number}.wet").write_bytes(b"".join(records))
    return root


@pytest.fixture(scope="module")
def expected(
    crawl: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bytes], object]:
    """The outputs and the statistics of the command for the crawl."""
    directory = tmp_path_factory.mktemp("expected")
    subprocess.run(
        [
            COMMAND,
            "clean",
            "-q",
            crawl,
            "-o",
            directory / "text",
            "--stats",
            directory / "stats.json",
        ],
        check=True,
    )
    return outputs(directory / "text"), json.loads((directory / "stats.json").read_text())


def outputs(root: Path) -> dict[str, bytes]:
    """Returns the contents of all files below `root` except the command's manifest and journal."""
    files = {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
    return {
        name: data
        for name, data in files.items()
        if not name.startswith((".dechaff", "dechaff-run"))
    }


def worker(output: Path) -> int | None:
    """Returns the parent of the command that writes below `output`, or `None` if there is none."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            if b"dechaff._command" in arguments and any(
                part.startswith(bytes(output)) for part in arguments
            ):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                return parent if parent > 1 else None
        except OSError:
            continue
    return None


def run(
    script: str, crawl: Path, output: Path, *arguments: str, kill: bool, interrupt: bool = False
) -> tuple[int, str]:
    """Runs a script of `scale/` and returns its exit code and log.

    With `kill`, the first worker that is found at work is killed; with `interrupt`, the script then
    receives SIGINT.
    """
    command = [sys.executable, str(PACKAGE / "scale" / script), str(crawl), str(output), *arguments]
    log = output.with_suffix(".log")
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    killed = False
    with log.open("wb") as log_file:
        process = subprocess.Popen(
            command, stdout=log_file, stderr=subprocess.STDOUT, env=environment
        )
        try:
            while kill and not killed and process.poll() is None:
                victim = worker(output)
                if victim is not None and victim != process.pid:
                    os.kill(victim, signal.SIGKILL)
                    killed = True
                time.sleep(0.005)
            if interrupt:
                process.send_signal(signal.SIGINT)
            code = process.wait(120)
        finally:
            process.kill()
    assert killed == kill, f"no worker was found at work\n{log.read_text()}"
    return code, log.read_text()


def check(output: Path, expected: tuple[dict[str, bytes], object]) -> None:
    """Asserts that a script wrote the outputs and the statistics of the command."""
    texts, stats = expected
    assert len(texts) == 6
    assert outputs(output / "text") == texts
    assert json.loads((output / "stats.json").read_text()) == stats


def test_leftovers_of_a_killed_worker_are_removed(tmp_path: Path) -> None:
    from dechaff.integrations.files import clean_file, merge_stats

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(TEXTS[0])
    clean_file("a.txt", tmp_path / "in", tmp_path / "out")
    left = tmp_path / "out" / "stats" / f".a.txt.json.{'0' * 32}"
    left.write_text("{")
    merge_stats(["a.txt"], tmp_path / "out")
    assert sorted(outputs(tmp_path / "out")) == ["stats.json", "stats/a.txt.json", "text/a.txt"]


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="workers are found in /proc, which is missing"
)


@needs_proc
def test_ray_recovers_from_a_killed_worker(
    crawl: Path,
    expected: tuple[dict[str, bytes], object],
    engine: Callable[[str], Any],
    tmp_path: Path,
) -> None:
    engine("ray")
    code, log = run("ray_clean.py", crawl, tmp_path / "out", "--cpus", "2", kill=True)
    assert code == 0, log
    check(tmp_path / "out", expected)


@needs_proc
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, which was not found")
def test_spark_recovers_from_a_killed_worker(
    crawl: Path,
    expected: tuple[dict[str, bytes], object],
    engine: Callable[[str], Any],
    tmp_path: Path,
) -> None:
    engine("pyspark")
    code, log = run("spark_clean.py", crawl, tmp_path / "out", "--master", "local[2,4]", kill=True)
    assert code == 0, log
    check(tmp_path / "out", expected)


def test_datatrove_can_be_run_again(
    crawl: Path, expected: tuple[dict[str, bytes], object], tmp_path: Path
) -> None:
    for _ in range(2):
        code, log = run("datatrove_clean.py", crawl, tmp_path / "out", kill=False)
        assert code == 0, log
        check(tmp_path / "out", expected)


@needs_proc
def test_datatrove_run_again_recovers_from_a_killed_worker(
    crawl: Path, expected: tuple[dict[str, bytes], object], tmp_path: Path
) -> None:
    code, log = run("datatrove_clean.py", crawl, tmp_path / "out", kill=True, interrupt=True)
    assert code != 0, log
    assert not (tmp_path / "out" / "stats.json").exists()
    code, log = run("datatrove_clean.py", crawl, tmp_path / "out", kill=False)
    assert code == 0, log
    check(tmp_path / "out", expected)


def test_datatrove_runs_on_slurm(
    crawl: Path, expected: tuple[dict[str, bytes], object], tmp_path: Path
) -> None:
    """Replaces the programs of Slurm by fakes and runs the submitted jobs as Slurm would."""
    (tmp_path / "bin").mkdir()
    for name, output_line in {"sbatch": "Submitted batch job 7", "scontrol": "node"}.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\necho {output_line}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    slurm = {
        "SLURM_NODEID": "0",
        "SLURM_NODELIST": "node",
        "SLURM_JOB_ID": "7",
        "SLURM_CPUS_PER_TASK": "1",
    }
    slurm |= {"SLURM_MEM_PER_CPU": "1", "SLURM_PROCID": "0", "SLURM_NNODES": "1"}
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    output = tmp_path / "out"
    script = [
        sys.executable,
        PACKAGE / "scale" / "datatrove_clean.py",
        crawl,
        output,
        "--slurm",
        "cpu",
        "--tasks",
        "2",
    ]
    subprocess.run(script, env=environment, check=True)
    for step, rank in [("clean", "0"), ("clean", "1"), ("merge", "0")]:
        job = [
            COMMAND.with_name("launch_pickled_pipeline"),
            output / "logs" / step / "executor.pik",
        ]
        subprocess.run(job, env={**environment, **slurm, "SLURM_ARRAY_TASK_ID": rank}, check=True)
    check(output, expected)
