"""Images as arrays: decoding PNG and JPEG, reading class folders, .npz and idx files."""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minnow.tables.files import FileError, split_of
from minnow.types import Array

SUFFIXES = (".png", ".jpg", ".jpeg")
_MAX_PIXELS = 64_000_000
_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


@dataclass(frozen=True)
class ImageRows:
    """Images with their labels.

    images: (n, h, w) or (n, h, w, c). labels: (n,) str, "" where there is none. row_id: n texts, the origin of each. split: n
    texts, "train" or "test" where the name of the file or folder fixes it, otherwise "".
    """

    images: Array
    labels: Array
    row_id: list[str]
    split: list[str]


def decode(data: bytes, channels: int | None, size: Sequence[int] | None) -> Array:
    """Decode a PNG or JPEG. Returns (h, w, c) uint8.

    channels: 1 for grey, 3 for colour, None keeps those of the picture. size: (height, width) to resize to, None keeps it.
    Raises ValueError for bytes that are not a picture of 8 bits per channel, or one of over 64 million pixels.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise ValueError(f"at most {_MAX_PIXELS:,} pixels")
            if picture.mode.startswith(("I", "F")):
                raise ValueError(f"8 bits per channel, not mode {picture.mode}")
            grey = channels == 1 or (channels is None and picture.mode in ("1", "L", "LA"))
            upright = ImageOps.exif_transpose(picture).convert("L" if grey else "RGB")
    except Exception as error:  # decoders raise many types of exceptions
        raise ValueError(f"Needed a PNG or JPEG picture. Received {len(data):,} bytes: {error}.") from error
    if size is not None:
        upright = upright.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(upright, np.uint8)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def resized(images: Array, size: Sequence[int]) -> Array:
    """Resize images (n, h, w) or (n, h, w, c) of any numeric type to size (height, width), bilinear.

    Returns (n, height, width, c) float32.
    """
    from PIL import Image

    def resized_plane(plane: Array) -> Array:
        picture = Image.fromarray(np.ascontiguousarray(plane, np.float32), mode="F")
        return np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BILINEAR))

    planes = images[..., None] if images.ndim == 3 else images
    stacked = [np.stack([resized_plane(image[..., c]) for c in range(image.shape[-1])], axis=-1) for image in planes]
    return np.stack(stacked) if stacked else np.empty((0, *size, planes.shape[-1]), np.float32)


def read_folders(folder: Path, channels: int | None, size: Sequence[int] | None, labelled: bool = True) -> ImageRows:
    """Read class folders of pictures, or train/ and test/ folders of class folders. Images are (n, h, w, c) uint8.

    channels, size: see decode. labelled: each picture must lie in a class folder; otherwise a label may be missing. Raises
    FileError with the pictures that cannot be read, have no label or another size.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    pictures = []
    for path in paths:
        try:
            pictures.append(decode(path.read_bytes(), channels, size))
        except ValueError as error:
            raise FileError(f"{path.relative_to(folder)}: {error}") from error
    names = [path.relative_to(folder) for path in paths]
    row_id = [name.as_posix() for name in names]
    _same_shape(row_id, pictures)
    for name in names:
        if len(name.parts) < 2 and labelled:
            raise FileError(f"{name}: a picture must be in a folder that is named after its class.")
    splits = [split_of(name.parts[0]) if len(name.parts) > 2 else "" for name in names]
    labels = [name.parts[-2] if len(name.parts) > 1 else "" for name in names]
    return ImageRows(np.stack(pictures), np.array(labels), row_id, splits)


def _same_shape(names: list[str], pictures: list[Array]) -> None:
    shapes = [picture.shape for picture in pictures]
    usual = max(sorted(set(shapes)), key=shapes.count)
    odd = [f"{name} {shape}" for name, shape in zip(names, shapes, strict=True) if shape != usual]
    if odd:
        raise FileError(
            f"All pictures must have the same size; {shapes.count(usual)} have height, width, channels {usual}. {len(odd)} "
            f"do not: {', '.join(odd[:5])}. Set `resize: [height, width]` and `channels` under options in params.yaml."
        )


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


def idx_pairs(folder: Path, labelled: bool = True) -> list[tuple[Path, Path | None]]:
    """List files of images with their files of labels: *-images-idx3-ubyte(.gz) and *-labels-idx1-ubyte(.gz).

    labelled: raise FileError where a file of labels is missing; otherwise its path is None.
    """
    pairs = []
    for images in sorted(folder.glob("*images-idx*")):
        stem = images.name.split("images-idx")[0]
        labels = sorted(folder.glob(f"{stem}labels-idx*"))
        if not labels and labelled:
            raise FileError(f"{images} needs a file of labels beside it: {stem}labels-idx1-ubyte.gz.")
        pairs.append((images, labels[0] if labels else None))
    return pairs
