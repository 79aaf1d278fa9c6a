"""What a proposal is, and what is proposed for rows that are files: pictures and sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minnow.modalities import _pictures, _sound

LONG = 0.9
"""Quantile of the sounds' lengths that a model reads."""
SOUNDS = 500


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


def has_pictures(data: Path) -> bool:
    """Whether there are pictures, or arrays of them."""
    if data.is_file():
        return data.suffix == ".npz"
    return any(p.suffix.lower() in _pictures.SUFFIXES or p.suffix == ".npz" or "idx" in p.name for p in data.rglob("*"))


def images(found: Proposal, data: Path, asked: Asked) -> None:
    """Propose an entry for pictures."""
    folders = (
        sorted({p.parent.name for p in data.rglob("*") if p.suffix.lower() in _pictures.SUFFIXES})
        if data.is_dir()
        else []
    )
    why = (
        f"pictures in {len(folders)} folders: {', '.join(folders)[:80]}"
        if folders
        else "arrays of pictures with labels"
    )
    found.choose("modality", "images", why)
    found.choose("task", asked.task or "classify", "asked for" if asked.task else "each picture has a class")
    if asked.task == "generate":
        found.choose("options.labelled", False, "pictures like these are made anew, whatever their class")
    if folders and len(sizes := _picture_sizes(data)) > 1:
        height, width = sorted(sizes)[len(sizes) // 2]
        why = f"the pictures have {len(sizes)} sizes; this is the middle one"
        found.choose("options.resize", [height, width], why)


def _picture_sizes(data: Path) -> set[tuple[int, int]]:
    from PIL import Image

    sizes = set()
    for path in [p for p in sorted(data.rglob("*")) if p.suffix.lower() in _pictures.SUFFIXES][:2000]:
        with Image.open(path) as picture:
            sizes.add((picture.height, picture.width))
    return sizes


def has_sounds(data: Path) -> bool:
    """Whether there is a WAV in a folder, or in a zip."""
    try:
        return next(_sound.files(data), None) is not None
    except ValueError:
        return False


def sounds(found: Proposal, data: Path, asked: Asked) -> None:
    """Propose an entry for WAV files. Raises ValueError where there is none, or one that is no sound."""
    names, seconds, rates = [], [], []
    for name, content in _sound.files(data):
        names.append(Path(name))
        if len(seconds) < SOUNDS:
            samples, rate = _sound.decode(content)
            seconds.append(len(samples) / rate)
            rates.append(rate)
    if not names:
        raise ValueError(f"audio needs WAV files, in class folders or in a zip of them. Received: {data}, without one.")
    folders = sorted({name.parts[-2] for name in names if len(name.parts) > 1})
    found.choose("modality", "audio", f"{len(names):,} sounds in {len(folders)} folders: {', '.join(folders)[:80]}")
    found.choose("task", asked.task or "classify", "asked for" if asked.task else "each sound has a class")
    if len(folders) < 2:
        found.choose(
            "options.label_part", 0, f"one folder is no class: the name's first part is, as in {names[0].name}"
        )
    found.choose("options.rate", min(max(rates), 16_000), f"recorded at up to {max(rates):,} Hz")
    long = round(float(np.quantile(seconds, LONG)), 1)
    found.choose("options.seconds", max(0.1, long), f"nine sounds in ten last no longer than {long:g} s")
