"""The settings in params.yaml, as pydantic models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from minnow.contracts import Parameters


class Judge(Parameters):
    """How champion and challenger are compared.

    level: significance level of all comparisons on one test set together. margin: non-inferiority margin, in the unit of the
    task (tasks/*.py); None uses the task's default. smaller: share by which a model must be smaller or faster to be promoted
    without being better.
    """

    level: float = Field(default=0.05, gt=0, lt=0.5)
    margin: float | None = Field(default=None, gt=0)
    smaller: float = Field(default=0.10, gt=0, lt=1)


class Gate(Parameters):
    """Conditions that a model must meet before it is compared with the champion.

    floor: lowest accepted value of the task's first measure (highest, where lower is better); None sets no limit.
    beat_baseline: refuse a model that does not beat every baseline; otherwise the decision only reports it.
    """

    floor: float | None = None
    beat_baseline: bool = False


class Budget(Parameters):
    """Limits of a served model; None is no limit.

    size_bytes: of model and encoder; p95_us: 95th percentile of the latency of one row, in microseconds; memory_bytes: peak
    while predicting.
    """

    size_bytes: int | None = Field(default=None, gt=0)
    p95_us: float | None = Field(default=None, gt=0)
    memory_bytes: int | None = Field(default=None, gt=0)


class SplitShares(Parameters):
    """Shares of rows for val and test; the other rows are train.

    train_rows: size of a random sample of train that is used, always the same rows; None uses all.
    """

    val: float = Field(default=0.2, gt=0, lt=0.5)
    test: float = Field(default=0.2, gt=0, lt=1)
    train_rows: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _leave_train(self) -> SplitShares:
        if self.val + self.test >= 1:
            raise ValueError("shares of val and test must leave rows for train: together below 1")
        return self


class WorkerLimits(Parameters):
    """Limits of one training job. job_minutes: wall time; memory_gb: of the worker process."""

    job_minutes: float = Field(default=60, gt=0)
    memory_gb: float = Field(default=8, gt=0)


class CacheLimits(Parameters):
    """Limits of .minnow/cache. max_gb: after a run, what was not used for longest is removed until the rest is within it."""

    max_gb: float = Field(default=10, gt=0)


class Span(Parameters):
    """Values to search: from low to high (integers where both are, on a log scale with log: true), or a list (among)."""

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    among: list[Any] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _range_or_list(self) -> Span:
        if self.among is not None:
            wrong = self.low is not None or self.high is not None or self.log
        else:
            wrong = self.low is None or self.high is None or self.low >= self.high or (self.log and self.low <= 0)
        if wrong:
            raise ValueError("a span needs low < high (above 0 where log), or among: [...] alone")
        return self

    def holds(self, value: Any) -> bool:
        """Whether a value lies in it."""
        if self.among is not None:
            return value in self.among
        assert self.low is not None
        assert self.high is not None
        return isinstance(value, int | float) and self.low <= value <= self.high

    @property
    def ends(self) -> list[Any]:
        """The values with which a span is validated: the list, or both ends."""
        return self.among if self.among is not None else [self.low, self.high]


class RunnerSettings(Parameters):
    """Where training runs. scheduler: address of a Dask scheduler ("tcp://10.0.0.1:8786"); None uses a local process."""

    scheduler: str | None = None


class Tune(Parameters):
    """Settings of `minnow tune`. trials: number per study; pruner: how unpromising trials are stopped early.

    spaces: use case -> family -> parameter -> its span, in place of the family's own search space.
    """

    trials: int = Field(default=30, ge=1)
    pruner: Literal["median", "hyperband", "none"] = "median"
    spaces: dict[str, dict[str, dict[str, Span]]] = Field(default={})


class UseCase(Parameters):
    """One entry under usecases.

    modality, task: names. data: a folder or a file. options: of the modality. families, compression: name -> parameters.
    exports: further exporters, beside ONNX. targets: "cpu" and "gpu", each with a champion of its own. needs: use cases that
        run before this one.
    folds: number of folds in which the family of the finalist is cross-validated over all rows, for the report; "groups"
        holds out one group of rows (such as a speaker) after the other.
    exam: which models are scored on the test set: the finalist; in trials also "families", one of each family, chosen on val,
        for benchmarks, or "none".
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"folds=units": "groups"}

    modality: str
    task: str
    data: str
    options: dict[str, Any] = Field(default={})
    families: dict[str, Any] = Field(min_length=1)
    compression: dict[str, Any] = Field(default={})
    exports: list[str] = Field(default=[])
    targets: list[str] = Field(default=["cpu"], min_length=1)
    split: SplitShares = SplitShares()
    budget: Budget = Budget()
    gate: Gate = Gate()
    judge: Judge | None = None
    needs: list[str] = Field(default=[])
    folds: Annotated[int, Field(ge=2, le=20)] | Literal["groups"] | None = None
    exam: Literal["finalist", "families", "none"] = "finalist"

    @property
    def starts(self) -> dict[str, str]:
        """Family -> the use case whose weights it starts from (`init_from`)."""
        sources = {family: params.get("init_from") for family, params in self.families.items()}
        return {family: source["usecase"] for family, source in sources.items() if source}

    @property
    def before(self) -> list[str]:
        """Use cases that must run before this one: those in needs, and those whose weights it starts from."""
        return list(dict.fromkeys([*self.needs, *self.starts.values()]))

    @model_validator(mode="before")
    @classmethod
    def _names_alone_take_defaults(cls, value: Any) -> Any:
        """Accept `families: [linear]` and `cnn:` without a value as all defaults."""
        if not isinstance(value, dict):
            return value
        value = dict(value)
        for key in ("families", "compression"):
            entry = value.get(key)
            if isinstance(entry, list):
                entry = dict.fromkeys(entry)
            if isinstance(entry, dict):
                value[key] = {name: {} if params is None else params for name, params in entry.items()}
        return value


class Settings(Parameters):
    """The whole of params.yaml. seed, threads: they determine the bytes of a model, so both are recorded with it."""

    seed: int = Field(default=7, ge=0)
    threads: int = Field(default=2, ge=1)
    worker: WorkerLimits = WorkerLimits()
    cache: CacheLimits = CacheLimits()
    runner: RunnerSettings = RunnerSettings()
    judge: Judge = Judge()
    tune: Tune = Tune()
    usecases: dict[str, UseCase]

    def judge_of(self, usecase: str) -> Judge:
        """The judge's settings for one use case."""
        return self.usecases[usecase].judge or self.judge
