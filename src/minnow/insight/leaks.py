"""Leaks: columns that know the answer, because they are filled only after it is known.

Three signs, each a question to the owner of the data. A column alone nearly explains the target; one column alone orders the
rows better than all others together; a column is filled only where the answer is one and the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minnow.insight.association import codes, numbers, twins
from minnow.records.hint import Hint
from minnow.types import Array

ALMOST = 0.95
"""A column that alone avoids this share of the errors of a constant prediction is reported as a leak."""
LEAST_AUC, LEAST_R2 = 0.8, 0.7
"""Least AUC, and share of the variance, of a column that alone orders the rows better than all others together."""
PURE, LEAST_COVERED, MOST_USUAL = 0.97, 0.1, 0.7
"""A column that is filled only for one class: least share of that class where it is filled, least share of the class that it
covers, and largest share of the class among all rows."""
TWINS = 0.99
"""Association from which on two columns count as one, such as a duration in seconds and in minutes."""
_LEAVES = 64
_LEAST_ROWS = 3
_LEAST_OF_CLASS = 10
_LEAST_FILLED = 20
_MOST_ORDERED = 20_000
_LEAST_OTHERS = 3
"""Among fewer other columns, one that says most is nothing to ask about."""
_MOST_COMPARED, _BINS = 200, 64
"""Most columns that are compared with the answer by trees; bins in which the most promising ones of wider tables are sought."""
_SURE = 2.0
"""Standard errors by which a column must be better than all others together."""


def alone(values: Array, answer: Array, task: str) -> float:
    """Measure how much of the target one column alone explains: 1 for all of it, 0 or below for nothing.

    That is the share of the errors of a constant prediction that a small tree avoids, or for a number the share of the variance
    that it explains; it learns from half of the rows and is scored on the others. values: (n,), of any kind; answer: (n,) str.
    """
    learn, held = _halves(len(values))
    if task == "regress":
        return _r2(numbers(values)[:, None], answer.astype(np.float64), learn, held)
    column = numbers(values)[:, None]
    names, counts = np.unique(answer[learn], return_counts=True)
    error = (_tree(task, _LEAST_ROWS).fit(column[learn], answer[learn]).predict(column[held]) != answer[held]).sum()
    plain = (names[counts.argmax()] != answer[held]).sum()
    return float(1 - error / plain) if plain else 0.0


def promising(columns: Mapping[str, Array], answer: Array, task: str, most: int = _MOST_COMPARED) -> dict[str, Array]:
    """Return the columns, (n,) each, in whose bins the answer (n,) str differs least; all where there are not more than most.

    By the share of the variance between the bins, or for labels by Goodman and Kruskal's tau: trees for each of thousands of
    columns would take minutes.
    """
    if len(columns) <= most:
        return dict(columns)
    if task == "regress":
        target = answer.astype(np.float64)[:, None]
    else:
        names, index = np.unique(answer, return_inverse=True)
        target = np.eye(len(names))[index]
    target = target - target.mean(axis=0)
    share = {name: _between(_binned(values), target) for name, values in columns.items()}
    kept = set(sorted(share, key=lambda name: -share[name])[:most])
    return {name: values for name, values in columns.items() if name in kept}


def _binned(values: Array) -> Array:
    """Bin of each row, (n,) int: as many rows in each, equal values together, missing ones apart."""
    value = numbers(values)
    _, place, counts = np.unique(value, return_inverse=True, return_counts=True)
    before = np.cumsum(counts) - counts
    return np.where(np.isnan(value), _BINS, before[place] * _BINS // max(len(value), 1))


def _between(bins: Array, target: Array) -> float:
    """Sum of squares between bins (n,) of targets (n, k) with mean 0, for comparison with other bins of the same targets."""
    rows = np.maximum(np.bincount(bins), 1)
    sums = [np.bincount(bins, weights=column) for column in target.T]
    return float(sum((one**2 / rows).sum() for one in sums))


def leaks(columns: Mapping[str, Array], answer: Array, task: str) -> list[Hint]:
    """Look for columns, (n,) each, that may be known only after the answer (n,) str; among many in the most promising ones."""
    likely = promising(columns, answer, task)
    explained = {name: alone(values, answer, task) for name, values in likely.items()}
    hints = [_explains(name, share) for name, share in explained.items() if share >= ALMOST]
    if task == "classify":
        hints += [hint for name, values in columns.items() if (hint := _filled_for_one(name, values, answer))]
    named = {hint.column for hint in hints}
    if not named and (hint := _orders(columns, list(likely), answer, task)):
        hints.append(hint)
    return list({hint.column: hint for hint in hints[::-1]}.values())[::-1]


def _explains(name: str, share: float) -> Hint:
    text = (
        f"'{name}' alone explains {100 * share:.1f} % of the target. Is its value known when a prediction is made? If not, "
        "drop it: options.drop."
    )
    return Hint("leak", name, text, {"explained": round(share, 6)})


def _filled_for_one(name: str, values: Array, answer: Array) -> Hint | None:
    """Name a column whose most frequent value (0, missing) has exceptions in the rows of one class alone."""
    distinct, index, counts = _cells(values)
    usual = int(counts.argmax())
    filled = index != usual
    if 2 * counts[usual] <= len(values) or filled.sum() < _LEAST_FILLED:
        return None
    names, rows = np.unique(answer[filled], return_counts=True)
    label, count = str(names[rows.argmax()]), int(rows.max())
    pure, of_class = count / filled.sum(), answer == label
    if pure < PURE or of_class.mean() > MOST_USUAL or count < LEAST_COVERED * of_class.sum():
        return None
    cell = _shown(distinct[usual])
    usually = f"'{cell}'" if cell else "empty"
    text = (
        f"'{name}' is {usually} in most rows; in {100 * pure:.0f} % of the {int(filled.sum()):,} others the answer is "
        f"'{label}', as in {100 * of_class.mean():.0f} % of all rows. Is it filled only after the answer is known? If so, drop "
        "it: options.drop."
    )
    facts: dict[str, Any] = {"class": label, "filled": int(filled.sum()), "share": round(float(pure), 6)}
    return Hint("leak", name, text, facts)


def _cells(values: Array) -> tuple[Any, Array, Array]:
    """Distinct values of a column, texts or numbers; the place of each row's value among them, (n,); their numbers of rows."""
    if values.dtype == object:
        index = codes(values)
        return sorted(set(map(str, values.tolist()))), index, np.bincount(index)
    return np.unique(numbers(values), return_inverse=True, return_counts=True)


