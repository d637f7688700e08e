"""`dechaff.Cleaner`: results, options, errors, threads, interrupts, and the installed command."""

from __future__ import annotations

import copy
import doctest
import io
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import dechaff
from dechaff import Cleaner, Error, Learned, OffsetMap, Result

CHAFF = "It rained süß 𝄞.\nAdvertisement\nIt stopped.\n"
CLEAN = "It rained süß 𝄞.\nIt stopped.\n"
PACK = """
[pack]
name = "mine"

[[rule]]
id = "ferry"
description = "An advert."
category = "advert"
confidence = "certain"
line = true
phrase = "book your ferry today"
examples.match = ["Book your ferry today", "Book your ferry today!"]
examples.no_match = ["They book your ferry today.", "Book your ferry."]
"""


def test_a_clean_text_is_returned_as_the_same_object() -> None:
    text = "The bridge opens on Monday, the council said."
    assert Cleaner().clean(text) is text
    assert Cleaner().clean_many([text])[0] is text


def test_spans_are_given_in_code_points_and_bytes() -> None:
    result = Cleaner().scan(CHAFF)
    (removal,) = result.removals
    assert result.text == CLEAN and not result.held
    assert CHAFF[removal.start : removal.end] == removal.text == "Advertisement\n"
    assert CHAFF.encode()[removal.start_byte : removal.end_byte].decode() == removal.text
    assert (removal.category, removal.confidence, removal.score) == ("advert", "certain", 1.0)
    assert dechaff.restore(result.text, result.removals) == CHAFF
    assert pickle.loads(pickle.dumps(result)) == result


def test_offsets_are_mapped_to_the_same_characters() -> None:
    result = Cleaner().scan(CHAFF * 3)
    offsets = result.offset_map
    assert len(result.removals) == 3
    for kept, character in enumerate(result.text):
        source = offsets.to_source(kept)
        assert source is not None and result.source[source] == character
        assert offsets.from_source(source) == offsets.kept_before(source) == kept
    for removal in result.removals:
        assert offsets.from_source(removal.start) is None
        assert offsets.span_from_source(removal.start, removal.end) is None
    for start, end in [(0, len(result.text)), (5, 20), (17, 17)]:
        span = offsets.span_to_source(start, end)
        assert span is not None and offsets.span_from_source(*span) == (start, end)
    assert offsets.to_source(len(result.text)) == len(result.source)
    assert offsets.to_source(-1) is offsets.from_source(999) is offsets.span_to_source(3, 2) is None
    with pytest.raises(ValueError, match="out of order"):
        OffsetMap([(3, 7), (5, 9)], 10)


def test_a_text_that_would_lose_too_much_is_held() -> None:
    result = Cleaner(max_removed=0.1).scan(CHAFF)
    assert result.held and result.text == CHAFF and not result.removals and result.share > 0.1


def test_a_verdict_is_given_on_request() -> None:
    assert Cleaner().scan(CHAFF).verdict is None
    cleaner = Cleaner(verdicts=True)
    result = cleaner.scan(CHAFF)
    verdict = result.verdict
    assert verdict is not None and not verdict.held
    assert verdict.removed_share == pytest.approx(result.share, abs=0.0005)
    assert verdict.kind in ("article", "list", "forum", "product", "documentation", "other")
    assert 0 <= verdict.almost_removed_share <= 1 and 0 <= verdict.risk <= 1
    held = Cleaner(verdicts=True, max_removed=0.1).scan(CHAFF).verdict
    assert held is not None and held.held and held.removed_share == verdict.removed_share
    again = pickle.loads(pickle.dumps(cleaner))
    assert again == cleaner != Cleaner() and again.verdicts and "verdicts=True" in repr(again)
    assert pickle.loads(pickle.dumps(result)) == result


