"""The target of an unknown table: which column it is, and which task suits its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from minnow.insight import hints
from minnow.insight.association import numbers
from minnow.onboarding.columns import Columns, has_id_name, has_time_name, is_group, missing_share, named
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Question, Request
from minnow.types import Array

TARGET_NAMES = (
    "target", "label", "class", "y", "answer", "outcome", "result", "diagnosis", "category", "sentiment", "survived", "churn",
    "churned", "fraud", "is_fraud", "species", "activity", "price_class", "grade", "quality", "default",
)  # fmt: skip
_MANY_VALUES, _OFTEN = 20, 0.5
"""Different numbers up to which they are classes: so many, and so many per row."""
_GRADES, _RARE_GRADE = 6, 0.25
"""Least number of grades, and the largest share of the rows of the commonest that the first and the last one have. Codes of six
classes have such counts by chance in less than one of twenty files."""
_RARE = 0.01
"""Share of rows below which a class is rare."""
_RARE_FOR_ACCURACY = 0.2
"""A class is rare for a measure whose share is below this share of what it would be if all classes had as many rows."""
_TRIED = 2000
"""Rows on which columns are tried as targets."""
_CHANCE, _CLEAR = 0.02, 0.15
"""Share of the errors of a constant prediction avoided, up to which a column looks like noise, and from which it does not."""


def target_of(
    columns: Columns, proposal: Proposal, request: Request, others: Sequence[str | None] = ()
) -> tuple[str, str]:
    """Choose the column to be predicted, and say why. others: columns that it cannot be. Raises ValueError.

    Where the last column looks like noise and another one does not, that is asked.
    """
    if request.target:
        return request.target, ASKED_FOR
    candidates = [name for name in columns.values if name not in others]
    lacking = [name for name in columns.frame.lacked if name in candidates]  # as in a competition's test.csv
    if len(lacking) == 1:
        return lacking[0], "the column that other files of the folder lack; choose another with --target"
    if by_name := named(candidates, TARGET_NAMES):
        return by_name, "its name is that of a target; choose another with --target"
    able = [name for name in candidates if name in columns.odd or _can_be_target(name, columns.values[name])]
    if not candidates:
        raise ValueError(f"No column is left to be the target. Received: {', '.join(columns.values)}.")
    if not able:
        return candidates[-1], "the last column; choose another with --target"
    last, features = able[-1], [name for name in columns.values if name not in others]
    if last == candidates[-1]:
        _doubt(columns, proposal, able, features)
        return last, "the last column; choose another with --target"
    return last, "the last column that is no id, time or constant; choose another with --target"


def _can_be_target(name: str, values: Array) -> bool:
    """Whether a column may hold answers: no id, group or time, and at least two values of which some repeat or are numbers."""
    distinct = len(set(values.tolist()))
    if values.dtype.kind == "M" or distinct < 2 or missing_share(values) > 0.5 or hints.is_id(values):
        return False
    if has_time_name(name) or (distinct > _MANY_VALUES and is_group(name, values)):
        return False
    return not (has_id_name(name) and distinct > 0.5 * len(values))


def _doubt(columns: Columns, proposal: Proposal, able: Sequence[str], features: Sequence[str]) -> None:
    """Ask for the target where the last column cannot be predicted from the others, and some other column can."""
    if len(able) < 2 or able[-1] in columns.odd or learnable(columns, able[-1], features) > _CHANCE:
        return
    classes = [name for name in able[:-1] if is_class(columns.values[name]) and name not in columns.odd]
    better = [name for name in classes if learnable(columns, name, features) > _CLEAR]
    if better:
        names = ", ".join(f"'{name}'" for name in better)
        text = f"The last column, '{able[-1]}', cannot be predicted from the others; {names} can. Name the target: --target."
        proposal.questions.append(
            Question(text, tuple(({"target": name}, f"predict '{name}'") for name in (*better, able[-1])))
        )


def is_class(values: Array) -> bool:
    """Whether a column holds classes: text or booleans, or few different whole numbers."""
    return values.dtype.kind in "Oi" or 2 <= len(set(values.tolist())) <= _MANY_VALUES


def learnable(columns: Columns, target: str, features: Sequence[str]) -> float:
    """Share of the errors of a constant prediction (for a number: of the variance) that a small forest avoids.

    It learns from half of at most 2,000 rows and is scored on the others.
    """
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    rows = np.random.default_rng(0).permutation(len(columns))[:_TRIED]
    names = [name for name in features if name != target]
    if not names or len(rows) < 20:
        return 0.0
    inputs = np.stack([np.nan_to_num(numbers(columns.values[name][rows]), nan=-1.0) for name in names], axis=1)
    half = len(rows) // 2
    values = columns.values[target]
    if is_class(values):
        answer = columns.labels(target)[rows]
        forest = ExtraTreesClassifier(50, min_samples_leaf=3, random_state=0).fit(inputs[:half], answer[:half])
        names_, counts = np.unique(answer[:half], return_counts=True)
        plain = (answer[half:] != names_[counts.argmax()]).sum()
        return float(1 - (forest.predict(inputs[half:]) != answer[half:]).sum() / plain) if plain else 0.0
    answer = np.nan_to_num(numbers(values[rows]))
    forest = ExtraTreesRegressor(50, min_samples_leaf=3, random_state=0).fit(inputs[:half], answer[:half])
    plain = ((answer[half:] - answer[:half].mean()) ** 2).sum()
    return float(1 - ((forest.predict(inputs[half:]) - answer[half:]) ** 2).sum() / plain) if plain else 0.0


def choose_task(proposal: Proposal, columns: Columns, target: str, request: Request) -> None:
    """Choose the task by the values of the target."""
    if request.task:
        proposal.choose("task", request.task, ASKED_FOR)
        return
    if columns.has_odd_numbers(target):
        proposal.choose("task", "regress", "the target is a number, apart from cells that must be mended")
        return
    values = columns.values[target]
    labels = [label for label in columns.labels(target).tolist() if label]
    distinct = len(set(labels))
    whole = values.dtype.kind == "f" and bool((values[np.isfinite(values)] % 1 == 0).all())
    if values.dtype.kind == "f" and (distinct > min(_MANY_VALUES, _OFTEN * len(labels)) or not whole):
        proposal.choose("task", "regress", f"the target is a number with {distinct:,} different values")
    elif values.dtype.kind == "f" and _are_grades(values):
        why = f"the target has {distinct} whole numbers in a row, those in the middle the most often: grades, not names"
        proposal.choose("task", "regress", f"{why} (--task classify for classes)")
    else:
        proposal.choose("task", "classify", f"the target has {distinct} different values")


def _are_grades(values: Array) -> bool:
    """Whether whole numbers (n,), NaN missing, are grades: in a row, the rarer the further from the commonest."""
    grades, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    if len(grades) < _GRADES or (np.diff(grades) != 1).any():
        return False
    usual, rises = int(counts.argmax()), np.diff(counts)
    single = bool((rises[:usual] >= 0).all() and (rises[usual:] <= 0).all())
    return single and max(counts[0], counts[-1]) < _RARE_GRADE * counts[usual]


def allow_rare_class(proposal: Proposal, names: Array) -> None:
    """Lower options.min_class_share where a class is rare, and name it. names: (n,) str, "" where missing."""
    classes, counts = np.unique(names[names != ""], return_counts=True)
    if not len(classes):
        return
    share = counts.min() / counts.sum()
    if share < _RARE:
        floor = float(f"{share * 0.5:.1g}")
        rarest = classes[counts.argmin()]
        why = f"the class '{rarest}' has {counts.min():,} of {counts.sum():,} rows, {100 * share:.2f} %"
        proposal.choose("options.min_class_share", floor, why)


def choose_measure(proposal: Proposal, names: Array) -> None:
    """Choose a measure that sees a rare class, where accuracy would hardly notice it. names: (n,) str, "" where missing."""
    merged = proposal.options.get("label_as", {})
    labels = [merged.get(name, name) for name in names.tolist() if name]
    classes, counts = np.unique(np.array(labels, dtype=str), return_counts=True)
    if len(classes) < 2 or counts.min() * len(classes) >= _RARE_FOR_ACCURACY * counts.sum():
        return
    rarest, share = str(classes[counts.argmin()]), counts.min() / counts.sum()
    why = f"only {100 * share:.2g} % of the rows are '{rarest}', which accuracy would hardly notice"
    value = {"name": "average_precision", "positive": rarest} if len(classes) == 2 else "log_loss"
    proposal.choose("measure", value, why)


def merge_variants(proposal: Proposal, found: Sequence[Mapping[str, int]]) -> None:
    """Propose label_as for labels that differ in case, blanks or how a number is written. found: groups of label -> rows."""
    if not found:
        return
    merged = {label: next(iter(group)) for group in found for label in group if label != next(iter(group))}
    spelled = "; ".join(", ".join(f"'{label}' {count:,}" for label, count in group.items()) for group in found)
    why = f"one label in several spellings (rows): {spelled}; without this each is a class of its own"
    proposal.choose("options.label_as", merged, why)
