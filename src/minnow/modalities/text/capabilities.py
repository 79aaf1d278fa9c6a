"""What texts can do beyond the least: nothing."""

from __future__ import annotations

from minnow.contracts import ModalityCapabilities

CAPABILITIES = ModalityCapabilities()
