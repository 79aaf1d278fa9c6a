"""Sounds as arrays: resampling, loudness, and the log-mel spectrogram."""

from __future__ import annotations

from functools import cache

import numpy as np

from minnow.types import Array

_FLOOR = 1e-6
"""Power that is added before the logarithm, which is not defined for silence."""
MOST_RATIO = 256
"""Largest ratio of two rates that sounds are resampled between; a header may state any rate."""
LOUDNESS = 0.05
"""Root mean square of a normalized sound."""


def check_rate(rate: int, new_rate: int) -> None:
    """Raise ValueError where a sound's rate is too far from the one that it is to be resampled to. Both in Hz."""
    low, high = -(-new_rate // MOST_RATIO), new_rate * MOST_RATIO
    if not low <= rate <= high:
        raise ValueError(f"a rate of {rate:,} Hz, where {low:,} to {high:,} Hz can be resampled to {new_rate:,} Hz")


def samples_needed(length: int, rate: int, new_rate: int) -> int:
    """How many samples at a rate decide the first length samples at the new rate. Rates in Hz."""
    return int(length * rate / new_rate) + 2 * max(1, round(rate / new_rate)) + 2


def fitted(samples: Array, rate: int, new_rate: int, length: int) -> Array:
    """Resample samples (n,) and trim or pad them to length, without resampling what is trimmed. Rates in Hz.

    Returns (length,) float32, the same as pad_or_trim(resampled(...)). Raises ValueError as check_rate does.
    """
    check_rate(rate, new_rate)
    return pad_or_trim(resampled(samples[: samples_needed(length, rate, new_rate)], rate, new_rate), length)


def resampled(samples: Array, rate: int, new_rate: int) -> Array:
    """Resample samples (n,) by linear interpolation; to a lower rate, after a moving average. rate, new_rate: in Hz."""
    if rate == new_rate:
        return samples
    if rate > new_rate:
        width = max(1, round(rate / new_rate))
        samples = np.convolve(samples, np.full(width, 1 / width, np.float32), mode="same")
    count = max(1, round(len(samples) * new_rate / rate))
    return np.interp(np.arange(count) * rate / new_rate, np.arange(len(samples)), samples).astype(np.float32)


def pad_or_trim(samples: Array, length: int) -> Array:
    """Trim samples (n,) to length, or pad them with silence at the end. Returns (length,)."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


@cache
def mel_filters(rate: int, size: int, bands: int) -> Array:
    """Triangular filters from a power spectrum (size // 2 + 1,) to mel bands, (size // 2 + 1, bands) float32.

    Bands are evenly spaced in mel from 0 to half the rate. Source: Davis & Mermelstein 1980, mel as 2595 log10(1 + f / 700).
    """
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    frequencies = np.arange(size // 2 + 1) * rate / size
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies[:, None] - low) / (middle - low)
    falling = (high - frequencies[:, None]) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def log_mel(samples: Array, rate: int, frame: int, hop: int, bands: int) -> Array:
    """Log-mel spectrogram of a sound (n,), (frames, bands) float32. rate: in Hz; frame, hop: in samples."""
    size = 1 << (frame - 1).bit_length()
    pieces = np.lib.stride_tricks.sliding_window_view(samples, frame)[::hop]
    spectrum = np.fft.rfft(pieces * np.hanning(frame).astype(np.float32), size, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) / frame
    return np.log(power @ mel_filters(rate, size, bands) + _FLOOR)


def clip_to_top_db(spectrograms: Array, top_db: float) -> Array:
    """Subtract each sound's loudest point from its log power (n, frames, bands), and clip top_db decibels below it."""
    loudest = spectrograms.max(axis=(1, 2), keepdims=True)
    return np.maximum(spectrograms - loudest, -top_db * np.log(10) / 10).astype(np.float32)


def rms_normalized(samples: Array) -> Array:
    """Scale a sound (n,) to the root mean square LOUDNESS, without the silence at its beginning and end."""
    sounding = np.flatnonzero(samples)
    if not len(sounding):
        return samples
    power = np.square(samples[sounding[0] : sounding[-1] + 1], dtype=np.float64).mean()
    return (samples * (LOUDNESS / np.sqrt(power))).astype(np.float32)
