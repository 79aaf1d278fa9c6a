"""Rows of images: reading them from folders, zips, .npz or idx files, and the expectations that they must meet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.modalities.images.arrays import holds_arrays, read_arrays
from minnow.modalities.images.class_folders import pixel_key, read_pictures
from minnow.modalities.images.encoder import PICTURES
from minnow.modalities.images.options import Options
from minnow.tables.expectations import Words, enough_rows, expect, few_duplicates, label_columns, label_expectations
from minnow.tables.files import FileError, fixed_splits
from minnow.types import Array, Expectation, Reading, Table

_CHUNK = 4096


def read(folder: Path, options: Options) -> Table:
    """Read a folder, a zip, or one .npz. Columns: image (n, h, w, c), label (n,) str, "" where there is none.

    Files or folders named train* and test* (t10k*) fix the split of their rows. What is left out is among the notices. Raises
    FileError or FolderError, which are ValueErrors.
    """
    rows = read_arrays(folder, options) if holds_arrays(folder, options) else read_pictures(folder, options)
    images = rows.images
    if images.ndim not in (3, 4) or images.dtype.kind not in "uif":
        raise FileError(
            f"Images must be numbers, (n, height, width) or (n, height, width, channels). Received: {images.dtype} "
            f"{images.shape}."
        )
    images = images[:, :, :, None] if images.ndim == 3 else images
    key = np.array([pixel_key(image) for image in images], np.uint64)
    columns = {"image": images, "label": rows.labels}
    row_id = np.array(rows.row_id, dtype=str)
    reading = Reading(columns={"image": PICTURES}) if rows.are_pictures else Reading()
    return Table(columns, row_id, key, fixed_splits(rows.split), reading=reading, notices=rows.notices)


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
