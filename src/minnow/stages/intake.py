"""Intake: reads the raw rows of a case, and prepares them as its settings say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

import numpy as np

from minnow import families
from minnow.catalog import catalog
from minnow.config import params_of
from minnow.contracts import FeatureExtraction
from minnow.lineage import arrays_digest, code_version
from minnow.records.files import read_npz, write_npz
from minnow.stages import folds, prepare
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.stages.validate import DataError
from minnow.types import Array, Batch, Columns, KeyRule, KeyRuleError, Notice, Table, content_keys, part_of_key

EXTRACTOR = "extractor.npz"


@contextmanager
def as_data_errors(case: Case) -> Iterator[None]:
    """Convert ValueError and OSError into DataError, with the name of the use case."""
    try:
        yield
    except DataError:
        raise
    except (ValueError, OSError) as error:
        raise DataError(f"{case.name}: {error}") from error


def read(case: Case) -> Table:
    """Read the raw rows, with keys as they are recorded. Raises DataError when they are missing or cannot be read.

    Where keys cannot be made so any more, they are made of what is read today; a notice says why, and that the splits change.
    """
    if not case.data.exists():
        raise DataError(f"usecases.{case.name}.data: '{case.usecase.data}' does not exist.")
    with as_data_errors(case):
        try:
            if case.keys is not None and case.keys.version != KeyRule.version:
                raise KeyRuleError(
                    f"keys are recorded as made in way {case.keys.version}, and made in way {KeyRule.version}"
                )
            return case.modality.read(case.data, case.options, case.keys)
        except KeyRuleError as error:
            table, why = case.modality.read(case.data, case.options), str(error).removesuffix(".")
    text = f"Train, val and test are drawn anew, which no earlier model can be compared on: {why}."
    return replace(table, notices=(*table.notices, Notice("format", text, len(table))))


def row_versions(case: Case, table: Table) -> Array:
    """Hash each raw row with its answer, (n,) uint64 in ascending order. Appended rows leave these hashes in place.

    A row whose label was changed has another hash. Interactions are hashed by user and item, so that one which occurs again
    is no change.
    """
    answers = table.columns[case.problem.target]
    if answers.ndim > 1:  # the row itself is what is to be generated
        return np.sort(table.key)
    keys = np.stack([np.full(len(table), 8, "<u8"), table.key.astype("<u8")], axis=1).view("V16")[:, 0]
    parts = map(lru_cache(lambda answer: part_of_key(answer.encode())), map(str, answers))
    return np.sort(content_keys(map(b"".join, zip(keys.tolist(), parts, strict=True))))


def prepare_case(case: Case, table: Table, *, join: bool = False) -> Prepared:
    """Split the rows and fit the encoder. Raises DataError for an empty split, and for settings that do not fit the rows.

    join: see prepare.
    """
    _refuse_settings(case)
    with as_data_errors(case):
        if case.usecase.folds:
            folds.divisions(case, table)
        prepared = prepare.prepare(table, case.problem, case.usecase.split, join=join)
        prepare.refuse_one_class(prepared.tables, case.problem.target, prepared.labels)
        if not join:  # what can be scored, and learned with these parameters, was settled before
            _refuse_measure(case, prepared)
            _refuse_params(case, prepared.batches["train"])
        extraction = case.task.CAPABILITIES.feature_extraction
        return (
            prepared if extraction is None else prepare.with_extractor(prepared, _extractor(case, prepared, extraction))
        )


def _refuse_settings(case: Case) -> None:
    """Refuse settings that do not fit the task or the order of the rows. Raises DataError."""
    usecase, where = case.usecase, f"usecases.{case.name}"
    if usecase.exam != "finalist" and not case.workspace.is_trial:
        raise DataError(
            f"{where}.exam: '{usecase.exam}' is for trials (--params FILE). A production run reads test for one finalist only."
        )
    if usecase.folds and case.problem.time_column:
        raise DataError(
            f"{where}.folds: rows in order of time cannot be divided into folds, because models would learn from later rows. "
            "Leave folds out, or split by hash or group."
        )
    if usecase.folds and case.task.CAPABILITIES.feature_extraction:
        raise DataError(
            f"{where}.folds: each fold would have its own feature extractor, and distances by different extractors cannot be "
            "averaged. Leave folds out."
        )


def _refuse_measure(case: Case, prepared: Prepared) -> None:
    """Raise ValueError where rows of a split cannot be scored by the measure that decides."""
    for split, batch in prepared.batches.items():
        if case.measure.refuses and (reason := case.measure.refuses(batch)):
            raise ValueError(f"{reason} ({split})")


def _refuse_params(case: Case, train: Batch) -> None:
    """Refuse parameters of families that do not suit the rows, before anything is fitted. Raises DataError."""
    for entry in case.usecase.families:
        family, where = case.usecase.family_of(entry), f"usecases.{case.name}.families.{entry}"
        params = params_of("family", family, case.usecase.params_of(entry), where, catalog())
        if reason := families.get(family).CAPABILITIES.refuses(params, train):
            raise DataError(f"{where}.{reason}")


def _extractor(case: Case, prepared: Prepared, extraction: FeatureExtraction) -> Columns:
    """Fit a feature extractor to train, or complete the one that options.extractor names; or find it in the cache."""
    train, labels = prepared.batches["train"], prepared.tables["train"].columns["label"]
    path = case.workspace.data(case.options.extractor) if case.options.extractor else None
    earlier = None if path is None else read_npz(path)
    rows = arrays_digest(
        {**train.inputs, "label ": labels} | {f"given {name}": v for name, v in (earlier or {}).items()}
    )
    made_from = {"rows": rows, "code": code_version([case.task_module, __name__]), "lock": case.lock}
    entry = case.cache.get_or_make(
        "extractors", made_from, lambda folder: write_npz(folder / EXTRACTOR, extraction.fit(train, labels, earlier))
    )
    return read_npz(entry.folder / EXTRACTOR)
