"""Rows of images: reading them from folders, .npz or idx files, and the expectations that they must meet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.modalities.images.decode import SUFFIXES, ImageRows, idx_pairs, read_folders, read_idx, read_npz, resized
from minnow.modalities.images.options import Options
from minnow.tables.expectations import Words, enough_rows, expect, few_duplicates, label_columns, label_expectations
from minnow.tables.files import FileError, find, fixed_splits, split_of
from minnow.types import Array, Expectation, Table, content_key

_CHUNK = 4096
_ImageFile = tuple[str, Array, Array]
"""Name of a file, images (n, h, w) or (n, h, w, c), and labels (n,)."""


def read(folder: Path, options: Options) -> Table:
    """Read a folder, or one .npz. Columns: image (n, h, w, c), label (n,) str, "" where there is none.

    Files or folders named train* and test* (t10k*) fix the split of their rows. Raises FileError.
    """
    if options.file or folder.is_file() or list(folder.glob("*.npz")):
        return _table(_joined(_npz_files(folder, options), options))
    if pairs := idx_pairs(folder, options.labelled):
        return _table(_joined(_idx_files(pairs), options))
    if not any(p.suffix.lower() in SUFFIXES for p in folder.rglob("*")):
        raise FileError(f"{folder} must hold an .npz, idx files, or class folders of PNG or JPEG. It holds none.")
    return _table(read_folders(folder, options.channels, options.resize, options.labelled))


def _npz_files(place: Path, options: Options) -> list[_ImageFile]:
    files = []
    for path in find(place, options.file, (".npz",)):
        images, labels = read_npz(path)
        if labels is None and options.labelled:
            raise FileError(f"{path} needs an array 'labels' beside 'images'.")
        files.append((path.name, images, _no_labels(images) if labels is None else labels))
    return files


def _idx_files(pairs: list[tuple[Path, Path | None]]) -> list[_ImageFile]:
    files = []
    for path, path_labels in pairs:
        images = read_idx(path)
        labels = _no_labels(images) if path_labels is None else read_idx(path_labels)
        if len(images) != len(labels):
            raise FileError(f"{path.name} needs a label per image. Received: {len(images)} and {len(labels)}.")
        files.append((path.name, images, labels))
    return files


def _no_labels(images: Array) -> Array:
    return np.full(len(images), "", "<U1")


def _joined(files: list[_ImageFile], options: Options) -> ImageRows:
    """Concatenate the rows of files, resized where the options say so."""
    if options.resize and all(images.ndim in (3, 4) and images.dtype.kind in "uif" for _, images, _ in files):
        files = [(name, resized(images, options.resize), labels) for name, images, labels in files]
    shapes = {name: images.shape[1:] for name, images, _ in files}
    if len(set(shapes.values())) > 1:
        raise FileError(f"All images must have the same size. Received: {shapes}.")
    images = np.concatenate([images for _, images, _ in files])
    labels = np.concatenate([labels.astype(str) for _, _, labels in files])
    row_id = [f"{name}:{i}" for name, images, _ in files for i in range(len(images))]
    splits = [split_of(name) for name, images, _ in files for _ in range(len(images))]
    return ImageRows(images, labels, row_id, splits)


def _table(rows: ImageRows) -> Table:
    images = rows.images
    if images.ndim not in (3, 4) or images.dtype.kind not in "uif":
        raise FileError(
            f"Images must be numbers, (n, height, width) or (n, height, width, channels). Received: {images.dtype} "
            f"{images.shape}."
        )
    images = images[:, :, :, None] if images.ndim == 3 else images
    shape = repr(images.shape[1:]).encode()
    key = np.array([content_key(np.ascontiguousarray(image).tobytes(), shape) for image in images], np.uint64)
    columns = {"image": images, "label": rows.labels}
    return Table(columns, np.array(rows.row_id, dtype=str), key, fixed_splits(rows.split))


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
