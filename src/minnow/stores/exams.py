"""Exams in the registry: how often each was looked at, what keys of rows are made of, and what registered models learned from.

The number of looks at an exam, with the day of the first one, is a tag of the registered model, so that it goes on after a
retirement. The rows that these looks have read are a file of a run. The rule of keys stands in the provenance of each version,
and its training rows are a file of its run.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from minnow.records import provenance
from minnow.records.files import RecordError, file_sha256
from minnow.records.keys import TRAINING_ROWS, TrainingRows, read_training_rows
from minnow.records.provenance import read_provenance
from minnow.stores.champions import BEST, CHAMPION, Champion, current, ensure, registered, tags_of
from minnow.stores.database import client
from minnow.types import Array, KeyRule, fingerprint
from minnow.workspace import Workspace

FOLDER, ROWS = "exam", "exam_rows.npy"
WINDOW_DAYS = 365
"""Days from the first look within which the count goes on for an exam of the most recent rows, whichever these are."""


@dataclass(frozen=True)
class Ledger:
    """Number of looks at an exam.

    rows: (n,) uint64, identities of the rows that these looks have read, and of the exam; since: day of the first of these
    looks, None before it, and where an older version recorded none.
    """

    looks: int
    rows: Array
    since: date | None = None


def ledger(
    space: Workspace, usecase: str, target: str, key: Array, identity: Array | None = None, *, window: bool = False
) -> Ledger:
    """Return the number of looks that count for an exam.

    key: (n,) uint64, of the rows; identity: (n,) uint64, their groups, where they have any: a user stays the same whatever else
    is said of it. window: the exam consists of the most recent rows. The count continues while earlier looks have read at least
    half of the exam's rows, and for a window within a year of the first look; otherwise it restarts (looks_that_count).
    """
    identity = key if identity is None else identity
    tag = tags_of(space, usecase).get(f"minnow.looks.{target}")
    if tag is None:
        return Ledger(0, identity)
    entry = json.loads(tag)
    since = date.fromisoformat(entry["since"]) if "since" in entry else None
    seen = _seen(space, entry["run_id"], target)
    if seen is None:
        return Ledger(entry["count"], identity, since)
    within = window and since is not None and (_today() - since).days <= WINDOW_DAYS
    counted = max(
        looks_that_count(rows, seen, entry["count"]) for rows in (identity, key)
    )  # an older version kept keys
    if not within and counted < entry["count"]:
        return Ledger(counted, identity)
    return Ledger(entry["count"], np.union1d(seen, identity), since)


def looks_that_count(exam: Array, seen: Array, looks: int) -> int:
    """Number of earlier looks that count for an exam: all of them where these have read at least half of its rows.

    Of fewer rows they count as one, since a new count at every growth would add up to more false promotions than the level
    allows; where no row was read, as none. exam, seen: (n,), (m,) uint64, identities of the exam's rows and of those that were
    read.
    """
    share = float(np.isin(exam, seen).mean())
    return looks if share >= 0.5 else min(looks, 1) if share else 0


def _seen(space: Workspace, run_id: str, target: str) -> Array | None:
    """Return the rows that earlier looks have read; None where the record is lost, so that the count goes on to be safe."""
    try:
        return np.load(client(space).download_artifacts(run_id, f"{FOLDER}/{target}/{ROWS}"))
    except Exception as error:
        if not is_lost(error):
            raise
        return None


def record_look(space: Workspace, usecase: str, target: str, count: int, rows: Array, run_id: str) -> None:
    """Record the number of looks in the registry. The run keeps the rows that they have read under exam/<target>/."""
    ensure(space, usecase)
    earlier = json.loads(tags_of(space, usecase).get(f"minnow.looks.{target}", "{}"))
    since = earlier.get("since") if count > 1 else None
    entry = {"count": count, "exam": fingerprint(rows), "run_id": run_id, "since": since or _today().isoformat()}
    client(space).set_registered_model_tag(registered(usecase), f"minnow.looks.{target}", json.dumps(entry))


def _today() -> date:
    return datetime.now(UTC).date()


def key_rule(space: Workspace, usecase: str, targets: Iterable[str]) -> KeyRule | None:
    """Return what the keys of a use case's rows are made of: as recorded with the champion, else with the newest version.

    None where no version has a record of it.
    """
    for run_id, digest in dict.fromkeys(_versions(space, usecase, targets)):
        rule = _rule_of(space, run_id, digest)
        if rule is not None:
            return rule
    return None


def _versions(space: Workspace, usecase: str, targets: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Runs of versions, with the sha256 of their provenance: the champions, the best so far, and all from the newest on."""
    for role in (CHAMPION, BEST):
        for target in targets:
            held = current(space, usecase, target, role)
            if held is not None:
                yield held.run_id, held.provenance
    every = client(space).search_model_versions(f"name = '{registered(usecase)}'")
    for version in sorted(every, key=lambda one: int(one.version), reverse=True):
        yield str(version.run_id), version.tags.get("minnow.provenance")


def _rule_of(space: Workspace, run_id: str, digest: str | None) -> KeyRule | None:
    """Read the rule of a version; None where it has none, or where its provenance is lost or changed."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            path = Path(client(space).download_artifacts(run_id, provenance.FILE, scratch))
            return read_provenance(path.parent).keys if digest in (None, file_sha256(path)) else None
        except Exception as error:
            if not is_lost(error):
                raise
            return None


def training_rows(space: Workspace, champion: Champion) -> TrainingRows | None:
    """Return the rows that a registered model was trained on; None where its run does not keep them."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            name = f"{FOLDER}/{TRAINING_ROWS}"
            return read_training_rows(Path(client(space).download_artifacts(champion.run_id, name, scratch)))
        except Exception as error:
            if not is_lost(error):
                raise
            return None


def is_lost(error: Exception) -> bool:
    """Whether files of a run are missing or not as they were written, and not only out of reach for a while."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException

    if isinstance(error, MlflowException):
        return error.error_code == "RESOURCE_DOES_NOT_EXIST"
    if isinstance(error, RequestException):
        return error.response is not None and error.response.status_code == 404
    if isinstance(error, OSError):  # MLflow raises one without a number where there is no such artifact
        return isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno is None
    return isinstance(error, RecordError | ValueError | KeyError)
