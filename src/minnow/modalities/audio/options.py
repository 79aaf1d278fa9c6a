"""Options of a use case of sounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from minnow.tables.label_files import LabelFile
from minnow.tables.options import LabelledOptions


class Options(LabelledOptions):
    """Options of a use case of sounds.

    label_part: part of the file name that is the label, counted from 0; None takes the name of the folder. group_part: part
        of the file name that is the group, such as the speaker. separator: between the parts of a name.
    class_folder: which folder names the class, where folders lie in class folders: counted from 0 without the folders that
        all files share and those named train, val or test; negative numbers count from the file. None finds it.
    label_file: a table that names each file and its class, in the place of class folders.
    max_lost: largest accepted share of a class's files that cannot be read.
    test: pattern of the file names of the test set, such as "*_[0-4].wav"; folders train and test need none.
    rate: sampling rate in Hz that sounds are resampled to. seconds: length that sounds are trimmed or padded to.
    bands: number of mel bands; frame_ms, hop_ms: length of a frame, and from one frame to the next.
    same_loudness: scale each sound to the same root mean square, to remove the effect of the distance from the microphone.
    top_db: take the log power relative to each sound's loudest point and clip it this many decibels below, to remove the
        effects of the distance from the microphone and of background noise; None does not clip.
    least_seconds: length of the shortest accepted sound.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"range_db": "top_db"}
    FILES: ClassVar[tuple[str, ...]] = ("class_folder", "label_file", "max_lost", "test")

    label_part: int | None = None
    group_part: int | None = None
    separator: str = Field("_", min_length=1)
    class_folder: int | None = None
    label_file: LabelFile | None = None
    max_lost: float = Field(0.1, ge=0, le=1)
    test: str | None = None
    rate: int = Field(8000, ge=1000, le=192_000)
    seconds: float = Field(1.0, gt=0, le=60)
    bands: int = Field(40, ge=4, le=256)
    frame_ms: float = Field(25, gt=0)
    hop_ms: float = Field(10, gt=0)
    same_loudness: bool = False
    top_db: float | None = Field(None, gt=0)
    least_seconds: float = Field(0.05, ge=0)

    @property
    def length(self) -> int:
        """Length of a sound in samples."""
        return round(self.rate * self.seconds)


def target(options: Options) -> str:
    """Name of the column to be predicted."""
    return "label"


def time_column(options: Options) -> str | None:
    """Return None: a hash of each row decides its split."""
    return None
