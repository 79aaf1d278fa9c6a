"""Sensors of a simulated flat over 56 winter days, one row every ten minutes: should the lamp be on?

One person lives there with a cat. On weekdays the person leaves in the morning and returns in the evening; on weekends the
person goes out for a while. The times of getting up and going to bed differ from day to day. The lamp should be on when the
person is at home and awake and there is little daylight, with hysteresis against flickering at dusk. On some days the person
spends the evening in the dark, and one label in fifty is flipped.

No sensor measures whether somebody is at home. The motion sensor misses a person who sits still, and detects the cat. The
carbon dioxide concentration rises while the person is at home and falls slowly afterwards; temperature and humidity follow with
a lag. The light sensor measures daylight only, and clouds differ from day to day. So light alone, the time of day alone, and
the last row alone are weak predictors; the last hour of all sensors together is a better one.

All numbers are sums and products of numbers from a seeded generator, so each machine writes the same bytes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

_FILE = "home.csv"
SHA256 = {_FILE: "9760b17e399ca2326efd4d28a18d802c0ff383ccad6468f6384030620bcdf4e3"}

_SEED = 20_232
_DAYS, _STEP_MIN, _DAY_MIN = 56, 10, 1440
_FIRST = datetime(2024, 1, 8)  # a Monday
_OUTDOOR_PPM = 420.0


@dataclass(frozen=True)
class _Day:
    """The plan of a day in minutes since midnight. away: from leaving to returning; cloud: share of light through clouds."""

    rise: float
    sleep: float
    away: tuple[float, float]
    cloud: float
    dark_evening: bool


def _around(rng: random.Random, middle: float, spread: float) -> float:
    """Draw a number around a middle, nearly normally distributed: the sum of three uniform numbers."""
    return middle + spread * (rng.random() + rng.random() + rng.random() - 1.5)


def _plan(rng: random.Random, day: int) -> _Day:
    weekend = day % 7 >= 5
    leave = _around(rng, 690 if weekend else 490, 240 if weekend else 60)
    stay = _around(rng, 190 if weekend else 560, 200 if weekend else 120)
    return _Day(
        rise=_around(rng, 510 if weekend else 410, 80),
        sleep=_around(rng, 1410 if weekend else 1365, 90),
        away=(leave, leave + max(30.0, stay)),
        cloud=0.12 + 0.88 * rng.random(),
        dark_evening=rng.random() < 0.04,
    )


def _daylight(minute: float, cloud: float, rng: random.Random) -> float:
    """Daylight in lux: a parabola between sunrise and sunset, with noise."""
    share = (minute - 450) / (1030 - 450)
    bright = 4 * share * (1 - share) if 0 < share < 1 else 0.0
    return max(0.0, 700 * cloud * bright * (0.85 + 0.3 * rng.random()) + 4 * rng.random())


@dataclass
class _Flat:
    """The state of the simulation."""

    co2: float = _OUTDOOR_PPM + 150
    temperature: float = 20.0
    humidity: float = 45.0
    still: bool = False
    lamp: bool = False


def _step(flat: _Flat, rng: random.Random, home: bool, awake: bool) -> None:
    flat.still = (rng.random() < 0.88) if flat.still else (rng.random() < 0.15)
    flat.co2 += (28.0 if home and awake else 16.0 if home else 0.0) - 0.032 * (flat.co2 - _OUTDOOR_PPM)
    flat.temperature += 0.06 * ((21.0 if home and awake else 18.5) - flat.temperature)
    flat.humidity += 0.04 * ((52.0 if home else 41.0) - flat.humidity) + 0.4 * (rng.random() - 0.5)


def _moves(flat: _Flat, rng: random.Random, home: bool, awake: bool) -> bool:
    """Whether the motion sensor detects motion within ten minutes."""
    chance = (0.2 if flat.still else 0.9) if home and awake else 0.05
    return rng.random() < chance + 0.02  # the cat


def _rows() -> list[tuple[str, float, float, float, float, int, str]]:
    """Simulate the flat: (time, light, temperature, humidity, co2, motion, lamp), in order of time."""
    rng = random.Random(_SEED)
    flat, rows = _Flat(), []
    for day in range(_DAYS):
        plan = _plan(rng, day)
        for minute in range(0, _DAY_MIN, _STEP_MIN):
            home = not plan.away[0] <= minute < plan.away[1]
            awake = plan.rise <= minute < plan.sleep
            light = _daylight(minute, plan.cloud, rng)
            _step(flat, rng, home, awake)
            needed = 240.0 if flat.lamp else 180.0
            flat.lamp = home and awake and light < needed and not (plan.dark_evening and minute > 1080)
            lamp = flat.lamp != (rng.random() < 0.02)
            stamp = str(_FIRST + timedelta(days=day, minutes=minute))
            readings = [light, flat.temperature + 0.2 * (rng.random() - 0.5), flat.humidity + rng.random() - 0.5]
            readings.append(flat.co2 + 24 * (rng.random() - 0.5))
            motion = int(_moves(flat, rng, home, awake))
            rows.append((stamp, *(round(value, 1) for value in readings), motion, "on" if lamp else "off"))
    return rows


def write(folder: Path) -> None:
    """Write home.csv: time,light,temperature,humidity,co2,motion,lamp with a header, 8,064 rows.

    light in lux, temperature in degrees Celsius, humidity in %, co2 in ppm, motion 0 or 1, lamp on or off.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["time,light,temperature,humidity,co2,motion,lamp", *(",".join(map(str, row)) for row in _rows())]
    (folder / _FILE).write_bytes(("\n".join(lines) + "\n").encode())
