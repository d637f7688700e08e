"""Engines that weigh hundreds of megabytes are tested where they are installed, and tests of the others say so."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

# Some engines tell their makers that they are used.
os.environ |= {"DO_NOT_TRACK": "1", "HAYSTACK_TELEMETRY_ENABLED": "False", "RAY_USAGE_STATS_ENABLED": "0"}


@pytest.fixture(scope="session")
def engine() -> Callable[[str], Any]:
    """Imports a module of an engine that `engines.txt` lists, or skips the test."""
    return lambda name: pytest.importorskip(name, reason=f"{name} is not installed; DECHAFF_HEAVY=all brings it")
