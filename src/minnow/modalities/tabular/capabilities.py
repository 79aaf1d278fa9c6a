"""Capabilities of tables: their flat columns, and whether an encoder reads files as they are written today."""

from __future__ import annotations

from minnow.contracts import ModalityCapabilities
from minnow.modalities.tabular.encoder import TabularEncoder
from minnow.modalities.tabular.options import features
from minnow.tables import notation
from minnow.types import Columns, Reading


def _rewritten(encoder: TabularEncoder, reading: Reading, columns: Columns) -> str | None:
    known = {column.name: column.written for column in encoder.schema.columns}
    return notation.rewritten(known, reading, columns)


CAPABILITIES = ModalityCapabilities(features=features, rewritten=_rewritten)
