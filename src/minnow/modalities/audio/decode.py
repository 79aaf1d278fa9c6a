"""Files of sounds as samples: every kind that libsndfile reads, and WAV whose headers give no length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from minnow.modalities.audio.riff import repaired
from minnow.types import Array

if TYPE_CHECKING:
    from minnow.modalities.audio.sndfile import ForwardFile

SUFFIXES = (
    ".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au",
    ".snd", ".caf", ".sph",
)  # fmt: skip
"""Endings of the files of sounds that are read, in lower case."""
UNREADABLE = (
    ".m4a", ".m4b", ".aac", ".mp4", ".3gp", ".wma", ".asf", ".amr", ".webm", ".weba", ".mka", ".mov", ".ac3", ".dts", ".ape",
    ".wv", ".ra", ".mpc", ".tta", ".spx", ".mp2", ".mpga", ".dsf",
)  # fmt: skip
"""Endings of files of sounds, or of films with sound, that libsndfile does not read."""
MEDIA = (
    "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/flac", "audio/x-flac", "audio/ogg", "audio/opus",
    "application/ogg", "audio/mpeg", "audio/mp3", "audio/aiff", "audio/x-aiff", "audio/basic", "audio/x-caf",
)  # fmt: skip
"""Content types of these files."""
NEEDED = "a sound as WAV, FLAC, OGG, MP3, AIFF, AU or CAF"
CONVERT = "convert them to FLAC or WAV, for example with ffmpeg -i in.m4a out.flac"

_FORMATS = frozenset(("WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "NIST"))
_MOST_SECONDS = 600
_MOST_SAMPLES = 2**26
"""Largest number of samples of a channel, so that a small file of silence cannot fill the memory."""
_BLOCK = 2**16
_LOUDEST = 16.0
"""Largest magnitude of a sample of floats; integers that were written as floats are far above, and 1 is full scale."""


def decode(data: bytes) -> tuple[Array, int]:
    """Decode a file of a sound. Returns samples (n,) float32, averaged over channels, and the rate in Hz.

    Full scale is -1..1; samples of floats beyond it are kept as they are, neither clipped nor scaled. Raises ValueError for
    data that is not a sound, holds no sample or one that is not a finite number, or is longer than ten minutes.
    """
    try:
        samples, rate = _decode(repaired(data))
    except ValueError as error:
        raise ValueError(f"Needed {NEEDED}. Received {len(data):,} bytes: {error}.") from error
    return samples, rate


def _decode(data: bytes) -> tuple[Array, int]:
    from minnow.modalities.audio.sndfile import SndfileError, open_forward, reason_of

    try:
        with open_forward(data) as file:
            if file.format not in _FORMATS:
                raise ValueError(f"the format {file.format}")
            samples, rate = np.concatenate([np.empty(0, np.float32), *_blocks(file)]), file.samplerate
    except SndfileError as error:
        raise ValueError(f"libsndfile cannot read it ({reason_of(error)})") from error
    if not len(samples):
        raise ValueError("no sample")
    if not np.isfinite(samples).all():
        raise ValueError("a sample that is not a finite number")
    if (peak := np.abs(samples).max()) > _LOUDEST:
        raise ValueError(f"samples up to {peak:,.0f}, where full scale is 1; integers in floats must be divided first")
    return samples, rate


def _blocks(file: ForwardFile) -> Iterator[Array]:
    """Read a sound in blocks, each (n,) float32, averaged over channels. Raises ValueError where it is too long."""
    most, count = min(_MOST_SECONDS * file.samplerate, _MOST_SAMPLES), 0
    whole = file.subtype.startswith(("PCM", "ALAC"))
    while len(block := file.read(_BLOCK, dtype="int32" if whole else "float32", always_2d=True)):
        count += len(block)
        if count > most:
            raise ValueError(f"it lasts over {_MOST_SECONDS} seconds, or has over {_MOST_SAMPLES:,} samples")
        samples = block.astype(np.float32) / 2**31 if whole else block
        yield samples.mean(axis=1, dtype=np.float32)
