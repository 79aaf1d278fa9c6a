"""Rankings that need no model to be shipped: what a recommender has to beat. Not imported where models are served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minnow.types import Array, Table

FACTORS = 50
CHUNK = 1024
DAY_S = 86_400
LISTED = 10


def taken(users: Array, items: Array, labels: Array) -> Any:
    """What each user took, (users, labels) sparse of 0 and 1. users: (n,) str, one row each; items: (n, r) str, padded ""."""
    from scipy.sparse import csr_array

    place = np.minimum(np.searchsorted(labels, items), len(labels) - 1)
    rows, columns = np.nonzero((items != "") & (labels[place] == items))
    ones = np.ones(len(rows), np.float32)
    return csr_array((ones, (rows, place[rows, columns])), shape=(len(users), len(labels)))


def alike(train: Any) -> Any:
    """Cosine of the users of every two items, (items, items) sparse; none of an item to itself."""
    from scipy.sparse import diags_array

    length = np.sqrt(np.maximum(train.sum(axis=0), 1))
    scaled = train @ diags_array(1 / length)
    found = (scaled.T @ scaled).tocsr()
    found.setdiag(0)
    return found


def projector(train: Any) -> Array:
    """Principal directions of what users took, (items, factors). Source: Cremonesi et al. 2010, PureSVD."""
    from scipy.sparse.linalg import svds

    count = min(FACTORS, min(train.shape) - 1)
    found: Any = svds(train, k=count, v0=np.ones(min(train.shape)))
    return found[2].T


def recent(times: Array, items: Array, labels: Array, half_life: float) -> Array:
    """Popularity of each item at the last moment of train, one interaction counting half after each half life."""
    there = items != ""
    place = np.searchsorted(labels, items[there])
    age = np.max(times[there]) - times[there]
    return np.bincount(place, weights=0.5 ** (age / half_life), minlength=len(labels)).astype(np.float32)


def best(scores: Array, popular: Array, labels: Array, k: int) -> Array:
    """Names of the k best items per row, (n, k) str; equal ones by popularity. scores: (n, items) dense."""
    scores = scores + 1e-6 * popular / max(float(popular.max(initial=0)), 1.0)
    return labels[np.argsort(-scores, axis=1, kind="stable")[:, :k]]


def baselines(train: Table, labels: Array, half_life: float) -> dict[str, Callable[[Table], Array]]:
    """Lists that need no model, each a function of users that gives items (n, k) str, best first.

    recency: what is popular at present, for everybody; item-kNN: what users of the same items took; PureSVD: what the
    principal directions of all that was taken say.
    """
    known = taken(train.columns["user"], train.columns["item"], labels)
    row = {name: place for place, name in enumerate(train.columns["user"].tolist())}
    popular = np.asarray(known.sum(axis=0))
    present = recent(train.columns["moment"], train.columns["item"], labels, half_life)
    similar, directions = alike(known), projector(known)
    k = min(len(labels), LISTED + int(np.asarray(known.sum(axis=1)).max(initial=0)))

    def of(users: Array) -> Any:
        """What each user took in train; nothing for one who was not there."""
        place = np.array([row.get(name, -1) for name in users.tolist()])
        return known[np.maximum(place, 0)].multiply((place >= 0)[:, None]).tocsr()

    def lists(score: Callable[[Any], Array]) -> Callable[[Table], Array]:
        def answer(rows: Table) -> Array:
            users = rows.columns["user"]
            chunks = [users[i : i + CHUNK] for i in range(0, len(users), CHUNK)]
            return np.concatenate([best(score(of(chunk)), popular, labels, k) for chunk in chunks])

        return answer

    return {
        f"recency ({half_life / DAY_S:g} days)": lists(lambda took: np.tile(present, (took.shape[0], 1))),
        "item-kNN": lists(lambda took: (took @ similar).toarray()),
        "PureSVD": lists(lambda took: np.asarray(took @ directions) @ directions.T),
    }
