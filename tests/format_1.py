"""What versions before 0.2 wrote: made here from what is written today, by the changes between the two formats."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from minnow.modalities.timeseries.windows import RENAMED_FEATURES
from minnow.records.files import file_hashes, sha256, write_json

OLD_NAMES = {new: old for old, new in RENAMED_FEATURES.items()}


def bundle(folder: Path, out: Path) -> Path:
    """Write the bundle of a folder to `out` as format 1: report and card inside, and keys by their older names."""
    shutil.copytree(folder, out)
    schema = json.loads((out / "schema.json").read_text())
    options = {OLD_NAMES.get(key, key): value for key, value in schema["options"].items()}
    write_json(out / "schema.json", schema | {"format": 1, "options": options})
    encoder = out / "encoder.json"
    if encoder.exists():
        value = json.loads(encoder.read_text())
        value["made"] = {OLD_NAMES.get(key, key): rows for key, rows in value["made"].items()}
        value["anchor"] = value.pop("offset")
        write_json(encoder, value)
    score = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9}
    write_json(out / "report.json", {"val": {"fingerprint": "f" * 16, "rows": 9, "scores": {"mae": score}}})
    (out / "card.md").write_text("# home: linear/float32\n")
    return out


def provenance(folder: Path, usecase: str, decisions: list[dict] | None = None) -> dict:
    """Write provenance.json beside a bundle of format 1. Returns what was written."""
    value = {"usecase": usecase, "sha": sha256(folder), "family": "linear", "variant": "float32", "code_version": "c1"}
    value |= {"files": file_hashes(folder), "decisions": decisions or []}
    write_json(folder.parent / "provenance.json", value)
    return value


def decision(usecase: str, sha: str, name: str, replaces: str | None = None) -> dict:
    """A decision that promotes a bundle, as outcomes/<usecase>/decision.json held it under "cpu"."""
    score = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 374}
    return {
        "usecase": usecase,
        "target": "cpu",
        "verdict": "better",
        "promote": True,
        "reasons": ["It is better."],
        "replaces": replaces,
        "finalist": "linear/float32",
        "sha": sha,
        "size_bytes": 100,
        "exam": {"fingerprint": "e" * 16, "rows": 374},
        "measure": "accuracy",
        "score": score,
        "baselines": {"majority": score},
        "against": {"majority": {"value": -0.8, "low": -0.9, "high": -0.7}},
        "looks": 2,
        "looked": True,
        "level_spent": 0.01,
        "comparisons": {"champion": {"difference": -0.1}, "anchor": {"difference": 0.2}},
        "chosen": ["the smallest"],
        "id": name,
    }
