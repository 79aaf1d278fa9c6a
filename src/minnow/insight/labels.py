"""Labels: classes that a split lacks or hardly has, and spellings of one label that count as several."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from minnow.measures.scores import wilson
from minnow.records.hint import Hint
from minnow.types import SPLITS, Array, Table

FEW = 6
"""Rows of a class in the exam below which nothing can be said of it: with level 0.05, six that agree are needed."""
DRIFT = 0.25
"""Share of the rows that would have to change their class so that the exam has the shares of train."""
_LEAST_LATER = 20
_NAMED = 3
"""Classes of one kind that get a sentence each; more are counted in one."""
_LISTED = 5
_PLACES = {"train": "train", "val": "val", "test": "the exam"}
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?")


def class_hints(tables: Mapping[str, Table], target: str, split: str) -> list[Hint]:
    """Name the classes that train, val or the exam lacks or hardly has.

    tables: split -> examples with labels (n,) str in column target; split: "hash", "time" or "group", how they were made.
    """
    counts = {name: _counts(rows.columns[target]) for name, rows in tables.items()}
    classes = {
        label: {name: counts[name].get(label, 0) for name in SPLITS} for label in sorted(set().union(*counts.values()))
    }
    lacking = {
        "train": [label for label, rows in classes.items() if not rows["train"]],
        "test": [label for label, rows in classes.items() if rows["train"] and not rows["test"]],
        "val": [label for label, rows in classes.items() if rows["train"] and rows["test"] and not rows["val"]],
    }
    few = [label for label, rows in classes.items() if rows["train"] and 0 < rows["test"] < FEW]
    hints = [
        hint for name, labels in lacking.items() for hint in _lacking(name, labels, classes, tables, target, split)
    ]
    return hints + _few(few, classes) + (_drifted(classes, target) if split == "time" else [])


def _drifted(classes: Mapping[str, Mapping[str, int]], target: str) -> list[Hint]:
    """Say so where the classes of train have other shares in the exam, whose rows are later."""
    known = [label for label, rows in classes.items() if rows["train"]]
    counts = np.array([[classes[label][name] for label in known] for name in ("train", "test")], np.float64)
    if counts[1].sum() < _LEAST_LATER:
        return []
    shares = counts / counts.sum(axis=1, keepdims=True)
    change = shares[1] - shares[0]
    if np.abs(change).sum() / 2 < DRIFT:
        return []
    most = int(np.abs(change).argmax())
    text = (
        f"class '{known[most]}' has {100 * shares[0, most]:.0f} % of the rows of train and {100 * shares[1, most]:.0f} % of "
        "those of the exam, which are later: what models learn may not hold any more."
    )
    facts = {"train": round(float(shares[0, most]), 6), "exam": round(float(shares[1, most]), 6), "class": known[most]}
    return [Hint("drift", target, text, facts)]


def _counts(labels: Array) -> dict[str, int]:
    names, counts = np.unique(labels, return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _lacking(
    lack: str,
    labels: Sequence[str],
    classes: Mapping[str, Mapping[str, int]],
    tables: Mapping[str, Table],
    target: str,
    split: str,
) -> list[Hint]:
    """Say of each class that one split lacks which rows it has elsewhere, and what follows."""
    follows = {
        "train": "no model can know it, and every answer to its rows counts as wrong.",
        "test": "the exam cannot show whether a model knows it.",
        "val": "models are chosen without it.",
    }[lack]
    if len(labels) > _NAMED:
        listed = ", ".join(f"'{label}' ({_rows(sum(classes[label].values()))})" for label in labels[:_LISTED])
        more = f" and {len(labels) - _LISTED} more" if len(labels) > _LISTED else ""
        count = f"{len(labels)} of {len(classes)} classes have no row in {_PLACES[lack]}"
        facts = {"lacks": lack, "classes": {label: dict(classes[label]) for label in labels}}
        return [Hint("class", target, f"{count}: {listed}{more}. Of each of them: {follows}", facts)]
    hints = []
    for label in labels:
        rows = classes[label]
        begins = _beginning(label, tables, target) if lack == "train" and split == "time" else ""
        text = f"class '{label}' has {_elsewhere(rows)} and none in {_PLACES[lack]}: {follows}{begins}"
        hints.append(Hint("class", target, text, {"lacks": lack, "classes": {label: dict(rows)}}))
    return hints


def _elsewhere(rows: Mapping[str, int]) -> str:
    had = [(name, count) for name, count in rows.items() if count]
    return ", ".join(f"{f'{count:,}' if i else _rows(count)} in {_PLACES[name]}" for i, (name, count) in enumerate(had))


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _beginning(label: str, tables: Mapping[str, Table], target: str) -> str:
    """Say where a class begins that no row of train has, in the first split that has it."""
    name = next(one for one in SPLITS if (tables[one].columns[target] == label).any())
    rows = tables[name]
    first = rows.row_id[rows.columns[target] == label][0]
    return f" It begins late: rows are split by time, and {first} is its first row after those of train."


def _few(labels: Sequence[str], classes: Mapping[str, Mapping[str, int]]) -> list[Hint]:
    """Say what the exam can show of classes with few rows."""
    if not labels:
        return []
    listed = ", ".join(f"'{label}' {classes[label]['test']}" for label in labels[:_LISTED])
    more = f" and {len(labels) - _LISTED} more" if len(labels) > _LISTED else ""
    most = max(classes[label]["test"] for label in labels)
    low = wilson(1.0, most)[0]
    text = (
        f"{len(labels)} of {len(classes)} classes {'has' if len(labels) == 1 else 'have'} fewer than {FEW} rows in the exam: "
        f"{listed}{more}. Even of {most} right answers out of {most}, a model's share of right ones may be as low as {low:.2f}."
    )
    return [Hint("few", None, text, {"classes": {label: dict(classes[label]) for label in labels}, "needed": FEW})]


def plain(label: str) -> str:
    """Return what a label has in common with its variants.

    It has no case, no outer or repeated blanks, no period at the end, and no zeros after a point.
    """
    text = " ".join(unicodedata.normalize("NFC", label).split()).casefold()
    text = text.removesuffix(".").rstrip() or text
    return str(Decimal(text).normalize() + 0) if _NUMBER.fullmatch(text) else text


def variants(labels: Array) -> list[dict[str, int]]:
    """Find labels that differ only in case, blanks, a last period, or 1 and 1.0: label -> rows, the most frequent first.

    labels: (n,) str, "" where there is none.
    """
    groups: dict[str, dict[str, int]] = {}
    for label, count in _counts(labels[labels != ""]).items():
        groups.setdefault(plain(label), {})[label] = count
    ordered = [dict(sorted(group.items(), key=lambda item: (-item[1], item[0]))) for group in groups.values()]
    return [group for group in ordered if len(group) > 1]


def variant_hint(labels: Array, target: str | None, option: str | None) -> Hint | None:
    """Name labels with several spellings, with their rows, and the option that merges them.

    option: the one that maps spellings to labels, None where there is none.
    """
    found = variants(labels)
    if not found:
        return None
    spelled = "; ".join(", ".join(f"'{label}' ({_rows(count)})" for label, count in group.items()) for group in found)
    merged = {label: next(iter(group)) for group in found for label in group if label != next(iter(group))}
    written = ", ".join(
        f"{json.dumps(one, ensure_ascii=False)}: {json.dumps(to, ensure_ascii=False)}" for one, to in merged.items()
    )
    advice = (
        f"To merge them: {option}: {{{written}}}" if option else f"To merge them, rename them in the data: {written}"
    )
    count = len(set(labels.tolist()) - {""})
    text = (
        f"{sum(map(len, found))} of the {count} labels differ from another only in case, blanks, a last period or how a number "
        f"is written: {spelled}. Each of them is a class of its own. {advice}."
    )
    return Hint("variants", target, text, {"variants": found, "label_as": merged})
