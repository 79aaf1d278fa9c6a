"""Sounds as arrays: decoding WAV, folders and zips of them, and the log-mel picture of a sound."""

from __future__ import annotations

import io
import wave
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from minnow.modalities._files import FileError
from minnow.types import Array

SUFFIX = ".wav"
MAX_SECONDS = 600
FLOOR = 1e-6
"""Power below which there is silence: a logarithm of nothing would shout."""
LOUDNESS = 0.05
"""Root mean square of a sound that was brought to one loudness."""


def decode(data: bytes) -> tuple[Array, int]:
    """Decode a WAV of 8 to 32 bits PCM. Returns samples (n,) float32 in -1..1, channels averaged, and the rate in Hz.

    Raises ValueError for what is no such WAV, holds no sample, or is longer than ten minutes.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, width, rate, count = (
                file.getnchannels(),
                file.getsampwidth(),
                file.getframerate(),
                file.getnframes(),
            )
            if count > MAX_SECONDS * rate:
                raise ValueError(f"it lasts over {MAX_SECONDS} seconds")
            raw = file.readframes(count)
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:
        raise ValueError(f"Needed a WAV sound in PCM. Received {len(data):,} bytes: {error}.") from error
    raw = raw[: len(raw) - len(raw) % (width * channels)]
    if not raw:
        raise ValueError(f"Needed a WAV sound in PCM. Received {len(data):,} bytes: no sample.")
    return _floats(raw, width).reshape(-1, channels).mean(axis=1, dtype=np.float32), rate


def _floats(raw: bytes, width: int) -> Array:
    """Samples of so many bytes as float32 in -1..1."""
    if width == 1:
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - 128) / 128
    if width == 3:
        bytes_of = np.frombuffer(raw, np.uint8).reshape(-1, 3).astype(np.int32)
        whole = (bytes_of[:, 0] << 8 | bytes_of[:, 1] << 16 | bytes_of[:, 2] << 24) >> 8
        return whole.astype(np.float32) / 2**23
    return np.frombuffer(raw, f"<i{width}").astype(np.float32) / 2 ** (8 * width - 1)


def files(place: Path) -> Iterator[tuple[str, bytes]]:
    """Read every WAV of a folder (its folders and zips too) or of one zip, in order of names: (path inside, bytes)."""
    paths = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    for path in paths:
        name = path.name if place.is_file() else path.relative_to(place).as_posix()
        if path.suffix.lower() == SUFFIX:
            yield name, path.read_bytes()
        elif path.suffix.lower() == ".zip":
            try:
                with zipfile.ZipFile(path) as archive:
                    for inside in sorted(n for n in archive.namelist() if n.lower().endswith(SUFFIX)):
                        yield inside, archive.read(inside)
            except zipfile.BadZipFile as error:
                raise FileError(f"{path} is not readable as a zip: {error}.") from error


def resampled(samples: Array, rate: int, wanted: int) -> Array:
    """Bring samples (n,) to another rate by drawing lines between them; going down, neighbours are averaged first."""
    if rate == wanted:
        return samples
    if rate > wanted:
        width = max(1, round(rate / wanted))
        samples = np.convolve(samples, np.full(width, 1 / width, np.float32), mode="same")
    count = max(1, round(len(samples) * wanted / rate))
    return np.interp(np.arange(count) * rate / wanted, np.arange(len(samples)), samples).astype(np.float32)


def fitted(samples: Array, length: int) -> Array:
    """Cut what is longer than length, put silence behind what is shorter."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


@cache
def mel_filters(rate: int, size: int, bands: int) -> Array:
    """Triangles that sum a power spectrum (size // 2 + 1,) to bands, (size // 2 + 1, bands) float32.

    Evenly spaced in mel from 0 to half the rate. Source: Davis & Mermelstein 1980, mel as 2595 log10(1 + f / 700).
    """
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    frequencies = np.arange(size // 2 + 1) * rate / size
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies[:, None] - low) / (middle - low)
    falling = (high - frequencies[:, None]) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def log_mel(samples: Array, rate: int, frame: int, hop: int, bands: int) -> Array:
    """Log power of a sound (n,) in bands of mel, (frames, bands) float32. frame, hop: in samples."""
    size = 1 << (frame - 1).bit_length()
    pieces = np.lib.stride_tricks.sliding_window_view(samples, frame)[::hop]
    spectrum = np.fft.rfft(pieces * np.hanning(frame).astype(np.float32), size, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) / frame
    return np.log(power @ mel_filters(rate, size, bands) + FLOOR)


def below_loudest(pictures: Array, range_db: float) -> Array:
    """Log power (n, frames, bands) less that of each sound's loudest point, cut off range_db decibels below it."""
    loudest = pictures.max(axis=(1, 2), keepdims=True)
    return np.maximum(pictures - loudest, -range_db * np.log(10) / 10).astype(np.float32)


def evened(samples: Array) -> Array:
    """Bring a sound (n,) to one loudness from its beginning to its end, whoever spoke how near to the microphone."""
    sounding = np.flatnonzero(samples)
    if not len(sounding):
        return samples
    power = np.square(samples[sounding[0] : sounding[-1] + 1], dtype=np.float64).mean()
    return (samples * (LOUDNESS / np.sqrt(power))).astype(np.float32)


def part_of(name: str, separator: str, part: int) -> str:
    """A part of a file's name without its ending. Raises FileError where there is none."""
    stem = Path(name).stem
    parts: Sequence[str] = stem.split(separator)
    if not -len(parts) <= part < len(parts):
        raise FileError(f"{name}: a name must have a part {part} between '{separator}'. Received: {stem}.")
    return parts[part]
