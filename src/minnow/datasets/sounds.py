"""Sounds of a flat: 720 recordings of 0.7 s of an alarm, a doorbell, drips, a kettle, knocks or a mixer. A zip of folders.

Each class has a shape in time and pitch, and draws the rest. An alarm changes quickly between two steady tones, a doorbell
falls from one fading tone to a lower one, a drip is one to three short chirps upwards, a kettle whistles higher and higher
through steam, a knock is two to four bursts of dull noise, a mixer hums with its harmonics. Pitch, tempo, loudness and
beginning differ from recording to recording; under each lies a noise of its own level, and in every third a second sound, less
than half as loud. Of 100 recordings, 3 lie in the wrong folder.

So pitch alone or loudness alone tells little, the picture of pitch over time tells most, and nobody gets all of it.

Samples are whole numbers from the first step to the last (a parabola stands for each half of a sine), so that each machine
writes the same bytes.
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

FILE = "sounds.zip"
SHA256 = {FILE: "13c4583e7f54ce742833730913e6be23103de264dc05f996e10f70f996cad375"}

SEED = 20_233
RATE, LENGTH, PER_CLASS = 8000, 5600, 120
TURN = 1 << 20
"""Steps of one period."""
LOUD = 1 << 12
WRONG_PERCENT = 3


def _sine(phase: Array) -> Array:
    """Nearly a sine, -LOUD to LOUD. phase: (n,) int64, TURN to a period."""
    half = TURN // 2
    within = phase % half
    arch = within * (half - within) // (half * half // (4 * LOUD))
    return np.where(phase % TURN < half, arch, -arch)


def _tone(hertz: Array) -> Array:
    """A tone whose pitch may change, (n,). hertz: (n,) int64."""
    return _sine(np.cumsum(hertz * TURN // RATE))


def _glide(first: int, last: int, n: int) -> Array:
    """Pitch from first to last in n samples, in hertz."""
    return first + (last - first) * np.arange(n) // max(n, 1)


def _fading(sound: Array) -> Array:
    """Let a sound die away, by the square of what is left of it."""
    n = len(sound)
    left = np.arange(n, 0, -1)
    return sound * left // n * left // n


def _noise(rng: random.Random, n: int, dull: int = 1) -> Array:
    """Noise between -LOUD and LOUD; dull: neighbours that are averaged."""
    drawn = np.frombuffer(rng.randbytes(2 * (n + dull)), "<i2").astype(np.int64) // 8
    summed = np.cumsum(drawn)
    return (summed[dull:] - summed[:-dull])[:n] // dull


def _between(rng: random.Random, low: int, high: int) -> int:
    return low + int(rng.random() * (high - low + 1))


def _silence() -> Array:
    return np.zeros(LENGTH, np.int64)


def _put(into: Array, sound: Array, start: int) -> None:
    end = min(len(into), start + len(sound))
    into[start:end] += sound[: end - start]


def _alarm(rng: random.Random) -> Array:
    low, period = _between(rng, 700, 1500), _between(rng, 450, 1000)
    high = low * _between(rng, 115, 140) // 100
    return _tone(np.where(np.arange(LENGTH) // period % 2 == 0, low, high))


def _doorbell(rng: random.Random) -> Array:
    high, gap = _between(rng, 600, 1300), _between(rng, 1500, 2400)
    found = _silence()
    for start, hertz in ((0, high), (gap, high * _between(rng, 70, 85) // 100)):
        _put(found, _fading(_tone(np.full(LENGTH - start, hertz))), start)
    return found


def _drip(rng: random.Random) -> Array:
    found = _silence()
    low, gap = _between(rng, 500, 1000), _between(rng, 1100, 1800)
    for place in range(_between(rng, 1, 3)):
        n = _between(rng, 300, 600)
        _put(found, _fading(_tone(_glide(low, low * 5 // 2, n))), place * gap)
    return found


def _kettle(rng: random.Random) -> Array:
    low = _between(rng, 700, 1600)
    return _tone(_glide(low, low * _between(rng, 120, 170) // 100, LENGTH)) * 2 // 3 + _noise(rng, LENGTH) // 3


def _knock(rng: random.Random) -> Array:
    found = _silence()
    gap = _between(rng, 900, 1600)
    for place in range(_between(rng, 2, 4)):
        _put(found, 2 * _fading(_noise(rng, _between(rng, 400, 800), _between(rng, 4, 9))), place * gap)
    return found


def _mixer(rng: random.Random) -> Array:
    hertz = np.full(LENGTH, _between(rng, 90, 180))
    hum = sum((_tone(hertz * times) // times for times in (1, 2, 3, 5)), _silence())
    return hum // 2 + _noise(rng, LENGTH, 2) // 4


CLASSES: dict[str, Callable[[random.Random], Array]] = {
    "alarm": _alarm,
    "doorbell": _doorbell,
    "drip": _drip,
    "kettle": _kettle,
    "knock": _knock,
    "mixer": _mixer,
}


def _recording(rng: random.Random, name: str) -> Array:
    """One recording of a class, (LENGTH,) int16."""
    found = _silence()
    start = _between(rng, 0, 1200)
    _put(found, CLASSES[name](rng), start)
    found = found * _between(rng, 30, 100) // 100
    if rng.random() < 1 / 3:
        other = list(CLASSES)[_between(rng, 0, len(CLASSES) - 1)]
        second = _silence()
        _put(second, CLASSES[other](rng), _between(rng, 0, 2400))
        found += second * _between(rng, 10, 40) // 100
    found += _noise(rng, LENGTH, _between(rng, 1, 3)) * _between(rng, 5, 60) // 100
    return np.clip(found * 3, -(2**15), 2**15 - 1).astype("<i2")


def _wav(samples: Array) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def write(folder: Path) -> None:
    """Write sounds.zip: CLASS/NUMBER.wav, mono, 16 bits, 8 kHz."""
    rng, names = random.Random(SEED), list(CLASSES)
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / FILE, "w", zipfile.ZIP_STORED) as archive:
        for number in range(PER_CLASS * len(names)):
            place = number % len(names)
            sound = _wav(_recording(rng, names[place]))
            if rng.random() * 100 < WRONG_PERCENT:
                place = (place + _between(rng, 1, len(names) - 1)) % len(names)
            info = zipfile.ZipInfo(f"{names[place]}/{number:03d}.wav", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, sound)
