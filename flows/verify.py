"""Verifies a champion: makes it again from its record, and compares every byte. Prefect is not used here."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flows.job import libraries
from minnow import families, runtimes
from minnow.config import Settings, UseCase, variant_of
from minnow.lineage import code_version, machine
from minnow.records import provenance
from minnow.records.bundle import FOLDER, Bundle, BundleError, open_bundle
from minnow.records.files import RecordError, file_sha256
from minnow.records.origin import Origin, StartRecord
from minnow.records.provenance import Provenance, hashes_beside, read_provenance
from minnow.records.receipt import Check
from minnow.records.report import ScoreReport, read_report
from minnow.runners.worker import Worker
from minnow.stages import certificate, compress, evaluate, intake, refit, starting, teaching, train
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.stages.train import Handover, Trained
from minnow.stores import champions, models
from minnow.stores.champions import Champion
from minnow.workspace import Workspace

SHOWN = 16
LACKING = "no such file"


@dataclass(frozen=True)
class _Apart(Workspace):
    """A workspace with an empty cache, so that its models are trained again."""

    apart: Path = Path()

    @property
    def cache(self) -> Path:
        """An empty folder, not the cache of earlier runs."""
        return self.apart


def verify(
    space: Workspace, settings: Settings, champion: Champion, *, quick: bool, say: Callable[[str], None]
) -> list[Check]:
    """Compare a champion with its record; unless quick, make it again from the recorded settings, seed and threads.

    It is made again only where everything else agrees.
    """
    space.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="verify-", dir=space.home) as folder:
        kept = Path(folder) / "kept"
        say("reading the registered bundle")
        try:
            champions.download(space, champion, kept)
            record = read_provenance(kept)
            case = _case(space, settings, champion, record, Path(folder) / "cache")
        except (OSError, ValueError, KeyError) as error:
            here = f"{type(error).__name__}: {error}"
            return [*_record(kept, champion), Check("registry", False, "a readable bundle and its provenance", here)]
        checks = [*_record(kept, champion), *_bytes("registry", kept, record), *_served(champion, record)]
        checks += [_answers(kept / FOLDER), *_origin(case, record)]
        if quick or not all(check.ok for check in checks):
            return checks
        say("making it again")
        return checks + list(_made_again(case, record, kept, Path(folder) / "again"))


def _record(kept: Path, champion: Champion) -> Iterator[Check]:
    """Compare provenance.json with its hash in the registry."""
    path, needed = kept / provenance.FILE, champion.provenance or "a hash in the registry"
    digest = file_sha256(path) if path.exists() else LACKING
    yield Check(f"registry: {provenance.FILE}", digest == needed, needed[:SHOWN], digest[:SHOWN])


def _bytes(where: str, folder: Path, record: Provenance) -> Iterator[Check]:
    """Compare each file with the hash that the provenance records."""
    present: Mapping[str, str] = hashes_beside(folder) if folder.is_dir() else {}
    for name in sorted({*record.files, *present}):
        needed, here = record.files.get(name, LACKING), present.get(name, LACKING)
        yield Check(f"{where}: {name}", needed == here, needed[:SHOWN], here[:SHOWN])


def _served(champion: Champion, record: Provenance) -> Iterator[Check]:
    """Compare the published copy: version, provenance and files."""
    served = models.newest(champion.usecase, champion.target)
    if served is None:
        yield Check("served", False, f"version {champion.version}", "nothing", "minnow run publishes it")
        return
    try:
        here, copy = (served.version, served.sha), served.provenance
    except BundleError as error:
        yield Check(f"served: {provenance.FILE}", False, "readable", str(error), "minnow run publishes it again")
        return
    needed = (champion.version, champion.sha)
    yield Check("served: version", here == needed, f"v{needed[0]} {needed[1][:12]}", f"v{here[0]} {here[1][:12]}")
    expected = record.published(target=champion.target, version=champion.version, tag=served.tag)
    needed_json, here_json = expected.as_json(), copy.as_json()
    other = sorted(name for name in {*needed_json, *here_json} if needed_json.get(name) != here_json.get(name))
    state = f"another {', '.join(other)}" if other else "as registered"
    yield Check(f"served: {provenance.FILE}", not other, "as registered", state)
    yield from _bytes("served", served.folder, record)


def _answers(bundle: Path) -> Check:
    """Compare the bundle's answers to its golden rows with the recorded ones, which must be equal to the last bit."""
    needed = "the recorded answers"
    try:
        opened = open_bundle(bundle)
        rows, expected = opened.golden()
        answers = runtimes.open_model(opened.model_path).predict(rows)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        return Check("golden answers", False, needed, str(error))
    other = [name for name, value in expected.items() if not np.array_equal(value, answers[name])]
    return Check("golden answers", not other, needed, f"other values in {', '.join(other)}" if other else "the same")


def _case(space: Workspace, settings: Settings, champion: Champion, record: Provenance, cache: Path) -> Case:
    """Build the case from the recorded settings of the use case, seed and threads."""
    entry = UseCase.read(record.settings)
    made_from = _made_from(record)
    recorded = {"seed": made_from.seed, "threads": made_from.threads}
    update = {**recorded, "usecases": {champion.usecase: entry}}
    return Case(
        champion.usecase, settings.model_copy(update=update), _Apart(space.root, space.params, cache), record.keys
    )


