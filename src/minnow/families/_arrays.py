"""Names of the arrays that encoders return and families read, and principal components."""

from __future__ import annotations

from typing import Any

import numpy as np

from minnow.types import Array

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
