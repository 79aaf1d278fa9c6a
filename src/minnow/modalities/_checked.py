"""Type check of every modality against its Protocol, by pyright; nothing imports this file."""

from __future__ import annotations

from minnow.contracts import Modality
from minnow.modalities import audio, images, interactions, tabular, text, timeseries

_: tuple[Modality, ...] = (audio, images, interactions, tabular, text, timeseries)
