"""What the registry holds for a run: the rule by which keys are made, champion and best so far. Prefect is not used here."""

from __future__ import annotations

from dataclasses import replace

from minnow.records.bundle import FOLDER, open_bundle
from minnow.records.decision import Unscored
from minnow.records.provenance import read_provenance
from minnow.stages import exam_rows
from minnow.stages.candidates import Held, Incumbents
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.stores import champions, database, exams, removal
from minnow.stores.champions import Champion
from minnow.workspace import Workspace

ROLES = {champions.CHAMPION: "The champion", champions.BEST: "The best so far"}


def with_keys(case: Case) -> Case:
    """Return a use case with the rule by which the keys of its rows are made, where one is recorded."""
    if not database.may_hold(case.workspace, champions.registered(case.name)):
        return case
    database.warm_up()
    return replace(case, keys=exams.key_rule(case.workspace, case.name, case.usecase.targets))


def held(space: Workspace, case: Case, target: str, prepared: Prepared) -> Incumbents:
    """Fetch champion, best so far and number of looks from the registry. What is lost or cannot be read is named."""
    found = {role: champions.current(space, case.name, target, role) for role in ROLES}
    models, unread = dict[str, Held](), list[Unscored]()
    for role, champion in found.items():
        if champion is not None:
            one = _held(space, role, champion)
            if isinstance(one, Held):
                models[role] = one
            else:
                unread.append(one)
    exam, champion = prepared.tables["test"], found[champions.CHAMPION]
    identity, window = exam_rows.identity(exam), case.problem.time_column is not None
    ledger = exams.ledger(space, case.name, target, exam.key, identity, window=window)
    replaces, withdrawn = champion.sha if champion else None, removal.withdrawn(space, case.name)
    return Incumbents(models, tuple(unread), replaces, ledger.looks, ledger.rows, withdrawn)


def _held(space: Workspace, role: str, champion: Champion) -> Held | Unscored:
    """Fetch and open a registered model; or say why it cannot be."""
    start = f"{ROLES[role]}, version {champion.version}, cannot be scored"
    try:
        folder = champions.fetch(space, champion)
    except Exception as error:
        if not exams.is_lost(error):
            raise
        return Unscored(role, "files", f"{start}, since its files are lost or changed: {error}", champion.version)
    try:
        bundle, record = open_bundle(folder / FOLDER), read_provenance(folder)
    except (OSError, ValueError) as error:
        return Unscored(
            role, "bundle", f"{start}, since this version of Minnow cannot read it: {error}", champion.version
        )
    return Held(champion.version, bundle, record.keys, exams.training_rows(space, champion))
