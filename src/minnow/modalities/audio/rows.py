"""Rows of sounds: reading them from WAV in folders or a zip, and the expectations that they must meet."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minnow.modalities.audio.options import Options
from minnow.modalities.audio.waveform import decode, files, pad_or_trim, resampled
from minnow.tables.expectations import Words, expect, label_columns, label_expectations
from minnow.tables.files import FileError, fixed_splits, split_of
from minnow.types import Array, Expectation, Table, content_key


def read(folder: Path, options: Options) -> Table:
    """Read every WAV in a folder, in its subfolders and zips, or in one zip. Raises FileError.

    Columns: sound (n, samples) float32 in -1..1, seconds (n,) before trimming and padding, label (n,) str.
    """
    names, sounds, seconds, key = [], [], [], []
    for name, data in files(folder):
        try:
            samples, rate = decode(data)
        except ValueError as error:
            raise FileError(f"{name}: {error}") from error
        names.append(name)
        seconds.append(len(samples) / rate)
        key.append(content_key(samples.tobytes()))
        sounds.append(pad_or_trim(resampled(samples, rate, options.rate), options.length))
    if not names:
        raise FileError(f"{folder} must hold WAV sounds, or a zip of them. It holds none.")
    columns = {
        "sound": np.stack(sounds),
        "seconds": np.array(seconds),
        "label": np.array([_label(n, options) for n in names]),
    }
    return Table(columns, np.array(names), np.array(key, np.uint64), _splits(names, options), _groups(names, options))


def _label(name: str, options: Options) -> str:
    if options.label_part is not None:
        return _part_of(name, options.separator, options.label_part)
    if len(Path(name).parts) < 2:
        raise FileError(
            f"{name}: a sound must be in a folder that is named after its class. Or set options.label_part."
        )
    return Path(name).parts[-2]


def _part_of(name: str, separator: str, part: int) -> str:
    """Return one part of a file's name without its suffix. Raises FileError where there are fewer parts."""
    stem = Path(name).stem
    parts = stem.split(separator)
    if not -len(parts) <= part < len(parts):
        raise FileError(f"{name}: the name must have a part {part}, separated by '{separator}'. Received: {stem}.")
    return parts[part]


def _splits(names: Sequence[str], options: Options) -> Array | None:
    if options.test is not None:
        return fixed_splits(["test" if fnmatch.fnmatch(Path(n).name, options.test) else "train" for n in names])
    return fixed_splits([split_of(Path(n).parts[0]) if len(Path(n).parts) > 2 else "" for n in names])


def _groups(names: Sequence[str], options: Options) -> Array | None:
    """Group of each sound, (n,) uint64; None where each sound is its own group."""
    if options.group_part is None:
        return None
    groups = [_part_of(name, options.separator, options.group_part) for name in names]
    return np.array([content_key(group.encode()) for group in groups], np.uint64)


def examples(table: Table, options: Options) -> Table:
    """Return the table unchanged: each sound is an example."""
    return table


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Columns for expectations, (n,) each: seconds, loudness (root mean square), share of clipped samples, label, hash."""
    sound = table.columns["sound"]
    return {
        "seconds": table.columns["seconds"],
        "loudness": np.sqrt((sound**2).mean(axis=1)),
        "clipped": (np.abs(sound) >= 0.999).mean(axis=1),
        **label_columns(table.columns["label"], table.key),
    }


def expectations(options: Options, table: Table, task: str) -> list[Expectation]:
    """List the expectations about sounds and their labels."""
    between = "column_values_to_be_between"
    long = f"every sound lasts at least {options.least_seconds:g} s (option least_seconds)"
    loud, clean = (
        "at least 99 % of the sounds are not silent",
        "at least 99 % of the sounds are clipped in half of them or less",
    )
    empty, wrong = "a silent sound is not informative", "a sound that is mostly clipped was recorded wrongly"
    return [
        *label_expectations(options, task, Words("sound")),
        expect(between, "a shorter one is not informative", "seconds", says=long, min_value=options.least_seconds),
        expect(between, empty, "loudness", says=loud, shown="", min_value=0, strict_min=True, mostly=0.99),
        expect(between, wrong, "clipped", says=clean, shown="", max_value=0.5, mostly=0.99),
    ]
