"""`dechaff.clean_file` and `dechaff.report`: paths, file objects and URLs, streams and errors."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dechaff
from dechaff import Cleaner, Error, clean_file, report
from learned_pages import PAGES, SITES

CHAFF = b"It rained.\nAdvertisement\nIt stopped.\n"
CLEAN = b"It rained.\nIt stopped.\n"
LINES = b"".join(json.dumps({"text": CHAFF.decode(), "n": n}).encode() + b"\n" for n in range(5000))
COMMAND = Path(sys.executable).with_name("dechaff")


class Counting(io.RawIOBase):
    """A reader and writer that is no file, and counts how much is asked for at once."""

    def __init__(self, data: bytes = b"") -> None:
        self.rest, self.written, self.largest = data, bytearray(), 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size)
        assert size > 0
        part, self.rest = self.rest[:size], self.rest[size:]
        return part

    def write(self, data: Any) -> int:
        part = bytes(data)[:1000]
        self.written += part
        return len(part)


def test_paths_file_objects_and_urls_give_what_the_command_gives(tmp_path: Path) -> None:
    source = tmp_path / "pages.jsonl"
    source.write_bytes(LINES)
    expected = subprocess.run([COMMAND, "clean", "-q", source], capture_output=True, check=True).stdout
    stats = clean_file(source, tmp_path / "clean.jsonl")
    assert (tmp_path / "clean.jsonl").read_bytes() == expected
    assert stats["documents"] == stats["changed"] == 5000
    buffer = io.BytesIO()
    assert clean_file(io.BytesIO(LINES), buffer) == stats and buffer.getvalue() == expected
    own = Counting()
    clean_file(Counting(LINES), own, threads=1)
    assert bytes(own.written) == expected
    clean_file(f"file://{source}", "memory://out/clean.jsonl", overwrite=True)
    assert fsspec.filesystem("memory").cat("out/clean.jsonl") == expected
    with (tmp_path / "opened.jsonl").open("wb") as target:
        clean_file(fsspec.open(str(source), "rb"), target)
    assert (tmp_path / "opened.jsonl").read_bytes() == expected
    assert sorted(os.listdir(tmp_path)) == ["clean.jsonl", "opened.jsonl", "pages.jsonl"]


def test_a_file_gets_the_verdicts_that_the_command_gives(tmp_path: Path) -> None:
    source = tmp_path / "pages.jsonl"
    source.write_bytes(b"".join(LINES.splitlines(keepends=True)[:3]))
    command = [COMMAND, "clean", "-q", source, "--verdict", "v"]
    expected = subprocess.run(command, capture_output=True, check=True).stdout
    for cleaner in [None, Cleaner(verdicts=True)]:
        target = io.BytesIO()
        clean_file(source, target, cleaner, verdict="v")
        assert target.getvalue() == expected
    assert json.loads(expected.splitlines()[0])["v"]["removed_share"] > 0
    with pytest.raises(Error, match="verdict needs a cleaner with verdicts=True"):
        clean_file(source, io.BytesIO(), Cleaner(), verdict="v")


def test_parquet_with_verdicts_is_read_by_others(tmp_path: Path) -> None:
    pl = pytest.importorskip("polars")
    source, target = tmp_path / "pages.parquet", tmp_path / "judged.parquet"
    # pyarrow stores an Arrow schema of these types, which does not know of the new columns.
    text = pa.array([CHAFF.decode(), None], pa.large_string())
    pq.write_table(pa.table({"text": text, "kind": pa.array(["a", "b"]).dictionary_encode()}), source)
    clean_file(source, target, verdict="v")
    table = pq.read_table(target)
    assert table["text"].to_pylist() == [CLEAN.decode(), None]
    assert table["kind"].to_pylist() == ["a", "b"] and table["v_held"].to_pylist() == [False, None]
    assert table.schema.field("v_risk").type == pa.float64()
    frame = pl.read_parquet(target)
    assert frame["v_removed_share"].to_list() == [pytest.approx(14 / 37, abs=0.0005), None]


def test_a_file_is_read_and_written_in_parts() -> None:
    source = Counting(LINES * 20)
    clean_file(source, Counting(), threads=1)
    assert 0 < source.largest < len(LINES) * 4


def test_names_tell_format_and_compression(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(CHAFF)
    clean_file(tmp_path / "a.txt", tmp_path / "a.txt.gz")
    assert gzip.decompress((tmp_path / "a.txt.gz").read_bytes()) == CLEAN
    clean_file(tmp_path / "a.txt.gz", tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_bytes() == CLEAN
    # Without a name the output is compressed as the input.
    buffer = io.BytesIO()
    clean_file(io.BytesIO(gzip.compress(CHAFF)), buffer)
    assert gzip.decompress(buffer.getvalue()) == CLEAN
    pq.write_table(pa.table({"body": [CHAFF.decode(), None]}), tmp_path / "a.parquet")
    with (tmp_path / "a.parquet").open("rb") as source:
        clean_file(source, tmp_path / "b.parquet", text_field="body")
    assert pq.read_table(tmp_path / "b.parquet")["body"].to_pylist() == [CLEAN.decode(), None]
    clean_file(tmp_path / "a.parquet", tmp_path / "b.jsonl", text_field=["body"], output_format="jsonl")
    assert (tmp_path / "b.jsonl").read_bytes().splitlines()[0] == b'{"body":"It rained.\\nIt stopped.\\n"}'


def test_the_cleaner_of_the_caller_is_used() -> None:
    buffer = io.BytesIO()
    stats = clean_file(io.BytesIO(CHAFF), buffer, Cleaner(skip="advert"))
    assert buffer.getvalue() == CHAFF and stats["bytes-removed"] == 0
    learned = Cleaner(learned=dechaff.learn(PAGES, SITES))
    rows = zip(PAGES, SITES, strict=True)
    pages = "".join(json.dumps({"text": text, "place": site}) + "\n" for text, site in rows)
    clean_file(io.BytesIO(pages.encode()), buffer := io.BytesIO(), learned, site_field="place")
    texts = [json.loads(line)["text"] for line in buffer.getvalue().splitlines()]
    assert texts == learned.clean_many(PAGES, site=SITES) != PAGES


def test_what_is_passed_through_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="dechaff"):
        stats = clean_file(io.BytesIO(b'{"text": "a"}\n{"text": 3}\n'), buffer := io.BytesIO(), format="jsonl")
    assert stats["damaged"] == 1 and buffer.getvalue() == b'{"text": "a"}\n{"text": 3}\n'
    assert "source: record 2 holds a number in 'text'" in caplog.text
    with pytest.raises(Error, match="text"):
        clean_file(io.BytesIO(b'{"text": 3}\n'), io.BytesIO(), format="jsonl", on_error="fail")


def test_what_is_no_text_is_an_error_or_passed_through(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Error, match="^source: is binary"):
        clean_file(io.BytesIO(bytes(range(256)) * 40), io.BytesIO())
    invalid = b"It rained s\xfc\xdf.\nAdvertisement\n"
    stats = clean_file(io.BytesIO(invalid), buffer := io.BytesIO())
    assert stats["invalid"] == 1 and buffer.getvalue() == invalid and "source: " in caplog.text
    with pytest.raises(Error, match="not valid"):
        clean_file(io.BytesIO(invalid), io.BytesIO(), strict=True)
    clean_file(io.BytesIO(invalid), buffer := io.BytesIO(), encoding="windows-1252")
    assert buffer.getvalue() == b"It rained s\xfc\xdf.\n"


def test_a_target_is_complete_or_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES)[:-9])
    for target in [tmp_path / "b.jsonl", "memory://broken/b.jsonl"]:
        with pytest.raises(Error):
            clean_file(tmp_path / "a.jsonl.gz", target)
    assert os.listdir(tmp_path) == ["a.jsonl.gz"]
    assert not fsspec.filesystem("memory").exists("broken/b.jsonl")
    (tmp_path / "c.txt").write_bytes(CHAFF)
    for target in [tmp_path / "c.txt", f"file://{tmp_path}/c.txt"]:
        with pytest.raises(FileExistsError, match="c.txt exists; pass overwrite=True"):
            clean_file(io.BytesIO(CHAFF), target)
    clean_file(tmp_path / "c.txt", tmp_path / "c.txt", overwrite=True)
    assert (tmp_path / "c.txt").read_bytes() == CLEAN


def test_directories_are_made_and_errors_name_the_target(tmp_path: Path) -> None:
    clean_file(io.BytesIO(CHAFF), tmp_path / "a" / "b" / "c.txt")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == CLEAN
    (tmp_path / "d.txt").mkdir()
    with pytest.raises(OSError) as raised:
        clean_file(io.BytesIO(CHAFF), tmp_path / "d.txt", overwrite=True)
    assert str(raised.value).endswith(f"directory: '{tmp_path / 'd.txt'}'")


def test_html_says_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    stats = clean_file(io.BytesIO(b"<!DOCTYPE html><html><body>Rain</body></html>"), io.BytesIO())
    assert stats["documents"] == 0
    assert "source: is HTML; extract its text first, or clean the text between its tags" in caplog.text


def test_options_of_the_command_are_passed_on() -> None:
    html = io.BytesIO(b"<p>It rained.</p><p>Advertisement</p>")
    target = io.BytesIO()
    clean_file(html, target, text_format="html")
    assert target.getvalue() == b"<p>It rained.</p>"
    table = io.BytesIO(b"1;'It rained.\nAdvertisement'\n2;'Share this\nFacebook\nTwitter'\n")
    target = io.BytesIO()
    options = {"delimiter": ";", "quote": "'", "no_header": True, "text_field": "2"}
    clean_file(table, target, format="csv", on_held="drop", **options)
    assert target.getvalue() == b"1;'It rained.\n'\n"


def test_exceptions_of_file_objects_reach_the_caller() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise PermissionError("the bucket is locked")

        def write(self, data: Any) -> int:
            raise ConnectionError("the disk is gone")

    with pytest.raises(PermissionError, match="the bucket is locked"):
        clean_file(Failing(), io.BytesIO())
    with pytest.raises(ConnectionError, match="the disk is gone"):
        clean_file(io.BytesIO(CHAFF), Failing())


def test_errors_name_the_argument(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(CHAFF)
    with pytest.raises(FileNotFoundError, match="none.txt"):
        clean_file(tmp_path / "none.txt", io.BytesIO())
    with pytest.raises(TypeError, match="source must be a path, a URL or a file object.* not int"):
        clean_file(3, io.BytesIO())
    with pytest.raises(TypeError, match="target must be a path, a URL or a file object.* not list"):
        clean_file(io.BytesIO(CHAFF), [])
    with pytest.raises(TypeError, match="source is open in text mode"):
        clean_file(io.StringIO("a"), io.BytesIO())
    with (tmp_path / "a.txt").open() as text, pytest.raises(TypeError, match="source is open in text mode"):
        clean_file(text, io.BytesIO())
    with pytest.raises(Error, match="^invalid value 'stop' for 'on_error <pass"):
        clean_file(io.BytesIO(CHAFF), io.BytesIO(), on_error="stop")  # type: ignore[arg-type]
    with pytest.raises(Error, match="'pages'"):
        clean_file(io.BytesIO(CHAFF), io.BytesIO(), format="pages")
    with pytest.raises(TypeError, match="text_field must be a str, not int"):
        clean_file(io.BytesIO(CHAFF), io.BytesIO(), text_field=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threads must be a whole number of at least 1, not 0"):
        clean_file(io.BytesIO(CHAFF), io.BytesIO(), threads=0)


def test_a_url_without_fsspec_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ImportError, match="source, which is a URL, needs the package fsspec; install it: pip install fsspec"):
        clean_file("memory://a.txt", io.BytesIO())
    with pytest.raises(ImportError, match="target, which is a URL, needs"):
        clean_file(io.BytesIO(CHAFF), "memory://a.txt")


def test_a_report_shows_what_would_be_removed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_bytes(CHAFF)
    (tmp_path / "b.jsonl").write_bytes(LINES[:1000].rpartition(b"\n")[0] + b"\n")
    page = tmp_path / "report.html"
    assert report([tmp_path / "in", tmp_path / "b.jsonl"], page, Cleaner(level="precise"), title="A crawl") == []
    html = page.read_text()
    assert "<title>A crawl" in html and "advert/marker" in html and "level precise" in html
    with pytest.raises(FileExistsError, match="report.html exists; pass overwrite=True"):
        report(tmp_path / "in", page)
    (failed,) = report([tmp_path / "in", tmp_path / "none.txt"], page, overwrite=True)
    assert "none.txt: cannot be" in failed
    with pytest.raises(Error, match=r"none\.txt"):
        report(tmp_path / "none.txt", page, overwrite=True)
    with pytest.raises(ValueError, match="inputs is empty"):
        report([], tmp_path / "other.html")
    with pytest.raises(TypeError, match="inputs must be a path, or several, not int"):
        report(3, tmp_path / "other.html")  # type: ignore[arg-type]
    row = {"text": PAGES[0], "place": SITES[0]}
    (tmp_path / "c.jsonl").write_text(json.dumps(row) + "\n")
    learned = Cleaner(learned=dechaff.learn(PAGES, SITES))
    report(tmp_path / "c.jsonl", page, learned, site_field="place", overwrite=True)
    assert "site/repeated" in page.read_text()
