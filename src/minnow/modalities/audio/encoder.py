"""The encoder of sounds: log-mel spectrograms, standardized per band."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from minnow.contracts import Encoder
from minnow.modalities.audio.options import Options
from minnow.modalities.audio.waveform import clip_to_top_db, log_mel, rms_normalized
from minnow.records.files import write_json
from minnow.types import Array, Columns, Spec, Table


@dataclass(frozen=True)
class AudioFacts:
    """The content of encoder.json.

    rate: in Hz. length, frame, hop: in samples. bands: number of mel bands. mean, std: of each band on train. same_loudness:
    scale each sound to the same root mean square. top_db: decibels below the loudest point at which the log power is
    clipped; None does not clip.
    """

    rate: int
    length: int
    frame: int
    hop: int
    bands: int
    mean: list[float]
    std: list[float]
    same_loudness: bool = False
    top_db: float | None = None


class AudioEncoder(Encoder):
    """Encodes sounds as log-mel spectrograms, standardized per band."""

    def __init__(self, facts: AudioFacts) -> None:
        self.facts = facts
        self._mean, self._std = (np.array(values, np.float32) for values in (facts.mean, facts.std))

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The spectrogram, with one channel."""
        frames = (self.facts.length - self.facts.frame) // self.facts.hop + 1
        return (Spec("image", (frames, self.facts.bands, 1), "float32"),)

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode sound (n, samples) float32 at the encoder's rate to {"image": (n, frames, bands, 1) float32}.

        Rows are encoded one by one, so that the result does not depend on other rows.
        """
        facts = self.facts
        sounds = map(rms_normalized, columns["sound"]) if facts.same_loudness else columns["sound"]
        rows = np.stack([log_mel(sound, facts.rate, facts.frame, facts.hop, facts.bands) for sound in sounds])
        if facts.top_db:
            rows = clip_to_top_db(rows, facts.top_db)
        return {"image": ((rows - self._mean) / self._std)[..., None].astype(np.float32)}

    def save(self, folder: Path) -> None:
        """Write encoder.json."""
        write_json(folder / "encoder.json", asdict(self.facts))


def fit_encoder(table: Table, labels: Array, options: Options) -> AudioEncoder:
    """Learn mean and standard deviation of each band on train. labels: (k,) str, not used.

    Raises ValueError where a frame is longer than a sound.
    """
    frame, hop = (max(2, round(ms * options.rate / 1000)) for ms in (options.frame_ms, options.hop_ms))
    if frame > options.length:
        raise ValueError(
            f"A frame of {frame} samples does not fit a sound of {options.length}. Lower options.frame_ms."
        )
    facts = AudioFacts(
        rate=options.rate,
        length=options.length,
        frame=frame,
        hop=hop,
        bands=options.bands,
        mean=[0.0] * options.bands,
        std=[1.0] * options.bands,
        same_loudness=options.same_loudness,
        top_db=options.top_db,
    )
    power = AudioEncoder(facts).encode(table.columns)["image"][..., 0].astype(np.float64)
    std = power.std(axis=(0, 1))
    return AudioEncoder(
        replace(facts, mean=_rounded(power.mean(axis=(0, 1))), std=_rounded(np.where(std > 1e-6, std, 1.0)))
    )


def _rounded(values: Array) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def load_encoder(folder: Path) -> AudioEncoder:
    """Read what save wrote, in this version or an older one."""
    values = json.loads((folder / "encoder.json").read_text())
    if "range_db" in values:  # the key of older bundles
        values["top_db"] = values.pop("range_db")
    return AudioEncoder(AudioFacts(**values))
