"""Columns of cells that are not held as a list of texts: codes of few distinct cells, or the cells of an Arrow column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from minnow.tables import numbers
from minnow.types import Array

Cells = Sequence[str | None]
_FIRST, _FEW, _MOST = 20_000, 2_000, 50_000
"""Number of first cells, and of distinct ones among these and among all, up to which a column is held as codes."""
_PIECE = 4096
_CODE = r"^[+-]?0[0-9]+$"


@dataclass(frozen=True)
class Coded(Sequence[str | None]):
    """Cells as codes of their distinct values. distinct: in the order of their first rows; codes: (n,) int32."""

    distinct: Sequence[str | None]
    codes: Array

    def __len__(self) -> int:
        """Count the cells."""
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str | None]: ...
    def __getitem__(self, index: int | slice) -> Any:
        """Return one cell, or a list of some."""
        if isinstance(index, slice):
            return [self.distinct[code] for code in self.codes[index].tolist()]
        return self.distinct[self.codes[index]]

    def __iter__(self) -> Iterator[str | None]:
        """Yield the cells."""
        return map(self.distinct.__getitem__, self.codes.tolist())

    @property
    def counts(self) -> dict[str | None, int]:
        """Distinct cells in the order of their first rows -> number of rows, as Counter has them."""
        rows: dict[str | None, int] = {}
        counts = np.bincount(self.codes, minlength=len(self.distinct)).tolist()
        for cell, count in zip(self.distinct, counts, strict=True):
            rows[cell] = rows.get(cell, 0) + count
        return rows


class Texts(Sequence[str | None]):
    """Cells of an Arrow column of texts, "" where there is none, of which many are distinct."""

    def __init__(self, column: Any) -> None:
        """column: a pyarrow.StringArray without nulls."""
        self._column = column

    def __len__(self) -> int:
        """Count the cells."""
        return len(self._column)

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str | None]: ...
    def __getitem__(self, index: int | slice) -> Any:
        """Return one cell, or a list of some."""
        return self._column[index].to_pylist() if isinstance(index, slice) else self._column[index].as_py()

    def __iter__(self) -> Iterator[str | None]:
        """Yield the cells."""
        for start in range(0, len(self), _PIECE):
            yield from self._column.slice(start, _PIECE).to_pylist()

    def has_more_than(self, count: int) -> bool:
        """Whether more than a number of distinct cells, "" apart, are among the first."""
        pc = compute()

        return len(set(pc.unique(self._column.slice(0, _FIRST)).to_pylist()) - {""}) > count

    def plain_numbers(self, missing: frozenset[str]) -> PlainNumbers | None:
        """The cells as numbers, where each is a finite number with a decimal point and no code with leading zeros, or missing.

        missing: spellings in lower case. None where they are not, or where their points may be thousands signs.
        """
        import pyarrow as pa

        pc = compute()

        spelled = np.zeros(len(self), bool)
        try:
            values = _floats(self._column)
            odd = np.isin(values, [float(text) for text in _as_numbers(missing)]) | _no_numbers(values, self._column)
            spelled[odd] = [text.lower() in missing for text in self._column.filter(pa.array(odd)).to_pylist()]
        except pa.ArrowInvalid:
            spelled = np.array(pc.is_in(pc.utf8_lower(self._column), pa.array(sorted(missing), pa.string())))
            spelled &= np.array(pc.not_equal(self._column, ""))
            try:
                values = _floats(pc.if_else(pa.array(spelled), "", self._column))
            except pa.ArrowInvalid:
                return None
        cells = self._column.filter(pa.array(~spelled)) if spelled.any() else self._column
        values[spelled] = np.nan
        if _no_numbers(values, self._column)[~spelled].any() or _has_codes(values[~spelled], cells):
            return None
        points = bool(pc.any(pc.match_substring(cells, ".")).as_py())
        if points and numbers.may_be_grouped(filter(None, Texts(cells))):
            return None
        names = Counter(self._column.filter(pa.array(spelled)).to_pylist()) if spelled.any() else {}
        return PlainNumbers(values, names, not points)


@dataclass(frozen=True)
class PlainNumbers:
    """A column of numbers.

    values: (n,) float64, NaN where missing; spelled: missing cells -> count; whole: no cell has a point.
    """

    values: Array
    spelled: Mapping[str, int]
    whole: bool


def _floats(column: Any) -> Array:
    """Parse texts as float64, (n,), NaN for "". Raises pyarrow.ArrowInvalid for a text that is no number."""
    import pyarrow as pa

    pc = compute()

    filled = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    return np.array(pc.cast(filled, pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def _no_numbers(values: Array, column: Any) -> Array:
    """Whether a cell is there and no finite number, (n,) bool."""
    pc = compute()

    odd = ~np.isfinite(values)
    return odd & np.array(pc.not_equal(column, "")) if odd.any() else odd


def _has_codes(values: Array, column: Any) -> bool:
    """Whether a cell has digits alone, and a leading zero."""
    import pyarrow as pa

    pc = compute()

    whole = column.filter(pa.array(values == np.floor(values)))
    return bool(pc.any(pc.match_substring_regex(whole, _CODE)).as_py())


def _as_numbers(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if numbers.is_plain(text)]


def compute() -> Any:
    """The module pyarrow.compute. Its functions are made when it is imported, so that type checkers do not know them."""
    import pyarrow.compute

    return pyarrow.compute


def of_column(column: Any) -> Coded | Texts:
    """Hold an Arrow column of texts without nulls, as codes where few are distinct."""
    pc = compute()

    first = column.slice(0, _FIRST)
    if len(pc.unique(first)) > min(_FEW, len(first) // 2):
        return Texts(column)
    coded = pc.dictionary_encode(column)
    if len(coded.dictionary) > _MOST:
        return Texts(column)
    return Coded(coded.dictionary.to_pylist(), np.array(coded.indices.to_numpy(), np.int32))


def converted(cells: Cells, value_of: Callable[[str | None], Any], dtype: Any) -> Array:
    """Convert cells one by one, (n,); of codes each distinct cell once."""
    if isinstance(cells, Coded):
        return np.array(list(map(value_of, cells.distinct)), dtype)[cells.codes]
    return np.array(list(map(value_of, cells)), dtype)


def distinct_in(cells: Cells) -> Iterator[str]:
    """Yield the distinct cells that are not missing, in the order of their first rows."""
    return filter(None, dict.fromkeys(cells.distinct if isinstance(cells, Coded) else cells))
