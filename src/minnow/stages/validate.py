"""Validation: a modality's expectations, checked on its rows by Great Expectations."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnow.stages.case import Problem
from minnow.tables import columnar
from minnow.types import Array, Columns, Expectation, Notice, Table

EXAMPLES = 10
_COLUMNS, _CELLS = 30, 4_000_000
"""Most columns, and most of their cells, that are checked at once."""
_OF_VALUES = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_between")
"""Expectations that each value meets or not, whatever the others are."""
_STACKED = "values"


class DataError(ValueError):
    """Rows that do not meet the expectations of their modality, or cannot be read."""


@dataclass(frozen=True)
class Finding:
    """The result of one expectation.

    expectation: its kind; says: what is expected, in the words of the user's files; column: of the user's files, None where it
    is about whole rows; rows, share: number and share of the rows with a value that do not meet it, None for an expectation
    about the table; observed: the values or the number that were found; examples: up to ten row ids; error: why it could not be
    checked.
    """

    expectation: str
    says: str
    column: str | None
    settings: Mapping[str, Any]
    why: str
    ok: bool
    rows: int | None
    share: float | None
    observed: Any
    examples: tuple[str, ...]
    error: str | None = None

    @property
    def demand(self) -> str:
        """What was expected, in words: "Every row has a value in 'price'"."""
        if self.says:
            return self.says[0].upper() + self.says[1:]
        words = self.expectation.removeprefix("expect_").removeprefix("table_").removeprefix("column_")
        settings = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.settings.items())
        column = f"column '{self.column}': " if self.column else ""
        return column + words.replace("_", " ") + (f" ({settings})" if settings else "")

    @property
    def outcome(self) -> str:
        """What was found, in words: "3 rows (0.10 %): 'x', 'y'"."""
        if self.error:
            return f"could not be checked: {self.error.strip().splitlines()[-1][:200]}"
        if self.rows is not None:
            values = ", ".join(map(repr, self.observed))
            count = f"{self.rows:,} row{'' if self.rows == 1 else 's'} ({100 * (self.share or 0):.2f} %)"
            return count + (f": {values}" if values else "")
        if self.observed is None:
            return "yes" if self.ok else "no"
        return f"{self.observed:,}" if isinstance(self.observed, int | float) else str(self.observed)

    @property
    def sentence(self) -> str:
        """One line: what was expected, why, what was found, and where."""
        rows = f", such as {', '.join(self.examples)}" if self.examples else ""
        return f"{self.demand}, because {self.why}. Found: {self.outcome}{rows}."

    def as_json(self) -> dict[str, Any]:
        """Return what validation.json holds of it."""
        value = {**vars(self), "settings": dict(self.settings), "examples": list(self.examples)}
        return value if self.error else {name: item for name, item in value.items() if name != "error"}


@dataclass(frozen=True)
class Findings:
    """The results of all expectations of a use case.

    rows: how many rows were checked; notices: what reading them found or left out.
    """

    usecase: str
    rows: int
    results: tuple[Finding, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every expectation is met."""
        return all(result.ok for result in self.results)

    def require(self, report: Path) -> None:
        """Raise DataError that says what failed in which rows, and where the report is, unless every expectation is met."""
        failed = [result for result in self.results if not result.ok]
        if failed:
            lines = "\n".join(f"- {result.sentence}" for result in failed)
            raise DataError(
                f"{self.usecase}: {len(failed)} of {len(self.results)} checks failed on {self.rows:,} rows.\n"
                f"{lines}\nReport: {report}"
            )


def check(table: Table, problem: Problem, usecase: str) -> Findings:
    """Check rows against the expectations of their modality. Bad rows raise nothing here, but in Findings.require()."""
    expectations = problem.modality.expectations(problem.options, table, problem.task_name)
    described = problem.modality.describe(table, problem.options)
    raw = _run(described, expectations)
    results = [_result(*both, described, table.row_id) for both in zip(expectations, raw, strict=True)]
    columnar.release_memory()
    return Findings(usecase, len(table), tuple(results), table.notices)


