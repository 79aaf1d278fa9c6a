"""Teachers: entries under families whose trained models teach others, in recipes such as `distill: {teacher: gboost}`.

A teacher is the trained model itself, before any compression, so that entries may teach each other without a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minnow.config import Step
from minnow.stages import starting, train
from minnow.stages.case import Case
from minnow.stages.train import Handover, Trained
from minnow.types import Report, silent

Teachers = Mapping[str, Trained | str]
"""Entry under families -> its trained model, or why there is none."""


def trained(case: Case, handed: Handover, report: Report = silent) -> Teachers:
    """Train every teacher of a case, or find it in the cache. One that cannot be trained is there with its reason."""
    found: dict[str, Trained | str] = {}
    for name in case.usecase.teachers:
        try:
            found[name] = train.train(case, name, handed, report)
        except (RuntimeError, ValueError) as error:
            found[name] = str(error)
    return found


def again(case: Case, teachers: Iterable[Trained], handed: Handover) -> dict[str, Trained]:
    """Fit teachers again to the rows of train and val with what val settled of them."""
    found: dict[str, Trained] = {}
    for one in teachers:
        recorded = one.origin.init_from
        start = starting.at(case, recorded) if recorded else None
        found[one.family] = train.train(case, one.family, handed, start=start, settled=one.settled)
    return found


def reason_against(steps: Iterable[Step], pupil: Trained, teachers: Teachers) -> str | None:
    """Why steps cannot make a link of a model because of their teachers, None where they can.

    A teacher has learned from the rows of its pupil and from no others: one that was fitted to val too would tell the pupil
    the answers of the rows on which it is then scored.
    """
    for name in (step.teacher for step in steps):
        if name is None:
            continue
        if name == pupil.family:
            return f"'{name}' is the teacher of this recipe, which is for the other families."
        teacher = teachers.get(name, "it was not trained")
        if isinstance(teacher, str):
            return f"its teacher '{name}' is missing: {teacher}"
        rows, own = ((one.origin.rows, one.origin.joined) for one in (teacher, pupil))
        if rows != own:
            return f"its teacher '{name}' must be fitted to the rows of '{pupil.family}', and was fitted to others."
    return None