def _made_from(record: Provenance) -> Origin:
    """Return what the recorded model was made from. Raises RecordError where nothing was recorded."""
    if record.made_from is None:
        raise RecordError(
            f"To be made again, a model needs a record of what it was made from (`made_from` in {provenance.FILE}). "
            f"Received: {record.usecase} without one."
        )
    return record.made_from


def _origin(case: Case, record: Provenance) -> Iterator[Check]:
    """Compare data, uv.lock, machine and code with the record."""
    made_from, commit = _made_from(record), str(record.code_version).partition("+")[0]
    back = "bring back the sources, which were not in git" if commit == "none" else f"git checkout {commit[:12]}"
    untracked = f", and bring back the untracked {', '.join(record.untracked)}" if record.untracked else ""
    data = case.data_version if case.data.exists() else "not there"
    needed = str(record.data_version)
    yield Check("data version", data == needed, needed, data, f"{back} && dvc checkout")
    yield Check("uv.lock", case.lock == made_from.lock, made_from.lock, case.lock, f"{back} && make setup")
    here = machine()
    yield Check("machine", here == made_from.machine, made_from.machine, here, "run it on such a machine")
    modules = [case.task_module, case.modality_module, families.registry.module(made_from.family)]
    code = code_version([*modules, train.__name__])
    yield Check("code", code == made_from.code, made_from.code, code, back + untracked)
    if made_from.init_from:
        yield _start(case, made_from.init_from, back)


def _start(case: Case, start: StartRecord, back: str) -> Check:
    """Compare the model that its training began with."""
    try:
        here = starting.at(case, start).record.key
    except starting.StartError:
        here = "not in the cache"
    advice = f"{back} && minnow run {start.usecase} --force"
    return Check(f"model of {start.usecase} to begin with", here == start.key, start.key, here, advice)


def _made_again(case: Case, record: Provenance, kept: Path, scratch: Path) -> Iterator[Check]:
    """Prepare, train, compress and score again, and compare every byte and score."""
    table = intake.read(case)
    prepared = intake.prepare_case(case, table)
    joined = intake.prepare_case(case, table, join=True) if _made_from(record).joined else prepared
    rows = train.rows_digest(joined)
    needed = _made_from(record).rows
    yield Check("encoded rows", rows == needed, needed[:SHOWN], rows[:SHOWN])
    limits, log = case.settings.worker, case.workspace.home / "worker.log"
    with Worker(1, log, limits.memory_gb, limits.job_minutes, libraries([_made_from(record).family])) as worker:
        trained, before = _chosen(case, record, train.hand_over(case, prepared, worker.call))
        handed = train.hand_over(case, joined, worker.call)
        after = before
        if joined is not prepared:
            after = refit.chain(case, trained, before.rules, before.settled, handed, teachers=before.taught.values())[1]
    variant = str(record.variant)
    for compressed in (before, after):
        if variant not in compressed.bundles:
            yield Check("made again", False, variant, compressed.refused.get(variant, "not made"))
            return
    again = _scored(before.bundles[variant], prepared, scratch / "before", "val")
    certificate.certify_again(open_bundle(kept / FOLDER), again, before.bundles, prepared.tables["val"])
    if joined is not prepared:
        chosen, again = again, _copied(after.bundles[variant], scratch)
        evaluate.record_refit(again, chosen)
        certificate.carry(chosen, again, after.bundles)
    evaluate.record(evaluate.evaluate(again, prepared.tables["test"]), "test")
    yield from _bytes("made again", again.record_folder, record)
    yield from _scores(read_report(open_bundle(kept / FOLDER)), read_report(again))


def _chosen(case: Case, record: Provenance, handed: Handover) -> tuple[Trained, compress.Compressed]:
    """Train the recorded family as it was chosen on val, and make its variants."""
    recorded = _made_from(record).init_from
    start = starting.at(case, recorded) if recorded else None
    trained = train.train(case, str(record.family), handed, start=start)
    teachers = teaching.trained(case, handed) if _is_taught(case, str(record.variant)) else {}
    return trained, compress.variants(case, trained, handed, teachers=teachers)


def _is_taught(case: Case, variant: str) -> bool:
    """Whether a step by which a variant is made has a teacher."""
    made_by = [steps for recipe in case.usecase.recipes for steps in recipe.beginnings]
    return any(steps[-1].teacher and f"{variant}-".startswith(f"{variant_of(steps)}-") for steps in made_by)


def _copied(source: Path, folder: Path) -> Bundle:
    shutil.copytree(source, folder / FOLDER)
    return open_bundle(folder / FOLDER)


def _scored(source: Path, prepared: Prepared, folder: Path, exam: str) -> Bundle:
    """Copy a bundle, and write its scores on "val" or "test" beside it."""
    bundle = _copied(source, folder)
    evaluate.record(evaluate.evaluate(bundle, prepared.tables[exam]), exam)
    return bundle


def _scores(kept: ScoreReport, again: ScoreReport) -> Iterator[Check]:
    for exam, result in kept.exams.items():
        for name, score in result.scores.items():
            other = again.exams[exam].scores.get(name) if exam in again.exams else None
            needed, here = (f"{s.value:.6g}" if s else "none" for s in (score, other))
            yield Check(f"score: {name} on {exam}", score == other, needed, here)
