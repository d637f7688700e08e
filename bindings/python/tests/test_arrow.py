"""`clean_arrow` and `scan_arrow` with columns of pyarrow, Polars and unknown libraries."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import dechaff
from dechaff import ArrowArray, Cleaner

CHAFF = "It rained süß 𝄞.\nAdvertisement\nIt stopped.\n"
CLEAN = "It rained süß 𝄞.\nIt stopped.\n"
CLEANER = Cleaner()


class Foreign:
    """A column of a library without an adapter: it only exports an Arrow stream."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.array.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_all_string_types_are_cleaned(kind: pa.DataType) -> None:
    array = pa.array([CHAFF, None, "Fine.", "", CHAFF], kind)
    cleaned = CLEANER.clean_arrow(array)
    assert cleaned.type == kind and cleaned.to_pylist() == [CLEAN, None, "Fine.", "", CLEAN]
    assert CLEANER.clean_arrow(array.slice(1, 3)).to_pylist() == [None, "Fine.", ""]
    chunked = CLEANER.clean_arrow(pa.chunked_array([array, array[:0], array[1:2]], kind))
    assert chunked.num_chunks == 3 and chunked.to_pylist() == [
        CLEAN,
        None,
        "Fine.",
        "",
        CLEAN,
        None,
    ]
    cleaned.validate(full=True)


def test_a_column_without_chaff_is_not_copied() -> None:
    array = pa.array(["Fine.", None, "It rained, she said."])
    assert CLEANER.clean_arrow(array).buffers()[2].address == array.buffers()[2].address


def test_dictionary_columns_keep_their_type() -> None:
    array = pa.array([CHAFF, "Fine.", None, CHAFF]).dictionary_encode()
    cleaned = CLEANER.clean_arrow(array)
    assert cleaned.type == array.type and cleaned.to_pylist() == [CLEAN, "Fine.", None, CLEAN]


def test_the_result_has_the_type_of_the_input() -> None:
    series = CLEANER.clean_arrow(pl.Series("body", [CHAFF, None]))
    assert (
        isinstance(series, pl.Series)
        and series.name == "body"
        and series.to_list() == [CLEAN, None]
    )
    other = CLEANER.clean_arrow(Foreign(pa.chunked_array([[CHAFF], [None, "Fine."]])))
    assert isinstance(other, ArrowArray) and len(other) == 3
    assert (
        pa.chunked_array(other).to_pylist() == pa.array(other).to_pylist() == [CLEAN, None, "Fine."]
    )
    assert CLEANER.clean_arrow(pa.nulls(2)).to_pylist() == [None, None]
    assert CLEANER.clean_arrow(pa.chunked_array([], pa.string())).to_pylist() == []


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_a_result_becomes_lists_numpy_pandas_and_other_arrays(kind: pa.DataType) -> None:
    values = ["It rained.\nAdvertisement\n", None, "süß 𝄞"]
    expected = ["It rained.\n", None, "süß 𝄞"]
    result = Cleaner().clean_arrow(Foreign(pa.chunked_array([pa.array(values, kind)])))
    assert isinstance(result, ArrowArray) and len(result) == 3
    assert result.to_pylist() == list(result) == expected
    assert pa.array(result).to_pylist() == expected and pa.array(result).type == kind
    assert pl.Series("text", result).to_list() == expected
    for array in [result.to_numpy(), np.asarray(result), np.array(result, dtype=object)]:
        assert array.dtype == object and array.tolist() == expected
    for series in [result.to_pandas(), pd.Series(result), pd.Series(result, dtype="string[pyarrow]")]:
        assert series.isna().tolist() == [False, True, False]
        assert series.dropna().tolist() == ["It rained.\n", "süß 𝄞"]
    with pytest.raises(ValueError, match="can only be copied"):
        np.array(result, copy=False)


