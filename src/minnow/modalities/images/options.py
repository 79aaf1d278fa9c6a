"""Options of images, and the tasks that they are for."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from minnow.tables.label_files import LabelFile
from minnow.tables.options import LabelledOptions

_LABEL_OPTIONS = ("labels", "class_weights", "min_class_share", "label_file")
"""Options that are used only where images have labels."""
_GENERATION_OPTIONS = ("latent", "extractor")
"""Options that are used only where images are generated."""


class Options(LabelledOptions):
    """Options of a use case of images.

    file: name of one .npz in the folder; None reads what the folder holds: .npz, idx files, or class folders of pictures.
    scale: the largest possible pixel value: 255 for bytes, 16 for scikit-learn's digits.
    channels: 1 reads pictures in grey, 3 in colour; None keeps the channels of each picture.
    resize: [height, width] that images are resized to; None needs images of one size.
    class_folder: which folder of a picture's path is its class, 0 for the first one below train/ and test/, -1 for the one
        that it is in; None takes that one, or the first depth at which pictures lie.
    label_file: a table that names each picture and its class, in the place of class folders.
    max_lost: largest accepted share of a class's pictures that cannot be read.
    labelled: false where images are generated: labels are optional, and only the feature extractor is trained on them.
    latent: size of the noise vector that an image is generated from.
    extractor: a feature extractor of an earlier outcome (extractor.npz) for the Fréchet distance; None trains one.
    """

    FILES: ClassVar[tuple[str, ...]] = ("file", "class_folder", "label_file", "max_lost")

    file: str | None = None
    scale: float = Field(255, gt=0)
    channels: Literal[1, 3] | None = None
    resize: list[int] | None = Field(None, min_length=2, max_length=2)
    class_folder: int | None = None
    label_file: LabelFile | None = None
    max_lost: float = Field(0.1, ge=0, le=1)
    labelled: bool = True
    latent: int = Field(32, ge=1)
    extractor: str | None = None

    def side_files(self, data: Path, root: Path) -> list[Path]:
        """The feature extractor."""
        return [] if self.extractor is None else [(root / self.extractor).resolve()]


def refuses(options: Options, task: str) -> str | None:
    """Return why options do not suit a task, or None."""
    if options.labelled and task == "generate":
        return "labelled: task 'generate' generates images and needs no labels. Set labelled: false."
    if not options.labelled and task != "generate":
        return f"labelled: task '{task}' needs labels. Received: labelled: false, which is for the task 'generate'."
    without_meaning = _GENERATION_OPTIONS if options.labelled else _LABEL_OPTIONS
    misplaced = [name for name in without_meaning if name in options.model_fields_set]
    if misplaced:
        when = "images have labels" if options.labelled else "images are generated"
        return f"{misplaced[0]}: this option is not used where {when}. Leave it out."
    return None


def target(options: Options) -> str:
    """Name of the column to be predicted or generated."""
    return "label" if options.labelled else "image"


def time_column(options: Options) -> str | None:
    """Return None: a hash of each row decides its split."""
    return None
