"""Audio: short sounds, each with a label. WAV in class folders, or with the label in its name; in a folder or a zip."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from minnow.bundle import write_json
from minnow.modalities import _sound
from minnow.modalities._contract import LabelledOptions, expect, label_columns, label_contract
from minnow.modalities._files import FileError, fixed_sides, json_list, side_of
from minnow.types import Array, Columns, Expectation, Outputs, Table, content_key

MEDIA = ("audio/wav", "audio/x-wav")
REQUEST: dict[str, Any] = {
    "description": "A WAV sound in PCM, written in base64. Or the WAV itself as the body, with the content type audio/wav.",
    "type": "string",
    "contentEncoding": "base64",
}


class Options(LabelledOptions):
    """What may stand under `options` of a use case of sounds.

    label_part: None takes the folder's name for the label; a number takes that part of the file's name, from 0. group_part: a
        part of the name that keeps recordings together, as of one speaker. separator: between parts of a name.
    test: file names of the exam, as a pattern such as "*_[0-4].wav"; folders train and test need none.
    rate: of samples in Hz that sounds are brought to. seconds: that are read of a sound, silence behind a shorter one.
    bands: of mel; frame_ms, hop_ms: length of a frame, and from one to the next.
    same_loudness: bring each sound to one loudness, so that a model hears how it changes and not how near it was.
    range_db: draw each sound below its own loudest point and take for silence what lies further below, so that neither how near
        it was nor the noise of a room is heard; None draws what there is.
    least_seconds: shortest sound that says anything.
    """

    label_part: int | None = None
    group_part: int | None = None
    separator: str = Field("_", min_length=1)
    test: str | None = None
    rate: int = Field(8000, ge=1000, le=192_000)
    seconds: float = Field(1.0, gt=0, le=60)
    bands: int = Field(40, ge=4, le=256)
    frame_ms: float = Field(25, gt=0)
    hop_ms: float = Field(10, gt=0)
    same_loudness: bool = False
    range_db: float | None = Field(None, gt=0)
    least_seconds: float = Field(0.05, ge=0)

    @property
    def length(self) -> int:
        """Samples that are read of a sound."""
        return round(self.rate * self.seconds)


def target(options: Options) -> str:
    """Name the column to be predicted."""
    return "label"


def time_column(options: Options) -> str | None:
    """Name the column that rows are split by in order of time; None where a hash of each row decides."""
    return None


def read(folder: Path, options: Options) -> Table:
    """Read every WAV: sound (n, samples) float32 in -1..1, seconds (n,) as recorded, label (n,) str. Raises FileError."""
    names, sounds, seconds, key = [], [], [], []
    for name, data in _sound.files(folder):
        try:
            samples, rate = _sound.decode(data)
        except ValueError as error:
            raise FileError(f"{name}: {error}") from error
        names.append(name)
        seconds.append(len(samples) / rate)
        key.append(content_key(samples.tobytes()))
        sounds.append(_sound.fitted(_sound.resampled(samples, rate, options.rate), options.length))
    if not names:
        raise FileError(f"{folder} must hold WAV sounds, or a zip of them. It holds none.")
    columns = {
        "sound": np.stack(sounds),
        "seconds": np.array(seconds),
        "label": np.array([_label(n, options) for n in names]),
    }
    return Table(columns, np.array(names), np.array(key, np.uint64), _sides(names, options), _units(names, options))


def _label(name: str, options: Options) -> str:
    if options.label_part is not None:
        return _sound.part_of(name, options.separator, options.label_part)
    if len(Path(name).parts) < 2:
        raise FileError(
            f"{name}: a sound must lie in a folder that is named after its class. Or set options.label_part."
        )
    return Path(name).parts[-2]


def _sides(names: Sequence[str], options: Options) -> Array | None:
    if options.test is not None:
        return fixed_sides(["test" if fnmatch.fnmatch(Path(n).name, options.test) else "train" for n in names])
    return fixed_sides([side_of(Path(n).parts[0]) if len(Path(n).parts) > 2 else "" for n in names])


def _units(names: Sequence[str], options: Options) -> Array | None:
    """Groups, (n,) uint64; None where each sound is its own."""
    if options.group_part is None:
        return None
    groups = [_sound.part_of(name, options.separator, options.group_part) for name in names]
    return np.array([content_key(group.encode()) for group in groups], np.uint64)


def examples(table: Table, options: Options) -> Table:
    """Return the rows as they are: a sound is an example."""
    return table


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Describe each sound by flat columns, (n,) each: seconds, loudness (root mean square), share of clipping, label, hash."""
    sound = table.columns["sound"]
    return {
        "seconds": table.columns["seconds"],
        "loudness": np.sqrt((sound**2).mean(axis=1)),
        "clipped": (np.abs(sound) >= 0.999).mean(axis=1),
        **label_columns(table.columns["label"], table.key),
    }