def test_results_that_are_structs_and_lists_become_python_objects() -> None:
    values = pa.chunked_array([["It rained.\nAdvertisement\n", None], ["süß"]])
    scanned = Cleaner().scan_arrow(Foreign(values))
    assert scanned.to_pylist() == Cleaner().scan_arrow(values).to_pylist()
    assert scanned.to_numpy().shape == (3,) and scanned.to_pandas()[0]["text"] == "It rained.\n"
    keys = dechaff.line_keys(Foreign(values))
    assert keys.to_pylist() == dechaff.line_keys(values).to_pylist()
    counts = dechaff.line_counts(Foreign(values))
    assert counts.to_pylist() == dechaff.line_counts(values).to_pylist()
    empty = Cleaner().clean_arrow(Foreign(pa.chunked_array([], pa.string())))
    assert empty.to_pylist() == [] and empty.to_numpy().shape == (0,) and len(empty.to_pandas()) == 0


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Cleaner().clean_arrow(Foreign(pa.chunked_array([["a"]])))
    for name in ["numpy", "pandas"]:
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ImportError, match=f"{name} is not installed; install it .pip install {name}., or use to_pylist"):
            getattr(result, f"to_{name}")()
    assert result.to_pylist() == ["a"]


def test_scan_arrow_equals_scan_of_each_text() -> None:
    texts = [CHAFF, None, "Fine.", "Advertisement\n" * 3]
    scanned = CLEANER.scan_arrow(pa.chunked_array([texts[:2], texts[2:]]))
    scanned.validate(full=True)
    for text, row in zip(texts, scanned.to_pylist(), strict=True):
        if text is None:
            assert row is None
            continue
        result = CLEANER.scan(text)
        assert (row["text"], row["held"]) == (result.text, result.held)
        assert row["removals"] == [
            removal._asdict() | {"also": list(removal.also)} for removal in result.removals
        ]


def test_scan_arrow_gives_the_verdicts_of_scan() -> None:
    cleaner = Cleaner(verdicts=True)
    texts = [CHAFF, None, "Fine."]
    scanned = cleaner.scan_arrow(pa.chunked_array([texts[:2], texts[2:]]))
    scanned.validate(full=True)
    for text, row in zip(texts, scanned.to_pylist(), strict=True):
        verdict = None if text is None else cleaner.scan(text).verdict
        assert (row and row["verdict"]) == (verdict and verdict._asdict())
    assert "verdict" not in [field.name for field in CLEANER.scan_arrow(pa.array(texts)).type]
    foreign = cleaner.scan_arrow(Foreign(pa.chunked_array([texts])))
    assert foreign.to_pylist() == scanned.to_pylist()


def test_many_rows_are_the_same_on_any_number_of_threads() -> None:
    texts = [
        f"Day {day}.\nAdvertisement\n" + "It rained, she said.\n" * (day % 70)
        for day in range(3000)
    ]
    array = pa.array(texts)
    expected = [text.replace("Advertisement\n", "") for text in texts]
    for threads in [1, 2, None]:
        assert Cleaner(skip="model").clean_arrow(array, threads=threads).to_pylist() == expected


def test_invalid_input_raises() -> None:
    for wrong, message in [
        ([CHAFF], "clean_many"),
        (pa.array([1]), "Int64"),
        (pa.table({"a": [CHAFF]}), "one of its columns"),
    ]:
        with pytest.raises(TypeError, match=message):
            CLEANER.clean_arrow(wrong)
    buffers = pa.array(["ab"]).buffers()
    with pytest.raises(UnicodeDecodeError):
        CLEANER.clean_arrow(
            pa.Array.from_buffers(pa.string(), 1, [None, buffers[1], pa.py_buffer(b"\xff\xfe")])
        )
    with pytest.raises(ValueError, match="lang has 1 items for 2 texts"):
        CLEANER.clean_arrow(pa.array([CHAFF, CHAFF]), lang=pa.array(["en"]))
