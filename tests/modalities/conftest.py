"""Tiny data for every modality there is, for the tests that run over all of them."""

from __future__ import annotations

import base64
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recordings import wav

from minnow import modalities, tasks
from minnow.records.files import write_npz
from minnow.types import Array, Table


@dataclass(frozen=True)
class Tiny:
    """Rows of one modality on disk, and the same rows as requests. bad: inputs that must be refused."""

    module: Any
    options: Any
    folder: Path
    bad: list[Any]
    task: str

    @property
    def table(self) -> Table:
        return self.module.read(self.folder, self.options)

    @property
    def examples(self) -> Table:
        return self.module.examples(self.table, self.options)

    @property
    def labels(self) -> Array:
        return tasks.get(self.task).classes(self.examples.columns[self.module.target(self.options)])

    @property
    def encoder(self) -> Any:
        return self.module.fit_encoder(self.examples, self.labels, self.options)

    def requests(self) -> list[Any]:
        columns = self.examples.columns
        if "made on" in columns:
            return [
                _as_request({name: column[i] for name, column in columns.items()}) for i in range(len(self.examples))
            ]
        if "rating" in columns:
            return [{name: str(columns[name][i]) for name in ("user", "item")} for i in range(len(self.examples))]
        if "row stamp" in columns:
            return list(self.module.from_file(next(self.folder.glob("tiny.*")), self.options, self.encoder))
        if "sound" in columns:
            return list(self.module.from_file(self.folder, self.options, self.encoder))
        if "image" in columns and self.task == "generate":
            return list(range(len(self.examples)))
        if "image" in columns:
            return columns["image"][..., 0].tolist()
        return columns["text" if "text" in columns else "user"].tolist()


AS_JSON: dict[str, Any] = {
    "size": float,
    "colour": lambda value: value or None,
    "age": lambda value: None if np.isnan(value) else int(value),
    "is new": lambda value: {1: True, 0: False, -1: None}[int(value)],
    "made on": str,
}


def _as_request(row: dict[str, Any]) -> dict[str, Any]:
    """Write a row of typed values as JSON would have it."""
    return {name: convert(row[name]) for name, convert in AS_JSON.items() if name in row}


def _images(folder: Path) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 17, (24, 5, 4)).astype(np.uint8)
    write_npz(folder / "tiny.npz", {"images": images, "labels": np.array(["a", "b", "c"] * 8)})


def _text(folder: Path) -> None:
    words = "the a good bad red blue kettle lamp is not don't very".split()  # noqa: SIM905
    rng = np.random.default_rng(0)
    lines = [f'"{" ".join(rng.choice(words, 2 + i % 9))}, {i}!",{"yes" if i % 2 else "no"}' for i in range(24)]
    (folder / "tiny.csv").write_text("text,label\n" + "\n".join(lines) + "\n")


def _interactions(folder: Path) -> None:
    rng = np.random.default_rng(0)
    lines = [f"u{rng.integers(9)},i{rng.integers(12)},{1 + rng.integers(5)},{1000 + i}" for i in range(120)]
    (folder / "tiny.csv").write_text("user,item,rating,time\n" + "\n".join(lines) + "\n")


def _tabular(folder: Path) -> None:
    rng = np.random.default_rng(0)
    lines = [
        f'{rng.normal():.3f}; "{rng.choice(["red", "blue; dark", "green"])}" ; {"" if i % 7 == 3 else rng.integers(99)};'
        f"{rng.choice(['yes', 'no', 'NA'])}; 2024-0{1 + i % 9}-1{i % 10} 0{i % 10}:30:00; {'ab'[i % 2]}"
        for i in range(40)
    ]
    (folder / "tiny.csv").write_text("size;colour;age;is new;made on;label\n" + "\n".join(lines) + "\n")


def _timeseries(folder: Path) -> None:
    """A reading a minute with a gap of an hour, a value that is missing, and a switch; the last row is the latest."""
    rng = np.random.default_rng(0)
    lines = []
    for i in range(60):
        minute = i if i < 30 else i + 60
        warmth = "" if i in (5, 6, 40) else f"{20 + rng.normal():.2f}"
        lines.append(f"2024-01-01 {minute // 60:02d}:{minute % 60:02d}:00,{warmth},{i % 2},{'on' if i % 3 else 'off'}")
    (folder / "tiny.csv").write_text("time,warmth,motion,lamp\n" + "\n".join(lines) + "\n")


def _audio(folder: Path) -> None:
    """Tones of two heights in two folders of a zip."""
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(folder / "tiny.zip", "w") as archive:
        for i in range(12):
            hertz, length = (440 if i % 2 else 880), 900 + 20 * i
            sound = 0.3 * np.sin(2 * np.pi * hertz * np.arange(length) / 4000) + 0.01 * rng.normal(size=length)
            name = f"{'low' if i % 2 else 'high'}/tiny.{i}.wav"
            archive.writestr(name, wav((sound * 32767).astype("<i2").tobytes(), 4000))


def _ratings(folder: Path) -> None:
    _interactions(folder)
    rows = [
        f"i{item},{['toy', 'tool'][item % 2]},{item + 0.5},{'red|blue' if item % 3 else 'red'}" for item in range(14)
    ]
    (folder / "items.csv").write_text("item,kind,price,colours\n" + "\n".join(rows) + "\n")


