"""Rows of images: reading them from folders, zips, .npz or idx files, and the expectations that they must meet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.modalities.images.arrays import ImageRows, holds_arrays, keyed_arrays, pixel_key, read_arrays
from minnow.modalities.images.class_folders import keyed_pictures, read_pictures
from minnow.modalities.images.encoder import PICTURES
from minnow.modalities.images.options import Options
from minnow.tables.expectations import Words, enough_rows, expect, few_duplicates, label_columns, label_expectations
from minnow.tables.files import FileError, fixed_splits
from minnow.types import Array, Expectation, KeyRule, KeyRuleError, Reading, Table

_CHUNK = 4096
_KEY_OPTIONS = ("resize", "channels")
"""Options that the pixels of an image depend on."""


def read(folder: Path, options: Options, keys: KeyRule | None = None) -> Table:
    """Read a folder, a zip, or one .npz. Columns: image (n, h, w, c), label (n,) str, "" where there is none.

    Files or folders named train* and test* (t10k*) fix the split of their rows. What is left out is among the notices. Keys are
    hashes of the pixels, in the size and with the channels of a rule. Raises FileError or FolderError, which are ValueErrors,
    and KeyRuleError.
    """
    rows = read_arrays(folder, options) if holds_arrays(folder, options) else read_pictures(folder, options)
    images = rows.images
    if images.ndim not in (3, 4) or images.dtype.kind not in "uif":
        raise FileError(
            f"Images must be numbers, (n, height, width) or (n, height, width, channels). Received: {images.dtype} "
            f"{images.shape}."
        )
    images = images[:, :, :, None] if images.ndim == 3 else images
    keys = keys or KeyRule(options=_key_options(options))
    key = np.array(_keys(folder, options, rows, images, keys), np.uint64)
    columns = {"image": images, "label": rows.labels}
    row_id = np.array(rows.row_id, dtype=str)
    reading = Reading(columns={"image": PICTURES}) if rows.are_pictures else Reading()
    return Table(columns, row_id, key, fixed_splits(rows.split), reading=reading, notices=rows.notices, keys=keys)


def _key_options(options: Options) -> dict[str, object]:
    return {name: getattr(options, name) for name in _KEY_OPTIONS}


def _keys(place: Path, options: Options, rows: ImageRows, images: Array, rule: KeyRule) -> list[int]:
    """Keys of images (n, h, w, c), made as a rule says: where they had another size or other channels, these are read again.

    Raises KeyRuleError where an image cannot be read so.
    """
    if rule.options == _key_options(options):
        return [pixel_key(image) for image in images]
    before = options.model_copy(update={name: rule.option(name) for name in _KEY_OPTIONS})
    found = keyed_pictures(place, before) if rows.are_pictures else keyed_arrays(place, before)
    if lost := next((row for row in rows.row_id if row not in found), None):
        raise KeyRuleError(
            f"{lost}: keys are made of the pixels with {dict(rule.options)}, which cannot be read so any more"
        )
    return [found[row] for row in rows.row_id]


def examples(table: Table, options: Options) -> Table:
    """Return the table unchanged: each image is an example."""
    return table


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Columns for expectations, (n,) each: size, range, mean, deviation, share of NaN, label, hash.

    nan_share counts infinite pixels too; the other figures count pixels that are not finite as 0.
    """
    images = table.columns["image"]
    n, height, width, channels = images.shape
    parts = [_statistics(images[start : start + _CHUNK]) for start in range(0, max(n, 1), _CHUNK)]
    return {
        "height": np.full(n, height),
        "width": np.full(n, width),
        "channels": np.full(n, channels),
        "dtype": np.full(n, str(images.dtype)),
        **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
        **label_columns(table.columns["label"], table.key),
    }


def _statistics(images: Array) -> dict[str, Array]:
    flat = images.reshape(len(images), -1).astype(np.float64)
    finite = np.isfinite(flat)
    known = np.where(finite, flat, 0.0)
    return {
        "minimum": known.min(axis=1, initial=np.inf),
        "maximum": known.max(axis=1, initial=-np.inf),
        "mean": known.mean(axis=1),
        "std": known.std(axis=1),
        "nan_share": 1.0 - finite.mean(axis=1),
    }


def expectations(options: Options, table: Table, task: str) -> list[Expectation]:
    """List the expectations about images and their labels."""
    between = "column_values_to_be_between"
    blank = "a blank image is not informative"
    top, scaled = f"no pixel is above {options.scale:g} (option scale)", "pixels are divided by it"
    varied = "at least 99 % of the images are not of one colour alone"
    without_labels = [enough_rows(options.min_rows, "image"), few_duplicates(options.max_duplicates, "image")]
    return [
        *(label_expectations(options, task, Words("image")) if options.labelled else without_labels),
        expect(between, "models need them", "nan_share", says="all pixels are finite numbers", shown="", max_value=0),
        expect(between, scaled, "minimum", says="no pixel is below 0", min_value=0),
        expect(between, scaled, "maximum", says=top, max_value=options.scale),
        expect(between, blank, "std", says=varied, shown="", min_value=0, strict_min=True, mostly=0.99),
    ]
