"""Capabilities of series: baselines, scores of each series, options that do not suit a task, and the times of answers."""

from __future__ import annotations

from dataclasses import replace

from minnow.contracts import ModalityCapabilities
from minnow.modalities.timeseries.answers import about
from minnow.modalities.timeseries.baselines import baselines
from minnow.modalities.timeseries.encoder import SeriesEncoder
from minnow.modalities.timeseries.options import SENSOR, refuses, series_column
from minnow.tables import notation
from minnow.types import ColumnFormat, Columns, Reading


def _rewritten(encoder: SeriesEncoder, reading: Reading, columns: Columns) -> str | None:
    clock, sensors = encoder.facts.clock_format, encoder.facts.sensors
    known = {name: encoder.facts.written.get(name, ColumnFormat("numeric")) for name in sensors}
    known[clock.names[0]] = replace(clock.form, kind="date")
    values = {name: columns[SENSOR + name] for name in sensors if SENSOR + name in columns}
    return notation.rewritten(known, reading, values)


CAPABILITIES = ModalityCapabilities(
    baselines=baselines, refuses=refuses, about=about, series_column=series_column, rewritten=_rewritten
)
