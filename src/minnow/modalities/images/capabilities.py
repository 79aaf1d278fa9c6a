"""What images can do beyond the least: refuse options that do not go with a task, and take a picture as a request's body."""

from __future__ import annotations

from minnow.contracts import ModalityCapabilities
from minnow.modalities.images.options import refuses
from minnow.modalities.images.request import from_bytes, media

CAPABILITIES = ModalityCapabilities(refuses=refuses, media=media, from_bytes=from_bytes)
