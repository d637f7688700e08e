"""Cleans files, and reports on them, with a `Cleaner`: what the command does, without a process."""

from __future__ import annotations

import importlib
import io
import json
import logging
import os
import shutil
import tempfile
import uuid
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal, TypeGuard

from dechaff._dechaff import Cleaner, clean_stream, write_report
from dechaff._needs import needs
from dechaff._verdicts import cleaner_or_default

_LOG = logging.getLogger("dechaff")
_Names = str | Iterable[str] | None


def clean_file(
    source: Any,
    target: Any,
    cleaner: Cleaner | None = None,
    *,
    format: str | None = None,
    text_field: _Names = None,
    url_field: str | None = None,
    lang_field: str | None = None,
    site_field: str | None = None,
    encoding: str | None = None,
    text_format: Literal["text", "html"] = "text",
    delimiter: str | None = None,
    quote: str | None = None,
    escape: str | None = None,
    no_header: bool = False,
    on_error: Literal["pass", "drop", "fail"] = "pass",
    on_held: Literal["pass", "drop", "keep-empty"] = "pass",
    output_format: str | None = None,
    compress: str | None = None,
    drop_empty: bool = False,
    verdict: str | None = None,
    strict: bool = False,
    overwrite: bool = False,
    threads: int | None = None,
) -> dict[str, Any]:
    """Cleans a file of one text or of records, in any format that the command reads.

    The file is read and written as a stream, in parts of about one mebibyte; only Parquet that is no
    local file is copied to a temporary file first. A target that is a path or a URL is written once
    all of it is clean, so it is complete or does not exist.

    Args:
        source: A path, a URL that fsspec can open, or a file object that is open in binary mode. The
            extension of its name tells the format, or else the first bytes do.
        target: A path, a URL or a file object, which is neither flushed nor closed. The extension of
            its name tells the compression; without a name it is that of the source.
        cleaner: The cleaner; by default, one with default options.
        format: The format of the source, such as ``"jsonl"``.
        text_field: The fields of a record that contain texts; by default, ``text``.
        url_field: The field that contains the URL; by default, ``url``.
        lang_field: The field that contains the language code.
        site_field: The field that contains the site; by default, the host of the URL is used.
        encoding: The encoding of the source, such as ``"windows-1252"``; by default, UTF-8.
        text_format: Whether texts are HTML, of which the text between the tags is cleaned.
        delimiter: The delimiter of CSV and TSV; by default, it is detected.
        quote: The quote around fields of CSV and TSV, or ``"none"``; by default, it is detected.
        escape: The character that escapes quotes in CSV and TSV; by default, it is detected.
        no_header: CSV and TSV have no header row; ``text_field`` is the number of a column.
        on_error: Whether records without readable text are passed through, dropped or an error.
        on_held: Whether texts that would lose more than ``max_removed`` are passed through, dropped
            with their record, or emptied.
        output_format: The format of the target; by default, that of the source.
        compress: The compression of the target: ``"none"``, ``"gzip"`` or ``"zstd"``.
        drop_empty: Drop records that have no text left.
        verdict: The name under which the verdict on each text is added to its record: a field, or the
            prefix of columns. The cleaner needs ``verdicts=True``, as the default one then has.
        strict: Invalid text is an error; by default, it is passed through.
        overwrite: Replace an existing target.
        threads: The number of threads; by default, one per core.

    Returns:
        The statistics, as ``dechaff clean --stats`` writes them. What was passed through is also
        logged, to the logger ``dechaff``.

    Raises:
        dechaff.Error: An option is invalid, or the source cannot be cleaned.
        FileExistsError: The target exists, and ``overwrite`` is not set.

    >>> import dechaff, io
    >>> target = io.BytesIO()
    >>> stats = dechaff.clean_file(io.BytesIO(b"It rained.\\nAdvertisement\\nIt stopped.\\n"), target)
    >>> target.getvalue(), stats["bytes-removed"]
    (b'It rained.\\nIt stopped.\\n', 14)
    """
    options = _options(
        format=format,
        text_field=text_field,
        url_field=url_field,
        lang_field=lang_field,
        site_field=site_field,
        encoding=encoding,
        text_format=text_format,
        delimiter=delimiter,
        quote=quote,
        escape=escape,
        no_header=no_header,
        on_error=on_error,
        on_held=on_held,
        output_format=output_format,
        compress=compress,
        drop_empty=drop_empty,
        verdict=verdict,
        strict=strict,
    )
    use = cleaner_or_default(cleaner, verdict)
    with _open_source(source) as (name, reader), _open_target(target, overwrite) as (target_name, writer):
        stats, passed = clean_stream(use, (name, reader), (target_name, writer), options, threads)
    for reason in passed:
        _LOG.warning("%s", reason)
    statistics: dict[str, Any] = json.loads(stats)
    return statistics


