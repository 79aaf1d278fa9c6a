"""The rule of the keys of rows, and the rows that a model was trained on, as they are kept with a registered model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnow.records.files import read_json, read_npz, readable, write_json, write_npz
from minnow.types import Array, KeyRule

RULE, TRAINING_ROWS = "keys.json", "training_rows.npz"
NOUN = "rule of the keys of rows"


@dataclass(frozen=True)
class TrainingRows:
    """The rows of train and val of a model. key, group: (n,) and (m,) uint64, ascending; group is empty without groups."""

    key: Array
    group: Array

    def write(self, path: Path) -> None:
        """Write training_rows.npz."""
        write_npz(path, {"key": self.key, "group": self.group})


def read_training_rows(path: Path) -> TrainingRows:
    """Read what write wrote. Raises what NumPy raises for another file, and KeyError."""
    arrays = read_npz(path)
    return TrainingRows(arrays["key"].astype(np.uint64), arrays["group"].astype(np.uint64))


def as_json(rule: KeyRule) -> dict[str, Any]:
    """Return the JSON value that from_json reads."""
    return {
        "columns": [list(column) for column in rule.columns],
        "options": dict(rule.options),
        "version": rule.version,
    }


def from_json(value: Mapping[str, Any]) -> KeyRule:
    """Read what as_json returned. Raises KeyError or TypeError for other fields."""
    columns = tuple((str(name), str(kind)) for name, kind in value["columns"])
    return KeyRule(columns, dict(value["options"]), value["version"])


def write_rule(path: Path, rule: KeyRule) -> None:
    """Write a rule as a file of its own."""
    write_json(path, as_json(rule))


def read_rule(path: Path) -> KeyRule | None:
    """Read what write_rule wrote; None where there is no file. Raises RecordError."""
    if not path.exists():
        return None
    with readable(str(path), NOUN):
        return from_json(read_json(path, NOUN, (1,)))
