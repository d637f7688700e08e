"""`dechaff.learn` and `Learned`: the files of the command, cleaning with them, and merging."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import dechaff
from dechaff import Cleaner, Error, Learned
from learned_pages import PAGES, SITES, URLS, article

COMMAND = Path(sys.executable).with_name("dechaff")


def run(*arguments: str | Path, directory: Path) -> str:
    command = [COMMAND, *map(str, arguments)]
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as JSON Lines, and what the command learns from them, also as a part."""
    directory = tmp_path_factory.mktemp("crawl")
    rows = (
        {"url": url, "place": site, "text": text}
        for url, site, text in zip(URLS, SITES, PAGES, strict=True)
    )
    (directory / "pages.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    run("learn", "-q", "pages.jsonl", "-o", "all.learned", directory=directory)
    run("learn", "-q", "pages.jsonl", "--part", "-o", "part.learned", directory=directory)
    return directory


@pytest.fixture(scope="module")
def learned(crawl: Path) -> Learned:
    return Learned.open(crawl / "all.learned")


@pytest.mark.parametrize("part", [False, True])
def test_files_are_those_of_the_command(crawl: Path, tmp_path: Path, part: bool) -> None:
    expected = (crawl / ("part.learned" if part else "all.learned")).read_bytes()
    pairs: list[tuple[Any, Any]] = [
        (PAGES, SITES),
        (iter(PAGES), iter(SITES)),
        (pa.array(PAGES), pa.array(SITES)),
        (pa.chunked_array([PAGES[:7], PAGES[7:]]), pa.chunked_array([SITES])),
        (pl.Series(PAGES), pl.Series(SITES)),
    ]
    for texts, sites in pairs:
        dechaff.learn(texts, sites, part=part).save(tmp_path / "a.learned")
        assert (tmp_path / "a.learned").read_bytes() == expected
    for threads, memory in [(1, 1), (3, 1 << 30)]:
        learned = dechaff.learn(PAGES, url=URLS, part=part, threads=threads, memory=memory)
        assert learned.to_bytes() == expected and learned.is_part == part
    assert dechaff.learn(PAGES, [None, "", *SITES[2:]], url=URLS, part=part).to_bytes() == expected


def test_blank_texts_and_unknown_sites_are_those_of_the_command(tmp_path: Path) -> None:
    texts = ["", "\n \n", "Home\n", "12\n", "\ufeffHome\r\nx", "no site\n", "no host\n"]
    urls = [
        "https://a.b/",
        "https://a.b/",
        "https://u@A.b:80/",
        "https://a.b",
        "http://a.b/",
        "",
        "a",
    ]
    rows = (json.dumps({"text": text, "url": url}) for text, url in zip(texts, urls, strict=True))
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    run("learn", "-q", "a.jsonl", "--part", "-o", "a.part", directory=tmp_path)
    learned = dechaff.learn(texts, url=urls, part=True)
    assert learned.to_bytes() == (tmp_path / "a.part").read_bytes() and learned.documents == 5


def test_what_would_be_removed_is_shown(crawl: Path, learned: Learned) -> None:
    assert len(learned) == 3 and learned.documents == 90 and learned.path == crawl / "all.learned"
    assert [(site.name, site.documents) for site in learned.sites()] == [
        (f"site{n}.example", 30) for n in range(3)
    ]
    assert "site1.example" in learned and "site3.example" not in learned
    shown = run(
        "learned",
        "show",
        "--json",
        "--all",
        "all.learned",
        "--site",
        "site1.example",
        directory=crawl,
    )
    rows = [json.loads(line) for line in shown.splitlines()]
    texts = learned.texts("site1.example", all=True)
    assert [
        text._asdict() | {"site": "site1.example", "share": round(text.share, 3)} for text in texts
    ] == rows
    assert learned.texts("site1.example") == [text for text in texts if text.removed]
    assert not learned.texts("site1.example", min_pages=1000)
    with pytest.raises(KeyError, match="site3"):
        learned.texts("site3.example")


def test_cleaning_is_that_of_the_command(crawl: Path, learned: Learned) -> None:
    clean = ("clean", "-q", "--learned", "all.learned", "pages.jsonl")
    expected = [json.loads(line)["text"] for line in run(*clean, directory=crawl).splitlines()]
    cleaner = Cleaner(learned=learned)
    assert expected != PAGES and expected != Cleaner().clean_many(PAGES, url=URLS)
    assert cleaner.clean_many(PAGES, site=SITES) == expected == cleaner.clean_many(PAGES, url=URLS)
    assert Cleaner(learned=str(crawl / "all.learned")).clean_many(PAGES, url=URLS) == expected
    assert cleaner.clean_arrow(pa.array(PAGES), site=pa.array(SITES)).to_pylist() == expected
    assert [
        cleaner.clean(text, site=site) for text, site in zip(PAGES, SITES, strict=True)
    ] == expected
    first = [text for text, site in zip(expected, SITES, strict=True) if site == SITES[0]]
    pages = [text for text, site in zip(PAGES, SITES, strict=True) if site == SITES[0]]
    assert cleaner.clean_arrow(pl.Series(pages), site=SITES[0]).to_list() == first
    result = cleaner.scan(PAGES[0], site=SITES[0])
    assert result.text == expected[0] == article(PAGES[0].split("The ")[1].split(" opens")[0])
    assert {removal.rule for removal in result.removals} == {"site/repeated"}
    scanned = cleaner.scan_arrow(pa.array(PAGES), site=pa.array([*SITES[:-1], None])).to_pylist()
    assert [row["text"] for row in scanned[:-1]] == expected[:-1] and scanned[-1]["text"] == PAGES[
        -1
    ]
    assert cleaner.clean(PAGES[0], site="another.example") == PAGES[0]
    strict = ("--min-pages", "1000", "--min-share", "0.5")
    unchanged = run(
        "clean", "-q", "--learned", "all.learned", *strict, "pages.jsonl", directory=crawl
    )
    kept = Cleaner(learned=learned, min_pages=1000, min_share=0.5).clean_many(PAGES, url=URLS)
    assert kept == [json.loads(line)["text"] for line in unchanged.splitlines()]


def test_parts_are_merged_as_by_the_command(crawl: Path, learned: Learned, tmp_path: Path) -> None:
    parts: list[Any] = [
        dechaff.learn([text], [site], part=True) for text, site in zip(PAGES, SITES, strict=True)
    ]
    parts[3] = parts[3].to_bytes()
    parts[4].save(tmp_path / "4.part")
    parts[4] = tmp_path / "4.part"
    expected = (crawl / "all.learned").read_bytes()
    assert Learned.merge(parts).to_bytes() == expected
    whole = Learned.merge(iter(parts), part=True)
    assert whole.to_bytes() == (crawl / "part.learned").read_bytes()
    shares = whole.split(5)
    assert [len(Learned.from_bytes(share)) for share in shares] == [
        len(Learned.merge([share])) for share in shares
    ]
    assert Learned.merge(Learned.merge([share]) for share in shares).to_bytes() == expected
    with pytest.raises(Error, match="learn both with --part"):
        Learned.merge([learned, learned])
    assert len(Learned.merge([])) == 0


def test_what_was_learned_is_pickled_by_path_or_by_bytes(
    crawl: Path, learned: Learned, tmp_path: Path
) -> None:
    made = dechaff.learn(PAGES, SITES)
    assert (
        made == learned
        and hash(made) == hash(learned)
        and made != dechaff.learn(PAGES[3:], SITES[3:])
    )
    for each in [made, learned]:
        again = pickle.loads(pickle.dumps(each))
        assert again == each and again.path == each.path and copy.deepcopy(each) is each
        cleaner = Cleaner(learned=each, min_pages=4, min_share=0.2)
        unpickled = pickle.loads(pickle.dumps(cleaner))
        assert unpickled == cleaner != Cleaner(learned=each) != Cleaner()
        assert (unpickled.learned, unpickled.min_pages, unpickled.min_share) == (each, 4, 0.2)
        assert (
            unpickled.clean(PAGES[0], site=SITES[0])
            == cleaner.clean(PAGES[0], site=SITES[0])
            != PAGES[0]
        )
    assert len(pickle.dumps(learned)) < 400 < len(pickle.dumps(made))
    assert "all.learned" in repr(Cleaner(learned=learned)) and "3 sites, 90 documents" in repr(made)
    made.save(tmp_path / "a")
    pickled = pickle.dumps(Learned.open(tmp_path / "a"))
    dechaff.learn(PAGES[3:], SITES[3:]).save(tmp_path / "a")
    with pytest.raises(Error, match="not the file that was pickled"):
        pickle.loads(pickled)


_SHARED = Cleaner(learned=dechaff.learn(PAGES, SITES), skip="model")


def _clean(number: int) -> str:
    return _SHARED.clean(PAGES[number], site=SITES[number])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_threads_and_forked_processes_share_an_open_file() -> None:
    with get_context("fork").Pool(4) as pool:
        # Each process reads the sites that it meets from the same open file.
        forked = pool.map_async(_clean, range(90), chunksize=1).get(60)
    with ThreadPoolExecutor(4) as threads:
        assert (
            list(threads.map(_clean, range(90)))
            == forked
            == [_clean(number) for number in range(90)]
        )
    assert forked != PAGES


def test_invalid_arguments_raise_python_exceptions(crawl: Path, tmp_path: Path) -> None:
    for sites, message in [
        (SITES[:5], "only 5 items"),
        ([*SITES, "a"], "more items than the 90 texts"),
    ]:
        with pytest.raises(ValueError, match=message):
            dechaff.learn(PAGES, sites)
    with pytest.raises(ValueError, match="site has 1 items for 90 texts"):
        dechaff.learn(pa.array(PAGES), pa.array(["a"]))
    with pytest.raises(TypeError, match=r"texts\[1\]"):
        dechaff.learn(["a", None], "a")  # type: ignore[list-item]
    with pytest.raises(TypeError, match="one str"):
        dechaff.learn("abc", "a")
    for call, message in [
        (lambda: dechaff.learn(PAGES), "no site is known"),
        (lambda: dechaff.learn(PAGES, [""] * 90), "none of the 90 texts has a site"),
        (lambda: Cleaner(min_pages=3), "need learned"),
        (lambda: Cleaner(learned=crawl / "all.learned", min_share=2.0), "from 0 to 1"),
        (lambda: Learned.open(crawl / "pages.jsonl"), "is not a file that was learned"),
        (lambda: Learned.from_bytes(b"dechaffL"), "too short"),
    ]:
        with pytest.raises(Error, match=message):
            call()
    with pytest.raises(FileNotFoundError):
        Learned.open(tmp_path / "none")
    (tmp_path / "damaged").write_bytes(
        (crawl / "all.learned").read_bytes().replace(b"\x28\xb5\x2f\xfd", b"\0\0\0\0", 1)
    )
    with pytest.raises(Error, match="is damaged"):
        Cleaner(learned=tmp_path / "damaged").clean_many(PAGES, site=SITES)


def test_line_keys_are_equal_for_equal_lines() -> None:
    texts = ["Home\n12 comments\n\n---\n", None, "7 Comments!\nhome", ""]
    for kind in [pa.string(), pa.large_string(), pa.string_view()]:
        keys = dechaff.line_keys(pa.array(texts, kind))
        assert keys.type == pa.list_(pa.field("item", pa.uint64(), nullable=False))
        first, null, second, empty = keys.to_pylist()
        assert first == second[::-1] and len(set(first)) == 2 and null is None and empty == []
    assert dechaff.line_keys(pl.Series("a", texts)).to_list() == keys.to_pylist()


def test_grouped_counts_are_what_was_learned(crawl: Path) -> None:
    expected = [(crawl / name).read_bytes() for name in ("all.learned", "part.learned")]
    for kind in [pa.string(), pa.large_string()]:
        counts = dechaff.line_counts(pa.array(PAGES, kind))
        counts.validate(full=True)
        rows = [
            {
                "site": site,
                "key": line["key"],
                "documents": 1,
                "pages": [line["page"]],
                **{place: int(line[place]) for place in ("head", "body", "tail")},
                "text": line["text"],
            }
            for site, lines in zip(SITES, counts.to_pylist(), strict=True)
            for line in lines
        ]
        table = pa.Table.from_pylist(
            rows,
            pa.schema(
                [
                    ("site", kind),
                    ("key", pa.uint64()),
                    ("documents", pa.int32()),
                    ("pages", pa.list_(pa.uint64())),
                ]
                + [(place, pa.uint8()) for place in ("head", "body", "tail")]
                + [("text", pa.string())]
            ),
        )
        for given in [table, table.to_reader(7), iter(table.to_batches(100)), pl.DataFrame(table)]:
            assert Learned.from_counts(given, memory=1 << 16).to_bytes() == expected[0]
        signed = table.set_column(1, "key", table["key"].combine_chunks().view(pa.int64()))
        assert Learned.from_counts(signed, part=True).to_bytes() == expected[1]
    with pytest.raises(Error, match="no column 'key'; the columns are site"):
        Learned.from_counts(table.drop(["key"]))
    with pytest.raises(TypeError, match="'documents' is of Utf8"):
        Learned.from_counts(table.set_column(2, "documents", table["text"]))


def test_hosts_are_those_of_documents() -> None:
    urls = ["https://Me@A.example:8080/b", "a.example", None, "http://[::1]/"]
    assert dechaff.hosts(pa.array(urls)).to_pylist() == ["a.example", None, None, "[::1]"]
    assert dechaff.hosts(pl.Series("url", urls)).to_list() == ["a.example", None, None, "[::1]"]
