"""Receipts made good: a champion is made again from what it records, and every byte compared. No Prefect here."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnow import runtimes, worker
from minnow.bundle import BundleError, file_hashes, open_bundle
from minnow.config import Settings, UseCase
from minnow.lineage import code_version, machine
from minnow.stages import compress, evaluate, intake, starting, train
from minnow.stages.case import Case
from minnow.stores import champions, models
from minnow.stores.champions import PROVENANCE, Champion
from minnow.workspace import Workspace

SHOWN = 16


@dataclass(frozen=True)
class Check:
    """One thing that was compared. needed, here: what was recorded and what is there; advice: what to do, if anything."""

    name: str
    ok: bool
    needed: str = ""
    here: str = ""
    advice: str = ""


@dataclass(frozen=True)
class _Apart(Workspace):
    """A workspace whose models are made anew: its cache is elsewhere."""

    apart: Path = Path()

    @property
    def cache(self) -> Path:
        """An empty folder, not the cache of earlier runs."""
        return self.apart


def verify(
    space: Workspace, settings: Settings, champion: Champion, *, quick: bool, say: Callable[[str], None]
) -> list[Check]:
    """Compare a champion with its record, and unless quick make it again from recorded rows, params, seed and threads."""
    space.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="verify-", dir=space.home) as folder:
        kept = Path(folder) / "kept"
        say("reading the registered bundle")
        try:
            champions.download(space, champion, kept)
            record = json.loads((kept / PROVENANCE).read_text())
            case = _case(space, settings, champion, record, Path(folder) / "cache")
        except (OSError, ValueError, KeyError) as error:
            here = f"{type(error).__name__}: {error}"
            return [*_record(kept, champion), Check("registry", False, "a readable bundle and its provenance", here)]
        checks = [*_record(kept, champion), *_bytes("registry", kept / "bundle", record), *_served(champion, record)]
        checks += [_answers(kept / "bundle"), *_origin(case, record)]
        if quick or not all(check.ok for check in checks):
            return checks
        say("making it again")
        return checks + list(_made_again(case, record, kept / "bundle", Path(folder) / "again"))


def _record(kept: Path, champion: Champion) -> Iterator[Check]:
    """Compare the record with the hash that the registry keeps of it."""
    path, needed = kept / PROVENANCE, champion.provenance or "a hash in the registry"
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "no such file"
    yield Check(f"registry: {PROVENANCE}", found == needed, needed[:SHOWN], found[:SHOWN])


def _bytes(where: str, folder: Path, record: Mapping[str, Any]) -> Iterator[Check]:
    """Compare each file with the hash that was recorded when it was made."""
    here: Mapping[str, str] = file_hashes(folder) if folder.is_dir() else {}
    for name in sorted({*record["files"], *here}):
        needed, found = record["files"].get(name, "no such file"), here.get(name, "no such file")
        yield Check(f"{where}: {name}", needed == found, needed[:SHOWN], found[:SHOWN])


def _served(champion: Champion, record: Mapping[str, Any]) -> Iterator[Check]:
    """Compare the published copy."""
    served = models.newest(champion.usecase, champion.target)
    if served is None:
        yield Check("served", False, f"version {champion.version}", "nothing", "minnow run publishes it")
        return
    try:
        told = (served.version, served.sha)
    except BundleError as error:
        yield Check(f"served: {PROVENANCE}", False, "readable", str(error), "minnow run publishes it again")
        return
    needed = (champion.version, champion.sha)
    yield Check("served: version", told == needed, f"v{needed[0]} {needed[1][:12]}", f"v{told[0]} {told[1][:12]}")
    off = [key for key, value in record.items() if served.provenance.get(key) != value]
    yield Check(
        f"served: {PROVENANCE}", not off, "as registered", f"another {', '.join(off)}" if off else "as registered"
    )
    yield from _bytes("served", served.bundle, record)


def _answers(bundle: Path) -> Check:
    """Let the bundle answer its golden rows: on the machine that made it, to the bit."""
    needed = "the recorded answers"
    try:
        opened = open_bundle(bundle)
        rows, expected = opened.golden()
        found = runtimes.open_model(opened.model_path).predict(rows)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        return Check("golden answers", False, needed, str(error))
    off = [name for name, value in expected.items() if not np.array_equal(value, found[name])]
    return Check("golden answers", not off, needed, f"others in {', '.join(off)}" if off else "the same")


def _case(space: Workspace, settings: Settings, champion: Champion, record: Mapping[str, Any], cache: Path) -> Case:
    """Put the recorded settings together as a run had them."""
    made_from, _ = record["made_from"], record["files"]
    entry = UseCase.model_validate(record["settings"])
    update = {"seed": made_from["seed"], "threads": made_from["threads"], "usecases": {champion.usecase: entry}}
    return Case(champion.usecase, settings.model_copy(update=update), _Apart(space.root, space.params, cache))


def _origin(case: Case, record: Mapping[str, Any]) -> Iterator[Check]:
    """Compare what it is to be made from with what is here."""
    made_from, commit = record["made_from"], record["code_version"].partition("+")[0]
    back = f"git checkout {commit[:12]}"
    data = case.data_version if case.data.exists() else "not there"
    yield Check("data version", data == record["data_version"], record["data_version"], data, f"{back} && dvc checkout")
    yield Check("uv.lock", case.lock == made_from["lock"], made_from["lock"], case.lock, f"{back} && make setup")
    here = machine()
    yield Check("machine", here == made_from["machine"], made_from["machine"], here, "run it on such a machine")
    code = code_version([*case.modules(made_from["family"]), train.__name__])
    yield Check("code", code == made_from["code"], made_from["code"], code, back)
    if began := made_from.get("init_from"):
        try:
            here = starting.at(case, began).key
        except starting.StartError:
            here = "not in the cache"
        advice = f"{back} && minnow run {began['usecase']} --force"
        yield Check(f"model of {began['usecase']} to begin with", here == began["key"], began["key"], here, advice)


def _made_again(case: Case, record: Mapping[str, Any], kept: Path, scratch: Path) -> Iterator[Check]:
    """Train, shrink and score again, and compare every byte and score."""
    prepared = intake.prepare_case(case, case.modality.read(case.data, case.options))
    rows = train.rows_digest(prepared)
    yield Check("encoded rows", rows == record["made_from"]["rows"], record["made_from"]["rows"][:SHOWN], rows[:SHOWN])
    limits, family, began = case.settings.worker, record["family"], record["made_from"].get("init_from")
    start = starting.at(case, began) if began else None
    log = case.workspace.home / "worker.log"
    with worker.Worker(case.settings.threads, log, limits.memory_gb, limits.job_minutes) as child:
        handed = train.hand_over(case, prepared, rows)
        trained = train.train(case, family, rows, handed, child.call, start=start)
        shrunk = compress.variants(case, trained, handed, child.call)
    if record["variant"] not in shrunk.bundles:
        yield Check("made again", False, record["variant"], shrunk.refused.get(record["variant"], "not made"))
        return
    shutil.copytree(shrunk.bundles[record["variant"]], scratch)
    for exam in ("val", "test"):
        evaluate.write_report(evaluate.score(open_bundle(scratch), prepared.tables[exam]), exam)
    yield from _bytes("made again", scratch, record)
    yield from _scores(open_bundle(kept).report, open_bundle(scratch).report)


def _scores(kept: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[Check]:
    for exam, report in kept.items():
        for name, score in report["scores"].items():
            found = again.get(exam, {}).get("scores", {}).get(name)
            needed, here = (f"{s['value']:.6g}" if s else "none" for s in (score, found))
            yield Check(f"score: {name} on {exam}", score == found, needed, here)
