"""A request of the user, and a proposal: an entry of params.yaml with the reason for each choice."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from minnow.config import ConfigError
from minnow.config.document import value_of
from minnow.config.errors import faults_of
from minnow.config.writing import inline
from minnow.contracts import Parameters
from minnow.tables.errors import MixedError, ReadingError
from minnow.tables.files import listed

TRAIN_SHARE = 0.6
"""Share of the rows that are train, as a proposed entry divides them."""
ASKED_FOR = "requested"
"""The reason for a choice of the user."""
_OPTION = "options."
Options = TypeVar("Options", bound=Parameters)


@dataclass(frozen=True)
class Question:
    """What the data alone does not tell. text: the question; choices: (options that settle it, what they mean)."""

    text: str
    choices: tuple[tuple[Mapping[str, Any], str], ...]

    @property
    def arguments(self) -> list[str]:
        """Arguments of `minnow new` that settle it, one for each choice."""
        return [
            f"--target {options['target']!r}"
            if "target" in options
            else " ".join(f"--option {shlex.quote(f'{name}={_argument(value)}')}" for name, value in options.items())
            for options, _ in self.choices
        ]

    @classmethod
    def of(cls, error: ReadingError) -> Question:
        """Ask which of two readings of a column is meant."""
        settles: list[tuple[Mapping[str, Any], str]] = [
            ({"dates": {error.column: value}} if error.option == "dates" else {error.option: value}, meaning)
            for value, meaning in error.readings
        ]
        return cls(str(error), tuple(settles))

    @classmethod
    def of_files(cls, error: MixedError) -> Question:
        """Ask which files of a folder are to be read."""
        choices = [
            ({"file": names[0] if len(names) == 1 else list(names)}, f"{listed(names)}, with {listed(columns)}")
            for names, columns in error.groups.items()
        ]
        return cls(str(error), tuple(choices))


def _argument(value: Any) -> str:
    """Format a value as options_of reads it."""
    return value if isinstance(value, str) and value_of(value) == value else inline(value)


def options_of(texts: Sequence[str]) -> dict[str, Any]:
    """Read options given as NAME=VALUE, values in YAML or, such as a comma, as they are. Raises ValueError."""
    options: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        options[name.strip()] = value_of(value)
        if not sign or not name.strip():
            raise ValueError(f"--option must have the form NAME=VALUE, such as encoding=cp1251. Received: {text!r}.")
    return options


def checked_options(model: type[Options], options: Mapping[str, Any]) -> Options:
    """Validate options that the user gave. Raises ConfigError that names them."""
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        faults = faults_of(error, ("options",), model, options)
        quotes = " For text write quotes within the argument: --option \"NAME='007'\"."
        raise ConfigError("\n".join(f"{fault}{quotes if fault.misread else ''}" for fault in faults)) from error


@dataclass(frozen=True)
class Request:
    """What the user has chosen; what is None is derived from the data. options: of the entry."""

    target: str | None = None
    modality: str | None = None
    task: str | None = None
    split: str | None = None
    families: Sequence[str] | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def answered(self, options: Mapping[str, Any]) -> Request:
        """Add the answer to a question: options, or the target."""
        if "target" in options:
            return replace(self, target=options["target"])
        merged = {
            key: {**self.options.get(key, {}), **value} if key == "dates" else value for key, value in options.items()
        }
        return replace(self, options={**self.options, **merged})


@dataclass
class Proposal:
    """A proposed entry.

    entry: for params.yaml; given: options of the user, which replace those that are chosen; reasons: key -> why; found: how the
    data was read; warnings: what the user should check; questions: what the user must answer before the entry can be written;
    train_rows: about how many rows train will have, None where that is not known. step: shows what is being done.
    """

    entry: dict[str, Any]
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reasons: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    train_rows: int | None = None
    step: Callable[[str], AbstractContextManager[Any]] = nullcontext

    def choose(self, key: str, value: Any, why: str) -> None:
        """Set a key of the entry, "options.x" for one of the options, and say why."""
        if key.startswith(_OPTION):
            option = key.removeprefix(_OPTION)
            if option in self.given:
                value, why = self.given[option], ASKED_FOR
            self.entry.setdefault("options", {})[option] = value
        else:
            self.entry[key] = value
        self.reasons[key] = why

    def choose_given(self) -> None:
        """Set the options that the user gave, in place of those that were derived."""
        for option, value in self.given.items():
            self.choose(f"{_OPTION}{option}", value, ASKED_FOR)

    @property
    def task(self) -> str:
        """The task that was chosen."""
        return self.entry["task"]

    @property
    def options(self) -> dict[str, Any]:
        """The options that were chosen."""
        return self.entry.get("options", {})
