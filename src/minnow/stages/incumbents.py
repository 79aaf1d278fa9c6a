"""The incumbents of an exam: the champion and the best model so far, each scored as it was made.

A registered model reads the data by its own options, so that it is scored on the rows of today's exam even where columns,
sizes or windows have changed since. Rows that it was trained on are left out. Where it cannot be scored fairly, the reason is
returned instead: a finalist is then judged without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from pydantic import ValidationError

from minnow import measures, modalities, tasks
from minnow.records.bundle import Bundle
from minnow.records.decision import Unscored
from minnow.records.keys import TrainingRows
from minnow.stages import evaluate
from minnow.stages.candidates import Held, Incumbents
from minnow.stages.case import Case, Problem
from minnow.stages.evaluate import Evaluation
from minnow.stages.exam_rows import identity, trained_on, training_rows
from minnow.stages.floor import fewest
from minnow.stages.judge import level_of_look
from minnow.stages.prepare import Prepared
from minnow.types import Array, KeyRule, Table

LEAST_SHARE = 0.5
"""Share of the exam's rows on which a comparison is fair."""


class _UnfairError(Exception):
    """Why a registered model cannot be scored fairly. why: as in Unscored."""

    def __init__(self, why: str, reason: str) -> None:
        super().__init__(reason)
        self.why = why


