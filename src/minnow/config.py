"""Settings: the only reader of params.yaml. Every key is checked, and an error names its path."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from minnow.registry import unknown

NAME = re.compile(r"[a-z]([a-z0-9_-]{0,46}[a-z0-9])?")
"""The Bento store takes no longer name, and none that ends in a sign."""


class ConfigError(ValueError):
    """params.yaml asks for something that is not there or cannot be."""


class Strict(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Judge(Strict):
    """How champion and challenger are compared. margin None takes the task's own."""

    level: float = Field(default=0.05, gt=0, lt=0.5)
    margin: float | None = Field(default=None, gt=0)
    smaller: float = Field(default=0.10, gt=0, lt=1)


class Gate(Strict):
    """What a model must reach before it is compared at all.

    floor: least value of the task's first measure (greatest, where lower is better); None asks for none.
    beat_baseline: refuse a model that does not beat every plain baseline; otherwise the decision only says so.
    """

    floor: float | None = None
    beat_baseline: bool = False


class Budget(Strict):
    """Limits of a served model; None is no limit. size_bytes counts model and encoder."""

    size_bytes: int | None = Field(default=None, gt=0)
    p95_us: float | None = Field(default=None, gt=0)
    memory_bytes: int | None = Field(default=None, gt=0)


class SplitShares(Strict):
    """Shares of rows for val and test; the rest is train.

    train_rows: how many of train are used, a choice at random that is always the same; None uses all.
    """

    val: float = Field(default=0.2, gt=0, lt=0.5)
    test: float = Field(default=0.2, gt=0, lt=1)
    train_rows: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _leave_train(self) -> SplitShares:
        if self.val + self.test >= 1:
            raise ValueError("shares of val and test must leave rows for train: together below 1")
        return self


class WorkerLimits(Strict):
    """Limits of one training job."""

    job_minutes: float = Field(default=60, gt=0)
    memory_gb: float = Field(default=8, gt=0)


class Span(Strict):
    """Values to search: from low to high, whole where both are whole, by orders of magnitude where log; or among a list."""

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    among: list[Any] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Span:
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
        """Values that show whether a parameter takes this span."""
        return self.among if self.among is not None else [self.low, self.high]


class Runner(Strict):
    """Where training runs. scheduler: a Dask scheduler, as "tcp://10.0.0.1:8786"; None is one process on this machine."""

    scheduler: str | None = None


class Tune(Strict):
    """What `minnow tune` does. trials: of one study; pruner: what ends a hopeless trial early.

    spaces: use case -> family -> parameter -> its span, instead of the family's own.
    """

    trials: int = Field(default=30, ge=1)
    pruner: Literal["median", "hyperband", "none"] = "median"
    spaces: dict[str, dict[str, dict[str, Span]]] = {}


class UseCase(Strict):
    """One entry under usecases. families and compression: name -> its own parameters.

    folds: cross-validate the finalist over all rows in so many folds, for the report; "units" holds out one unit (a group of
        rows, such as a speaker) after the other.
    exam: "families" lets one finalist of each family, declared on val, read test; for benchmarks, in a trial alone.
    """

    modality: str
    task: str
    data: str
    options: dict[str, Any] = {}
    families: dict[str, Any] = Field(min_length=1)
    compression: dict[str, Any] = {}
    exports: list[str] = []
    targets: list[str] = Field(default=["cpu"], min_length=1)
    split: SplitShares = SplitShares()
    budget: Budget = Budget()
    gate: Gate = Gate()
    judge: Judge | None = None
    needs: list[str] = []
    folds: Annotated[int, Field(ge=2, le=20)] | Literal["units"] | None = None
    exam: Literal["finalist", "families"] = "finalist"

    @property
    def starts(self) -> dict[str, str]:
        """Family -> the use case whose model it begins with (`init_from`)."""
        named = {family: params.get("init_from") for family, params in self.families.items()}
        return {family: found["usecase"] for family, found in named.items() if found}

    @property
    def before(self) -> list[str]:
        """Use cases that must be run before this one: what it needs, and whose models it begins with."""
        return list(dict.fromkeys([*self.needs, *self.starts.values()]))

    @model_validator(mode="before")
    @classmethod
    def _names_alone_take_defaults(cls, value: Any) -> Any:
        """Allow `families: [linear]` and `cnn:` with nothing behind it for "all defaults"."""
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


class Settings(Strict):
    """The whole of params.yaml. seed, threads: they decide the bytes of a model, so both are recorded with it."""

    seed: int = Field(default=7, ge=0)
    threads: int = Field(default=2, ge=1)
    worker: WorkerLimits = WorkerLimits()
    runner: Runner = Runner()
    judge: Judge = Judge()
    tune: Tune = Tune()
    usecases: dict[str, UseCase]

    def judge_of(self, usecase: str) -> Judge:
        """The judge's settings for one use case."""
        return self.usecases[usecase].judge or self.judge


class Catalog(Protocol):
    """What names may stand in params.yaml, and what may stand under them; handed in, for config knows no rooms."""

    def known(self, kind: str) -> list[str]:
        """List the names of "task", "modality", "family", "compression" or "exporter"."""
        ...

    def params(self, kind: str, name: str) -> type[BaseModel]:
        """Return the model that checks what stands under a name."""
        ...

    def fits(self, family: str, modality: str, task: str) -> str | None:
        """Say why a family cannot learn this, or None."""
        ...

    def unfit(self, modality: str, options: BaseModel, task: str) -> str | None:
        """Say why a modality's options do not go with a task, or None."""
        ...


