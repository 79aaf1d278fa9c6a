"""The same fits, exports and evaluations as `minnow run`, as one plain script without the pipeline around them.

`python -m benchmarks.plain FOLDER` works in the current project and writes its bundles to FOLDER.
"""

from __future__ import annotations

import sys
from pathlib import Path

from minnow import config
from minnow.catalog import catalog
from minnow.records.bundle import FOLDER, open_bundle
from minnow.stages import compress, evaluate, intake, timing, train
from minnow.stages.batches import write_batch
from minnow.stages.case import Case
from minnow.types import Report, silent
from minnow.workspace import workspace


def call_here(function: str, /, *arguments, threads: int | None = None, report: Report = silent, **named):
    """Run a job of the pipeline's worker in this process, with the threads that it has."""
    from minnow.runners.worker import resolve

    return resolve(function)(*arguments, report=report, **named)


def run(case: Case, folder: Path) -> None:
    """Fit, export, compress, time and score every family of a use case."""
    table = case.modality.read(case.data, case.options)
    prepared = intake.prepare_case(case, table)
    handed = folder / "handed"
    for split in train.TRAINING_SPLITS:
        write_batch(handed / split, prepared.batches[split])
    (handed / "encoder").mkdir()
    prepared.encoder.save(handed / "encoder")
    bundles = []
    for family in case.usecase.families:
        model, made = folder / family, folder / f"{family}-variants"
        model.mkdir()
        made.mkdir()
        kind, params = case.usecase.family_of(family), case.usecase.params_of(family)
        call_here("minnow.stages.train:fit", handed, kind, params, case.settings.seed, model)
        call_here("minnow.stages.compress:compress", model, handed, compress.plan_of(case, family), made)
        bundles += [open_bundle(path) for path in sorted(made.glob(f"*/{FOLDER}"))]
    for bundle in bundles:
        evaluate.record(evaluate.evaluate(bundle, prepared.tables["val"]), "val")
    timing.measure([bundle.folder for bundle in bundles])
    evaluate.evaluate(bundles[0], prepared.tables["test"])


def main() -> None:
    """Run every use case of the working directory's params.yaml."""
    space, out = workspace(), Path(sys.argv[1])
    settings = config.load(space.params, catalog())
    for name in settings.usecases:
        run(Case(name, settings, space), out / name)


if __name__ == "__main__":
    main()