def report(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    cleaner: Cleaner | None = None,
    *,
    title: str | None = None,
    format: str | None = None,
    text_field: _Names = None,
    url_field: str | None = None,
    lang_field: str | None = None,
    site_field: str | None = None,
    encoding: str | None = None,
    overwrite: bool = False,
    threads: int | None = None,
) -> list[str]:
    """Writes the HTML page that shows what would be removed from files and why.

    It has charts and samples of each rule, as that of ``dechaff report``.

    Args:
        inputs: The paths of files and directories.
        output: The path of the page.
        cleaner: The cleaner; by default, one with default options.
        title: The title of the page; by default, the names of the inputs.
        format: The format of the inputs, such as ``"jsonl"``.
        text_field: The fields of a record that contain texts; by default, ``text``.
        url_field: The field that contains the URL; by default, ``url``.
        lang_field: The field that contains the language code.
        site_field: The field that contains the site; by default, the host of the URL is used.
        encoding: The encoding of the inputs; by default, UTF-8.
        overwrite: Replace an existing page.
        threads: The number of threads; by default, one per core.

    Returns:
        The inputs that could not be read, each with the reason. They are logged too, to the logger
        ``dechaff``.

    Raises:
        dechaff.Error: An option is invalid, or no input could be read.
        FileExistsError: The page exists, and ``overwrite`` is not set.
    """
    use = Cleaner() if cleaner is None else cleaner
    if not _is_path(inputs) and not isinstance(inputs, Iterable):
        raise TypeError(f"inputs must be a path, or several, not {type(inputs).__name__}")
    paths = [inputs] if isinstance(inputs, (str, os.PathLike)) else list(inputs)
    if not paths:
        raise ValueError("inputs is empty; pass a path, or several")
    _check_target(output, overwrite)
    options = _options(
        output=os.fspath(output),
        title=title,
        format=format,
        text_field=text_field,
        url_field=url_field,
        lang_field=lang_field,
        site_field=site_field,
        encoding=encoding,
        force=overwrite,
        # Only for the head of the page; the cleaner has them already.
        level=use.level,
        only=use.only,
        skip=use.skip,
        rules=use.rules,
        max_loss=None if use.max_loss is None else str(use.max_loss),
    )
    failed, passed = write_report(use, [*options, "--", *(os.fspath(path) for path in paths)], threads)
    for reason in failed:
        _LOG.error("%s", reason)
    for reason in passed:
        _LOG.warning("%s", reason)
    return failed


def _options(**values: _Names | bool) -> list[str]:
    """Returns options of the command. Those that are `None` or false are left out."""
    options: list[str] = []
    for name, value in values.items():
        flag = f"--{name.replace('_', '-')}"
        if value is None or value is False:
            continue
        if value is True:
            options.append(flag)
        elif isinstance(value, str):
            options.append(f"{flag}={value}")
        elif isinstance(value, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
            options += [f"{flag}={item}" for item in value]
        else:
            raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    return options


def _is_url(place: Any) -> TypeGuard[str]:
    return isinstance(place, str) and ("://" in place or "::" in place)


def _is_path(place: Any) -> TypeGuard[str | os.PathLike[str]]:
    return isinstance(place, (str, os.PathLike))


def _fsspec(argument: str) -> Any:
    with needs("fsspec", f"{argument}, which is a URL,"):
        return importlib.import_module("fsspec")


@contextmanager
def _named(name: str, file: AbstractContextManager[Any]) -> Generator[tuple[str, Any]]:
    with file as opened:
        yield name, opened


def _open_source(source: Any) -> AbstractContextManager[tuple[str, Any]]:
    """Opens a source. Returns its name, or `-` if it has none, and a reader of bytes."""
    if _is_url(source):
        return _named(source.partition("::")[0], _fsspec("source").open(source, "rb"))
    if _is_path(source):
        return _named(os.fspath(source), open(source, "rb"))
    return _file_object("source", source, "read")


def _file_object(argument: str, file: Any, method: str) -> AbstractContextManager[tuple[str, Any]]:
    # What fsspec.open returns, and opens on entry.
    if hasattr(file, "fs") and hasattr(file, "path") and not hasattr(file, method):
        if "b" not in file.mode:
            raise TypeError(f"{argument} is open in text mode; open it in binary mode")
        return _named(file.path, file)
    if isinstance(file, io.TextIOBase):
        raise TypeError(f"{argument} is open in text mode; open it in binary mode, or pass its attribute buffer")
    if not hasattr(file, method):
        raise TypeError(f"{argument} must be a path, a URL or a file object with the method {method}, not {type(file).__name__}")
    name = getattr(file, "name", None)
    # Standard streams are called <stdin> and the like, files without a name by their number.
    if not isinstance(name, str) or not name or name.startswith("<"):
        name = "-"
    return _named(name, nullcontext(file))


def _check_target(target: str | os.PathLike[str], overwrite: bool) -> None:
    if not overwrite and os.path.exists(target):
        raise FileExistsError(f"{os.fspath(target)} exists; pass overwrite=True to replace it")


def _open_target(target: Any, overwrite: bool) -> AbstractContextManager[tuple[str, Any]]:
    """Opens a target. Returns its name, or `-` if it has none, and a writer of bytes."""
    if _is_url(target):
        return _remote_target(target, overwrite)
    if _is_path(target):
        _check_target(target, overwrite)
        return _local_target(Path(target))
    return _file_object("target", target, "write")


@contextmanager
def _local_target(target: Path) -> Generator[tuple[str, Any]]:
    """A temporary file beside the target, which takes its place in the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        with part.open("xb") as file:
            yield os.fspath(target), file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        if error.filename != os.fspath(part):
            raise
        # The temporary name tells nobody anything.
        raise OSError(error.errno, error.strerror, os.fspath(target)) from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _remote_target(target: str, overwrite: bool) -> Generator[tuple[str, Any]]:
    """A temporary file, which is copied to the target in the end."""
    fsspec = _fsspec("target")
    system, path = fsspec.core.url_to_fs(target)
    if not overwrite and system.exists(path):
        raise FileExistsError(f"{target} exists; pass overwrite=True to replace it")
    with tempfile.TemporaryFile() as file:
        yield target.partition("::")[0], file
        file.seek(0)
        with system.open(path, "wb") as written:
            shutil.copyfileobj(file, written, 1 << 20)
