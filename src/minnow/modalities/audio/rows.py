"""Rows of sounds: reading them from folders or a zip, and the expectations that they must meet."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from minnow.folders import Found
from minnow.modalities.audio.decode import Sound
from minnow.modalities.audio.files import UNDECODED, find_sounds, none_found, notices_of, sound_of
from minnow.modalities.audio.options import Options
from minnow.modalities.audio.waveform import fitted
from minnow.tables.expectations import Words, expect, label_columns, label_expectations
from minnow.tables.files import FileError, fixed_splits
from minnow.tables.label_files import labelled
from minnow.types import Array, Expectation, KeyRule, KeyRuleError, Table, content_key


@dataclass
class _Rows:
    """Rows as they are read, in order; remarks: as in Sound -> names of the files."""

    names: list[str] = field(default_factory=list[str])
    sounds: list[Array] = field(default_factory=list[Array])
    seconds: list[float] = field(default_factory=list[float])
    key: list[int] = field(default_factory=list[int])
    remarks: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def append(self, name: str, sound: Sound, options: Options) -> None:
        """Append one sound, resampled, and trimmed or padded."""
        self.names.append(name)
        self.seconds.append(sound.seconds)
        self.key.append(content_key(sound.samples.tobytes()))
        self.sounds.append(fitted(sound.samples, sound.rate, options.rate, options.length))
        for remark in sound.remarks:
            self.remarks.setdefault(remark, []).append(name)


def read(folder: Path, options: Options, keys: KeyRule | None = None) -> Table:
    """Read every sound in a folder, in its subfolders and zips, or in one zip.

    Columns: sound (n, samples) float32, full scale is -1..1, seconds (n,) before trimming and padding, label (n,) str. Raises
    FileError, FolderError where a class loses too many of its files, and KeyRuleError for other groups than those of a rule.
    """
    rule = _rule(options, keys)
    found = _in_classes(folder, options)
    rows, broken = _Rows(), dict[str, str]()
    for file in found.files:
        sound = sound_of(file, options.rate)
        if isinstance(sound, str):
            broken[file.name] = sound
        else:
            rows.append(file.name, sound, options)
    found = found.without(broken, UNDECODED)
    found.check_losses(options.max_lost)
    if not rows.names:
        raise none_found(folder, found)
    columns = {
        "sound": np.stack(rows.sounds),
        "seconds": np.array(rows.seconds),
        "label": np.array([_label(name, found, options) for name in rows.names]),
    }
    key, names = np.array(rows.key, np.uint64), rows.names
    splits, groups = _splits(found, names, options), _groups(names, options)
    notices = notices_of(found, rows.remarks) + (found.class_notices if options.label_part is None else ())
    return Table(columns, np.array(names), key, splits, groups, notices=notices, keys=rule)


def _rule(options: Options, keys: KeyRule | None) -> KeyRule:
    """The rule of the keys and groups of sounds; samples are hashed as they are in the file. Raises KeyRuleError."""
    named = None if options.group_part is None else {"part": options.group_part, "separator": options.separator}
    if keys is not None and (group := keys.option("group")) != named:
        raise KeyRuleError(f"sounds were grouped by {group or 'nothing'}, and by {named or 'nothing'} now")
    return KeyRule(options={"group": named})


def _in_classes(folder: Path, options: Options) -> Found:
    """Find the sounds of all classes. Raises FileError where there is none, or where none is in a class folder."""
    found = find_sounds(folder, options.class_folder)
    if not found.files:
        raise none_found(folder, found)
    if options.label_file is not None:
        return labelled(found, folder, options.label_file)
    if options.label_part is not None:
        return found
    if not any(found.label(file.name) for file in found.files):
        raise FileError(
            f"{found.files[0].name}: a sound must be in a folder that is named after its class. Or set options.label_part."
        )
    return found.in_classes()


def _label(name: str, found: Found, options: Options) -> str:
    if options.label_part is None:
        return found.label(name)
    return _part_of(name, options.separator, options.label_part)


def _part_of(name: str, separator: str, part: int) -> str:
    """Return one part of a file's name without its suffix. Raises FileError where there are fewer parts."""
    stem = Path(name).stem
    parts = stem.split(separator)
    if not -len(parts) <= part < len(parts):
        raise FileError(f"{name}: the name must have a part {part}, separated by '{separator}'. Received: {stem}.")
    return parts[part]


def _splits(found: Found, names: Sequence[str], options: Options) -> Array | None:
    if options.test is not None:
        return fixed_splits(["test" if fnmatch.fnmatch(Path(n).name, options.test) else "train" for n in names])
    return fixed_splits([found.split(name) for name in names])


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
    """Columns for expectations, (n,) each: seconds, loudness (root mean square), share of clipped samples, label, hash.

    Samples at full scale are clipped; samples of floats beyond it are not.
    """
    sound = table.columns["sound"]
    size = np.abs(sound)
    return {
        "seconds": table.columns["seconds"],
        "loudness": np.sqrt((sound**2).mean(axis=1)),
        "clipped": ((size >= 0.999) & (size <= 1)).mean(axis=1),
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
