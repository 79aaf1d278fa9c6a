"""Images that are stored as arrays: .npz and idx files."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minnow.folders import Found, find_files
from minnow.modalities.images.decode import resized
from minnow.modalities.images.options import Options
from minnow.tables.divisions import divide
from minnow.tables.files import FileError, find
from minnow.types import Array, Notice, content_key

_NPZ = ".npz"
_IDX_IMAGES = "images-idx"
_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


@dataclass(frozen=True)
class ImageRows:
    """Images with their labels.

    images: (n, h, w) or (n, h, w, c). labels: (n,) str, "" where there is none. row_id: n texts, the origin of each. split: n
    texts, "train", "val" or "test" where the name of the file or folder fixes it, otherwise "". notices: what is left out.
    are_pictures: whether they were decoded from pictures.
    """

    images: Array
    labels: Array
    row_id: list[str]
    split: list[str]
    notices: tuple[Notice, ...] = ()
    are_pictures: bool = False


@dataclass(frozen=True)
class ArrayFile:
    """The arrays of one file, or of one of images and one of labels.

    names: of the files; images: (n, h, w) or (n, h, w, c); labels: (n,) str, "" where there is none.
    """

    names: tuple[str, ...]
    images: Array
    labels: Array


def holds_arrays(place: Path, options: Options) -> bool:
    """Whether a file or folder is read as arrays, and not as pictures."""
    if place.is_file():
        return options.file is not None or place.suffix == _NPZ
    return options.file is not None or any(place.glob(f"*{_NPZ}")) or any(place.glob(f"*{_IDX_IMAGES}*"))


def read_arrays(place: Path, options: Options) -> ImageRows:
    """Read the .npz or idx files of a folder, or one .npz, as one array, resized where the options say so. Raises FileError."""
    files = array_files(place, options, options.labelled)
    shapes = {file.names[0]: file.images.shape[1:] for file in files}
    if len(set(shapes.values())) > 1:
        raise FileError(f"All images must have the same size. Received: {shapes}.")
    images = np.concatenate([file.images for file in files])
    labels = np.concatenate([file.labels.astype(str) for file in files])
    row_id = [f"{file.names[0]}:{i}" for file in files for i in range(len(file.images))]
    division = divide([file.names[0] for file in files])
    splits = [division.splits[file.names[0]] for file in files for _ in range(len(file.images))]
    others = _passed_over(place, [name for file in files for name in file.names])
    return ImageRows(images, labels, row_id, splits, (*division.notices, *others))


def pixel_key(image: Array) -> int:
    """Hash the pixels of an image (h, w, c) and its shape to 64 bits."""
    return content_key(np.ascontiguousarray(image).tobytes(), repr(image.shape).encode())


def keyed_arrays(place: Path, options: Options) -> dict[str, int]:
    """Keys of the images in .npz or idx files, which need not have one size: row -> key. Raises FileError."""
    files = array_files(place, options, options.labelled)
    dtype = np.result_type(*(file.images for file in files))
    keys: dict[str, int] = {}
    for file in files:
        images = file.images.astype(dtype, copy=False)
        images = images[:, :, :, None] if images.ndim == 3 else images
        keys |= {f"{file.names[0]}:{i}": pixel_key(image) for i, image in enumerate(images)}
    return keys


def array_files(place: Path, options: Options, labelled: bool) -> list[ArrayFile]:
    """Read the .npz or idx files of a folder, or one .npz, each as it is, or resized where the options say so.

    labelled: raise FileError for a file without labels.
    """
    npz = options.file is not None or place.is_file() or any(place.glob(f"*{_NPZ}"))
    files = _npz_files(place, options, labelled) if npz else _idx_files(place, labelled)
    size = options.resize
    if size is None or not all(file.images.ndim in (3, 4) and file.images.dtype.kind in "uif" for file in files):
        return files
    return [ArrayFile(file.names, resized(file.images, size), file.labels) for file in files]


def _npz_files(place: Path, options: Options, labelled: bool) -> list[ArrayFile]:
    files = []
    for path in find(place, options.file, (_NPZ,)):
        images, labels = read_npz(path)
        if labels is None and labelled:
            raise FileError(f"{path} needs an array 'labels' beside 'images'.")
        files.append(ArrayFile((path.name,), images, _no_labels(images) if labels is None else labels))
    return files


def _idx_files(place: Path, labelled: bool) -> list[ArrayFile]:
    files = []
    for path, path_labels in _idx_pairs(place, labelled):
        images = read_idx(path)
        labels = _no_labels(images) if path_labels is None else read_idx(path_labels)
        if len(images) != len(labels):
            raise FileError(f"{path.name} needs a label per image. Received: {len(images)} and {len(labels)}.")
        names = (path.name,) if path_labels is None else (path.name, path_labels.name)
        files.append(ArrayFile(names, images, labels))
    return files


def _no_labels(images: Array) -> Array:
    return np.full(len(images), "", "<U1")


def _passed_over(place: Path, names: Sequence[str]) -> tuple[Notice, ...]:
    """Say which files of a folder are not read: all but those named."""
    if place.is_file():
        return ()
    found = find_files(place, (".zip",))  # a zip is one file here, which is not read either
    found = found.without({file.name: "" for file in found.files}, "zips, since the folder holds arrays")
    return Found(skipped=tuple(item for item in found.skipped if item.name not in names)).notices


def read_npz(path: Path) -> tuple[Array, Array | None]:
    """Read the arrays `images` (n, h, w) or (n, h, w, c) and `labels` (n,), None where missing. Raises FileError."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # errors of zip, header and pickle have many types
        raise FileError(f"{path}: not readable as .npz: {error}.") from error
    if "images" not in arrays:
        raise FileError(f"{path} needs an array 'images'. Received: {', '.join(sorted(arrays)) or 'none'}.")
    labels = arrays.get("labels")
    if labels is not None and len(labels) != len(arrays["images"]):
        raise FileError(f"{path}: needs a label per image. Received: {len(arrays['images'])} and {len(labels)}.")
    return arrays["images"], labels


def read_idx(path: Path) -> Array:
    """Read an idx file, plain or .gz, as an array of its shape. Raises FileError.

    Big-endian; type in byte 3, rank in byte 4, then the sizes and the values. Source: Y. LeCun's page of MNIST.
    """
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        kind, rank = data[2], data[3]
        shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
        return np.frombuffer(data, _IDX_TYPES[kind], offset=4 + 4 * rank).reshape(shape)
    except (OSError, EOFError, IndexError, KeyError, ValueError, struct.error) as error:
        raise FileError(f"{path}: not readable as idx: {error}.") from error


def _idx_pairs(folder: Path, labelled: bool) -> list[tuple[Path, Path | None]]:
    """List files of images with their files of labels: *-images-idx3-ubyte(.gz) and *-labels-idx1-ubyte(.gz).

    labelled: raise FileError where a file of labels is missing; otherwise its path is None.
    """
    pairs = []
    for images in sorted(folder.glob(f"*{_IDX_IMAGES}*")):
        stem = images.name.split(_IDX_IMAGES)[0]
        labels = sorted(folder.glob(f"{stem}labels-idx*"))
        if not labels and labelled:
            raise FileError(f"{images} needs a file of labels beside it: {stem}labels-idx1-ubyte.gz.")
        pairs.append((images, labels[0] if labels else None))
    return pairs