def test_an_idempotent_cleaner_leaves_nothing_for_a_second_run(tmp_path: Path) -> None:
    offer = """
[[rule]]
id = "offer"
description = "The end of an advert."
category = "advert"
confidence = "certain"
phrase = "for two members only"
examples.match = ["Tickets for two members only", "It is for two members only."]
examples.no_match = ["It is for members only.", "For two members"]
"""
    (tmp_path / "mine.toml").write_text(PACK + offer)
    text = "It rained.\nBook your ferry today for two members only\nIt stopped.\n"
    once, often = (Cleaner(rules=tmp_path, skip="model", idempotent=value) for value in [False, True])
    assert once.clean(once.clean(text)) != once.clean(text)
    assert often.clean(text) == "It rained.\nIt stopped.\n"
    again = pickle.loads(pickle.dumps(often))
    assert again == often != once and again.idempotent and "idempotent=True" in repr(again)


def test_clean_many_keeps_the_order_on_any_number_of_threads() -> None:
    texts = [
        f"Day {day}.\nAdvertisement\n" + "It rained all day, she said.\n" * (day % 70)
        for day in range(3000)
    ]
    expected = [text.replace("Advertisement\n", "") for text in texts]
    cleaner = Cleaner(skip="model")
    for threads in [1, 2, 5, None]:
        assert cleaner.clean_many(iter(texts), threads=threads) == expected
    assert cleaner.clean_many([]) == []
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(cleaner.clean, texts[:200])) == expected[:200]


def test_rules_bound_to_hosts_need_a_matching_url(tmp_path: Path) -> None:
    pack = tmp_path / "mine.toml"
    pack.write_text(PACK + 'hosts = ["example.org"]\n')
    cleaner = Cleaner(rules=pack, only="mine")
    text = "It rained.\nBook your ferry today\n"
    assert cleaner.clean(text) == text
    assert cleaner.clean(text, url="https://www.example.org/a") == "It rained.\n"
    assert cleaner.clean_many([text, text], url=["https://example.org/", None]) == [
        "It rained.\n",
        text,
    ]


def test_cleaners_with_equal_options_are_equal_and_pickle_with_their_rules(tmp_path: Path) -> None:
    pack = tmp_path / "mine.toml"
    pack.write_text(PACK)
    cleaner = Cleaner(level="precise", rules=[pack], skip=["model", "share"])
    same = Cleaner(level="precise", rules=[tmp_path], skip=["share", "model"])
    assert cleaner == same and hash(cleaner) == hash(same) and cleaner != Cleaner()
    assert copy.deepcopy(cleaner) is cleaner and "precise" in repr(cleaner)
    pickled = pickle.dumps(cleaner)
    pack.unlink()
    again = pickle.loads(pickled)
    assert again == cleaner and again.clean("Fine.\nBook your ferry today\n") == "Fine.\n"
    assert pickle.dumps(again) == pickled


