"""720 generated sounds of 0.7 s: alarm, doorbell, drip, kettle, knock and mixer, in a zip of class folders.

An alarm alternates between two steady tones. A doorbell is a fading tone followed by a lower one. A drip is one to three short
rising chirps. A kettle is a rising tone with noise. A knock is two to four bursts of low-pass noise. A mixer is a low tone with
harmonics. Pitch, tempo, loudness and start are random. Each recording has background noise of random level, and a third of them
a second sound at less than half of the loudness. 3 % of the recordings are in the folder of another class.

So pitch alone or loudness alone predicts little, the spectrogram predicts most labels, and no model can predict all.

Samples are computed with integers (with parabolas in place of sines), so each machine writes the same bytes.
"""

from __future__ import annotations

import io
import random
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minnow.types import Array

_FILE = "sounds.zip"
SHA256 = {_FILE: "13c4583e7f54ce742833730913e6be23103de264dc05f996e10f70f996cad375"}

_SEED = 20_233
_RATE, _LENGTH, _PER_CLASS = 8000, 5600, 120
_TURN = 1 << 20
"""Phase steps of one period."""
_LOUD = 1 << 12
_WRONG_PERCENT = 3


def _sine(phase: Array) -> Array:
    """Approximate a sine by parabolas, (n,) in -_LOUD.._LOUD. phase: (n,) int64, _TURN per period."""
    half = _TURN // 2
    within = phase % half
    arch = within * (half - within) // (half * half // (4 * _LOUD))
    return np.where(phase % _TURN < half, arch, -arch)


def _tone(hertz: Array) -> Array:
    """A tone of variable pitch, (n,). hertz: (n,) int64."""
    return _sine(np.cumsum(hertz * _TURN // _RATE))


def _glide(first: int, last: int, n: int) -> Array:
    """Linear change of pitch from first to last over n samples, (n,) in hertz."""
    return first + (last - first) * np.arange(n) // max(n, 1)


def _fading(sound: Array) -> Array:
    """Fade a sound (n,) to silence quadratically."""
    n = len(sound)
    rest = np.arange(n, 0, -1)
    return sound * rest // n * rest // n


def _noise(rng: random.Random, n: int, dull: int = 1) -> Array:
    """Noise (n,) in -_LOUD.._LOUD; dull: width of a moving average."""
    samples = np.frombuffer(rng.randbytes(2 * (n + dull)), "<i2").astype(np.int64) // 8
    summed = np.cumsum(samples)
    return (summed[dull:] - summed[:-dull])[:n] // dull


def _between(rng: random.Random, low: int, high: int) -> int:
    return low + int(rng.random() * (high - low + 1))


def _silence() -> Array:
    return np.zeros(_LENGTH, np.int64)


def _put(into: Array, sound: Array, start: int) -> None:
    end = min(len(into), start + len(sound))
    into[start:end] += sound[: end - start]


def _alarm(rng: random.Random) -> Array:
    low, period = _between(rng, 700, 1500), _between(rng, 450, 1000)
    high = low * _between(rng, 115, 140) // 100
    return _tone(np.where(np.arange(_LENGTH) // period % 2 == 0, low, high))


def _doorbell(rng: random.Random) -> Array:
    high, gap = _between(rng, 600, 1300), _between(rng, 1500, 2400)
    sound = _silence()
    for start, hertz in ((0, high), (gap, high * _between(rng, 70, 85) // 100)):
        _put(sound, _fading(_tone(np.full(_LENGTH - start, hertz))), start)
    return sound


def _drip(rng: random.Random) -> Array:
    sound = _silence()
    low, gap = _between(rng, 500, 1000), _between(rng, 1100, 1800)
    for number in range(_between(rng, 1, 3)):
        n = _between(rng, 300, 600)
        _put(sound, _fading(_tone(_glide(low, low * 5 // 2, n))), number * gap)
    return sound


def _kettle(rng: random.Random) -> Array:
    low = _between(rng, 700, 1600)
    return _tone(_glide(low, low * _between(rng, 120, 170) // 100, _LENGTH)) * 2 // 3 + _noise(rng, _LENGTH) // 3


def _knock(rng: random.Random) -> Array:
    sound = _silence()
    gap = _between(rng, 900, 1600)
    for number in range(_between(rng, 2, 4)):
        _put(sound, 2 * _fading(_noise(rng, _between(rng, 400, 800), _between(rng, 4, 9))), number * gap)
    return sound


def _mixer(rng: random.Random) -> Array:
    hertz = np.full(_LENGTH, _between(rng, 90, 180))
    hum = sum((_tone(hertz * times) // times for times in (1, 2, 3, 5)), _silence())
    return hum // 2 + _noise(rng, _LENGTH, 2) // 4


_CLASSES: dict[str, Callable[[random.Random], Array]] = {
    "alarm": _alarm,
    "doorbell": _doorbell,
    "drip": _drip,
    "kettle": _kettle,
    "knock": _knock,
    "mixer": _mixer,
}


def _recording(rng: random.Random, name: str) -> Array:
    """One recording of a class, (_LENGTH,) int16."""
    recording = _silence()
    start = _between(rng, 0, 1200)
    _put(recording, _CLASSES[name](rng), start)
    recording = recording * _between(rng, 30, 100) // 100
    if rng.random() < 1 / 3:
        other = list(_CLASSES)[_between(rng, 0, len(_CLASSES) - 1)]
        second = _silence()
        _put(second, _CLASSES[other](rng), _between(rng, 0, 2400))
        recording += second * _between(rng, 10, 40) // 100
    recording += _noise(rng, _LENGTH, _between(rng, 1, 3)) * _between(rng, 5, 60) // 100
    return np.clip(recording * 3, -(2**15), 2**15 - 1).astype("<i2")


def _wav(samples: Array) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def write(folder: Path) -> None:
    """Write sounds.zip: CLASS/NUMBER.wav, mono, 16 bits, 8 kHz."""
    rng, names = random.Random(_SEED), list(_CLASSES)
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / _FILE, "w", zipfile.ZIP_STORED) as archive:
        for number in range(_PER_CLASS * len(names)):
            label = number % len(names)
            sound = _wav(_recording(rng, names[label]))
            if rng.random() * 100 < _WRONG_PERCENT:
                label = (label + _between(rng, 1, len(names) - 1)) % len(names)
            info = zipfile.ZipInfo(f"{names[label]}/{number:03d}.wav", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, sound)
