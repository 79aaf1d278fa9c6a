"""Provenance: what a bundle was made from, the hashes of its files, and the decisions about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from minnow.records import certificate, report
from minnow.records import decision as decision_record
from minnow.records import keys as key_rules
from minnow.records.bundle import FOLDER
from minnow.records.decision import Decision
from minnow.records.files import RecordError, file_hashes, file_sha256, known_format, read_json, readable, write_json
from minnow.records.origin import Origin, origin_from_json
from minnow.types import KeyRule

FILE = "provenance.json"
BESIDE = (report.FILE, report.CARD, certificate.FILE)
"""Files that stand beside a bundle, and whose hashes its provenance has; a certificate only where it has a parent."""
FORMAT = 2
NOUN = "provenance"


@dataclass(frozen=True)
class Provenance:
    """Where a bundle comes from.

    sha: the bundle's name; made_from: what the model was made from; code_version: git commit, with a hash of what differed from
    it, "none" outside of git; untracked: files of code and settings that git did not track, which that hash covers;
    keys: what the keys of its rows are made of, None in records of older versions;
    settings: the use case's entry in params.yaml; files: "bundle/model.onnx", "report.json" and the others -> sha256;
    decisions: those in which it was the finalist. target, version, tag: set in the copy that is published.
    """

    usecase: str
    sha: str
    family: str | None = None
    variant: str | None = None
    data_version: str | None = None
    code_version: str | None = None
    untracked: tuple[str, ...] = ()
    made_from: Origin | None = None
    keys: KeyRule | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    decisions: tuple[Decision, ...] = ()
    target: str | None = None
    version: int | None = None
    tag: str | None = None
    format: int = FORMAT
    """Of the file that it was read from; written is always today's."""

    @property
    def name(self) -> str:
        """Family and variant, for people: "cnn/int8"."""
        return f"{self.family}/{self.variant}"

    def published(self, *, target: str, version: int, tag: str) -> Provenance:
        """Return the copy that is published, with target, version and tag."""
        return replace(self, target=target, version=version, tag=tag)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON value that from_json reads; fields that are None are left out."""
        plain = {name: value for name, value in vars(self).items() if value is not None and value != ()}
        origin: dict[str, Any] = {"made_from": self.made_from.as_json()} if self.made_from else {}
        origin |= {"keys": key_rules.as_json(self.keys)} if self.keys else {}
        origin["format"] = FORMAT
        return plain | origin | {"decisions": [decision.as_json() for decision in self.decisions]}

    def write(self, folder: Path) -> None:
        """Write provenance.json beside a bundle."""
        write_json(folder / FILE, self.as_json())


def from_json(value: Mapping[str, Any], where: str = FILE) -> Provenance:
    """Read a provenance of format 1 or 2; names of files are relative to the folder that holds the bundle.

    Raises RecordError for another format, or without the bundle's sha.
    """
    number = known_format(value, NOUN, (1, FORMAT), where)
    if not isinstance(value.get("sha"), str) or not isinstance(value.get("usecase"), str):
        raise RecordError(f"{where}: a {NOUN} names a use case and the sha of its bundle. Received: {sorted(value)}.")
    with readable(where, NOUN):
        files = dict(value.get("files", {}))
        if number == 1:  # all its files are inside the bundle
            files = {f"{FOLDER}/{name}": digest for name, digest in files.items()}
        decisions = tuple(decision_record.from_json(decision, where) for decision in value.get("decisions", ()))
        made_from = origin_from_json(value["made_from"]) if value.get("made_from") else None
        known: dict[str, Any] = {name: value[name] for name in Provenance.__dataclass_fields__ if name in value}
        keys = key_rules.from_json(value["keys"]) if value.get("keys") else None
        read: dict[str, Any] = {
            "files": files,
            "decisions": decisions,
            "made_from": made_from,
            "keys": keys,
            "format": number,
            "untracked": tuple(value.get("untracked", ())),
        }
        return Provenance(**(known | read))


def read_provenance(folder: Path) -> Provenance:
    """Read provenance.json of a folder that holds a bundle. Raises RecordError."""
    return from_json(read_json(folder / FILE, NOUN, (1, FORMAT)), str(folder / FILE))


def hashes_beside(folder: Path) -> dict[str, str]:
    """Hash the files that a provenance lists: those of bundle/, and those of BESIDE."""
    beside = {name: file_sha256(folder / name) for name in BESIDE if (folder / name).exists()}
    return {f"{FOLDER}/{name}": digest for name, digest in file_hashes(folder / FOLDER).items()} | beside
