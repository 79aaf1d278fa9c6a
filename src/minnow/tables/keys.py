"""The columns that the keys of rows are made of, and how they are read again when options have changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from minnow.tables.columns import Columnwise
from minnow.tables.errors import ColumnError, ReadingError
from minnow.tables.frames import Frame
from minnow.tables.options import Split, TableOptions
from minnow.types import Array, Columns, KeyRule, KeyRuleError

_MISSING, _WRITTEN = ("missing", "not_missing"), ("decimal", "dates")
"""Options by which cells are missing, and by which they are numbers and dates."""
_KINDS = {"f": "numeric", "i": "boolean", "M": "date"}


def rule_of(columns: Columns, features: Sequence[str], options: TableOptions, split: Split) -> KeyRule:
    """Return the rule of a first run: the features, with the kinds that they have. columns: as typed.read makes them."""
    written = {name: getattr(options, name) for name in (*_MISSING, *_WRITTEN)}
    return KeyRule(tuple((name, _kind(columns[name])) for name in features), {**written, "split": _plain(split)})


def key_columns(frame: Frame, options: TableOptions, split: Split, columns: Columns, rule: KeyRule) -> list[Array]:
    """Return the columns that a rule names, (n,) each, those among them that options leave out too.

    A column is read with the kind and the missing values of the rule. columns: as they are read today. Raises KeyRuleError.
    """
    if (divided := rule.option("split")) != _plain(split):
        raise KeyRuleError(
            f"rows were divided by {_divided(divided)}, and are divided by {_divided(_plain(split))} now"
        )
    readers = [Columnwise(frame, variant) for variant in _variants(options, rule)]
    same = all(rule.option(name) == getattr(options, name) for name in _MISSING)
    return [
        columns[name]
        if same and name != options.target and name in columns and _kind(columns[name]) == kind
        else _read_again(frame, options, readers, name, kind)
        for name, kind in rule.columns
    ]


def _read_again(frame: Frame, options: TableOptions, readers: Sequence[Columnwise], name: str, kind: str) -> Array:
    """Return one column of a rule by the first reader that gives it its kind. Raises KeyRuleError."""
    if name == options.target:
        raise KeyRuleError(f"keys of rows are made of the column '{name}', which is the target now")
    if name not in frame.columns:
        raise KeyRuleError(f"keys of rows are made of the column '{name}', which the files do not have any more")
    for reader in readers:
        try:
            values = reader.column(name).values
        except (ReadingError, ColumnError):
            continue
        if _kind(values) == kind:
            return values
    raise KeyRuleError(
        f"keys of rows are made of the column '{name}' as {kind}, and its cells cannot be read so any more"
    )


def _variants(options: TableOptions, rule: KeyRule) -> Iterator[TableOptions]:
    """Options by which columns may have the kinds of a rule: by its missing values first, and the files as they are today."""
    missing, written = ({key: rule.option(key) for key in keys} for keys in (_MISSING, _WRITTEN))
    for update in (missing, {**missing, **written}, dict[str, Any]()):
        for kinds in ({}, dict(rule.columns)):
            yield options.model_copy(update={**update, "kinds": kinds})


def _kind(values: Array) -> str:
    """Kind of a column by the dtype of its array, as cells.values_of returns it."""
    return _KINDS.get(values.dtype.kind, "categorical")


def _plain(split: Split) -> dict[str, Any]:
    return split.model_dump(mode="json")


def _divided(split: Mapping[str, Any]) -> str:
    return f"{split['by']} ('{split['column']}')" if split["column"] else str(split["by"])
