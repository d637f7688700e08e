"""Imports of packages that only some users need."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def needs(package: str, what: str) -> Generator[None]:
    """Imports in the block need a package. If it is missing, the error says what needs it and how to
    install it.

    Args:
        package: The name under which pip installs the package.
        what: What needs it, as the subject of a sentence.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == "dechaff":
            raise
        message = f"{what} needs the package {package}; install it: pip install {package} ({error})"
        raise ModuleNotFoundError(message, name=error.name) from error
