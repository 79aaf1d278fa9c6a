"""Capabilities of series: baselines, scores of each series, options that do not suit a task, and the times of answers."""

from __future__ import annotations

from minnow.contracts import ModalityCapabilities
from minnow.modalities.timeseries.answers import about
from minnow.modalities.timeseries.baselines import baselines
from minnow.modalities.timeseries.options import refuses, series_column

CAPABILITIES = ModalityCapabilities(baselines=baselines, refuses=refuses, about=about, series_column=series_column)
