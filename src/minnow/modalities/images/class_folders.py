"""Class folders of pictures, as folders or zips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from minnow.folders import Found, find_files
from minnow.modalities.images.arrays import ImageRows, pixel_key
from minnow.modalities.images.decode import SUFFIXES, UNREADABLE, PictureError, decode
from minnow.modalities.images.options import Options
from minnow.tables.files import FileError
from minnow.tables.label_files import labelled
from minnow.types import Array

BROKEN = "pictures that cannot be read"
_SHOWN = 5


def find_pictures(place: Path, options: Options) -> Found:
    """Find the pictures of a folder or zip that have a class, or all of them where images are generated. Raises ValueError."""
    found = find_files(place, SUFFIXES, UNREADABLE, options.class_folder)
    if not found.files:
        skipped = " ".join(notice.text for notice in found.notices)
        raise FileError(
            f"{place} must hold an .npz, idx files, or class folders of pictures. It holds none. {skipped}".rstrip()
        )
    if not options.labelled:
        return found
    if options.label_file is not None:
        return labelled(found, place, options.label_file)
    kept = found.in_classes()
    if not kept.files:
        raise FileError(
            f"{found.files[0].name}: a picture must be in a folder that is named after its class, or in a table of labels "
            f"(options.label_file). Received: {len(found.files):,} pictures outside of class folders."
        )
    return kept


def decoded(found: Found, channels: int | None, size: Sequence[int] | None) -> Iterator[tuple[str, Array | str]]:
    """Decode pictures one by one, in the order of their names: (name, (h, w, c) uint8), or what is wrong in its place.

    channels, size: as in decode.
    """
    for file in found.files:
        try:
            yield file.name, decode(file.read(), channels, size)
        except PictureError as error:
            yield file.name, error.reason
        except OSError as error:
            yield file.name, str(error)


def without_broken(found: Found, broken: dict[str, str], max_lost: float) -> Found:
    """Take out pictures that cannot be read. Raises FolderError where a class loses too many."""
    kept = found.without(broken, BROKEN) if broken else found
    kept.check_losses(max_lost)
    return kept


def read_pictures(place: Path, options: Options) -> ImageRows:
    """Read class folders of pictures, or train/ and test/ folders of class folders, in a folder or zip.

    Images are (n, h, w, c) uint8. Raises ValueError with the pictures that have no label or
    another size, and where a class loses too many that cannot be read.
    """
    found = find_pictures(place, options)
    results = dict(decoded(found, options.channels, options.resize))
    found = without_broken(found, {n: why for n, why in results.items() if isinstance(why, str)}, options.max_lost)
    pictures = {name: picture for name, picture in results.items() if not isinstance(picture, str)}
    names = list(pictures)
    _same_shape(names, list(pictures.values()))
    labels = np.array([found.label(name) for name in names])
    notices = found.notices + (found.class_notices if options.labelled else ())
    images = np.stack(list(pictures.values()))
    splits = [found.split(name) for name in names]
    return ImageRows(images, labels, names, splits, notices, are_pictures=True)


def _same_shape(names: Sequence[str], pictures: Sequence[Array]) -> None:
    shapes = [picture.shape for picture in pictures]
    usual = max(sorted(set(shapes)), key=shapes.count)
    odd = [f"{name} {shape}" for name, shape in zip(names, shapes, strict=True) if shape != usual]
    if odd:
        raise FileError(
            f"All pictures must have the same size; {shapes.count(usual)} have height, width, channels {usual}. {len(odd)} "
            f"do not: {', '.join(odd[:_SHOWN])}. Set `resize: [height, width]` and `channels` under options in params.yaml."
        )


def keyed_pictures(place: Path, options: Options) -> dict[str, int]:
    """Keys of the pictures of class folders, each read alone: name -> key. Those that cannot be read are left out."""
    results = decoded(find_pictures(place, options), options.channels, options.resize)
    return {name: pixel_key(picture) for name, picture in results if not isinstance(picture, str)}
