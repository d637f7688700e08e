"""Fixtures. Tests of large engines are skipped if the engine is not installed."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

# Some engines report their use to their makers.
os.environ |= {
    "DO_NOT_TRACK": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "RAY_USAGE_STATS_ENABLED": "0",
}


@pytest.fixture(scope="session")
def engine() -> Callable[[str], Any]:
    """Returns a function that imports a module of an engine in `engines.txt`, or skips the test."""

    def import_engine(name: str) -> Any:
        reason = f"{name} is not installed; DECHAFF_HEAVY=all installs it"
        return pytest.importorskip(name, reason=reason)

    return import_engine
