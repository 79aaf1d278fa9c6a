"""Capabilities of texts: the defaults."""

from __future__ import annotations

from minnow.contracts import ModalityCapabilities

CAPABILITIES = ModalityCapabilities()