MAKE = {
    "ratings": _ratings,
    "audio": _audio,
    "timeseries": _timeseries,
    "images": _images,
    "text": _text,
    "interactions": _interactions,
    "tabular": _tabular,
}
OPTIONS = {
    "images": {"scale": 16, "min_rows": 10},
    "text": {"min_rows": 10},
    "tabular": {"target": "label", "min_rows": 10, "min_category_rows": 1},
    "audio": {"rate": 4000, "seconds": 0.25, "bands": 8, "min_rows": 10},
    "timeseries": {
        "target": "lamp",
        "window": 3,
        "rolling_mean": [4],
        "diff": [2],
        "min_rows": 10,
        "max_duplicates": 0.9,
    },
    "interactions": {"min_rating": 2, "max_repeats": 0.9, "min_rows": 10},
    "ratings": {
        "target": "rating",
        "max_repeats": 0.9,
        "min_rows": 10,
        "items": {"file": "items.csv", "categories": ["kind"], "numbers": ["price"], "several": {"colours": "|"}},
    },
}
MODULES = {"ratings": "interactions"}
"""Rows of one modality that are read in another way: to predict ratings, not items."""
TASKS = {
    "audio": "classify",
    "timeseries": "classify",
    "images": "classify",
    "text": "classify",
    "interactions": "rank",
    "ratings": "rate",
    "tabular": "classify",
}
IMAGE = [[1.0] * 4] * 5
BAD_ROWS = [IMAGE[:4], [*IMAGE[:4], [1] * 3], [[[1, 2]] * 4] * 5, [], [[]], [[[]]]]
BAD_PIXELS = ["x", True, None, {}, -1, 17, float("nan"), float("inf"), 2**70, 2**63, [[1]]]
ROW = {"size": 1.5, "colour": "red", "age": 3, "is new": True, "made on": "2024-01-10"}
BAD_CELLS = [
    *({"size": value} for value in ("x", "1,5 km", True, float("nan"), float("inf"), [], {}, 10**400, 1e31)),
    *({"colour": value} for value in (1.5, True, ["red"], "x" * 100_001, "\ud800", "a\0b")),
    *({"is new": value} for value in ("maybe", 2, 1.0, -1)),
    *({"made on": value} for value in (5, "soon", "2024-13-01", True)),
    {"sise": 1},
]
NO_SAMPLE = base64.b64encode(wav(b"", 4000)).decode()
READING = {"time": "2024-01-01 00:00:00", "warmth": 20.5, "motion": 1}
READINGS = [READING | {"time": f"2024-01-01 00:0{i}:00"} for i in range(4)]
BAD_READINGS = [
    *({"warmth": value} for value in ("x", float("nan"), float("inf"), [], {}, 10**400, 1e31)),
    *({"time": value} for value in ("soon", None, True, [], "2024-01-01 00:02:00", "2024-01-01 09:00:00")),
]
BAD = {
    "audio": ["", "hello", "aGVsbG8=", 5, None, ["x"], {}, True, float("nan"), "\ud800", NO_SAMPLE],
    "timeseries": [
        *("text", 5, None, True, {}, [], READINGS[:2], [1, 2, 3], [{}] * 3, READINGS[::-1], [READING] * 3),
        [READINGS[0], READINGS[1], {"time": "2024-01-01 00:02:00", "motion": 1}],
        *([*READINGS[:3], READINGS[3] | bad] for bad in BAD_READINGS),
    ],
    "tabular": ["text", 5, None, True, [], {}, {"size": 1.0}, *(ROW | bad for bad in BAD_CELLS)],
    "images": [*BAD_ROWS, "text", 5, None, {"a": 1}, True, *([*IMAGE[:4], [1, 2, 3, one]] for one in BAD_PIXELS)],
    "text": ["", "  \n", 5, None, ["a"], {"a": "b"}, True, float("nan"), "x" * 100_001, "\ud800"],
    "interactions": [
        *("", "  ", 5, None, ["u1"], {"a": "b"}, True, float("nan"), "x" * 201, "\ud800", "a\x00b"),
        *(
            {},
            {"user": 5},
            {"likes": []},
            {"likes": "i1"},
            {"likes": [5]},
            {"likes": ["i1"], "a": 1},
            {"likes": ["i"] * 99},
        ),
    ],
    "ratings": ["u1", 5, None, True, [], {}, {"user": "u1"}, {"user": "u1", "item": 5}, {"user": "", "item": "i1"}],
}


VARIANTS: list[tuple[str, str, dict[str, Any]]] = [
    ("images", "generate", {"labelled": False, "latent": 6}),
    ("text", "classify", {"ngrams": 12, "longest": 3}),
    ("text", "classify", {"characters": [2, 3], "character_buckets": 64, "keep": "end", "max_tokens": 4}),
    ("audio", "classify", {"same_loudness": True, "top_db": 20, "frame_ms": 40, "hop_ms": 7}),
    ("tabular", "classify", {"drop": ["size", "age", "is new"]}),
    ("timeseries", "forecast", {"target": "warmth", "horizon": 2, "relative": True, "drop": ["lamp"]}),
    ("timeseries", "classify", {"window": 1, "clock": False, "rolling_mean": [], "diff": []}),
    ("ratings", "rate", {"items": None, "file": "tiny.csv"}),
]
"""Other options of the same rows, under which an encoder makes other arrays."""


def _tiny(name: str, folder: Path, task: str, options: dict[str, Any]) -> Tiny:
    MAKE[name](folder)
    module = modalities.get(MODULES.get(name, name))
    return Tiny(module, module.Options(**OPTIONS[name] | options), folder, BAD[name], task)


@pytest.fixture(params=[*modalities.names(), *MODULES])
def tiny(request, tmp_path) -> Tiny:
    return _tiny(request.param, tmp_path, TASKS[request.param], {})


@pytest.fixture(params=VARIANTS, ids=lambda variant: f"{variant[0]} {', '.join(variant[2])}")
def variant(request, tmp_path) -> Tiny:
    name, task, options = request.param
    return _tiny(name, tmp_path, task, options)