def _shown(value: Any) -> str:
    """A value as text, "" where missing."""
    if isinstance(value, str):
        return value
    return "" if np.isnan(value) else f"{value:.6g}"


def _orders(columns: Mapping[str, Array], likely: Sequence[str], answer: Array, task: str) -> Hint | None:
    """Name the one of likely columns that orders the rows better than all others together, those that say the same left out."""
    step = max(1, len(answer) // _MOST_ORDERED)
    columns, answer = {name: values[::step] for name, values in columns.items()}, answer[::step]
    target, counted = (answer.astype(np.float64), {}) if task == "regress" else _frequent(answer)
    rows = np.isin(target, list(counted)) if counted else np.ones(len(target), bool)
    if task != "regress" and len(counted) < 2:
        return None
    columns, target = {name: values[rows] for name, values in columns.items()}, target[rows]
    each = {name: _cross_fitted(numbers(columns[name])[:, None], target, task) for name in likely}
    name = max(each, key=lambda one: each[one], default=None)
    if name is None or each[name] < (LEAST_R2 if task == "regress" else LEAST_AUC):
        return None
    others = [one for one in columns if one != name]
    same = twins(columns, name, others, TWINS)
    rest = [numbers(columns[one]) for one in others if one not in same]
    if len(rest) < _LEAST_OTHERS:
        return None
    together = _cross_fitted(np.stack(rest, axis=1), target, task, single=False)
    if each[name] - together <= _SURE * _error(each[name], target, counted):
        return None
    return _ordering(name, same, each[name], together, task)


def _ordering(name: str, same: Sequence[str], value: float, together: float, task: str) -> Hint:
    about = f" ({', '.join(same)} say the same)" if same else ""
    had = (
        f"explains {100 * value:.0f} % of the variance of the target, all other columns together {100 * together:.0f} %"
        if task == "regress"
        else f"orders the rows with an AUC of {value:.2f}, all other columns together with {together:.2f}"
    )
    text = (
        f"'{name}' alone{about} {had}. Is its value known when a prediction is made, or only afterwards? If afterwards, drop "
        "it: options.drop."
    )
    measure = "r2" if task == "regress" else "auc"
    return Hint("leak", name, text, {measure: round(value, 6), "others": round(together, 6), "same": list(same)})


def _frequent(answer: Array) -> tuple[Array, dict[str, int]]:
    """Labels, and the classes with enough rows to be scored: label -> rows."""
    names, counts = np.unique(answer, return_counts=True)
    return answer, {str(n): int(c) for n, c in zip(names, counts, strict=True) if n and c >= _LEAST_OF_CLASS}


def _error(value: float, target: Array, counted: Mapping[str, int]) -> float:
    """Standard error of an AUC (Hanley & McNeil 1982), of the rarest class against the rest, or of a share of variance."""
    n = len(target)
    if not counted:
        return 2 * np.sqrt(max(value, 0.0)) * (1 - value) / np.sqrt(n)
    rare = min(counted.values())
    first, second = value / (2 - value), 2 * value**2 / (1 + value)
    spread = value * (1 - value) + (rare - 1) * (first - value**2) + (n - rare - 1) * (second - value**2)
    return float(np.sqrt(max(spread, 0.0) / (rare * (n - rare))))


def _cross_fitted(features: Array, target: Array, task: str, *, single: bool = True) -> float:
    """Mean AUC, or share of variance, of models that are fitted to one half of the rows and scored on the other.

    features: (n, p); single: a small tree for one column, otherwise a forest. The AUC of several classes is the mean of
    that of each against the rest.
    """
    least = max(_LEAST_ROWS, len(target) // 100)
    scores = []
    for learn, held in (_halves(len(target)), _halves(len(target))[::-1]):
        model = _tree(task, least) if single else _forest(task)
        score = _r2 if task == "regress" else _auc
        scores.append(score(features, target, learn, held, model))
    return float(np.mean(scores))


def _halves(n: int) -> tuple[Array, Array]:
    order = np.random.default_rng(0).permutation(n)  # rows may alternate
    return order[::2], order[1::2]


def _tree(task: str, least: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    tree = DecisionTreeRegressor if task == "regress" else DecisionTreeClassifier
    return tree(max_leaf_nodes=_LEAVES, min_samples_leaf=least, random_state=0)


def _forest(task: str) -> Any:
    """Extremely randomized trees, on one thread: boosted ones wait for each other where other work runs."""
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    forest = ExtraTreesRegressor if task == "regress" else ExtraTreesClassifier
    return forest(n_estimators=60, min_samples_leaf=_LEAST_ROWS, random_state=0)


def _r2(features: Array, target: Array, learn: Array, held: Array, model: Any = None) -> float:
    """Share of the variance of a target (n,) float64 that a model of one half explains in the other."""
    model = _tree("regress", _LEAST_ROWS) if model is None else model
    error = ((model.fit(features[learn], target[learn]).predict(features[held]) - target[held]) ** 2).sum()
    plain = ((target[held] - target[learn].mean()) ** 2).sum()
    return float(1 - error / plain) if plain else 0.0


def _auc(features: Array, target: Array, learn: Array, held: Array, model: Any) -> float:
    """Mean area under the ROC curve over the classes, each against the rest; 0.5 where the other half has none of it."""
    from scipy.stats import rankdata

    fitted = model.fit(features[learn], target[learn])
    probability, areas = fitted.predict_proba(features[held]), []
    for index, label in enumerate(fitted.classes_):
        positive = target[held] == label
        count = int(positive.sum())
        if 0 < count < len(held):
            ranks = rankdata(probability[:, index])[positive].sum() - count * (count + 1) / 2
            areas.append(ranks / (count * (len(held) - count)))
    return float(np.mean(areas)) if areas else 0.5