def _run(columns: Columns, expectations: Sequence[Expectation]) -> list[dict[str, Any]]:
    """Check columns, (n,) each, with Great Expectations. Returns its results in the order of the expectations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the library do not concern the user
        check = _checker()
        results = _met_by_all(check, columns, expectations)
        left = [place for place in range(len(expectations)) if place not in results]
        for names, parts in _parts(columns, [expectations[place] for place in left]):
            places = [left[part] for part in parts]
            checked = check({name: columns[name] for name in names}, [expectations[place] for place in places])
            results |= dict(zip(places, checked, strict=True))
    return [results[place] for place in range(len(expectations))]


_Check = Callable[[Columns, Sequence[Expectation]], list[dict[str, Any]]]


def _checker() -> _Check:
    """Open Great Expectations. Returns a function that checks columns, (n,) each: its results, in order."""
    import great_expectations as gx
    from great_expectations.expectations.registry import get_expectation_impl

    _hush()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # pyright: ignore
    source = context.data_sources.add_pandas("rows")
    asset = source.add_dataframe_asset("rows")
    rows = asset.add_batch_definition_whole_dataframe("all")

    def check(columns: Columns, expectations: Sequence[Expectation]) -> list[dict[str, Any]]:
        asked = [
            get_expectation_impl(one.kind)(**one.kwargs, meta={"place": place})
            for place, one in enumerate(expectations)
        ]
        # given at once: to add one by one compares each with all before it
        suite = gx.ExpectationSuite(name="expectations", expectations=asked)
        results = rows.get_batch({"dataframe": _frame(columns)}).validate(suite, result_format="COMPLETE").results
        batches = source.get_execution_engine().batch_manager  # it keeps every batch until the process ends
        batches.reset_batch_cache()
        batches.batch_data_cache.clear()
        placed = {result.expectation_config.meta["place"]: result.to_json_dict() for result in results}  # pyright: ignore
        return [placed[place] for place in range(len(expectations))]

    return check


def _met_by_all(check: _Check, columns: Columns, expectations: Sequence[Expectation]) -> dict[int, dict[str, Any]]:
    """Check the same expectations of many columns on all their values at once: index of an expectation -> its result.

    A column of which every value is as expected meets it, whatever share is asked for. The others are left for a check each.
    """
    met: dict[int, dict[str, Any]] = {}
    for names, several in _alike(columns, expectations):
        asked = [_of_stacked(expectations[places[0]]) for places in several]
        checked = check({_STACKED: np.concatenate([columns[name] for name in names])}, asked)
        for places, raw in zip(several, checked, strict=True):
            if _error(raw["exception_info"]):
                continue
            rows = len(columns[names[0]])
            odd = {index // rows for index in raw["result"].get("unexpected_index_list") or []}
            result = {"success": True, "result": {"element_count": rows, "unexpected_count": 0}, "exception_info": {}}
            met |= {place: result for part, place in enumerate(places) if part not in odd}
    return met


def _of_stacked(expectation: Expectation) -> Expectation:
    """The expectation of values of several columns, one below the other: each of them is to meet it."""
    kwargs = {name: value for name, value in expectation.kwargs.items() if name != "mostly"}
    return Expectation(expectation.kind, {**kwargs, "column": _STACKED}, expectation.why)


def _alike(columns: Columns, expectations: Sequence[Expectation]) -> Iterator[tuple[list[str], list[list[int]]]]:
    """Yield names of columns of one type, and for each of the expectations that they share its indices, in their order.

    Only expectations about single values are among them.
    """
    alike: dict[Any, dict[str, int]] = {}
    for place, one in enumerate(expectations):
        name = one.kwargs.get("column", "")
        if one.kind in _OF_VALUES and name in columns and len(columns[name]):
            limits = tuple(sorted((key, value) for key, value in one.kwargs.items() if key not in ("column", "mostly")))
            alike.setdefault((columns[name].dtype, one.kind, limits), {})[name] = place
    shared: dict[tuple[str, ...], list[dict[str, int]]] = {}
    for places in alike.values():
        shared.setdefault(tuple(places), []).append(places)
    for names, several in shared.items():
        step = max(1, _CELLS // len(columns[names[0]]))
        for start in range(0, len(names), step):
            part = list(names[start : start + step])
            yield part, [[places[name] for name in part] for places in several]


def _parts(columns: Columns, expectations: Sequence[Expectation]) -> Iterator[tuple[list[str], list[int]]]:
    """Divide expectations so that few columns are checked at once: names of columns, and indices of expectations about them.

    The library copies all columns of a batch for each expectation. Those about the whole table are checked on one column.
    """
    by_column: dict[str, list[int]] = {}
    for place, one in enumerate(expectations):
        name = one.kwargs.get("column", "")
        by_column.setdefault(name if name in columns else "", []).append(place)
    rows = max(1, max(map(len, columns.values()), default=1))
    step = max(1, min(_COLUMNS, _CELLS // rows))
    names = [name for name in by_column if name]
    if by_column.get(""):
        yield list(columns)[:1], by_column[""]
    for start in range(0, len(names), step):
        part = names[start : start + step]
        yield part, [place for name in part for place in by_column[name]]


def warm_up() -> None:
    """Import Great Expectations, which takes seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations  # noqa: F401


def _hush() -> None:
    """Silence the library's loggers, some of which set a level of their own on import."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("great_expectations"):
            logging.getLogger(name).setLevel(logging.ERROR)


def _frame(columns: Columns) -> Any:
    """Make a pandas frame; an empty text is a missing value."""
    import pandas as pd

    def with_missing(column: Array) -> Array:
        if column.dtype.kind not in "UO":
            return column
        values = column.astype(object)
        values[values == ""] = None
        return values

    return pd.DataFrame({name: with_missing(column) for name, column in columns.items()})


def _result(expectation: Expectation, raw: Mapping[str, Any], described: Columns, row_id: Array) -> Finding:
    """Convert a raw result into a finding, with rows named by their ids."""
    result = raw["result"]
    count = result.get("unexpected_count")
    filled = max(result["element_count"] - result.get("missing_count", 0), 1) if count is not None else 1
    where = result.get("unexpected_index_list") or []
    return Finding(
        expectation=expectation.kind,
        says=expectation.says,
        column=expectation.column if expectation.says else expectation.kwargs.get("column"),
        settings={name: value for name, value in expectation.kwargs.items() if name != "column"},
        why=expectation.why,
        ok=bool(raw["success"]),
        rows=count,
        share=None if count is None else round(count / filled, 6),
        observed=result.get("observed_value") if count is None else _values(expectation, result, described),
        examples=tuple(str(row_id[place]) for place in where[:EXAMPLES]),
        error=_error(raw["exception_info"]),
    )


def _values(expectation: Expectation, result: Mapping[str, Any], described: Columns) -> list[str]:
    """List a few of the values that were not expected, shortened, or those of another column in the same rows."""
    values = result.get("unexpected_list", [])
    if expectation.shown is not None:
        where = result.get("unexpected_index_list") or []
        values = [described[expectation.shown][place] for place in where] if expectation.shown else []
    return sorted(dict.fromkeys(str(value)[:60] for value in values[:100]))[:5]


def _error(info: Any) -> str | None:
    """Find the message of an error inside Great Expectations, which nests it by metric."""
    if not isinstance(info, dict):
        return None
    if info.get("exception_message"):
        return str(info["exception_message"])
    return next((message for value in info.values() if (message := _error(value))), None)
