"""Capabilities of interactions: baselines, items without interactions as labels, and features of items."""

from __future__ import annotations

from minnow.contracts import ModalityCapabilities
from minnow.modalities.interactions.baselines import baselines
from minnow.modalities.interactions.rows import classes, label_features

CAPABILITIES = ModalityCapabilities(baselines=baselines, classes=classes, label_features=label_features)
