"""Validation: a modality's contract, held against its rows by Great Expectations, with a report for people."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from minnow.bundle import write_json
from minnow.stages import _report
from minnow.types import Array, Columns, Expectation, Table

JSON, HTML = "validation.json", "validation.html"
EXAMPLES = 10


class DataError(ValueError):
    """Rows that are not what their modality's contract demands."""


@dataclass(frozen=True)
class Findings:
    """What a contract found.

    results, one per expectation: expectation (its kind), column (None for the whole table), settings, why, ok, rows
    and share (how many rows do not meet it, of those with a value; None where it is about the table), observed (what
    was found instead), examples (up to ten row ids).
    report: where the readable report lies. hints: what makes a score look better than it is.
    """

    usecase: str
    rows: int
    results: list[dict[str, Any]]
    report: Path
    hints: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every expectation is met."""
        return all(result["ok"] for result in self.results)

    def require(self) -> None:
        """Raise DataError that names columns, counts, rows and the report, unless every expectation is met."""
        failed = [result for result in self.results if not result["ok"]]
        if failed:
            lines = "\n".join(f"- {_report.sentence(result)}" for result in failed)
            raise DataError(
                f"{self.usecase}: {len(failed)} of {len(self.results)} expectations failed on {self.rows:,} rows.\n"
                f"{lines}\nReport: {self.report}"
            )


def check(
    table: Table,
    modality: ModuleType,
    options: Any,
    task: str,
    folder: Path,
    usecase: str,
    find_hints: Callable[[], Sequence[str]] = tuple,
) -> Findings:
    """Hold a modality's contract against rows, and write validation.json and validation.html to folder.

    find_hints: called where every expectation is met, for what else the report should say. Both files are the same bytes
    for the same rows. Nothing is raised for bad rows: ask Findings.require().
    """
    contract = modality.contract(options, table, task)
    found = _run(modality.describe(table, options), contract)
    results = [_result(one, raw, table.row_id) for one, raw in zip(contract, found, strict=True)]
    met = all(result["ok"] for result in results)
    hints = tuple(find_hints()) if met else ()
    findings = Findings(usecase, len(table), results, folder / HTML, hints)
    facts = {"usecase": usecase, "ok": findings.ok, "rows": findings.rows, "results": results, "hints": list(hints)}
    write_json(folder / JSON, facts)
    findings.report.write_text(_report.page(usecase, findings.rows, results, hints), encoding="utf-8")
    return findings


def _run(columns: Columns, contract: Sequence[Expectation]) -> list[dict[str, Any]]:
    """Let Great Expectations judge columns (n,) each. Returns its results in the contract's order."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")  # read at import; it would try to reach the internet
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own deprecations are not the user's to read
        import great_expectations as gx
        from great_expectations.expectations.registry import get_expectation_impl

        _hush()
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}  # pyright: ignore
        asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
        rows = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": _frame(columns)})
        suite = gx.ExpectationSuite(name="contract")
        for i, one in enumerate(contract):
            suite.add_expectation(get_expectation_impl(one.kind)(**one.kwargs, meta={"place": i}))
        results = rows.validate(suite, result_format="COMPLETE").results
    placed = {result.expectation_config.meta["place"]: result.to_json_dict() for result in results}  # pyright: ignore
    return [placed[i] for i in range(len(contract))]


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
        found = column.astype(object)
        found[found == ""] = None
        return found

    return pd.DataFrame({name: with_missing(column) for name, column in columns.items()})


def _result(expectation: Expectation, raw: dict[str, Any], row_id: Array) -> dict[str, Any]:
    """Keep of a raw result what a reader needs, with rows by their ids."""
    found = raw["result"]
    count = found.get("unexpected_count")
    share = None if count is None else round(count / max(found["element_count"] - found.get("missing_count", 0), 1), 6)
    where = found.get("unexpected_index_list") or []
    return {
        "expectation": expectation.kind,
        "column": expectation.kwargs.get("column"),
        "settings": {name: value for name, value in expectation.kwargs.items() if name != "column"},
        "why": expectation.why,
        "ok": bool(raw["success"]),
        "rows": count,
        "share": share,
        "observed": found.get("observed_value") if count is None else _values(found),
        "examples": [str(row_id[i]) for i in where[:EXAMPLES]],
        **({"error": error} if (error := _error(raw["exception_info"])) else {}),
    }


def _values(found: dict[str, Any]) -> list[str]:
    """List a few of the values that were not expected, shortened."""
    distinct = dict.fromkeys(str(value)[:60] for value in found.get("unexpected_list", [])[:100])
    return sorted(distinct)[:5]


def _error(info: Any) -> str | None:
    """Find the message of what went wrong inside Great Expectations, which nests it by metric."""
    if not isinstance(info, dict):
        return None
    if info.get("exception_message"):
        return str(info["exception_message"])
    return next((message for value in info.values() if (message := _error(value))), None)
