"""Starting weights: the model of another use case that a training begins with (`init_from`), found by its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minnow.cache import Cache
from minnow.lineage import key_of
from minnow.records.origin import ModelEntry, Origin, StartRecord, read_models
from minnow.stages.case import Case


class StartError(ValueError):
    """The model to begin with is missing."""


@dataclass(frozen=True)
class Start:
    """A model to begin with: its record, and its folder in the cache."""

    record: StartRecord
    folder: Path


def entry(origin: Origin, labels: Sequence[str]) -> ModelEntry:
    """Describe a trained model for its outcome: its key in the cache, its labels, and the model that it began with."""
    return ModelEntry(key_of(origin.as_json()), tuple(labels), origin.init_from)


def find(case: Case, family: str) -> Start | None:
    """Find the model that a family's `init_from` names; None where it has none. Raises StartError that says what to run."""
    usecase = case.usecase.starts.get(family)
    if usecase is None:
        return None
    record = _recorded(case, usecase).get(family)
    if record is None:
        raise StartError(
            f"usecases.{case.name}.families.{family}.init_from needs the family '{family}' of '{usecase}', which is not in "
            f"its last outcome. Run first: {_command(case, usecase)}"
        )
    return at(case, StartRecord(usecase, record.key, record.labels))


def at(case: Case, record: StartRecord) -> Start:
    """Return the model that a record names, from the cache of all runs. Raises StartError where it is no longer there."""
    cache = Cache(case.workspace.kept)
    folder = cache.root / "models" / record.key
    if not cache.use(folder):
        raise StartError(
            f"init_from needs the model that the outcome of '{record.usecase}' names, {record.key}, and it is not in "
            f"{folder.parent}. Make it again: {_command(case, record.usecase)} --force"
        )
    return Start(record, folder)


def filled(params: Mapping[str, Any], start: Start | None) -> dict[str, Any]:
    """Add the folder and the labels of the model to begin with to a family's parameters."""
    if start is None:
        return dict(params)
    place = {"model": str(start.folder / "model"), "labels": list(start.record.labels)}
    return {**params, "init_from": {**params["init_from"], **place}}


def has_changed(case: Case, family: str) -> bool:
    """Whether `init_from` leads to another model now than when the family was last trained."""
    own, theirs = (_recorded(case, name).get(family) for name in (case.name, case.usecase.starts[family]))
    if own is None or theirs is None:
        return False
    return own.init_from is None or own.init_from.key != theirs.key


def is_lost(case: Case, family: str) -> bool:
    """Whether the last outcome names the model that `init_from` asks for, and the cache has it no longer."""
    record = _recorded(case, case.usecase.starts[family]).get(family)
    cache = Cache(case.workspace.kept)
    return record is not None and not cache.is_whole(cache.root / "models" / record.key)


def _recorded(case: Case, usecase: str) -> dict[str, ModelEntry]:
    return read_models(case.workspace.outcome(usecase))


def _command(case: Case, usecase: str) -> str:
    params = f"--params {case.workspace.params} " if case.workspace.is_trial else ""
    return f"minnow run {params}{usecase}"
