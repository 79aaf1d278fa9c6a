"""How strongly flat columns go together, whatever their kinds, and the clusters of those that do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from minnow.types import Array

_MOST_CATEGORIES = 0.5
"""Categories per row above which nothing can be said of a column: nearly every row has a category of its own."""


def clusters(columns: Mapping[str, Array], bound: float) -> list[tuple[str, ...]]:
    """Group columns, (n,) each, of which each is associated with another of its group by at least bound.

    Groups are in the order of their first columns, and columns in the order given.
    """
    names = list(columns)
    linked = strengths(columns) >= bound
    group = list(range(len(names)))
    for first, second in zip(*np.nonzero(np.triu(linked, 1)), strict=True):
        old, new = sorted((group[first], group[second]))[::-1]
        group = [new if one == old else one for one in group]
    return [tuple(names[i] for i in range(len(names)) if group[i] == one) for one in dict.fromkeys(group)]


def strengths(columns: Mapping[str, Array]) -> Array:
    """Association of every pair of columns, (p, p) in 0..1, 1 on the diagonal.

    Two columns of numbers, booleans or dates: the absolute rank correlation (Spearman 1904). Two columns of categories:
    Cramer's V with Bergsma's correction (2013). One of each: the root of epsilon squared (Kelley 1935), the share of the
    variance of the ranks between the categories. A missing number has the mean rank, a missing category is a category.
    """
    values = list(columns.values())
    is_text = np.array([value.dtype == object for value in values])
    table = np.eye(len(values))
    numeric, text = np.flatnonzero(~is_text), np.flatnonzero(is_text)
    ranked = np.stack([_ranks(values[i]) for i in numeric], axis=1) if len(numeric) else np.empty((0, 0))
    coded = {i: codes(values[i]) for i in text}
    if len(numeric):
        table[np.ix_(numeric, numeric)] = np.abs(ranked.T @ ranked) / max(len(ranked), 1)
    for place, i in enumerate(text):
        if len(numeric):
            table[i, numeric] = table[numeric, i] = _ratio(coded[i], ranked)
        for j in text[place + 1 :]:
            table[i, j] = table[j, i] = _cramer(coded[i], coded[j])
    np.fill_diagonal(table, 1.0)
    return table


def numbers(values: Array) -> Array:
    """Convert a column to numbers, (n,) float64: categories to the ranks of their names, NaN where missing or infinite."""
    if values.dtype == object:
        return codes(values).astype(np.float64)
    if values.dtype.kind == "M":
        return np.where(np.isnat(values), np.nan, values.astype("datetime64[s]").astype(np.float64))
    if values.dtype.kind == "i":
        return np.where(values < 0, np.nan, values)
    return np.where(np.isfinite(values), values, np.nan).astype(np.float64)


def codes(values: Array) -> Array:
    """Convert texts (n,) to the ranks of their names, (n,) int64."""
    texts = [str(value) for value in values.tolist()]
    rank = {text: place for place, text in enumerate(sorted(set(texts)))}
    return np.array([rank[text] for text in texts], np.int64)


def _ranks(values: Array) -> Array:
    """Standardized ranks of a column, (n,); 0 where missing, and everywhere for a constant column."""
    from scipy.stats import rankdata

    value = numbers(values)
    known = np.isfinite(value)
    ranks = np.zeros(len(value))
    if known.any():
        inside = rankdata(value[known])
        ranks[known] = inside - inside.mean()
    spread = float(np.sqrt((ranks**2).mean())) if len(ranks) else 0.0
    return ranks / spread if spread > 0 else ranks


def _ratio(code: Array, ranked: Array) -> Array:
    """Root of the share of the variance of ranks (n, p) between categories (n,), corrected for their number, (p,)."""
    n, k = len(code), int(code.max(initial=0)) + 1
    if k < 2 or k > _MOST_CATEGORIES * n:
        return np.zeros(ranked.shape[1])
    sums = np.zeros((k, ranked.shape[1]))
    np.add.at(sums, code, ranked)
    between = (sums**2 / np.bincount(code)[:, None]).sum(axis=0)
    total = np.maximum((ranked**2).sum(axis=0), 1e-12)
    return np.sqrt(np.clip(1 - (1 - between / total) * (n - 1) / (n - k), 0, 1))


def _cramer(first: Array, second: Array) -> float:
    """Bias-corrected Cramer's V of two columns of categories (n,)."""
    n, rows, columns = len(first), int(first.max(initial=0)) + 1, int(second.max(initial=0)) + 1
    if min(rows, columns) < 2 or max(rows, columns) > _MOST_CATEGORIES * n:
        return 0.0
    counts = np.bincount(first * columns + second, minlength=rows * columns).reshape(rows, columns).astype(np.float64)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / n
    squared = float(((counts - expected) ** 2 / expected).sum()) / n
    corrected = max(0.0, squared - (rows - 1) * (columns - 1) / (n - 1))
    least = min(side - (side - 1) ** 2 / (n - 1) for side in (rows, columns)) - 1
    return float(np.sqrt(min(1.0, corrected / least))) if least > 0 else 0.0


def twins(columns: Mapping[str, Array], name: str, others: Sequence[str], bound: float) -> list[str]:
    """List the others that say the same as a column: associated with it by at least bound."""
    return [one for one in others if strengths({name: columns[name], one: columns[one]})[0, 1] >= bound]
