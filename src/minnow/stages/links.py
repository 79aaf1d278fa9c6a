"""Links of compression chains: the models that compressions make of a trained one, each in the cache beside its parent.

A chain is `prune(0.5) > distill > int8`: its steps that make models are links, named "prune-0.5" and "prune-0.5-distill"; one
that writes a file ends it.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minnow import compression, families
from minnow.config import Step, variant_of
from minnow.contracts import JobKilled, Model, ModelSource, Taught, UnsupportedModel
from minnow.lineage import code_version
from minnow.records.files import write_json
from minnow.stages import train
from minnow.stages.case import Case
from minnow.stages.teaching import Teachers
from minnow.stages.train import Handover, Trained
from minnow.types import Report, silent

LINK, TRACE = "link.json", "trace.txt"
_OF_FAMILY = ("early_stopping", "temperature")
"""What val settles of the training that makes a link."""
STEP, FAMILY = "step", "family"
Steps = tuple[Step, ...]
Settled = Mapping[str, Mapping[str, Any]]
"""STEP, FAMILY -> parameters of a link's step, and of its family, that were chosen."""


@dataclass(frozen=True)
class Link:
    """A model that a compression made of its parent.

    name: of its variant; parent: of the variant that it was made from; folder: of the model, as of a trained one; settled: what
    was chosen, parameters of its step and of its family; fresh: made just now. refused: why it does not suit the model, failed:
    why it could not be made, None where it was.
    """

    name: str
    parent: str
    folder: Path
    settled: Settled
    fresh: bool
    refused: str | None = None
    failed: str | None = None

    @property
    def trace(self) -> Path | None:
        """File of the traceback of its failure, None where there is none."""
        path = self.folder / TRACE
        return path if path.exists() else None


@dataclass(frozen=True)
class Beginning:
    """What the chains of one family begin with: its trained model.

    settled: link -> what was chosen before, for models that were fitted again; teachers: as in teaching.
    """

    trained: Trained
    settled: Mapping[str, Settled] = field(default_factory=dict[str, Settled])
    teachers: Teachers = field(default_factory=dict[str, Trained | str])

    def teacher(self, step: Step) -> Trained:
        """The trained model that teaches in a step: the one that it names, else the one that the chain began with."""
        named = self.teachers[step.teacher] if step.teacher else self.trained
        assert isinstance(named, Trained)
        return named


@dataclass(frozen=True)
class Parts:
    """What a link is made with in the worker: the family with its parameters, the step with its own, and the seed.

    teacher: the family of the model that teaches.
    """

    family: str
    family_params: Mapping[str, Any]
    step: str
    params: Mapping[str, Any]
    seed: int
    teacher: str


def asked(recipes: Sequence[Steps]) -> list[Steps]:
    """List the links that recipes need, parents first: the beginnings of each that make models."""
    found: dict[str, Steps] = {}
    for steps in recipes:
        models = [step for step in steps if compression.makes_model(step.name)]
        for count in range(1, len(models) + 1):
            found.setdefault(variant_of(models[:count]), tuple(models[:count]))
    return list(found.values())


def make(
    case: Case,
    begun: Beginning,
    parent: tuple[str, Path],
    steps: Steps,
    handed: Handover,
    report: Report = silent,
) -> Link:
    """Make a link, or find it in the cache. Its failure is recorded, and tried again by the next run.

    parent: its variant and folder. The teachers of its steps must be among those of begun.
    """
    usecase, trained, name = case.usecase, begun.trained, variant_of(steps)
    family = trained.family
    chosen = [begun.settled.get(variant_of(steps[: count + 1]), {}) for count in range(len(steps))]
    before = [
        [step.name, {**(step.params or {}), **own.get(STEP, {})}] for step, own in zip(steps, chosen, strict=True)
    ]
    # val settles the epochs and the temperature of each link anew
    of_family = {key: value for key, value in (trained.settled or {}).items() if key not in ("epochs", *_OF_FAMILY)}
    params = {**usecase.params_of(family), **of_family, **chosen[-1].get(FAMILY, {})}
    modules = [*case.modules(family), *(compression.registry.module(step.name) for step in steps), __name__]
    origin = {"model": trained.origin.as_json(), "steps": before, "params": params, "code": code_version(modules)}
    if teachers := {step.teacher: begun.teacher(step).origin.as_json() for step in steps if step.teacher}:
        origin["teachers"] = teachers
    teacher = begun.teacher(steps[-1])
    parts = Parts(
        family=usecase.family_of(family),
        family_params=params,
        step=steps[-1].name,
        params=before[-1][1],
        seed=case.settings.seed,
        teacher=usecase.family_of(teacher.family),
    )

    def write(folder: Path) -> None:
        try:
            handed.call(f"{__name__}:build", teacher.folder, parent[1], handed.folder, parts, folder, report=report)
        except JobKilled as error:
            write_json(folder / LINK, {"failed": f"it ended the process that made it: {error}"})

    entry = case.cache.get_or_make("links", origin, write, usable=lambda folder: "failed" not in _said(folder))
    said = _said(entry.folder)
    return Link(
        name, parent[0], entry.folder, said.get("settled", {}), entry.fresh, said.get("refused"), said.get("failed")
    )


def _said(folder: Path) -> dict[str, Any]:
    return json.loads((folder / LINK).read_text())


def build(teacher: Path, parent: Path, handed: Path, parts: Parts, out: Path, report: Report = silent) -> None:
    """Make a link in the worker. teacher: folder of the trained model that teaches; parent: of the one that is compressed.

    Why it was refused or failed is written to out; the others of a use case go on.
    """
    began = time.perf_counter()
    family, step = families.get(parts.family), compression.of_models(parts.step)
    model = family.load(parent / "model")
    able = families.can(parts.family, step.NEEDS)
    cannot = None if able else f"{parts.step} trains a model further, which '{parts.family}' cannot."
    if unsuited := step.suits(model) or cannot:
        write_json(out / LINK, {"refused": unsuited})
        return
    rows, val = (train.answerable(split, train.read_batch(handed / split)) for split in train.TRAINING_SPLITS)
    checked = family.Params.model_validate(dict(parts.family_params))

    def resume(narrow: Model, share: float, report: Report = silent, taught: Taught | None = None) -> Model:
        options: dict[str, Any] = {"seed": parts.seed, "share": share, "taught": taught, "report": report}
        return families.resume(parts.family, narrow, rows, val, checked, **options)

    def refit(share: float, report: Report = silent) -> Model:
        return families.refit(parts.family, model, rows, val, checked, seed=parts.seed, share=share, report=report)

    try:
        taught_by = families.get(parts.teacher).load(teacher / "model")
        source = ModelSource(model, taught_by, rows, val, resume, refit)
        made = step.apply(source, step.Params.model_validate(dict(parts.params)), report)
        train.save(made.model, time.perf_counter() - began, out)
        found = dict(made.model.settled or {})
        of_step = {**made.settled, **({"epochs": found["share"]} if "share" in found else {})}
        of_family = {name: found[name] for name in _OF_FAMILY if name in found}
        write_json(out / LINK, {"settled": {STEP: of_step, FAMILY: of_family}})
    except UnsupportedModel as error:
        write_json(out / LINK, {"refused": str(error)})
    except Exception as error:  # an error of one compression must not cost the others
        (out / TRACE).write_text(traceback.format_exc())
        write_json(out / LINK, {"failed": f"{type(error).__name__}: {error}"})
