"""Capabilities of images: options are checked against the task, and a request's body may be a picture."""

from __future__ import annotations

from minnow.contracts import ModalityCapabilities
from minnow.modalities.images.options import refuses
from minnow.modalities.images.request import about, check_files, file_of, from_bytes, media

CAPABILITIES = ModalityCapabilities(
    refuses=refuses, media=media, from_bytes=from_bytes, file_of=file_of, check_files=check_files, about=about
)
