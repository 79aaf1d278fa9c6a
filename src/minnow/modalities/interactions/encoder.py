"""The encoder of interactions: of histories for ranking, of pairs of user and item for ratings."""

from __future__ import annotations

import json
from pathlib import Path

from minnow.modalities.interactions import histories, ratings
from minnow.modalities.interactions.histories import HistoryEncoder
from minnow.modalities.interactions.options import Options
from minnow.modalities.interactions.ratings import RatingEncoder
from minnow.types import Array, Table


def fit_encoder(table: Table, labels: Array, options: Options) -> HistoryEncoder | RatingEncoder:
    """Fit the encoder for ranking or for ratings to train. labels: (k,) str, sorted."""
    if options.target == "rating":
        return ratings.fit_rating_encoder(table, options.usual_half_life, options.split != "hash")
    return histories.fit_history_encoder(table, labels)


def load_encoder(folder: Path) -> HistoryEncoder | RatingEncoder:
    """Read what save wrote."""
    kind = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))["kind"]
    return ratings.load_rating_encoder(folder) if kind == ratings.KIND else histories.load_history_encoder(folder)
