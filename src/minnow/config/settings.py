"""The settings in params.yaml, as pydantic models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, model_validator

from minnow.config import recipes as reading
from minnow.config.errors import ConfigError
from minnow.config.measure import ChosenMeasure
from minnow.config.named import Named, family_of, own_params
from minnow.contracts import Duration, Parameters
from minnow.registry import unknown

Effort = Literal["quick", "default", "thorough"]
MaxAge = Annotated[Duration, Field(ge=3600)] | None


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
    """Limits of one training job. job_minutes: wall time; memory_gb: of its worker process."""

    job_minutes: float = Field(default=60, gt=0)
    memory_gb: float = Field(default=8, gt=0)


class CacheLimits(Parameters):
    """Limits of .minnow/cache. max_gb: after a run, what was not used for longest is removed until the rest is within it."""

    max_gb: float = Field(default=10, gt=0)


class Span(Parameters):
    """Values to search: from low to high (integers where both are, on a log scale with log: true), or a list (among)."""

    SHORT: ClassVar[str | None] = "among"

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

    SHORT: ClassVar[str | None] = "scheduler"

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

    modality, task: names. measure: what chooses, judges and stands first; None takes the task's first one. data: a folder or a
    file. options: of the modality. families: name -> parameters; an entry may have a name of its own and say its family, as in
        {gboost_slow: {family: gboost, learning_rate: 0.05}}. compression: recipe -> parameters (recipes.py).
    judge: what differs from the project's settings of the judge (Settings.judge_of).
    exports: further exporters beside ONNX -> parameters, also with a compression of their file, such as litert > int8.
    targets: "cpu" and "gpu", each with a champion of its own. needs: use cases that run before this one.
    folds: number of folds in which the family of the finalist is cross-validated over all rows, for the report; "groups"
        holds out one group of rows (such as a speaker) after the other.
    exam: which models are scored on the test set: the finalist; in trials also "families", one of each family, chosen on val,
        for benchmarks, or "none".
    effort: how many settings of its families a run fits: quick, default or thorough (docs/quality.md).
    max_age: age of a champion from which on the use case runs though nothing is stale, such as 90d; null has no limit, and
        without it that of the project holds (Settings.max_age_of).
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"folds=units": "groups"}

    modality: str
    task: str
    measure: ChosenMeasure | None = None
    data: str = Field(min_length=1)
    options: dict[str, Any] = Field(default={})
    families: Annotated[Named, Field(min_length=1)]
    compression: Named = Field(default={})
    exports: Named = Field(default={})
    targets: list[str] = Field(default=["cpu"], min_length=1)
    split: SplitShares = SplitShares()
    budget: Budget = Budget()
    gate: Gate = Gate()
    judge: Judge | None = None
    needs: list[str] = Field(default=[])
    folds: Annotated[int, Field(ge=2, le=20)] | Literal["groups"] | None = None
    exam: Literal["finalist", "families", "none"] = "finalist"
    effort: Effort = "default"
    max_age: MaxAge = None

    @property
    def measure_name(self) -> str:
        """Name of the measure that decides, with its parameter; "" for the task's first one."""
        return self.measure.text if self.measure else ""

    def family_of(self, name: str) -> str:
        """The family of an entry under families."""
        return family_of(name, self.families[name])

    def params_of(self, name: str) -> dict[str, Any]:
        """The parameters of an entry under families."""
        return own_params(self.families[name])

    @property
    def recipes(self) -> tuple[reading.Recipe, ...]:
        """The recipes under compression. Raises ValueError for what is no recipe."""
        return reading.all_of(self.compression)

    @property
    def teachers(self) -> tuple[str, ...]:
        """The entries under families whose models teach others in a recipe, each once."""
        named = (step.teacher for recipe in self.recipes for step in recipe.steps)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def exported(self) -> tuple[reading.Recipe, ...]:
        """The recipes under exports: an exporter, and the compression of its file. Raises ValueError for what is no recipe."""
        return reading.all_of(self.exports)

    @property
    def starts(self) -> dict[str, str]:
        """Family -> the use case whose weights it starts from (`init_from`)."""
        sources = {family: params.get("init_from") for family, params in self.families.items()}
        return {family: source["usecase"] for family, source in sources.items() if source}

    @property
    def before(self) -> list[str]:
        """Use cases that must run before this one: those in needs, and those whose weights it starts from."""
        return list(dict.fromkeys([*self.needs, *self.starts.values()]))


class Settings(Parameters):
    """The whole of params.yaml.

    seed: it determines the bytes of a model, as does the number of threads, so both are recorded with it. threads: cores for
    training, all for one large fit or one for each of several small ones (Case.threads). max_age: of champions, for the use
    cases that do not name their own.
    """

    seed: int = Field(default=7, ge=0)
    threads: int = Field(default=2, ge=1)
    worker: WorkerLimits = WorkerLimits()
    cache: CacheLimits = CacheLimits()
    runner: RunnerSettings = RunnerSettings()
    judge: Judge = Judge()
    max_age: MaxAge = None
    tune: Tune = Tune()
    usecases: dict[str, UseCase]
    _refused: dict[str, str] = PrivateAttr(default_factory=dict)

    def max_age_of(self, usecase: str) -> float | None:
        """Age in seconds from which on the champions of a use case are refreshed; None for no limit."""
        own = self.usecases[usecase]
        return own.max_age if "max_age" in own.model_fields_set else self.max_age

    def judge_of(self, usecase: str) -> Judge:
        """The judge's settings for one use case: what its own `judge:` names, the rest from the project's."""
        own = self.usecases[usecase].judge
        if own is None:
            return self.judge
        return self.judge.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})

    @property
    def refused(self) -> Mapping[str, str]:
        """Use cases whose entries have faults -> the message. They are not among usecases; the others are not affected."""
        return self._refused

    @property
    def names(self) -> list[str]:
        """All use cases of the file, those with faults at the end."""
        return [*self.usecases, *self._refused]

    def with_usecases(self, usecases: Mapping[str, UseCase], refused: Mapping[str, str]) -> Settings:
        """Return a copy with these use cases. refused: use case -> message."""
        settings = self.model_copy(update={"usecases": dict(usecases)})
        settings._refused = dict(refused)
        return settings

    def with_effort(self, effort: Effort, trials: int | None = None) -> Settings:
        """Return a copy in which all use cases have an effort. trials: of a search; None leaves those of `tune`."""
        usecases = {name: one.model_copy(update={"effort": effort}) for name, one in self.usecases.items()}
        tune = self.tune if trials is None else self.tune.model_copy(update={"trials": trials})
        return self.model_copy(update={"tune": tune}).with_usecases(usecases, self._refused)

    def entry(self, usecase: str) -> UseCase:
        """Return the entry of a use case. Raises ConfigError where there is none, and for one that was refused."""
        if usecase in self._refused:
            raise ConfigError(self._refused[usecase])
        if usecase not in self.usecases:
            raise ConfigError(unknown("use case", usecase, self.names))
        return self.usecases[usecase]
