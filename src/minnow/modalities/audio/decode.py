"""Files of sounds as samples: every kind that libsndfile reads, and WAV whose header gives no length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from minnow.modalities.audio.riff import data_chunk, repaired
from minnow.modalities.audio.waveform import check_rate
from minnow.types import Array

if TYPE_CHECKING:
    from minnow.modalities.audio.sndfile import ForwardFile

NEEDED = "a sound as WAV, FLAC, OGG, MP3, AIFF, AU or CAF"
NO_LENGTH = (
    "sounds without a length in their header, as programs write them into a pipe, are read to the end of the file"
)
CUT = "sounds that end before the length in their header are read as far as they go"
BEYOND = "sounds of floats beyond full scale are kept as they are, neither clipped nor scaled"
_FORMATS = frozenset(("WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "NIST"))
_MOST_SECONDS = 600
_MOST_SAMPLES = 2**26
"""Largest number of samples of a channel, so that a small file of silence cannot fill the memory."""
_MOST_CHANNELS = 64
_UNKNOWN = 2**36
"""Number of samples, above all that FLAC can state, that libsndfile gives where the header states none."""
_BLOCK = 2**16
_FULL_SCALE, _LOUDEST = 1.0, 16.0
"""Largest magnitude of a sample of floats. 1 is full scale; integers that were written as floats reach far more."""


class SoundError(ValueError):
    """Data that is not a sound which can be read. reason: what is wrong, without the size of the data."""

    def __init__(self, size: int, reason: str) -> None:
        super().__init__(f"needed {NEEDED}, received {size:,} bytes: {reason}.")
        self.reason = reason


@dataclass(frozen=True)
class Sound:
    """A decoded sound. samples: (n,) float32, averaged over channels, full scale is -1..1; rate: in Hz.

    remarks: what its owner should know of the file, each one of NO_LENGTH, CUT and BEYOND.
    """

    samples: Array
    rate: int
    remarks: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return len(self.samples) / self.rate


def check_header(data: bytes, rate: int, most_seconds: float) -> None:
    """Check what the header of a sound states, before anything of it is decoded. rate: that it is to be resampled to, in Hz.

    Raises SoundError for a rate that is too far from it, for more than most_seconds and for too many channels. Data that is not
    a sound passes: decode says what is wrong with it.
    """
    from minnow.modalities.audio.sndfile import SndfileError, open_forward

    try:
        with open_forward(repaired(data)) as file:
            given, channels, frames = file.samplerate, file.channels, file.frames
    except SndfileError:
        return
    try:
        check_rate(given, rate)
        if frames < _UNKNOWN and frames > most_seconds * given:
            raise ValueError(f"it lasts {frames / given:,.0f} seconds by its header, over {most_seconds:,.0f}")
        if channels > _MOST_CHANNELS:
            raise ValueError(f"{channels:,} channels, more than {_MOST_CHANNELS}")
    except ValueError as error:
        raise SoundError(len(data), str(error)) from error


def decode(data: bytes, needed: Callable[[int], int] | None = None) -> Sound:
    """Decode a file of a sound. needed: (its rate) -> number of samples that are enough, None for all of them.

    Samples of floats beyond full scale are kept as they are, neither clipped nor scaled. Raises SoundError for data that is
    not a sound, holds no sample, one that is not a finite number or one above 16, or is longer than ten minutes.
    """
    try:
        sound = _decoded(repaired(data), needed)
    except ValueError as error:
        raise SoundError(len(data), str(error)) from error
    return replace(sound, remarks=(*sound.remarks, *_remarks(data)))


def _remarks(data: bytes) -> Iterator[str]:
    """Remarks about the header of a WAV."""
    chunk = data_chunk(data)
    if chunk and chunk.given is None:
        yield NO_LENGTH
    if chunk and chunk.is_cut:
        yield CUT


def _decoded(data: bytes, needed: Callable[[int], int] | None) -> Sound:
    from minnow.modalities.audio.sndfile import SndfileError, open_forward, reason_of

    try:
        with open_forward(data) as file:
            if file.format not in _FORMATS:
                raise ValueError(f"the format {file.format}")
            rate = file.samplerate
            most = needed(rate) if needed else None
            samples = np.concatenate([np.empty(0, np.float32), *_blocks(file, most)])
            is_cut = most is None and file.format == "FLAC" and len(samples) < file.frames < _UNKNOWN
    except SndfileError as error:
        raise ValueError(reason_of(error)) from error
    if not len(samples):
        raise ValueError("no sample")
    if not np.isfinite(samples).all():
        raise ValueError("a sample that is not a finite number")
    if (peak := np.abs(samples).max()) > _LOUDEST:
        raise ValueError(
            f"samples up to {peak:,.0f} where 1 is full scale; divide integers before writing them as floats"
        )
    return Sound(samples, rate, (CUT,) * is_cut + (BEYOND,) * bool(peak > _FULL_SCALE))


def _blocks(file: ForwardFile, most: int | None) -> Iterator[Array]:
    """Read a sound in blocks, each (n,) float32, averaged over channels, until there are at least most samples.

    Raises ValueError where it is too long.
    """
    is_whole = file.subtype.startswith(("PCM", "ALAC"))
    size = max(1, _BLOCK // file.channels)
    count = 0
    while (most is None or count < most) and len(
        block := file.read(size, dtype="int32" if is_whole else "float32", always_2d=True)
    ):
        count += len(block)
        if count > _MOST_SECONDS * file.samplerate:
            raise ValueError(f"it lasts over {_MOST_SECONDS} seconds")
        if count > _MOST_SAMPLES:
            raise ValueError(f"it has over {_MOST_SAMPLES:,} samples")
        samples = block.astype(np.float32) / 2**31 if is_whole else block
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused afterwards
            yield samples.mean(axis=1, dtype=np.float32)
