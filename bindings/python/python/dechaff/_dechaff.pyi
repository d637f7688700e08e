# Types of the native half of the package. The documentation of methods is in the code, where `help`
# finds it; that of values is here too, for editors. tests/test_stubs.py compares both.

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, final, overload

from dechaff._explain import Explanation
from dechaff._learned import Site, SiteText
from dechaff._result import Result

__version__: str

_Level: TypeAlias = Literal["precise", "balanced", "thorough"]
_Text = TypeVar("_Text", str, str | None)
_Names: TypeAlias = str | Iterable[str] | None
_Paths: TypeAlias = str | PathLike[str] | Iterable[str | PathLike[str]] | None

class _Array(Protocol):
    def __arrow_c_array__(self, requested_schema: Any = None) -> Any: ...

class _Stream(Protocol):
    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...

_Arrow: TypeAlias = _Array | _Stream

class Error(ValueError): ...

@final
class ArrowArray:
    def __len__(self) -> int:
        """The number of values, nulls included."""
    def __iter__(self) -> Iterator[Any]:
        """Iterates over what `to_pylist` returns."""
    def to_pylist(self) -> list[Any]:
        """The values as `str`, `None` for nulls, `dict` for structs, and lists. Needs no package."""
    def to_numpy(self, dtype: Any = None) -> Any:
        """The values as a NumPy array, of objects unless `dtype` says otherwise. Needs numpy."""
    def to_pandas(self) -> Any:
        """The values as a pandas series. Needs pandas."""
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any: ...
    def __arrow_c_schema__(self) -> Any: ...
    def __arrow_c_array__(self, requested_schema: Any = None) -> Any: ...
    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...

_LearnedFile: TypeAlias = Learned | str | PathLike[str] | bytes

@final
class Learned:
    @staticmethod
    def open(path: str | PathLike[str]) -> Learned: ...
    @staticmethod
    def from_bytes(data: bytes) -> Learned: ...
    @staticmethod
    def from_counts(rows: _Arrow | Iterable[_Arrow], *, part: bool = False, memory: int = 268435456) -> Learned: ...
    @staticmethod
    def merge(parts: Iterable[_LearnedFile], *, part: bool = False) -> Learned: ...
    def split(self, count: int) -> list[bytes]: ...
    def save(self, path: str | PathLike[str]) -> None: ...
    def to_bytes(self) -> bytes: ...
    def sites(self) -> list[Site]: ...
    def texts(
        self,
        site: str,
        *,
        level: _Level = "balanced",
        min_pages: int | None = None,
        min_share: float | None = None,
        all: bool = False,
    ) -> list[SiteText]: ...
    @property
    def documents(self) -> int:
        """The number of documents that were learned from, copies of a page included."""
    @property
    def is_part(self) -> bool:
        """Whether it has the texts of single pages too, so that it can be merged with others."""
    @property
    def path(self) -> Path | None:
        """The absolute path of the file, or `None` if it has no name."""
    def __len__(self) -> int:
        """The number of sites."""
    def __contains__(self, site: str, /) -> bool: ...
    def __copy__(self) -> Learned: ...
    def __deepcopy__(self, memo: Any, /) -> Learned: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Cleaner:
    def __new__(
        cls,
        *,
        level: _Level = "balanced",
        rules: _Paths = None,
        only: _Names = None,
        skip: _Names = None,
        max_removed: float = 0.95,
        max_loss: float | None = None,
        idempotent: bool = False,
        learned: _LearnedFile | None = None,
        min_pages: int | None = None,
        min_share: float | None = None,
        verdicts: bool = False,
    ) -> Cleaner: ...
    @property
    def level(self) -> _Level:
        """How much is removed: `precise`, `balanced` or `thorough`."""
    @property
    def rules(self) -> tuple[str, ...]:
        """The paths of the packs that were added."""
    @property
    def only(self) -> tuple[str, ...]:
        """The names of the only rules in use, sorted; empty if all are in use."""
    @property
    def skip(self) -> tuple[str, ...]:
        """The names of the rules that are not used, sorted."""
    @property
    def max_removed(self) -> float:
        """The largest share of its bytes that a text may lose without being held, 0 to 1."""
    @property
    def max_loss(self) -> float | None:
        """The share of the words of prose that may be lost, 0 to 1; `None` if the level decides."""
    @property
    def idempotent(self) -> bool:
        """Whether texts are cleaned until nothing more is found."""
    @property
    def learned(self) -> Learned | None:
        """What was learned of sites, or `None`."""
    @property
    def min_pages(self) -> int | None:
        """The fewest pages of a site with a text that is removed; `None` if the level decides."""
    @property
    def min_share(self) -> float | None:
        """The least share of the pages of a site with a text that is removed, 0 to 1; `None` if the
        level decides."""
    @property
    def verdicts(self) -> bool:
        """Whether a verdict on each text is given."""
    def clean(self, text: str, *, url: str | None = None, lang: str | None = None, site: str | None = None) -> str: ...
    def scan(self, text: str, *, url: str | None = None, lang: str | None = None, site: str | None = None) -> Result: ...
    def explain(
        self, text: str, *, url: str | None = None, lang: str | None = None, site: str | None = None
    ) -> Explanation: ...
    def clean_many(
        self,
        texts: Iterable[_Text],
        *,
        url: str | Iterable[str | None] | None = None,
        lang: str | Iterable[str | None] | None = None,
        site: str | Iterable[str | None] | None = None,
        threads: int | None = None,
    ) -> list[_Text]: ...
    # Of pyarrow and polars what was given of them, else an ArrowArray.
    def clean_arrow(
        self,
        values: _Arrow,
        *,
        url: str | _Arrow | None = None,
        lang: str | _Arrow | None = None,
        site: str | _Arrow | None = None,
        threads: int | None = None,
    ) -> Any: ...
    # Structs of text (str), removals (a list of structs with the fields of a Removal: start and end in
    # code points, start_byte and end_byte in bytes of UTF-8) and held (bool);
    # with verdicts, also verdict (a struct with the fields of a Verdict).
    def scan_arrow(
        self,
        values: _Arrow,
        *,
        url: str | _Arrow | None = None,
        lang: str | _Arrow | None = None,
        site: str | _Arrow | None = None,
        threads: int | None = None,
    ) -> Any: ...
    def __copy__(self) -> Cleaner: ...
    def __deepcopy__(self, memo: Any, /) -> Cleaner: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...

@overload
def learn(
    texts: _Arrow,
    sites: str | _Arrow | None = None,
    *,
    url: str | _Arrow | None = None,
    part: bool = False,
    memory: int = 268435456,
    threads: int | None = None,
) -> Learned: ...
@overload
def learn(
    texts: Iterable[str],
    sites: str | Iterable[str | None] | None = None,
    *,
    url: str | Iterable[str | None] | None = None,
    part: bool = False,
    memory: int = 268435456,
    threads: int | None = None,
) -> Learned: ...

# Of pyarrow and polars what was given of them, else an ArrowArray.
def hosts(values: _Arrow) -> Any: ...
def line_keys(values: _Arrow, *, threads: int | None = None) -> Any: ...
def line_counts(values: _Arrow, *, threads: int | None = None) -> Any: ...
def command(arguments: Sequence[str]) -> int: ...
def clean_stream(
    cleaner: Cleaner, source: tuple[str, Any], target: tuple[str, Any], options: list[str], threads: int | None
) -> tuple[str, list[str]]: ...
def write_report(cleaner: Cleaner, options: list[str], threads: int | None) -> tuple[list[str], list[str]]: ...
