"""`dechaff.integrations.pandas`: series keep their index, name, type and missing values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dechaff import Cleaner
from dechaff.integrations.pandas import clean_column, clean_series

CHAFF = "It rained süß 𝄞.\nAdvertisement\n"
CLEAN = "It rained süß 𝄞.\n"
TYPES = [
    object,
    "str",
    "string[python]",
    "string[pyarrow]",
    pd.ArrowDtype(pa.string()),
    pd.ArrowDtype(pa.large_string()),
]


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_index_name_type_and_missing_values_stay(dtype: Any) -> None:
    index = pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 2), ("b", 3)])
    series = pd.Series([CHAFF, None, "It stopped.", CHAFF], index=index, name="page", dtype=dtype)
    series.attrs["from"] = "a crawl"
    before = series.copy()
    cleaned = clean_series(series)
    expected = pd.Series([CLEAN, None, "It stopped.", CLEAN], index=index, name="page", dtype=dtype)
    pd.testing.assert_series_equal(cleaned, expected)
    pd.testing.assert_series_equal(series, before)
    assert cleaned.dtype == series.dtype and cleaned.attrs == {"from": "a crawl"}


def test_each_missing_value_stays_what_it_is() -> None:
    series = pd.Series([None, np.nan, pd.NA, pd.NaT, CHAFF], dtype=object)
    cleaned = clean_series(series)
    assert cleaned[0] is None and cleaned[1] is np.nan and cleaned[2] is pd.NA and cleaned[3] is pd.NaT
    assert cleaned[4] == CLEAN


@pytest.mark.parametrize("dtype", [*TYPES, "float64", "category"], ids=str)
def test_series_without_texts_stay_as_they_are(dtype: Any) -> None:
    for values in ([], [np.nan, np.nan]):
        series = pd.Series(values, dtype=dtype, name="page")
        cleaned = clean_series(series)
        pd.testing.assert_series_equal(cleaned, series)
        assert cleaned is not series


def test_an_index_with_duplicates_stays() -> None:
    series = pd.Series([CHAFF, "a", CHAFF], index=[7, 7, 0])
    assert clean_series(series).tolist() == [CLEAN, "a", CLEAN]
    assert clean_series(series).index.tolist() == [7, 7, 0]


def test_values_that_are_no_texts_are_named() -> None:
    with pytest.raises(TypeError, match="the series 'page' has a value of type int at 'b', not str"):
        clean_series(pd.Series([CHAFF, 3], index=["a", "b"], name="page", dtype=object))
    with pytest.raises(TypeError, match="the series is of type int64; convert it first"):
        clean_series(pd.Series([3]))
    with pytest.raises(TypeError, match="of type category; convert it first"):
        clean_series(pd.Series([CHAFF], dtype="category"))
    with pytest.raises(TypeError, match="series must be a pandas Series, not list"):
        clean_series([CHAFF])
    with pytest.raises(ValueError, match="url has 1 items for 2 texts"):
        clean_series(pd.Series([CHAFF, None]), url=["https://example.org/"])
    with pytest.raises(TypeError, match="site must be a str or an iterable of str, not int"):
        clean_series(pd.Series([CHAFF]), site=3)


def test_a_list_with_the_missing_value_of_pandas_says_what_to_use() -> None:
    assert Cleaner().clean_many([CHAFF, None]) == [CLEAN, None]
    for missing in [np.nan, pd.NA]:
        with pytest.raises(TypeError, match=r"texts\[1\] is missing .*pandas.clean_series"):
            Cleaner().clean_many([CHAFF, missing])


def test_a_column_is_cleaned_with_the_urls_of_its_rows(tmp_path: Any) -> None:
    pack = tmp_path / "mine.toml"
    pack.write_text(
        "[pack]\nname = 'mine'\n[[rule]]\nid = 'ferry'\ndescription = 'An advert.'\n"
        "category = 'advert'\nconfidence = 'certain'\nline = true\nphrase = 'book your ferry today'\n"
        "hosts = ['example.org']\nexamples.match = ['Book your ferry today', 'Book your ferry today!']\n"
        "examples.no_match = ['They book your ferry today.', 'Book your ferry.']\n"
    )
    cleaner = Cleaner(rules=pack, only="mine")
    text = "It rained.\nBook your ferry today\n"
    frame = pd.DataFrame(
        {
            "page": [text, text, None, text],
            "from": ["https://example.org/", None, "https://example.org/", "https://example.com/"],
            "number": range(4),
        }
    )
    cleaned = clean_column(frame, "page", cleaner, url="from")
    assert cleaned["page"].tolist()[:2] == ["It rained.\n", text] and cleaned["page"].tolist()[3] == text
    assert cleaned["page"].isna().tolist() == [False, False, True, False]
    pd.testing.assert_frame_equal(cleaned.drop(columns="page"), frame.drop(columns="page"))
    assert frame["page"][0] == text
    with pytest.raises(KeyError, match="no column 'body'; the columns are page, from, number"):
        clean_column(frame, "body")
