"""The refit: when nothing is left to be chosen on val, what was chosen is fitted again on train and val together.

Strengths, epochs, iterations and the variant are those that val settled. What is made from both splits is shipped only where
its variant agrees with its own parent on the inputs of the exam as it did before; the answers of the exam are not looked at.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from minnow.contracts import ModalityCapabilities
from minnow.records.bundle import FOLDER, Bundle, open_bundle
from minnow.records.timing import Timing
from minnow.stages import certificate, choice, compress, evaluate, intake, starting, teaching, train
from minnow.stages.candidates import Candidate, performance
from minnow.stages.case import Case
from minnow.stages.compress import FLOAT, Compressed
from minnow.stages.judge import Rules
from minnow.stages.links import Settled
from minnow.stages.prepare import Prepared
from minnow.stages.train import Call, Each, Handover, Trained, in_order
from minnow.stages.variants import PARITY_ROWS
from minnow.tables import columnar
from minnow.types import DecisionRule, Report, Table, silent

LEVEL = 0.05
"""One-sided level of the bound on how often a variant may differ from its parent."""
OF_LISTS = 0.1
"""Share of the items of a list in which a variant may differ from its parent in any case: one of ten."""
Measure = Callable[[list[Path]], Mapping[Path, Timing]]
"""Times bundles, by their folders."""


def reason_against(case: Case, candidate: Candidate) -> str | None:
    """Why a candidate is not fitted again; None where it is."""
    if not case.task.CAPABILITIES.joined:
        return f"Not fitted again on train and val, which cannot be joined for the task {case.usecase.task}."
    if candidate.trained.settled is None:
        return f"Not fitted again on train and val: {candidate.family} settles on val what its parameters cannot say."
    if taught_by := next((name for name, one in candidate.teachers.items() if one.settled is None), None):
        return (
            f"Not fitted again on train and val: its teacher {taught_by} settles on val what its parameters cannot say."
        )
    return None


def chain(
    case: Case,
    trained: Trained,
    rules: Mapping[str, DecisionRule],
    settled: Mapping[str, Settled],
    handed: Handover,
    report: Report = silent,
    teachers: Iterable[Trained] = (),
) -> tuple[Trained, Compressed]:
    """Fit a family again to rows of train and val with what val settled, and make its variants with what was chosen before.

    rules: variant -> decision rule; settled: link -> what was chosen when it was made; others are not made again. teachers: as
    they were fitted to train; they are fitted again too, but for those that cannot be.
    """
    recorded = trained.origin.init_from
    start = starting.at(case, recorded) if recorded else None
    again = train.train(case, trained.family, handed, report, start, trained.settled)
    taught_by = teaching.again(case, [one for one in teachers if one.settled is not None], handed)
    return again, compress.variants(case, again, handed, rules=rules, settled=settled, teachers=taught_by)


@dataclass(frozen=True)
class Refit:
    """Fits chosen candidates again.

    table: raw rows; before: what the candidates were made from; rules: with which they were chosen, since a bundle that now
    exceeds a limit is not shipped; scratch: folder for the new bundles; call: of the runner; each: calls a function on each
    family, side by side where it can.
    """

    case: Case
    table: Table
    before: Prepared
    rules: Rules
    scratch: Path
    measure: Measure
    call: Call
    each: Each = in_order

    def ship(self, chosen: Sequence[Candidate], report: Report = silent) -> dict[str, Candidate]:
        """Return each candidate, by its name, with the bundle that would be shipped. A family is fitted once.

        Raises what preparation and fits raise.
        """
        against = {candidate.name: reason_against(self.case, candidate) for candidate in chosen}
        shipped = {c.name: replace(c, refit=why) for c in chosen if (why := against[c.name])}
        left = [candidate for candidate in chosen if candidate.name not in shipped]
        if not left:
            return shipped
        columnar.release_memory()  # what trainings and scores have left: the rows are encoded once more
        # what is handed over is on disk: the rows need not stay in memory while models are fitted
        handed = train.hand_over(self.case, intake.prepare_case(self.case, self.table, join=True), self.call)
        before = {candidate.family: candidate for candidate in left}
        again: dict[str, tuple[Trained, Compressed]] = {}

        def one(family: str) -> None:
            trained, rules = before[family].trained, before[family].rules
            own = [candidate for candidate in left if candidate.family == family]
            settled = {name: how for candidate in own for name, how in candidate.chain.items()}
            taught_by = {name: teacher for candidate in own for name, teacher in candidate.teachers.items()}
            again[family] = chain(self.case, trained, rules, settled, handed, report, taught_by.values())

        def teach(name: str) -> None:
            teaching.again(self.case, [teachers[name]], handed)

        teachers = {name: teacher for candidate in left for name, teacher in candidate.teachers.items()}
        self.each(teach, teachers, handed.threads)  # first, since families may have the same
        self.each(one, before, handed.threads)
        # what is shipped is timed, one after the other
        return shipped | {candidate.name: self._checked(candidate, *again[candidate.family]) for candidate in left}

    def refused(self, shipped: Mapping[str, Candidate], standing: Sequence[Candidate]) -> dict[str, str]:
        """Variants that are to be chosen no longer, by their names, and why: they differ too much when they are fitted again.

        Only where val is not like train: there what is fitted to train alone is out of date, and another variant is better.
        """
        task, names = self.case.task.CAPABILITIES, {candidate.name for candidate in standing}
        if task.redivided or not task.joined:
            return {}
        tried = [one for name, one in shipped.items() if name in names and one.variant != FLOAT]
        left = [one for one in tried if one.shipped is None and one.trained.settled is not None]
        return {one.name: one.refit.removesuffix(f" {_STAYS}") for one in left}

    def joined(self, shipped: Mapping[str, Candidate]) -> Prepared | None:
        """The rows of train and val together, for the baselines of the modality; None where nothing was fitted again."""
        learns = self.case.modality.CAPABILITIES.baselines is not ModalityCapabilities.baselines
        if not learns or not any(candidate.shipped for candidate in shipped.values()):
            return None
        return intake.prepare_case(self.case, self.table, join=True)

    def _checked(self, candidate: Candidate, trained: Trained, compressed: Compressed) -> Candidate:
        """Return the candidate with its new bundle, or as it was where that may not be shipped, and why."""
        if candidate.variant not in compressed.bundles:
            refused = compressed.refused.get(candidate.variant, "it could not be made.")
            return replace(
                candidate, refit=f"Fitted again on train and val, its variant was refused: {refused} {_STAYS}"
            )
        bundle = self._copied(candidate, compressed)
        timing = self.measure([bundle.folder])[bundle.folder]
        limits = replace(performance(candidate.val, timing), size_bytes=bundle.size_bytes)
        parent = open_bundle(compressed.bundles[FLOAT])
        over = choice.over_limit(limits, self.rules, self.case.usecase.budget)
        if reason := over or self._disagreement(candidate, bundle, parent):
            return replace(candidate, refit=f"Fitted again on train and val: {reason} {_STAYS}")
        evaluate.record_refit(bundle, candidate.val.bundle)
        certificate.carry(candidate.val.bundle, bundle, compressed.bundles)
        before, settled = candidate.val.bundle.sha[:12], _listed(candidate)
        said = f"Fitted again on train and val, {settled}; chosen on val was {before}."
        return replace(candidate, trained=trained, timing=timing, shipped=bundle, refit=said)

    def _copied(self, candidate: Candidate, compressed: Compressed) -> Bundle:
        """Copy a bundle out of the cache, beside those that were scored on val."""
        folder = self.scratch / "bundles" / f"{candidate.family}-{candidate.variant}-refit" / FOLDER
        shutil.copytree(compressed.bundles[candidate.variant], folder)
        return open_bundle(folder)

    def _disagreement(self, candidate: Candidate, bundle: Bundle, parent: Bundle) -> str | None:
        """Say where the new variant differs from its parent on the inputs of the exam more often than before on val."""
        if candidate.variant == FLOAT:
            return None
        val, test = self.before.batches["val"], self.before.tables["test"]
        allowed = _most_differing(candidate, len(val))
        asked = evaluate.batch_of(bundle, test)  # a variant has the encoder of its parent
        ours, theirs = (evaluate.predict(one, asked) for one in (bundle, parent))
        # with the targets of val, whose range is used: no answer of the exam is looked at
        task, rows = self.case.task, replace(val, inputs=asked.inputs)
        if (of_lists := task.CAPABILITIES.differing) is None:
            differing = float(task.flips(ours, theirs, rows).mean())
            what = "answers {} of the exam's rows unlike its parent"
        else:  # the same item may leave the lists of all rows at once, so the share of rows says little
            differing = float(of_lists(ours, theirs, rows).mean())
            what = "lists {} other items than its parent"
            allowed = max(allowed, OF_LISTS)
        if differing <= allowed:
            return None
        return f"{candidate.variant} {what.format(f'{differing:.1%}')}; allowed are {allowed:.1%}."


_STAYS = "It stays as it was chosen."
_PLAIN = (("temperature", 1.0),)
"""What is settled and changes nothing."""


def _listed(candidate: Candidate) -> str:
    """What val settled, for people."""
    settled, rule = candidate.trained.settled or {}, candidate.rules.get(candidate.variant)
    values = [f"{name} {value}" for name, value in settled.items() if value is not None and (name, value) not in _PLAIN]
    values += [] if rule is None else [f"the decision rule ({rule})"]
    return f"with {', '.join(values)} from val" if values else "with nothing to take over from val"


def _most_differing(candidate: Candidate, val_rows: int) -> float:
    """Upper bound of the share of rows that a variant answers unlike its parent, by the rows of val that were compared.

    Source: Clopper & Pearson 1934.
    """
    from scipy.stats import beta

    rows = min(val_rows, PARITY_ROWS)
    count = round(candidate.parity["flips"] * rows)
    return float(beta.ppf(1 - LEVEL, count + 1, rows - count)) if count < rows else 1.0
