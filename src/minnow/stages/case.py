"""A case: one use case of a run, with the modality, task, options and paths that its settings name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from minnow import compression, families, modalities, tasks
from minnow.cache import Cache
from minnow.catalog import catalog
from minnow.config import Judge, Settings, UseCase, params_of
from minnow.contracts import Modality, Task
from minnow.lineage import data_version, lock_version
from minnow.types import Batch, KeyRule, Measure
from minnow.workspace import Workspace

SMALL, LARGE = 2_000_000, 20_000_000
"""Most input values of train up to which a fit has one thread, since more would wait for each other most of the time; and up to
which the families of a use case that use several share the threads, which fits side by side use better than one fit does."""


@dataclass(frozen=True)
class Problem:
    """The modality with its options, and the task, of a use case or of a bundle. measure: as in Batch."""

    modality_name: str
    modality: Modality
    options: Any
    task_name: str
    task: Task
    measure: str = ""

    @property
    def target(self) -> str:
        """Name of the column to be predicted."""
        return self.modality.target(self.options)

    @property
    def time_column(self) -> str | None:
        """Name of the time column that rows are split by; None where they are not split by time."""
        return self.modality.time_column(self.options)


@dataclass(frozen=True)
class Case:
    """One use case of one run.

    keys: what the keys of its rows are made of, as recorded; None before a champion has a rule. further: entries under families
    that its effort added to those in params.yaml. blends: those of them that average others -> the share of each of these.
    """

    name: str
    settings: Settings
    workspace: Workspace
    keys: KeyRule | None = None
    further: tuple[str, ...] = ()
    blends: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])

    @property
    def usecase(self) -> UseCase:
        """Its entry in params.yaml."""
        return self.settings.usecases[self.name]

    @property
    def task(self) -> Task:
        """The module of its task."""
        return tasks.get(self.usecase.task)

    @property
    def measure(self) -> Measure:
        """The measure that decides."""
        return tasks.measure(self.usecase.task, self.usecase.measure_name)

    @property
    def modality(self) -> Modality:
        """The module of its modality."""
        return modalities.get(self.usecase.modality)

    @cached_property
    def problem(self) -> Problem:
        """Modality, options and task together."""
        usecase = self.usecase
        return Problem(usecase.modality, self.modality, self.options, usecase.task, self.task, usecase.measure_name)

    @property
    def entry(self) -> dict[str, Any]:
        """Its entry in params.yaml with what it inherits from the project, JSON-ready, for records."""
        return self.usecase.model_dump(mode="json") | {"judge": self.judge.model_dump(mode="json")}

    @property
    def judge(self) -> Judge:
        """Its settings of the judge."""
        return self.settings.judge_of(self.name)

    @cached_property
    def options(self) -> Any:
        """The modality's options, checked."""
        where = f"usecases.{self.name}.options"
        return params_of("modality", self.usecase.modality, self.usecase.options, where, catalog())

    def with_families(self, entries: Mapping[str, Any]) -> Case:
        """Return the case with these entries under families in the place of its own."""
        return self.changed(families=dict(entries))

    def changed(self, **keys: Any) -> Case:
        """Return the case with other values, already checked, of some keys of its entry in params.yaml."""
        entry = self.usecase.model_copy(update=keys)
        usecases = {**self.settings.usecases, self.name: entry}
        return replace(self, settings=self.settings.model_copy(update={"usecases": usecases}))

    def threads(self, train: Batch) -> int:
        """Number of threads of a fit to rows of train."""
        values = _values(train)
        if values > LARGE:
            return self.settings.threads
        return 1 if values <= SMALL else max(1, self.settings.threads // max(1, self._sharing))

    def threads_beside(self, train: Batch) -> int:
        """Number of threads as which each fit counts when several run at once: fits that use one run beside the others."""
        beside = SMALL < _values(train) <= LARGE and self._sharing < len(self.usecase.families)
        return 1 if beside else self.threads(train)

    @property
    def _sharing(self) -> int:
        """Number of entries under families whose fits use several threads."""
        names = [self.usecase.family_of(name) for name in self.usecase.families]
        return sum(not families.get(name).CAPABILITIES.one_thread for name in names)

    @property
    def data(self) -> Path:
        """Folder or file of the raw rows."""
        return self.workspace.data(self.usecase.data)

    @property
    def cache(self) -> Cache:
        """The cache of its prepared rows, models and variants."""
        return Cache(self.workspace.cache)

    @cached_property
    def data_version(self) -> str:
        """Hash of the raw rows, as DVC writes it."""
        return data_version(self.data)

    @cached_property
    def lock(self) -> str:
        """Hash of uv.lock."""
        return lock_version(self.workspace.root)

    @property
    def modality_module(self) -> str:
        """Dotted name of its modality, for code_version."""
        return modalities.registry.module(self.usecase.modality)

    @property
    def task_module(self) -> str:
        """Dotted name of its task, for code_version."""
        return tasks.registry.module(self.usecase.task)

    def modules(self, entry: str) -> list[str]:
        """List the modules that are looked up by name when an entry under families is trained."""
        return [self.task_module, self.modality_module, families.registry.module(self.usecase.family_of(entry))]

    def compressions(self) -> list[str]:
        """List the modules of its compressions."""
        names = {step.name for recipe in self.usecase.recipes for step in recipe.steps}
        names |= {step.name for recipe in self.usecase.exported for step in recipe.steps[1:]}
        return [compression.registry.module(name) for name in sorted(names)]


def _values(rows: Batch) -> int:
    """Number of input values."""
    return sum(array.size for array in rows.inputs.values())
