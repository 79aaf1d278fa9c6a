"""Baselines of interactions: rankings and ratings that need no model. SciPy is imported only when they are fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from minnow.modalities.interactions.histories import recent_popularity
from minnow.modalities.interactions.options import Options
from minnow.modalities.interactions.ratings import fit_rating_encoder
from minnow.types import OFFSET, Array, Table

_FACTORS = 50
_CHUNK = 1024
_DAY_S = 86_400
_LISTED = 10

Baselines = Mapping[str, Callable[[Table], Array]]


def baselines(train: Table, labels: Array, options: Options) -> Baselines:
    """Baselines: name -> (examples) -> answers. train: examples; labels: (k,) str. Rankings, or ratings by biases."""
    if options.target == "rating":
        return _rating_baselines(train, options)
    return _ranking_baselines(train, labels, options.usual_half_life)


def _rating_baselines(train: Table, options: Options) -> Baselines:
    """user+item bias: the mean plus both biases, with the shrinkage of least error on held-out blocks of train."""
    encoder = fit_rating_encoder(train, options.usual_half_life, options.split != "hash")
    return {"user+item bias": lambda rows: encoder.encode(rows.columns)[OFFSET]}


def _ranking_baselines(train: Table, labels: Array, half_life: float) -> Baselines:
    """Rankings without a model: name -> (users) -> items (n, k) str, best first.

    recency: present popularity, the same for every user; item-kNN: cosine similarity of items by their users; PureSVD:
    principal directions of all interactions.
    """
    known = _interaction_matrix(train.columns["user"], train.columns["item"], labels)
    recent = recent_popularity(train.columns["moment"], train.columns["item"], labels, half_life)
    similar, directions = _item_similarity(known), _principal_directions(known)
    ranking = _Ranking(
        known,
        {name: row for row, name in enumerate(train.columns["user"].tolist())},
        labels,
        np.asarray(known.sum(axis=0)),
        min(len(labels), _LISTED + int(np.asarray(known.sum(axis=1)).max(initial=0))),
    )
    scores: dict[str, Callable[[Any], Array]] = {
        f"recency ({half_life / _DAY_S:g} days)": lambda took: np.tile(recent, (took.shape[0], 1)),
        "item-kNN": lambda took: (took @ similar).toarray(),
        "PureSVD": lambda took: np.asarray(took @ directions) @ directions.T,
    }
    return {name: partial(ranking.items, score=score) for name, score in scores.items()}


@dataclass(frozen=True)
class _Ranking:
    """Ranks items by a score that depends on the items that each user took.

    known: (users, items) sparse of 0 and 1, of train; row: user -> row of known; labels: (items,) str; popular: (items,), for
    the order of equal scores; k: items per user.
    """

    known: Any
    row: Mapping[str, int]
    labels: Array
    popular: Array
    k: int

    def items(self, rows: Table, *, score: Callable[[Any], Array]) -> Array:
        """Rank items for rows of users, (n, k) str. score: (n, items) sparse, the items they took -> (n, items) dense."""
        users = rows.columns["user"]
        chunks = [users[i : i + _CHUNK] for i in range(0, len(users), _CHUNK)]
        return np.concatenate([self._best(score(self._took(chunk))) for chunk in chunks])

    def _took(self, users: Array) -> Any:
        """Items that each user took in train, (n, items) sparse of 0 and 1; none for unknown users."""
        row = np.array([self.row.get(name, -1) for name in users.tolist()])
        return self.known[np.maximum(row, 0)].multiply((row >= 0)[:, None]).tocsr()

    def _best(self, scores: Array) -> Array:
        scores = scores + 1e-6 * self.popular / max(float(self.popular.max(initial=0)), 1.0)
        return self.labels[np.argsort(-scores, axis=1, kind="stable")[:, : self.k]]


def _interaction_matrix(users: Array, items: Array, labels: Array) -> Any:
    """Matrix of 0 and 1, (users, labels) sparse. users: (n,) str, one row each; items: (n, r) str, padded with ""."""
    from scipy.sparse import csr_array

    index = np.minimum(np.searchsorted(labels, items), len(labels) - 1)
    rows, columns = np.nonzero((items != "") & (labels[index] == items))
    ones = np.ones(len(rows), np.float32)
    return csr_array((ones, (rows, index[rows, columns])), shape=(len(users), len(labels)))


def _item_similarity(known: Any) -> Any:
    """Cosine similarity of items by their users, (items, items) sparse; 0 on the diagonal."""
    from scipy.sparse import diags_array

    length = np.sqrt(np.maximum(known.sum(axis=0), 1))
    scaled = known @ diags_array(1 / length)
    similarity = (scaled.T @ scaled).tocsr()
    similarity.setdiag(0)
    return similarity


def _principal_directions(known: Any) -> Array:
    """Principal directions of the interaction matrix, (items, factors). Source: Cremonesi et al. 2010, PureSVD."""
    from scipy.sparse.linalg import svds

    count = min(_FACTORS, min(known.shape) - 1)
    parts: Any = svds(known, k=count, v0=np.ones(min(known.shape)))
    return parts[2].T
