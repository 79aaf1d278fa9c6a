"""A proposal: what an entry in params.yaml for somebody's data could be, with the reason for each choice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minnow.catalog import catalog
from minnow.modalities import tabular
from minnow.registry import unknown
from minnow.stages import hints
from minnow.types import Array

ANSWERS = ("target", "label", "class", "y", "answer", "outcome", "result", "diagnosis", "category", "sentiment")
USERS = ("user", "user_id", "userid", "customer", "customer_id", "member", "reader", "visitor")
ITEMS = (
    "item",
    "item_id",
    "itemid",
    "movie",
    "movie_id",
    "movieid",
    "product",
    "product_id",
    "book",
    "song",
    "article",
)
RATINGS, TIMES = ("rating", "score", "stars"), ("time", "timestamp", "date", "datetime", "unix_time")
PICTURES = (".png", ".jpg", ".jpeg")
MANY_ANSWERS = 20
WORDS, TEXT_LENGTH = 4, 25
LARGE = 20_000
FAMILIES = {
    "images": ["linear", "fcnn", "cnn"],
    "text": ["linear", "embedbag"],
    "interactions": ["recommender"],
    "tabular": ["linear", "gboost", "forest", "fcnn"],
}
MAKERS = ["vae", "gan"]


@dataclass
class Proposal:
    """entry: as it would stand in params.yaml; reasons: key -> why; warnings: what to think about."""

    entry: dict[str, Any]
    reasons: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def choose(self, key: str, value: Any, why: str) -> None:
        """Set a key of the entry, "options.x" for one of the options, and say why."""
        place = self.entry.setdefault("options", {}) if key.startswith("options.") else self.entry
        place[key.rpartition(".")[2] if key.startswith("options.") else key] = value
        self.reasons[key] = why


@dataclass(frozen=True)
class Asked:
    """What the user has said; None leaves it to be found."""

    target: str | None = None
    modality: str | None = None
    task: str | None = None
    split: str | None = None
    families: Sequence[str] | None = None


def propose(data: Path, asked: Asked) -> Proposal:
    """Look at a folder or file and propose an entry. Raises ValueError that says what was needed and what is there."""
    if not data.exists():
        raise ValueError(f"--data must name a folder or a file. Received: {data}, which is not there.")
    if asked.modality and asked.modality not in catalog().known("modality"):
        raise ValueError(f"--modality: {unknown('modality', asked.modality, catalog().known('modality'))}")
    found = Proposal({"modality": "", "task": "", "data": str(data)})
    if asked.modality == "images" or (asked.modality is None and _has_pictures(data)):
        _images(found, data, asked)
    else:
        _columns(found, data, asked)
    _families(found, asked)
    return found


def _has_pictures(data: Path) -> bool:
    if data.is_file():
        return data.suffix == ".npz"
    return any(p.suffix.lower() in PICTURES or p.suffix == ".npz" or "idx" in p.name for p in data.rglob("*"))


def _images(found: Proposal, data: Path, asked: Asked) -> None:
    folders = sorted({p.parent.name for p in data.rglob("*") if p.suffix.lower() in PICTURES}) if data.is_dir() else []
    why = (
        f"pictures in {len(folders)} folders: {', '.join(folders)[:80]}"
        if folders
        else "arrays of pictures with labels"
    )
    found.choose("modality", "images", why)
    found.choose("task", asked.task or "classify", "asked for" if asked.task else "each picture has a class")
    if asked.task == "generate":
        found.choose("options.labelled", False, "pictures are to be made, and no label is asked for")
    if folders and len(sizes := _picture_sizes(data)) > 1:
        height, width = sorted(sizes)[len(sizes) // 2]
        why = f"the pictures have {len(sizes)} sizes; this is the middle one"
        found.choose("options.resize", [height, width], why)


def _picture_sizes(data: Path) -> set[tuple[int, int]]:
    from PIL import Image

    sizes = set()
    for path in [p for p in sorted(data.rglob("*")) if p.suffix.lower() in PICTURES][:2000]:
        with Image.open(path) as picture:
            sizes.add((picture.height, picture.width))
    return sizes


def _columns(found: Proposal, data: Path, asked: Asked) -> None:
    """Read delimited rows or Parquet, and find what they mean."""
    columns = _read(found, data)
    rows = len(next(iter(columns.values()), ()))
    if asked.target and asked.target not in columns:
        raise ValueError(f"--target: {unknown('column', asked.target, columns)}")
    ratings, text = _ratings(columns), _text(columns, asked.target)
    if asked.modality == "interactions" or (asked.modality is None and asked.target is None and ratings):
        _interactions(found, columns, ratings, rows)
    elif asked.modality == "text" or (asked.modality is None and text):
        _text_entry(found, columns, text, asked)
    else:
        _table(found, columns, rows, asked)


def _read(found: Proposal, data: Path) -> dict[str, Array]:
    """Read the columns; a file whose first line is a row gets names for its columns."""
    try:
        columns = tabular.look(data)
    except ValueError as error:
        if "options.header" not in str(error):
            raise
        width = str(error).partition("Received: ")[2].partition(". Where")[0].count(",") + 1
        names = [f"column {place}" for place in range(1, width + 1)]
        columns = tabular.look(data, names)
        found.choose("options.header", list(columns), "the first line is already a row, so the columns are numbered")
    if _decimal_commas(columns):
        columns = tabular.look(data, found.entry.get("options", {}).get("header"), ",")
        found.choose("options.decimal", ",", "numbers are written with a decimal comma")
    return columns


def _decimal_commas(columns: Mapping[str, Array]) -> bool:
    number = re.compile(r"[+-]?\d+,\d+")
    return any(
        c.dtype == object and len(c) and np.mean([bool(number.fullmatch(v)) for v in c.tolist() if v] or [0]) > 0.5
        for c in columns.values()
    )


def _named(columns: Mapping[str, Array], names: Sequence[str]) -> str | None:
    lowered = {name.lower().replace(" ", "_"): name for name in columns}
    return next((lowered[name] for name in names if name in lowered), None)


def _ratings(columns: Mapping[str, Array]) -> dict[str, str | None] | None:
    """Find the columns of ratings by their names; None unless user, item and time are there."""
    found = {"user": _named(columns, USERS), "item": _named(columns, ITEMS), "time": _named(columns, TIMES)}
    return found | {"rating": _named(columns, RATINGS)} if all(found.values()) else None


def _text(columns: Mapping[str, Array], target: str | None) -> str | None:
    """Find the one column of sentences, where hardly anything else but the answer is there."""
    sentences = []
    for name, values in columns.items():
        if values.dtype == object and name != target:
            there = [value for value in values.tolist()[:2000] if value]
            words = np.mean([value.count(" ") + 1 for value in there]) if there else 0
            if words >= WORDS and np.mean([len(value) for value in there]) >= TEXT_LENGTH:
                sentences.append(name)
    return sentences[0] if len(sentences) == 1 and len(columns) <= 4 else None


def _interactions(found: Proposal, columns: Mapping[str, Array], ratings: Mapping[str, Any] | None, rows: int) -> None:
    if ratings is None:
        needed = "columns for user, item and time"
        raise ValueError(
            f"interactions need {needed}. Received: {', '.join(columns)}. Rename them, or take another modality."
        )
    found.choose("modality", "interactions", f"{ratings['user']}, {ratings['item']} and {ratings['time']} are columns")
    found.choose("task", "rank", "what a user may like next is a ranking of items")
    for key, name in ratings.items():
        if name != key:
            found.choose(f"options.{key}", name, "the column's name" if name else "there is no such column")
    if rows < 100:
        found.choose("options.min_rows", max(1, rows), f"there are but {rows} rows")


def _text_entry(found: Proposal, columns: Mapping[str, Array], text: str | None, asked: Asked) -> None:
    text = text or max((n for n in columns if n != asked.target), key=lambda n: _mean_length(columns[n]), default=None)
    target, why = _target(columns, asked, [text])
    found.choose("modality", "text", f"'{text}' holds sentences")
    found.choose("task", asked.task or "classify", "asked for" if asked.task else f"'{target}' names a class")
    if text != "text":
        found.choose("options.text", text, "the column of sentences")
    if target != "label":
        found.choose("options.label", target, why)
    _rare(found, columns[target])


def _mean_length(values: Array) -> float:
    return float(np.mean([len(str(value)) for value in values.tolist()[:1000]] or [0]))


def _table(found: Proposal, columns: Mapping[str, Array], rows: int, asked: Asked) -> None:
    if len(columns) < 2:
        raise ValueError(f"A table needs a target and a column to predict it from. Received: {', '.join(columns)}.")
    target, why = _target(columns, asked, [])
    found.choose("modality", "tabular", f"{rows:,} rows of {len(columns)} columns")
    found.choose("options.target", target, why)
    if unanswered := int((tabular.as_labels(columns[target]) == "").sum()):
        found.choose("options.drop_unlabelled", True, f"{unanswered:,} rows have no answer, and teach nothing")
    _task(found, columns[target], asked)
    dropped = [name for name in columns if name != target and hints.is_id(columns[name])]
    if dropped:
        found.choose("options.drop", dropped, "a number or name of the row tells nothing about the next row")
    _split(found, columns, [target, *dropped], asked)
    if found.entry["task"] == "classify":
        _rare(found, columns[target])
    gaps = {name: _missing_share(values) for name, values in columns.items() if name not in (target, *dropped)}
    if empty := [name for name, share in gaps.items() if share > tabular.Options.model_fields["max_missing"].default]:
        found.choose("options.drop", dropped + empty, f"ids, or hardly ever filled: {', '.join(empty)}")
    answer = tabular.as_labels(columns[target])
    for name in gaps.keys() - set(empty):
        if hints.alone(columns[name], answer, found.entry["task"]) >= hints.ALMOST:
            found.warnings.append(f"'{name}' alone nearly gives the answer. Is it known when the question is asked?")


def _target(columns: Mapping[str, Array], asked: Asked, others: Sequence[str | None]) -> tuple[str, str]:
    if asked.target:
        return asked.target, "asked for"
    left = [name for name in columns if name not in others]
    if named := _named({name: columns[name] for name in left}, ANSWERS):
        return named, "its name says that it is the answer; another one: --target"
    if not left:
        raise ValueError(f"No column is left to be the answer. Received: {', '.join(columns)}.")
    return left[-1], "the last column; another one: --target"


def _task(found: Proposal, values: Array, asked: Asked) -> None:
    if asked.task:
        found.choose("task", asked.task, "asked for")
        return
    distinct = len(set(tabular.as_labels(values).tolist()) - {""})
    whole = values.dtype.kind == "f" and bool((values[np.isfinite(values)] % 1 == 0).all())
    if values.dtype.kind == "f" and (distinct > MANY_ANSWERS or not whole):
        found.choose("task", "regress", f"the target is a number with {distinct:,} different values")
    else:
        found.choose("task", "classify", f"the target has {distinct} different values")


def _split(found: Proposal, columns: Mapping[str, Array], without: Sequence[str], asked: Asked) -> None:
    """Choose how rows are divided: by time where one is there, by group where rows belong together, else by hash."""
    left = {name: values for name, values in columns.items() if name not in without}
    dates = [name for name, values in left.items() if values.dtype.kind == "M" and not np.isnat(values).any()]
    groups = [name for name, values in left.items() if _is_group(name, values)]
    how = asked.split or ("time" if dates else "group" if groups else "hash")
    if how == "hash":
        return found.choose(
            "split", {"val": 0.2, "test": 0.2}, "a hash of each row decides, so equal rows share a side"
        )
    candidates = dates or [name for name in left if hints.rises(left[name])] if how == "time" else groups
    if not candidates:
        needed = "times" if how == "time" else "groups"
        raise ValueError(f"--split {how} needs a column of {needed}. Received: {', '.join(left)}.")
    why = {
        "time": f"'{candidates[0]}' is a time: the exam is what came last",
        "group": f"rows of one '{candidates[0]}' belong together: the exam is of others",
    }[how]
    return found.choose("options.split", {"by": how, "column": candidates[0]}, "asked for" if asked.split else why)


def _is_group(name: str, values: Array) -> bool:
    """Whether a column is named as an id, and its values come again."""
    named = re.search(r"(^|[ _-])(id|key|number|no|code)$", name.lower()) or name.lower() in USERS
    distinct = len(set(values.tolist()))
    return bool(named) and len(values) / 50 < distinct < len(values) / 1.5


def _missing_share(values: Array) -> float:
    kind = values.dtype.kind
    gone = (
        values == ""
        if kind == "O"
        else np.isnat(values)
        if kind == "M"
        else values < 0
        if kind == "i"
        else np.isnan(values)
    )
    return float(np.mean(gone))


def _rare(found: Proposal, values: Array) -> None:
    """Let a rare class pass, and say so."""
    named = tabular.as_labels(values)
    labels, counts = np.unique(named[named != ""], return_counts=True)
    share = counts.min() / counts.sum()
    if share < 0.01:
        floor = float(f"{share * 0.5:.1g}")
        found.choose(
            "options.min_class_share",
            floor,
            f"the class '{labels[counts.argmin()]}' has {100 * share:.2f} % of the rows",
        )


def _families(found: Proposal, asked: Asked) -> None:
    modality, task = found.entry["modality"], found.entry["task"]
    if task not in catalog().known("task"):
        raise ValueError(f"--task: {unknown('task', task, catalog().known('task'))}")
    wanted = list(asked.families or (MAKERS if task == "generate" else FAMILIES[modality]))
    for family in wanted:
        if family not in catalog().known("family"):
            raise ValueError(f"--families: {unknown('family', family, catalog().known('family'))}")
        if why := catalog().fits(family, modality, task):
            raise ValueError(f"--families: {why}")
    found.choose(
        "families",
        wanted,
        "asked for" if asked.families else f"what learns to {task} from {modality}, plain ones first",
    )
    found.choose("compression", ["float16", "int8"], "smaller files of the networks, judged like any other")
