"""The scripts of `scale/` that learn write, byte for byte, the file that the command writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dechaff import Learned
from dechaff.integrations.files import files, learn_files
from learned_pages import PAGES, SITES, URLS

PACKAGE = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("dechaff")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of Parquet files, over which the pages of each site are spread."""
    root = tmp_path_factory.mktemp("tables")
    (root / "deep").mkdir()
    for number, name in enumerate(["0", "1", "deep/2", "deep/3"]):
        rows = range(number, 90, 4)
        columns = {
            "url": [URLS[row] for row in rows],
            "text": [PAGES[row] for row in rows],
            "place": [SITES[row] for row in rows],
        }
        pq.write_table(pa.table(columns), root / f"{name}.parquet")
    pq.write_table(
        pa.table(
            {
                "url": pa.array([None, "no.host"]),
                "text": pa.array([PAGES[0], None]),
                "place": pa.array([None, ""], pa.string()),
            }
        ),
        root / "4.parquet",
    )
    return root


@pytest.fixture(scope="module")
def crawl(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of Parquet and WET files."""
    root = tmp_path_factory.mktemp("crawl") / "in"
    shutil.copytree(tables, root)
    for number in range(2):
        records = []
        for row in range(number, 60, 2):
            body = PAGES[row].replace("i", "j").encode()
            head = "WARC/1.0\r\nWARC-Type: conversion\r\n"
            head += f"WARC-Target-URI: {URLS[row]}\r\n"
            head += f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
            records.append(head.encode() + body + b"\r\n\r\n")
        (root / "deep" / f"{number}.warc.wet").write_bytes(b"".join(records))
    return root


def check(
    script: str, root: Path, directory: Path, *options: str, learn: tuple[str, ...] = ()
) -> None:
    """Asserts that a script writes the file that the command writes."""
    expected, written = directory / "expected", directory / "written"
    subprocess.run([COMMAND, "learn", "-q", root, "-o", expected, *learn], check=True)
    assert Learned.open(expected).documents >= 90
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    command = [sys.executable, PACKAGE / "scale" / script, root, written, *options]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
    assert run.returncode == 0, run.stdout + run.stderr
    assert written.read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("script", ["duckdb_learn.py", "polars_learn.py"])
def test_queries_learn_from_parquet(tables: Path, tmp_path: Path, script: str) -> None:
    check(script, tables, tmp_path)
    (tmp_path / "field").mkdir()
    check(
        script,
        tables,
        tmp_path / "field",
        "--site",
        "place",
        learn=("--site-field", "place", "--url-field", "none"),
    )


def test_ray_learns_from_parquet_and_wet(
    crawl: Path, tmp_path: Path, engine: Callable[[str], Any]
) -> None:
    engine("ray")
    check("ray_learn.py", crawl, tmp_path, "--files", "2", "--shares", "3", "--cpus", "2")


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, which was not found")
def test_spark_learns_from_parquet_and_wet(
    crawl: Path, tmp_path: Path, engine: Callable[[str], Any]
) -> None:
    engine("pyspark")
    check(
        "spark_learn.py", crawl, tmp_path, "--files", "2", "--shares", "3", "--master", "local[2,4]"
    )


def test_files_keep_the_site_of_their_directory(tmp_path: Path) -> None:
    for number, (site, page) in enumerate(zip(SITES, PAGES, strict=True)):
        (tmp_path / "in" / site).mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / site / f"{number}.txt").write_text(page)
    names = files(tmp_path / "in")
    parts = [learn_files(names[start::4], tmp_path / "in") for start in range(4)]
    subprocess.run([COMMAND, "learn", "-q", tmp_path / "in", "-o", tmp_path / "a"], check=True)
    assert Learned.merge(parts).to_bytes() == (tmp_path / "a").read_bytes()
    with pytest.raises(RuntimeError, match="none.txt"):
        learn_files(["none.txt"], tmp_path / "in")