def test_invalid_arguments_raise_python_exceptions(tmp_path: Path) -> None:
    cleaner = Cleaner()
    with pytest.raises(UnicodeEncodeError):
        cleaner.clean("lone \ud800")
    with pytest.raises(TypeError, match="text must be a str, not int"):
        cleaner.clean(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"texts\[1\] is of type .*int.*, not str"):
        cleaner.clean_many(["a", 3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="one str"):
        cleaner.clean_many("abc")
    with pytest.raises(Error, match="did you mean 'model'"):
        Cleaner(skip="modle")
    with pytest.raises(FileNotFoundError):
        Cleaner(rules=tmp_path / "none.toml")
    with pytest.raises(ValueError, match="at least 1"):
        cleaner.clean_many([CHAFF], threads=0)
    with pytest.raises(ValueError, match="url has 2 items for 1 texts"):
        cleaner.clean_many([CHAFF], url=["a", "b"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"level": "balancd"}, Error, "level must be .*, not 'balancd'; did you mean 'balanced'?"),
        ({"level": "extreme"}, Error, "level must be one of 'precise', 'balanced', 'thorough', not 'extreme'"),
        ({"level": None}, TypeError, "level must be one of 'precise', .*, not None"),
        ({"max_removed": 2}, Error, "max_removed must be a share from 0 to 1, not 2"),
        ({"max_removed": "0.5"}, TypeError, "max_removed must be a share from 0 to 1, not str"),
        ({"max_loss": -0.1}, Error, "max_loss must be a share from 0 to 1, not -0.1"),
        # Python 3.10 has no notes of exceptions, so PyO3 cannot name the option there.
        ({"idempotent": "yes"}, TypeError, "while processing 'idempotent'|is not an instance of 'bool'"),
        ({"rules": 3}, TypeError, "rules must be a path, or several, not int"),
        ({"rules": ["a.toml", None]}, TypeError, "rules must be a path, or several, not NoneType"),
        ({"only": 3}, TypeError, "only must be a name, or several, not int"),
        ({"skip": [b"model"]}, TypeError, "skip must be a name, or several, not bytes"),
        ({"learned": 3}, TypeError, "learned must be a Learned, a path or bytes, not int"),
        ({"min_pages": -1}, ValueError, "min_pages must be a whole number of at least 1, not -1"),
        ({"min_share": 2.0, "learned": dechaff.learn(["a"], "b")}, Error, "min_share must be a share from 0 to 1, not 2"),
    ],
)
def test_errors_name_the_option(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Cleaner(**options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"threads": -1}, ValueError, "threads must be a whole number of at least 1, not -1"),
        ({"threads": 2**70}, ValueError, f"threads must be a whole number of at least 1, not {2**70}"),
        ({"threads": 1.5}, TypeError, "threads must be a whole number of at least 1, not float"),
        ({"threads": True}, TypeError, "threads must be a whole number of at least 1, not bool"),
        ({"url": 3}, TypeError, "url must be an iterable of str, not int"),
        ({"lang": [3]}, TypeError, r"lang\[0\] is of type .*int.*, not str"),
        ({"site": ["a", "b"]}, ValueError, "site has 2 items for 1 texts"),
    ],
)
def test_errors_name_the_argument(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Cleaner().clean_many([CHAFF], **options)


def test_errors_of_functions_name_the_argument() -> None:
    with pytest.raises(TypeError, match="texts must be an iterable of str, not int"):
        Cleaner().clean_many(3)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="text must be a str, not int"):
        Cleaner().explain(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="memory must be a whole number of at least 0, not -1"):
        dechaff.learn([CHAFF], "example.org", memory=-1)
    with pytest.raises(TypeError, match=r"sites\[0\] is of type .*int.*, not str"):
        dechaff.learn([CHAFF], [3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"texts\[0\] is of type .*None.*, not str"):
        dechaff.learn([None], "example.org")  # type: ignore[list-item]
    with pytest.raises(Error, match="level must be"):
        dechaff.learn([CHAFF], "example.org").texts("example.org", level="all")  # type: ignore[arg-type]


def test_missing_texts_of_a_list_stay_missing() -> None:
    cleaner = Cleaner()
    texts = [None, CHAFF, None, "It rained."]
    assert cleaner.clean_many(texts) == [None, CLEAN, None, "It rained."]
    assert cleaner.clean_many(texts, url=["https://example.org/", None, None, "https://example.org/"])[1] == CLEAN
    assert cleaner.clean_many([None, None]) == [None, None]


def _clean_in_child(text: str) -> str:
    file = io.BytesIO()
    dechaff.clean_file(io.BytesIO(text.encode()), file)
    assert file.getvalue().decode() == CLEAN
    return _SHARED.clean_many([text] * 3000)[0]


_SHARED = Cleaner(skip="model")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_a_process_can_fork_after_using_threads() -> None:
    assert _clean_in_child(CHAFF) == CLEAN
    with get_context("fork").Pool(2) as pool:
        assert pool.map_async(_clean_in_child, [CHAFF] * 4).get(60) == [CLEAN] * 4


@pytest.mark.parametrize(
    "call",
    [
        "c.clean_many(['It rained all day, she said.\\n' * 99] * 9**6)",
        "c.clean('Rain, she said.\\n' * 3 * 9**7)",
        "dechaff.learn(['It rained all day, she said.\\n' * 99] * 9**6, 'example.org')",
        "dechaff.clean_file(type('', (), {'read': lambda _, n: line * (n // len(line)) or b' '})(), open(os.devnull, 'wb'), format='jsonl')",
    ],
)
def test_ctrl_c_interrupts_a_long_call(call: str) -> None:
    code = "import dechaff, os; c = dechaff.Cleaner(); print('go', flush=True)\n"
    code += "line = b'{\"text\": \"' + b'It rained all day, she said. ' * 99 + b'\"}\\n'\n"
    code += f"try: {call}\nexcept KeyboardInterrupt: print('interrupted', flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "go\n"
        time.sleep(1)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - sent < 5


def test_other_threads_run_during_cleaning() -> None:
    ticks = 0
    done = threading.Event()

    def work() -> None:
        Cleaner().clean_many([CHAFF * 200] * 400, threads=1)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        time.sleep(0.001)
        ticks += 1
    thread.join()
    assert ticks > 20


def test_a_notebook_shows_what_was_removed() -> None:
    result = Result(
        "a <b>\nShare\nc", "a <b>\nc", Cleaner().scan("a <b>\nShare\nc").removals, False, 0.3
    )
    html = dechaff.scan("1 < 2, they said.\nAdvertisement\nIt rained.\n")._repr_html_()
    assert (
        "1 &lt; 2" in html
        and '<del title="advert/marker"' in html
        and ">Advertisement\n</del>" in html
    )
    assert "&lt;b&gt;" in result._repr_html_()


def test_the_command_is_installed(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("dechaff")
    (tmp_path / "a.txt").write_text(CHAFF)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *arguments], cwd=tmp_path, input=CHAFF, capture_output=True, text=True
        )

    assert run("clean", "-q", "a.txt").stdout == CLEAN
    assert run("clean", "--check", "a.txt").returncode == 1
    assert run("clean", "none.txt").returncode == 2
    assert run("clean", "-q").stdout == CLEAN


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_ctrl_c_interrupts_the_command() -> None:
    command = Path(sys.executable).with_name("dechaff")
    with subprocess.Popen(
        [command, "clean", "-q"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) in (-signal.SIGINT, 130)


def test_documentation_examples_pass() -> None:
    modules = [dechaff, dechaff._result, dechaff._learned, dechaff._explain, dechaff._files]
    for module in [*modules, dechaff._offsets]:
        results = doctest.testmod(module)
        assert results.attempted > 1 and results.failed == 0
    package, root = Path(__file__).parents[1], Path(__file__).parents[3]
    for page, min_examples in [(package / "README.md", 12), (root / "docs" / "library.md", 3)]:
        results = doctest.testfile(str(page), module_relative=False)
        assert results.attempted >= min_examples and results.failed == 0
    # doctest does not find the docstrings of the native module by itself.
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    native = [Cleaner, Cleaner.clean, Cleaner.scan, Cleaner.explain, Cleaner.clean_many, Learned, dechaff.learn]
    for item in native:
        assert item.__doc__ is not None
        runner.run(parser.get_doctest(item.__doc__, {}, item.__name__, None, None))
    assert runner.tries > 12 and runner.failures == 0


def test_samples_are_cleaned_as_by_the_command() -> None:
    samples = Path(__file__).parents[3] / "samples"
    command = Path(sys.executable).with_name("dechaff")
    files = sorted(samples.glob("*.txt"))
    assert files
    for file in files:
        expected = subprocess.run(
            [command, "clean", "-q", file], capture_output=True, check=True
        ).stdout
        assert dechaff.clean(file.read_bytes().decode()).encode() == expected
