"""Proposals for sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.modalities.audio import waveform
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request

_LENGTH_QUANTILE = 0.9
"""Quantile of the lengths of sounds that is proposed as the length that a model reads."""
_MOST_SOUNDS = 500
_HIGHEST_RATE = 16_000
_SHOWN = 80


def has_sounds(data: Path) -> bool:
    """Whether a folder or a zip holds a WAV file."""
    try:
        return next(waveform.files(data), None) is not None
    except ValueError:
        return False


def propose_audio(proposal: Proposal, data: Path, request: Request) -> None:
    """Propose an entry for WAV files. Raises ValueError where there is none, or one that cannot be decoded."""
    names, seconds, rates = _sounds(data)
    if not names:
        raise ValueError(f"audio needs WAV files, in class folders or in a zip of them. Received: {data}, without one.")
    folders = sorted({name.parts[-2] for name in names if len(name.parts) > 1})
    why = f"{len(names):,} sounds in {len(folders)} folders: {', '.join(folders)[:_SHOWN]}"
    proposal.choose("modality", "audio", why)
    proposal.choose("task", request.task or "classify", ASKED_FOR if request.task else "each sound has a class")
    if len(folders) < 2:
        why = f"there is one folder only, so the first part of a file's name is its class, as in {names[0].name}"
        proposal.choose("options.label_part", 0, why)
    proposal.choose("options.rate", min(max(rates), _HIGHEST_RATE), f"recorded at up to {max(rates):,} Hz")
    length = round(float(np.quantile(seconds, _LENGTH_QUANTILE)), 1)
    proposal.choose("options.seconds", max(0.1, length), f"nine sounds in ten last no longer than {length:g} s")


def _sounds(data: Path) -> tuple[list[Path], list[float], list[int]]:
    """Read the names of all sounds, and the seconds and sample rates of the first 500."""
    names: list[Path] = []
    seconds: list[float] = []
    rates: list[int] = []
    for name, content in waveform.files(data):
        names.append(Path(name))
        if len(seconds) < _MOST_SOUNDS:
            samples, rate = waveform.decode(content)
            seconds.append(len(samples) / rate)
            rates.append(rate)
    return names, seconds, rates
