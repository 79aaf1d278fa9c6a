"""Options of a use case of images, and which of them go with which task."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from minnow.tables.options import LabelledOptions

_LABEL_OPTIONS = ("labels", "class_weights", "min_class_share")
"""Options that have a meaning only where images have labels."""
_GENERATION_OPTIONS = ("latent", "extractor")
"""Options that have a meaning only where images are generated."""


class Options(LabelledOptions):
    """What may stand under `options` of a use case of images.

    file: name of one .npz in the folder; None reads what the folder holds: .npz, idx files, or class folders of PNG and JPEG.
    scale: the largest possible pixel value: 255 for bytes, 16 for scikit-learn's digits.
    channels: 1 reads pictures in grey, 3 in colour; None keeps each picture's own.
    resize: [height, width] that pictures are resized to; None needs pictures of one size.
    labelled: false where images are generated: rows need no label, and labels that exist only train the feature extractor.
    latent: size of the noise vector that an image is generated from.
    extractor: an .npz of an earlier outcome (extractor.npz) that generated images are compared through; None trains one.
    """

    file: str | None = None
    scale: float = Field(255, gt=0)
    channels: Literal[1, 3] | None = None
    resize: list[int] | None = Field(None, min_length=2, max_length=2)
    labelled: bool = True
    latent: int = Field(32, ge=1)
    extractor: str | None = None


def refuses(options: Options, task: str) -> str | None:
    """Say why options do not go with a task, or None."""
    if options.labelled and task == "generate":
        return "labelled: task 'generate' makes images and asks for no label. Needed: labelled: false."
    if not options.labelled and task != "generate":
        return f"labelled: task '{task}' learns from labels. Received: labelled: false, which is for 'generate'."
    without_meaning = _GENERATION_OPTIONS if options.labelled else _LABEL_OPTIONS
    misplaced = [name for name in without_meaning if name in options.model_fields_set]
    if misplaced:
        when = "images have labels" if options.labelled else "images are to be made"
        return f"{misplaced[0]}: it means nothing where {when}. Leave it out."
    return None


def target(options: Options) -> str:
    """Name the column to be predicted, or to be generated."""
    return "label" if options.labelled else "image"


def time_column(options: Options) -> str | None:
    """Return None: a hash of each row decides its split."""
    return None
