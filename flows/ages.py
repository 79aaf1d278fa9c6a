"""Champions that are older than `max_age` of params.yaml: their use cases run though DVC finds nothing stale."""

from __future__ import annotations

from collections.abc import Iterable

from minnow.config import Settings
from minnow.records.decision import Decision
from minnow.stores import ages, champions
from minnow.stores.ages import age_text
from minnow.workspace import Workspace


def overdue(
    space: Workspace, settings: Settings, names: Iterable[str], *, untried: bool = True
) -> dict[str, list[str]]:
    """Return the use cases with a champion that is older than max_age: name -> reasons.

    untried: leave out those for which a run since then had nothing to compare the champion with, so that they do not run every
    night. The registry is not opened where no use case has a max_age.
    """
    reasons: dict[str, list[str]] = {}
    for name in names:
        limit = settings.max_age_of(name)
        for target in settings.usecases[name].targets if limit is not None else ():
            champion = champions.current(space, name, target)
            if champion is None or limit is None:
                continue
            age = ages.age_of(space, champion)
            if (age.tried_s if untried else age.confirmed_s) > limit:
                said = f"the champion for {target} is {age_text(age.confirmed_s)} old, max_age is {age_text(limit)}"
                reasons.setdefault(name, []).append(said)
    return reasons


def record_runs(space: Workspace, settings: Settings, decisions: Iterable[Decision]) -> list[str]:
    """Record for each decision that keeps a champion that it was confirmed. Returns what there is to say about it."""
    lines = []
    for decision in decisions:
        if decision.promote:
            continue
        compared = decision.verdict == "same" or (decision.verdict == "refused" and bool(decision.comparisons))
        ages.record_run(space, decision.usecase, decision.target, confirmed=compared)
        if decision.verdict == "same" and settings.max_age_of(decision.usecase) is not None:
            lines.append(
                f"  {decision.usecase}: the same data gives the same model. The champion for {decision.target} is confirmed."
            )
    return lines