def contract(options: Options, table: Table, task: str) -> list[Expectation]:
    """List what sounds and their labels must be like."""
    between = "column_values_to_be_between"
    short = "a shorter sound says nothing (option least_seconds)"
    silent = "a sound of silence teaches nothing"
    clipped = "a sound that is mostly cut off at its loudest was recorded wrongly"
    return [
        *label_contract(options, task),
        expect(between, short, "seconds", min_value=options.least_seconds),
        expect(between, silent, "loudness", min_value=0, strict_min=True, mostly=0.99),
        expect(between, clipped, "clipped", max_value=0.5, mostly=0.99),
    ]


class Encoder:
    """Turns sounds into log-mel pictures, image (n, frames, bands, 1) float32, scaled.

    facts: what encoder.json holds. rate, length, frame, hop: in samples; bands; same_loudness; range_db; mean, std: of each
        band, on train.
    """

    def __init__(self, facts: dict[str, Any]) -> None:
        """See the class."""
        self.facts = facts
        self.sizes: dict[str, int] = {}
        self._mean, self._std = (np.array(facts[name], np.float32) for name in ("mean", "std"))

    @classmethod
    def fit(cls, table: Table, labels: Array, options: Options) -> Encoder:
        """Learn mean and deviation of each band on train."""
        frame, hop = (max(2, round(ms * options.rate / 1000)) for ms in (options.frame_ms, options.hop_ms))
        if frame > options.length:
            raise ValueError(
                f"A frame of {frame} samples does not fit a sound of {options.length}. Lower options.frame_ms."
            )
        facts: dict[str, Any] = {"rate": options.rate, "length": options.length, "frame": frame, "hop": hop}
        facts |= {"same_loudness": options.same_loudness, "range_db": options.range_db}
        facts |= {"bands": options.bands, "mean": [0.0] * options.bands, "std": [1.0] * options.bands}
        found = cls(facts).encode(table.columns)["image"][..., 0].astype(np.float64)
        std = found.std(axis=(0, 1))
        return cls(facts | {"mean": _short(found.mean(axis=(0, 1))), "std": _short(np.where(std > 1e-6, std, 1.0))})

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode sound (n, samples) one by one, so that a row is encoded alone as among others."""
        f = self.facts
        sounds = map(_sound.evened, columns["sound"]) if f["same_loudness"] else columns["sound"]
        rows = np.stack([_sound.log_mel(one, f["rate"], f["frame"], f["hop"], f["bands"]) for one in sounds])
        if range_db := f.get("range_db"):
            rows = _sound.below_loudest(rows, range_db)
        return {"image": ((rows - self._mean) / self._std)[..., None].astype(np.float32)}

    def decode(self, outputs: Outputs, seed: int = 0) -> Outputs:
        """Return the outputs: they already are the answer."""
        return outputs

    def save(self, folder: Path) -> None:
        """Write encoder.json."""
        write_json(folder / "encoder.json", self.facts)

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read what save wrote."""
        return cls(json.loads((folder / "encoder.json").read_text()))


def _short(values: Array) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def parse(inputs: Sequence[Any], encoder: Encoder) -> dict[str, Array]:
    """Check the sounds of one request: each a WAV as base64, or as bytes. Returns {"sound": (n, samples)} at the model's rate.

    Raises ValueError that names the input and what is wrong with it.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one sound, received none.")
    return {"sound": np.stack([_sound_of(one, f"inputs[{place}]", encoder) for place, one in enumerate(inputs)])}


def _sound_of(one: Any, where: str, encoder: Encoder) -> Array:
    needed = f"{where}: needed a WAV sound in PCM, as base64"
    if not isinstance(one, str | bytes):
        raise ValueError(f"{needed}, received {type(one).__name__} {one!r:.40}.")
    try:
        data = one if isinstance(one, bytes) else base64.b64decode(one.encode(), validate=True)
        samples, rate = _sound.decode(data)
    except (ValueError, binascii.Error) as error:
        raise ValueError(f"{needed}, received {one[:30]!r}: {error}") from error
    return _sound.fitted(_sound.resampled(samples, rate, encoder.facts["rate"]), encoder.facts["length"])


def from_bytes(data: bytes, encoder: Encoder) -> list[bytes]:
    """Take the body of one WAV as one input of parse. Raises ValueError for what is none."""
    _sound.decode(data)
    return [data]


def from_file(path: Path, options: Options) -> list[Any]:
    """Read inputs for a prediction: one WAV, a folder or zip of them, or a JSON list of base64. Raises FileError."""
    if path.suffix == ".json":
        return json_list(path)
    found = [base64.b64encode(data).decode() for _, data in _sound.files(path)]
    if not found:
        raise FileError(f"{path} must be a WAV sound, a folder or zip of them, or a JSON list.")
    return found
