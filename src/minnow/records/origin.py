"""Origin of a trained model: everything that it was made from. The hash of its JSON is the model's key in the cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minnow.records.files import read_json, readable, write_json

FILE = "models.json"
FORMAT = 2
NOUN = "record of trained models"


@dataclass(frozen=True)
class StartRecord:
    """The model that a training begins with: its use case, its key in the cache, and the labels that it tells apart."""

    usecase: str
    key: str
    labels: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what start_from_json reads."""
        return {"usecase": self.usecase, "key": self.key, "labels": list(self.labels)}


def start_from_json(value: Mapping[str, Any] | None) -> StartRecord | None:
    """Read what StartRecord.as_json returned; None for None."""
    return StartRecord(value["usecase"], value["key"], tuple(value["labels"])) if value else None


@dataclass(frozen=True)
class Origin:
    """What a family's model is made from.

    rows: hash of the encoded rows; params: of the family, as params.yaml has them; code: hash of the source files; lock: hash
    of uv.lock; init_from: the model that the training begins with; joined: whether it was fitted to train and val together,
    with what val had settled among its params; sources: hash of the names of the columns that the rows' numbers are made of, ""
    where they have no names and in records of older versions.
    """

    rows: str
    family: str
    params: Mapping[str, Any]
    seed: int
    threads: int
    code: str
    lock: str
    machine: str
    init_from: StartRecord | None = None
    joined: bool = False
    sources: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what origin_from_json reads; cached models are named by its hash."""
        plain = {name: value for name, value in vars(self).items() if name not in ("init_from", "joined", "sources")}
        start = {"init_from": self.init_from.as_json()} if self.init_from else {}
        newer = {name: value for name, value in (("joined", self.joined), ("sources", self.sources)) if value}
        return plain | start | newer


def origin_from_json(value: Mapping[str, Any]) -> Origin:
    """Read what Origin.as_json returned, of any version. Raises KeyError or TypeError for other fields."""
    plain = {name: item for name, item in value.items() if name != "init_from"}
    return Origin(**plain, init_from=start_from_json(value.get("init_from")))


@dataclass(frozen=True)
class ModelEntry:
    """A trained model of an outcome: its key in the cache, its labels, and the model that its training began with."""

    key: str
    labels: tuple[str, ...]
    init_from: StartRecord | None = None


def read_models(folder: Path) -> dict[str, ModelEntry]:
    """Read models.json of an outcome: family -> entry; none where there is no file. Raises RecordError."""
    path = folder / FILE
    if not path.exists():
        return {}
    value = read_json(path, NOUN, (1, FORMAT))
    with readable(str(path), NOUN):
        entries: Mapping[str, Any] = value["models"] if value.get("format", 1) == FORMAT else value
        return {
            family: ModelEntry(entry["key"], tuple(entry["labels"]), start_from_json(entry["init_from"]))
            for family, entry in entries.items()
        }


def write_models(folder: Path, models: Mapping[str, ModelEntry]) -> None:
    """Write models.json of an outcome."""
    entries = {
        family: {
            "key": entry.key,
            "labels": list(entry.labels),
            "init_from": entry.init_from.as_json() if entry.init_from else None,
        }
        for family, entry in models.items()
    }
    write_json(folder / FILE, {"format": FORMAT, "models": entries})
