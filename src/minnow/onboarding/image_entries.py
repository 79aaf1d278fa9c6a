"""Proposals for images, by what decoding the pictures gives."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from minnow.folders import Found, find_files
from minnow.modalities.images.arrays import holds_arrays, pixel_key, read_arrays
from minnow.modalities.images.class_folders import decoded, find_pictures, without_broken
from minnow.modalities.images.decode import SUFFIXES, UNREADABLE
from minnow.modalities.images.options import Options
from minnow.onboarding.class_folders import choose_limits, train_rows
from minnow.onboarding.label_tables import choose_classes, label_table
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.types import Array

_DEFAULTS = Options.read({})
_MOST = 2000
"""How many pictures are decoded for a proposal, spread evenly over their names."""
_LARGEST = 128
"""Longest side, in pixels, of pictures that are read in their own size."""
_TABLES = (".csv", ".tsv", ".parquet", ".jsonl", ".data", ".xlsx")
_SIXTEEN_BITS = 65_535
_SHOWN = 80


def has_images(data: Path) -> bool:
    """Whether a path holds arrays of images, or pictures: in folders, without a table beside them, or named by one.

    Raises FolderError.
    """
    if holds_arrays(data, _DEFAULTS):
        return True
    if data.is_file() and data.suffix.lower() != ".zip":
        return False
    found = find_files(data, SUFFIXES)
    tables = data.is_dir() and any(path.suffix.lower() in _TABLES for path in data.iterdir())
    classes = {label for file in found.files if (label := found.label(file.name))}
    return bool(found.files) and (len(classes) > 1 or not tables or label_table(found, data, Request()) is not None)


def propose_images(proposal: Proposal, data: Path, request: Request) -> None:
    """Propose an entry for images. Raises ValueError where there is none, and where too many of a class cannot be read."""
    generates = request.task == "generate"
    proposal.choose("modality", "images", "")
    proposal.choose("task", request.task or "classify", ASKED_FOR if request.task else "each picture has a class")
    if generates:
        proposal.choose("options.labelled", False, "new pictures are generated from all of these, whatever their class")
    options = Options.read({"labelled": not generates})
    if holds_arrays(data, _DEFAULTS):
        _propose_arrays(proposal, data, options)
    else:
        _propose_pictures(proposal, data, options, request)


def _propose_arrays(proposal: Proposal, data: Path, options: Options) -> None:
    rows = read_arrays(data, options)
    proposal.choose("modality", "images", f"arrays of {len(rows.images):,} pictures")
    proposal.found += [notice.text for notice in rows.notices]
    _choose_scale(proposal, rows.images)
    keys = [pixel_key(image) for image in rows.images]
    choose_limits(proposal, keys, rows.labels.tolist() if proposal.task == "classify" else [], "pictures")
    proposal.train_rows = train_rows(rows.split)


def _propose_pictures(proposal: Proposal, data: Path, options: Options, request: Request) -> None:
    found = _in_classes(proposal, data, request) if options.labelled else find_pictures(data, options)
    classes = sorted({found.label(file.name) for file in found.files})
    kind = "classes" if found.labels is not None else "class folders"
    is_classes = proposal.task == "classify"
    where = f" in {len(classes)} {kind}: {', '.join(classes)[:_SHOWN]}" if is_classes else ""
    proposal.choose("modality", "images", f"{len(found.files):,} pictures{where}")
    survey = _survey(found)
    kept = without_broken(found, survey.broken, options.max_lost)
    notices = kept.notices + (kept.class_notices if options.labelled else ())
    proposal.found += [notice.text for notice in notices]
    _choose_shape(proposal, survey, len(kept.files))
    labels = [kept.label(file.name) for file in kept.files] if is_classes else []
    choose_limits(proposal, survey.keys, labels, "pictures")
    proposal.train_rows = train_rows([kept.split(file.name) for file in kept.files])


def _in_classes(proposal: Proposal, data: Path, request: Request) -> Found:
    """The pictures that have a class, by their folders or by a table. Raises ValueError where none says their classes."""
    found = find_files(data, SUFFIXES, UNREADABLE)
    if in_classes := choose_classes(proposal, found, data, request):
        return in_classes
    found = find_pictures(data, _DEFAULTS)
    raise ValueError(
        f"Images need a folder for each class, two or more, or a table that names each picture and its class. Received: "
        f"{len(found.files):,} pictures in {', '.join(found.readings[0])}. Divide them into class folders, write such a table, "
        "or generate such pictures: --task generate."
    )


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
