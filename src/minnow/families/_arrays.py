"""Names of the arrays that encoders return and families read; principal components, and folds of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from minnow.types import Array, Batch

PIXELS, SERIES, NUMBERS, CATEGORIES = "image", "series", "numbers", "categories"
TOKENS, NGRAMS, CHARACTERS = "tokens", "ngrams", "characters"
USER, ITEM, SEEN = "user", "item", "seen"
NOISE = "noise"
FLAT_ROWS = (PIXELS, SERIES, NUMBERS, CATEGORIES)
"""The arrays that are concatenated to one flat row of numbers, in this order."""
STEPS = (TOKENS, SERIES, PIXELS)
"""The arrays that can be read step by step; a batch has at most one of them."""


def principal(rows: Array, components: int, seed: int) -> tuple[Array, Array]:
    """Mean (m,) and principal axes (m, components) of rows (n, m), float32. Raises ValueError for too many components."""
    from sklearn.decomposition import PCA

    most = min(rows.shape)
    if components > most:
        raise ValueError(f"pca needs at most {most} components, as many as features and rows. Received: {components}.")
    pca: Any = PCA(components, random_state=seed).fit(rows)
    return pca.mean_.astype(np.float32), np.ascontiguousarray(pca.components_.T, dtype=np.float32)


def grouped_folds(batch: Batch, count: int) -> list[tuple[Array, Array]]:
    """Divide rows into folds: pairs of the other rows and the held-out rows, as indices.

    Rows of one group, or equal rows, are held out together. Fewer groups make fewer folds; a single one makes none. The folds
    are the same whatever the seed of a fit.
    """
    return folds_of(units(batch), count)


def units(batch: Batch) -> Array:
    """What is held out together, (n,): the groups of rows, or equal rows, by their keys."""
    return batch.key if len(np.unique(batch.group)) == len(batch) else batch.group


def folds_of(units: Array, count: int) -> list[tuple[Array, Array]]:
    """Divide rows into folds by their units (n,). Returns and limits as grouped_folds."""
    from sklearn.model_selection import GroupKFold

    count = min(count, len(np.unique(units)))
    return list(GroupKFold(count, shuffle=True, random_state=0).split(units, groups=units)) if count > 1 else []