@dataclass(frozen=True)
class Compared:
    """The registered models that a finalist is compared with.

    rows: (m,) int, ascending, the rows of the exam that count; rivals: role -> the model's evaluation on them, in this order;
    unscored: those that are not among them, with the reason; left_out: role -> rows of the exam that it was trained on. of: how
    many rows the exam has.
    """

    rows: Array
    of: int
    rivals: Mapping[str, Evaluation] = field(default_factory=dict[str, Evaluation])
    unscored: tuple[Unscored, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def said(self) -> tuple[str, ...]:
        """Sentences about the models that are not compared with, and about the rows that are left out."""
        reasons, left_out = tuple(one.reason for one in self.unscored), self.of - len(self.rows)
        if not left_out:
            return reasons
        named = {"champion": "the champion", "best": "the best so far"}
        learned = " and ".join(f"{named[role]} was trained on {count:,}" for role, count in self.left_out.items())
        why = f"{learned} of them." if learned else "an earlier model cannot answer them."
        return (*reasons, f"{left_out:,} of the {self.of:,} rows of the exam are left out of the comparison: {why}")


@dataclass(frozen=True)
class _Scored:
    """A model's evaluation on some rows of the exam, (m,) int, ascending. trained_on: rows of the exam that it learned from."""

    rows: Array
    evaluation: Evaluation
    trained_on: int = 0


def compared(case: Case, prepared: Prepared, held: Incumbents, finalist: Bundle) -> Compared:
    """Score the registered models on the exam, each as it was made, on rows that none of them was trained on.

    One that consists of the same parts as the finalist is scored on the whole exam, whatever else has changed. Without a
    champion that can be scored the best so far is of no use: the finalist is judged as a first one.
    """
    count = len(prepared.tables["test"])
    scored, unscored = dict[str, _Scored](), list(held.unread)
    done: dict[int, _Scored | _UnfairError] = {}
    for role, model in held.models.items():
        if model.version not in done:
            done[model.version] = _try(case, prepared, model, finalist)
        result = done[model.version]
        if isinstance(result, _Scored):
            scored[role] = result
        else:
            unscored.append(Unscored(role, result.why, _sentence(role, model, str(result)), model.version))
    rows = np.arange(count)
    for role, one in scored.items() if "champion" in scored else ():
        both = np.intersect1d(rows, one.rows)
        if (reason := _too_few(case, prepared, both, len(rows) - len(both))) is None:
            rows = both
        else:
            unscored.append(
                Unscored(role, "rows", _sentence(role, held.models[role], reason), held.models[role].version)
            )
    kept = {role: one for role, one in scored.items() if role not in {item.role for item in unscored}}
    if "champion" not in kept:
        return Compared(np.arange(count), count, unscored=tuple(unscored))
    rivals = {role: part(one.evaluation, np.searchsorted(one.rows, rows)) for role, one in kept.items()}
    left_out = {role: one.trained_on for role, one in kept.items() if one.trained_on}
    return Compared(rows, count, rivals, tuple(unscored), left_out)


def _sentence(role: str, model: Held, reason: str) -> str:
    noun = {"champion": "The champion", "best": "The best so far"}[role]
    return (
        f"{noun}, version {model.version} ({model.bundle.name}), cannot be scored fairly: {reason.removesuffix('.')}."
    )


def _try(case: Case, prepared: Prepared, model: Held, finalist: Bundle) -> _Scored | _UnfairError:
    try:
        return _scored(case, prepared, model, finalist)
    except _UnfairError as error:
        return error


def _scored(case: Case, prepared: Prepared, model: Held, finalist: Bundle) -> _Scored:
    """Score one registered model. Raises _UnfairError.

    A row that equals one of its training rows is left out, unless it equals one of today's too: then neither has an advantage.
    """
    exam = prepared.tables["test"]
    if _is_same(model.bundle, finalist):
        return _Scored(np.arange(len(exam)), _evaluate(model.bundle, exam))
    problem = _problem(case, model.bundle)
    training = _recorded(prepared, model)
    own = exam if _reads_alike(case, problem) else _read(case, prepared, problem)
    rows, places = _aligned(exam, own)
    _same_targets(case, exam.take(rows), problem, own.take(places))
    learned = trained_on(exam, training) & ~trained_on(exam, training_rows(prepared))
    fresh = ~learned[rows]
    rows, places = rows[fresh], places[fresh]
    reason = _too_few(case, prepared, rows, int(learned.sum()))
    if reason is not None:
        raise _UnfairError("rows", reason)
    own = replace(own.take(places), extractor=exam.extractor, measure=exam.measure)
    _same_notation(model.bundle, exam, own)
    return _Scored(rows, _evaluate(model.bundle, own), int(learned.sum()))


def _is_same(bundle: Bundle, finalist: Bundle) -> bool:
    """Whether two bundles answer with the same parts. An encoder that cannot be read any more is another one."""
    try:
        return evaluate.answering_name(bundle) == evaluate.answering_name(finalist)
    except Exception:  # code that has changed may fail in any way on what older code wrote
        return False


def _problem(case: Case, bundle: Bundle) -> Problem:
    """Modality, task and recorded options of a bundle, with those about files of today. Raises _UnfairError."""
    schema, now = bundle.schema, case.problem
    made = (schema.modality, schema.task)
    if made != (now.modality_name, now.task_name):
        raise _UnfairError(
            "task",
            f"it was made for '{made[1]}' on {made[0]}, and today's task is '{now.task_name}' on {now.modality_name}",
        )
    try:
        problem = evaluate.problem_of(schema)
    except (ValidationError, ValueError, LookupError) as error:
        first = str(error).splitlines()[0]
        raise _UnfairError("options", f"its recorded options are none of this version of Minnow ({first})") from error
    files = {name: getattr(case.options, name) for name in type(case.options).FILES}
    return replace(problem, options=problem.options.model_copy(update=files))


def _recorded(prepared: Prepared, model: Held) -> TrainingRows:
    """Rows that a model was trained on, where its keys are made as today's. Raises _UnfairError."""
    if model.keys is None:
        raise _UnfairError(
            "keys",
            "which rows it was trained on is not known, since an older version of Minnow recorded neither these nor what the "
            "keys of rows are made of",
        )
    if model.keys != prepared.keys:
        raise _UnfairError("keys", f"its splits were drawn by other keys: {_differences(model.keys, prepared.keys)}")
    if model.training is None:
        raise _UnfairError("training rows", "its run lacks exam/training_rows.npz, the rows that it was trained on")
    return model.training


def _differences(before: KeyRule, now: KeyRule) -> str:
    """Name what differs between two rules of keys."""
    gone, new = (
        [repr(name) for name, _ in one.columns if name not in dict(other.columns)]
        for one, other in ((before, now), (now, before))
    )
    kinds = dict(now.columns)
    said = [f"with {', '.join(gone[:5])}"] if gone else []
    said += [f"without {', '.join(new[:5])}"] if new else []
    said += [f"'{name}' as {kind}" for name, kind in before.columns if kinds.get(name, kind) != kind]
    for name in sorted({*before.options, *now.options}):
        was, is_ = before.options.get(name), now.options.get(name)
        said += [f"{name} {was}, which is {is_} now"] if was != is_ else []
    return "; ".join(said) or "in another order or way"


def _reads_alike(case: Case, problem: Problem) -> bool:
    return problem.options.model_dump() == case.options.model_dump()


def _read(case: Case, prepared: Prepared, problem: Problem) -> Table:
    """Examples of the exam's rows, read by a model's own options. Raises _UnfairError."""
    try:
        raw = problem.modality.read(case.data, problem.options)
        rows = np.flatnonzero(np.isin(raw.row_id, prepared.exam_rows))
        return problem.modality.examples(replace(raw.take(rows), split=None), problem.options)
    except Exception as error:  # options of an earlier day may fail in any way on files of today
        raise _UnfairError("options", f"by its own options the data cannot be read: {error}") from error


def _aligned(exam: Table, own: Table) -> tuple[Array, Array]:
    """Rows that both tables have, by their origin: indices into the exam, (m,) int, ascending, and into the other table."""
    _, rows, places = np.intersect1d(exam.row_id, own.row_id, return_indices=True)
    order = np.argsort(rows)
    return rows[order], places[order]


def _same_targets(case: Case, exam: Table, problem: Problem, own: Table) -> None:
    """Raise _UnfairError unless a model was made for the same answers, of the same rows."""
    ours, theirs = exam.columns[case.problem.target], own.columns[problem.target]
    if ours.ndim == 2 and theirs.ndim == 2:
        width = max(ours.shape[1], theirs.shape[1])
        ours, theirs = _widened(ours, width), _widened(theirs, width)
    alike = ours.shape == theirs.shape and np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f")
    if not alike:
        odd = "" if ours.shape != theirs.shape or ours.ndim > 1 else _example(exam, ours, theirs)
        raise _UnfairError("target", f"by its own options the rows have other answers than by today's{odd}")


def _widened(values: Array, width: int) -> Array:
    """Pad rows of texts with "" to a width, (n, width); other arrays stay as they are."""
    if values.dtype.kind != "U" or values.shape[1] == width:
        return values
    wide = np.full((len(values), width), "", values.dtype)
    wide[:, : values.shape[1]] = values
    return wide


def _example(exam: Table, ours: Array, theirs: Array) -> str:
    index = int(np.flatnonzero(ours != theirs)[0])
    return f", such as {str(theirs[index])!r} instead of {str(ours[index])!r} in {exam.row_id[index]}"


def _same_notation(bundle: Bundle, exam: Table, own: Table) -> None:
    """Raise _UnfairError where a served model would not read what files and requests hold now."""
    modality = modalities.get(bundle.schema.modality)
    try:
        column = modality.CAPABILITIES.rewritten(modality.load_encoder(bundle.folder), own.reading, own.columns)
    except Exception as error:  # as in _is_same
        raise _UnfairError("bundle", f"its encoder cannot be read by this version of Minnow: {error!r:.300}") from error
    if column is not None:
        raise _UnfairError("notation", f"the cells of '{column}' are written in another way now than it reads them")


def _too_few(case: Case, prepared: Prepared, rows: Array, trained: int) -> str | None:
    """Return why a comparison on some rows of the exam says too little, or None. rows: (m,) int; trained: rows left out."""
    exam = prepared.tables["test"]
    if len(rows) == len(exam):
        return None
    independent = identity(exam) if exam.group is not None else np.arange(len(exam))
    groups, least = len(np.unique(independent[rows])), fewest(level_of_look(case.judge.level, 1))
    least = min(least, len(np.unique(independent)))
    if len(rows) >= LEAST_SHARE * len(exam) and groups >= least:
        return None
    return (
        f"of the {len(exam):,} rows of the exam {len(rows):,} can be compared, since it was trained on {trained:,} of them or "
        f"cannot answer them; at least {LEAST_SHARE:.0%} are needed, and {least} that are independent"
    )


def _evaluate(bundle: Bundle, exam: Table) -> Evaluation:
    """Score a registered bundle. Raises _UnfairError."""
    try:
        return evaluate.evaluate(bundle, exam)
    except Exception as error:  # as in _is_same
        raise _UnfairError("answers", f"it does not answer the rows of the exam: {error}") from error


def part(evaluation: Evaluation, index: Array) -> Evaluation:
    """The evaluation on some of its rows, by the measure that decides. index: (m,) int."""
    if len(index) == len(evaluation.batch):
        return evaluation
    batch = evaluation.batch.take(index)
    outputs = {name: value[index] for name, value in evaluation.outputs.items()}
    measure = tasks.measure(batch.task, batch.measure)
    scores = {measure.name: measures.score(measure, outputs, batch)}
    return Evaluation(evaluation.bundle, batch, outputs, measure.loss(outputs, batch), scores)


def restricted(prepared: Prepared, rows: Array) -> Prepared:
    """The splits with some rows of test alone. rows: (m,) int."""
    if len(rows) == len(prepared.tables["test"]):
        return prepared
    tables = {**prepared.tables, "test": prepared.tables["test"].take(rows)}
    return replace(prepared, tables=tables, batches={**prepared.batches, "test": prepared.batches["test"].take(rows)})
