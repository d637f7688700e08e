"""The recipes of docs/recipes.md and docs/extractors.md do what they say."""

from __future__ import annotations

import asyncio
import doctest
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dechaff import Cleaner

RECIPES = Path(__file__).parents[3] / "docs" / "recipes.md"
EXTRACTORS = RECIPES.with_name("extractors.md")


def test_python_recipes_run() -> None:
    results = doctest.testfile(str(RECIPES), module_relative=False)
    assert results.attempted > 20 and results.failed == 0


def test_what_the_page_on_extractors_shows_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("trafilatura")
    shell, python = re.findall(r"^```(?:sh|python)\n(.*?)^```", EXTRACTORS.read_text(), re.MULTILINE | re.DOTALL)[:2]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    pasted = subprocess.run(["sh", "-ec", shell], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    names: dict[str, object] = {}
    monkeypatch.chdir(tmp_path)
    exec(python, names)
    extract = names["extract"]
    assert callable(extract)
    for text in [pasted.stdout, extract((tmp_path / "page.html").read_text())]:
        assert "The bridge opens on Monday" in text and "It cost the town" in text
        assert "Share this" not in text and "newsletter" not in text


def test_the_event_loop_runs_while_a_thread_cleans() -> None:
    cleaner = Cleaner()
    text = "It rained all day, she said.\nAdvertisement\n" * 40_000

    async def serve() -> tuple[float, int]:
        started = time.monotonic()
        work = asyncio.create_task(asyncio.to_thread(cleaner.clean, text))
        ticks = 0
        while not work.done():
            await asyncio.sleep(0.001)
            ticks += 1
        assert "Advertisement" not in await work
        return time.monotonic() - started, ticks

    seconds, ticks = asyncio.run(serve())
    # If the lock were held, the loop would not run before the end.
    assert ticks > 10, f"{ticks} ticks in {seconds:.2f} s"


def test_the_readme_names_no_package_index() -> None:
    """There is no release, so `pip install dechaff` fails."""
    root = RECIPES.parents[1]
    for page in [root / "README.md", root / "bindings/python/README.md", *root.glob("docs/*.md")]:
        assert not re.search(r"pip install \"?dechaff", page.read_text()), page
