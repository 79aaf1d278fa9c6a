"""Proposals for images, by what decoding the pictures gives."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from minnow.config import SplitShares
from minnow.folders import Found, find_files
from minnow.modalities.images.arrays import holds_arrays, read_arrays
from minnow.modalities.images.class_folders import decoded, find_pictures, pixel_key, without_broken
from minnow.modalities.images.decode import SUFFIXES
from minnow.modalities.images.options import Options
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.onboarding.target import allow_rare_class
from minnow.types import Array

_DEFAULTS, _SHARES = Options.read({}), SplitShares()
_MOST = 2000
"""How many pictures are decoded for a proposal, spread evenly over their names."""
_LARGEST = 128
"""Longest side, in pixels, of pictures that are read in their own size."""
_FEW = 3
"""A class of fewer pictures lacks in train, val or test."""
_TABLES = (".csv", ".tsv", ".parquet", ".jsonl", ".data", ".xlsx")
_SIXTEEN_BITS = 65_535
_SHOWN = 80


def has_images(data: Path) -> bool:
    """Whether a path holds arrays of images, or pictures: in folders, or without a table beside them. Raises FolderError."""
    if holds_arrays(data, _DEFAULTS):
        return True
    if data.is_file() and data.suffix.lower() != ".zip":
        return False
    found = find_files(data, SUFFIXES)
    tables = data.is_dir() and any(path.suffix.lower() in _TABLES for path in data.iterdir())
    classes = {label for file in found.files if (label := found.label(file.name))}
    return bool(found.files) and (len(classes) > 1 or not tables)


def propose_images(proposal: Proposal, data: Path, request: Request) -> None:
    """Propose an entry for images. Raises ValueError where there is none, and where too many of a class cannot be read."""
    generates = request.task == "generate"
    propose = _propose_arrays if holds_arrays(data, _DEFAULTS) else _propose_pictures
    proposal.choose("modality", "images", "")
    proposal.choose("task", request.task or "classify", ASKED_FOR if request.task else "each picture has a class")
    if generates:
        proposal.choose("options.labelled", False, "new pictures are generated from all of these, whatever their class")
    propose(proposal, data, Options.read({"labelled": not generates}))


def _propose_arrays(proposal: Proposal, data: Path, options: Options) -> None:
    rows = read_arrays(data, options)
    proposal.choose("modality", "images", f"arrays of {len(rows.images):,} pictures")
    proposal.warnings += [notice.text for notice in rows.notices]
    _choose_scale(proposal, rows.images)
    keys = [pixel_key(image) for image in rows.images]
    _choose_limits(proposal, keys, rows.labels.tolist() if options.labelled else [], is_whole=True)
    proposal.train_rows = _train_rows(rows.split)


def _propose_pictures(proposal: Proposal, data: Path, options: Options) -> None:
    found = find_pictures(data, options)
    if options.labelled:
        found = _with_classes(proposal, found)
    classes = sorted({found.label(file.name) for file in found.files})
    where = f" in {len(classes)} class folders: {', '.join(classes)[:_SHOWN]}" if options.labelled else ""
    proposal.choose("modality", "images", f"{len(found.files):,} pictures{where}")
    survey = _survey(found)
    kept = without_broken(found, survey.broken, options.max_lost)
    notices = kept.notices + (kept.class_notices if options.labelled else ())
    proposal.warnings += [notice.text for notice in notices]
    _choose_shape(proposal, survey, len(kept.files))
    labels = [kept.label(file.name) for file in kept.files] if options.labelled else []
    _choose_limits(proposal, survey.keys, labels, survey.is_whole)
    proposal.train_rows = _train_rows([kept.split(file.name) for file in kept.files])


def _with_classes(proposal: Proposal, found: Found) -> Found:
    """Choose the folder that names the class. Raises ValueError where pictures are not divided into two classes or more."""
    readings = {i: classes for i, classes in found.readings.items() if len(classes) > 1}
    if not readings:
        (names,) = found.readings.values() if len(found.readings) == 1 else (found.readings[0],)
        raise ValueError(
            f"Images need a folder for each class, two or more. Received: {len(found.files):,} pictures in {', '.join(names)}. "
            "Divide the pictures into class folders, or generate such pictures: --task generate."
        )
    if len(found.readings) == 1:
        return found
    chosen = next(iter(readings))
    for i, classes in readings.items():
        if i != chosen:
            proposal.warnings.append(
                f"the class is the folder {_listed(readings[chosen])}; where it is {_listed(classes)}, set class_folder: {i}"
            )
    why = f"folders lie in folders; the outer ones are classes: {_listed(readings[chosen])}"
    proposal.choose("options.class_folder", chosen, why)
    return replace(found, class_folder=chosen)


@dataclass(frozen=True)
class _Survey:
    """What decoding gave. shapes: (height, width, channels) of each picture; keys: hashes of their pixels; broken: name -> why.

    is_whole: whether every picture was decoded.
    """

    shapes: list[tuple[int, int, int]]
    keys: list[int]
    broken: dict[str, str]
    is_whole: bool


def _survey(found: Found) -> _Survey:
    """Decode the pictures as a run would, at most 2,000 of them."""
    sample = replace(found, files=found.files[:: math.ceil(len(found.files) / _MOST)])
    shapes, keys, broken = [], [], {}
    for name, picture in decoded(sample, None, None):
        if isinstance(picture, str):
            broken[name] = picture
        else:
            shapes.append(picture.shape)
            keys.append(pixel_key(picture))
    return _Survey(shapes, keys, broken, len(sample.files) == len(found.files))


def _choose_shape(proposal: Proposal, survey: _Survey, count: int) -> None:
    """Choose one size and one number of channels where pictures differ, or where not all of them were decoded."""
    sizes = sorted((height, width) for height, width, _ in survey.shapes)
    middle, distinct = sizes[len(sizes) // 2], len(set(sizes))
    shrink = min(1.0, _LARGEST / max(middle))
    size = [max(1, round(side * shrink)) for side in middle]
    seen = "" if survey.is_whole else f"of {count:,} pictures, {len(survey.shapes):,} were looked at; "
    if shrink < 1:
        why = f"{seen}the pictures have {middle[0]} x {middle[1]} pixels, more than a small model reads"
        proposal.choose("options.resize", size, why)
    elif distinct > 1 or not survey.is_whole:
        why = f"the pictures have {distinct} sizes; this is the middle one" if distinct > 1 else "this is their size"
        proposal.choose("options.resize", size, seen + why)
    channels = Counter(shape[2] for shape in survey.shapes)
    if len(channels) > 1:
        why = f"{seen}{channels[1]:,} pictures are grey and {channels[3]:,} in colour"
        proposal.choose("options.channels", 3, why)
    elif not survey.is_whole:
        proposal.choose("options.channels", next(iter(channels)), f"{seen}all of these have so many")


def _choose_scale(proposal: Proposal, images: Array) -> None:
    """Choose the largest pixel value where arrays do not hold bytes."""
    top = float(images.max(initial=0)) if images.dtype.kind in "uif" else 0.0
    if top > _DEFAULTS.scale:
        value = _SIXTEEN_BITS if images.dtype.kind != "f" and top <= _SIXTEEN_BITS else top
        proposal.choose("options.scale", value, f"the largest pixel is {top:g}")
    elif images.dtype.kind == "f" and 0 < top <= 1:
        proposal.choose("options.scale", 1, f"pixels are fractions, at most {top:g}")


def _choose_limits(proposal: Proposal, keys: Sequence[int], labels: Sequence[str], is_whole: bool) -> None:
    """Lower the limits of the validation that the pictures do not meet, and name the classes of too few pictures.

    keys: hash of the pixels of each picture that was decoded; is_whole: whether these are all; labels: of all pictures, none
    where they have no classes.
    """
    count = len(keys)
    if is_whole and count < _DEFAULTS.min_rows:
        proposal.choose("options.min_rows", count, f"there are only {count} pictures; a score of so few says little")
    repeated = sum(number for number in Counter(keys).values() if number > 1)
    if repeated > _DEFAULTS.max_duplicates * count:
        share = min(1.0, math.ceil(105 * repeated / count) / 100)
        why = f"{repeated:,} of {count:,} pictures have the same pixels as another one"
        proposal.choose("options.max_duplicates", share, why)
    if not labels:
        return
    allow_rare_class(proposal, np.array(labels, dtype=object))
    for label, number in sorted(Counter(labels).items()):
        if number < _FEW:
            proposal.warnings.append(
                f"class '{label}' has {number} picture{'s' if number > 1 else ''}, so train, val or test lacks it; add "
                "pictures, or take its folder out"
            )


def _train_rows(splits: Sequence[str]) -> int:
    """Expected rows of train. splits: the split that its folder fixes for each picture, "" where none does."""
    if "test" not in splits:
        return round((1 - _SHARES.val - _SHARES.test) * len(splits))
    count = Counter(splits)
    fixed = count["train"] if count["val"] else (1 - _SHARES.val) * count["train"]
    return round(fixed + (1 - _SHARES.val - _SHARES.test) * count[""])


def _listed(names: Sequence[str]) -> str:
    return f"({', '.join(names)[:_SHOWN]})"
