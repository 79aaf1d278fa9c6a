"""Which clock a target is judged by: a GPU's models are timed on a GPU, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from minnow.records.timing import Timing
from minnow.stages import timing
from minnow.stages.candidates import Candidate
from minnow.stages.case import Case


def timings_of(case: Case, target: str, candidates: Sequence[Candidate]) -> tuple[Mapping[Path, Timing], list[str]]:
    """Timings of candidates on a target's device, where limits need them; and a sentence about limits that are not checked."""
    if target == "cpu":
        return {candidate.bundle.folder: candidate.timing for candidate in candidates}, []
    limits = [name for name in ("p95_us", "memory_bytes") if getattr(case.usecase.budget, name) is not None]
    timings = timed([candidate.bundle.folder for candidate in candidates], target) if limits else {}
    if timings or not limits:
        return timings, []
    named = " and ".join(f"budget.{name}" for name in limits)
    return {}, [f"No session on a {target} can be timed on this machine, so {named} is not checked for {target}."]


def timed_together(target: str, finalist: Candidate, rivals: Sequence[Path]) -> Mapping[Path, Timing]:
    """Time a finalist and its rivals alternately on a target's device, so that their ratio compares one machine at one time.

    Without rivals the finalist has the timing that it has; where a device is not there, nothing is decided by time.
    """
    if not rivals:
        return {finalist.bundle.folder: finalist.timing} if target == "cpu" else {}
    return timed([finalist.bundle.folder, *rivals], target)


def timed(folders: Sequence[Path], target: str) -> Mapping[Path, Timing]:
    """Time bundles on a device; those that cannot be timed there are left out, as all are without a GPU."""
    measured = timing.measure_each(list(dict.fromkeys(folders)), device=target)
    return {folder: one for folder, one in measured.items() if isinstance(one, Timing)}