def load(path: Path, catalog: Catalog) -> Settings:
    """Read params.yaml. Raises ConfigError that names the key and the nearest known name."""
    settings = _parse(path)
    for name, usecase in settings.usecases.items():
        _check(f"usecases.{name}", name, usecase, settings, catalog)
    for name, spaces in settings.tune.spaces.items():
        _among("tune.spaces", "use case", [name], list(settings.usecases))
        for family, space in spaces.items():
            where = f"tune.spaces.{name}.{family}"
            _among(where, "family of this use case", [family], list(settings.usecases[name].families))
            check_space(where, family, settings.usecases[name].families[family], space, catalog)
    return settings


def nested(params: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Put values under dotted names into a family's parameters: {"schedule.floor": 0.1} -> {"schedule": {"floor": 0.1}}."""
    found = dict(params)
    for path, value in values.items():
        name, _, rest = path.partition(".")
        found[name] = nested(found.get(name) or {}, {rest: value}) if rest else value
    return found


def check_space(
    where: str, family: str, params: Mapping[str, Any], space: Mapping[str, Span], catalog: Catalog
) -> None:
    """Refuse a space with a parameter, or with an end of a span, that the family does not take."""
    for path, span in space.items():
        for value in span.ends:
            params_of("family", family, nested(params, {path: value}), where, catalog)


def params_of(kind: str, name: str, given: Mapping[str, Any], where: str, catalog: Catalog) -> BaseModel:
    """Check what stands under a name against its own model. Raises ConfigError with the path."""
    model = catalog.params(kind, name)
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        raise ConfigError(_explain(error, where, model)) from error


def _parse(path: Path) -> Settings:
    try:
        raw = yaml.safe_load(path.read_text())
    except FileNotFoundError as error:
        raise ConfigError(f"No settings at {path}. Run from the project's root or pass --params FILE.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} must hold a mapping with `usecases:`. Received: {type(raw).__name__}.")
    try:
        return Settings.model_validate(_expand(raw, path))
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explain(error, '', Settings)}") from error


def _expand(value: Any, path: Path) -> Any:
    """Fill in ${NAME} from the environment in every string."""
    if isinstance(value, dict):
        return {key: _expand(item, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, path) for item in value]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise ConfigError(f"{path} needs the environment variable {match[1]}. Set it: export {match[1]}=...")
        return os.environ[match[1]]

    return re.sub(r"\$\{(\w+)\}", fill, value)


def _check(where: str, name: str, usecase: UseCase, settings: Settings, catalog: Catalog) -> None:
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{where}: a name is lower-case letters, digits, '-' and '_', at most 48, a letter first, no sign last."
        )
    _known(f"{where}.task", "task", [usecase.task], catalog)
    _known(f"{where}.modality", "modality", [usecase.modality], catalog)
    _known(f"{where}.families", "family", usecase.families, catalog)
    _known(f"{where}.compression", "compression", usecase.compression, catalog)
    _known(f"{where}.exports", "exporter", usecase.exports, catalog)
    _among(f"{where}.needs", "use case", usecase.needs, list(settings.usecases))
    _among(f"{where}.targets", "target", usecase.targets, ["cpu", "gpu"])
    options = params_of("modality", usecase.modality, usecase.options, f"{where}.options", catalog)
    if reason := catalog.unfit(usecase.modality, options, usecase.task):
        raise ConfigError(f"{where}.options.{reason}")
    for family, params in usecase.families.items():
        params_of("family", family, params, f"{where}.families.{family}", catalog)
        if reason := catalog.fits(family, usecase.modality, usecase.task):
            raise ConfigError(f"{where}.families.{family}: {reason}")
        _check_start(f"{where}.families.{family}.init_from", name, family, params.get("init_from"), settings)
    for compression, params in usecase.compression.items():
        params_of("compression", compression, params, f"{where}.compression.{compression}", catalog)


def _check_start(where: str, name: str, family: str, start: Mapping[str, Any] | None, settings: Settings) -> None:
    """Refuse weights of a use case that cannot have them."""
    if not start:
        return
    _among(f"{where}.usecase", "use case", [start["usecase"]], [one for one in settings.usecases if one != name])
    there = settings.usecases[start["usecase"]]
    if family not in there.families:
        raise ConfigError(
            f"{where}.usecase: '{start['usecase']}' must train '{family}' too. It trains: {', '.join(there.families)}."
        )
    for filled in ("model", "labels"):
        if filled in start:
            raise ConfigError(f"{where}.{filled}: a run fills this in from `usecase`. Take it out.")


def _known(where: str, kind: str, names: Any, catalog: Catalog) -> None:
    _among(where, kind, names, catalog.known(kind))


def _among(where: str, noun: str, names: Any, known: list[str]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(f"{where}: {unknown(noun, name, known)}")


def _explain(error: ValidationError, where: str, model: type[BaseModel]) -> str:
    """Turn pydantic's findings into one line each: path, what was wrong, what came."""
    lines = []
    for found in error.errors():
        path = ".".join(str(part) for part in ([where] if where else []) + list(found["loc"]))
        if found["type"] == "extra_forbidden":
            key = str(found["loc"][-1])
            lines.append(f"{path}: {unknown('key', key, _keys(model, found['loc'][:-1]))}")
        elif found["type"] == "missing":
            lines.append(f"{path}: this key is needed and is not there.")
        else:
            lines.append(f"{path}: {found['msg']}. Received: {found['input']!r}.")
    return "\n".join(lines)


def _keys(model: Any, path: tuple[Any, ...]) -> list[str]:
    """List the keys that a model knows at a path."""
    for part in path:
        fields = getattr(model, "model_fields", None)
        if fields is None or part not in fields:
            continue  # a name that the user chose, such as a use case
        annotation = fields[part].annotation
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return list(getattr(model, "model_fields", {}))
