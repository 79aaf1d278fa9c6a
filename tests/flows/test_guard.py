"""The guard of data: appended rows pass a scheduled run, changed or lost ones stop their use case alone, wherever they lie."""

import json

import numpy as np
import pytest

from flows import guard, plan
from minnow.config import Settings
from minnow.stages import intake, sources
from minnow.stages.case import Case
from minnow.stages.outcome import ROWS
from minnow.stages.validate import DataError
from minnow.stores.versions import State, VersionError
from minnow.workspace import workspace

ROW = "{0},{1},{2}\n"


def rows(numbers):
    return "number,size,kind\n" + "".join(ROW.format(n, n * n % 17, "ab"[n % 2]) for n in numbers)


@pytest.fixture(params=["inside", "outside"])
def case(request, in_folder):
    """A use case whose rows were read once: in a folder of the project, or by an absolute path somewhere else."""
    root = in_folder / "project"
    folder = root / "rows" if request.param == "inside" else in_folder / "elsewhere"
    folder.mkdir(parents=True)
    root.mkdir(exist_ok=True)
    (root / "params.yaml").write_text("usecases: {}\n")
    (folder / "rows.csv").write_text(rows(range(60)))
    data = "rows" if request.param == "inside" else str(folder)
    entry = {
        "modality": "tabular",
        "task": "classify",
        "data": data,
        "options": {"target": "kind"},
        "families": ["linear"],
    }
    case = Case("mine", Settings.model_validate({"usecases": {"mine": entry}}), workspace(root=root))
    case.workspace.outcome("mine").mkdir(parents=True)
    np.save(case.workspace.outcome("mine") / ROWS, intake.row_versions(case, intake.read(case)))
    return case


def changed(case, how="modified"):
    """What DVC says of a use case whose data is not what dvc.lock has."""
    return State({"mine": ["changed"]}, {}, {"mine": {case.usecase.data: how}})


def fresh(case):
    return Case(case.name, case.settings, case.workspace)


def write(case, text):
    (case.data / "rows.csv").write_text(text)


def test_data_as_it_was_passes(case):
    state = State({}, {})
    assert not any(guard.admit(case, state, accept) for accept in (guard.NEVER, guard.APPENDED, guard.ALWAYS))


def test_appended_rows_pass_a_scheduled_run_and_are_asked_about_by_hand(case):
    write(case, rows(range(70)))
    with pytest.raises(guard.DataChanged, match=r"usecases\.mine: .*modified.*--accept-data"):
        guard.admit(fresh(case), changed(case), guard.NEVER)
    assert guard.admit(fresh(case), changed(case), guard.APPENDED)
    assert not guard.admit(fresh(case), changed(case), guard.NEVER), "accepted once is accepted, run or not"
    write(case, rows(range(71)))
    with pytest.raises(guard.DataChanged):
        guard.admit(fresh(case), changed(case), guard.NEVER)


@pytest.mark.parametrize(
    "text", [rows(range(59)), rows(range(60)).replace("\n8,13,a", "\n8,13,b")], ids=["lost", "changed"]
)
def test_a_lost_or_changed_row_stops_a_scheduled_run_of_its_use_case(case, text):
    write(case, text)
    with pytest.raises(
        guard.DataChanged, match=r"lost or changed 1 of its earlier rows .*minnow run mine --accept-data"
    ):
        guard.admit(case, changed(case), guard.APPENDED)
    assert guard.admit(case, changed(case), guard.ALWAYS)


def test_a_row_that_stood_twice_and_stands_once_is_lost(case):
    write(case, rows([*range(60), 3]))
    np.save(case.workspace.outcome("mine") / ROWS, intake.row_versions(case, intake.read(case)))
    write(case, rows(range(60)))
    with pytest.raises(guard.DataChanged, match="lost or changed 1 of"):
        guard.admit(case, changed(case), guard.APPENDED)


def test_a_lost_file_stops_its_use_case(case):
    (case.data / "rows.csv").unlink()
    case.data.rmdir()
    with pytest.raises(DataError, match=r"usecases\.mine\.data: .* does not exist"):
        guard.admit(case, changed(case, "deleted"), guard.APPENDED)
    with pytest.raises(guard.DataChanged, match="deleted"):
        guard.admit(case, changed(case, "deleted"), guard.NEVER)


def test_without_a_record_of_its_rows_a_use_case_is_stopped(case):
    (case.workspace.outcome("mine") / ROWS).unlink()
    with pytest.raises(guard.DataChanged, match="no record of its earlier rows"):
        guard.admit(case, changed(case), guard.APPENDED)


def test_a_use_case_that_never_ran_is_guarded_by_the_dvc_file_of_its_data(case, monkeypatch):
    monkeypatch.setattr(
        guard.versions, "part_changed", lambda root, file, place: "1 files changed" if place == case.data else None
    )
    root = case.workspace.root
    (root / "rows.dvc").write_text("")
    inside = case.data.is_relative_to(root)
    assert guard.data_files(case.workspace, case.usecase.data) == (["rows.dvc"] if inside else [])
    state = State({"mine": ["new"]}, {"rows.dvc": "rows modified"}, {}, frozenset({"mine"}))
    (case.workspace.outcome("mine") / ROWS).unlink()
    if inside:
        with pytest.raises(guard.DataChanged, match=r"rows\.dvc: 1 files changed"):
            guard.admit(case, state, guard.APPENDED)
    else:
        assert not guard.admit(case, state, guard.APPENDED), "what nothing recorded cannot have changed"


@pytest.fixture
def extractor(in_folder):
    """A use case of generated images that names a feature extractor outside of its data."""
    (in_folder / "params.yaml").write_text("usecases: {}\n")
    (in_folder / "data").mkdir()
    (in_folder / "extractor.npz").write_bytes(b"weights")
    options = {"labelled": False, "extractor": "extractor.npz"}
    entry = {"modality": "images", "task": "generate", "data": "data", "options": options, "families": ["vae"]}
    case = Case("mine", Settings.model_validate({"usecases": {"mine": entry}}), workspace())
    case.workspace.outcome("mine").mkdir(parents=True)
    return case


def test_a_file_that_options_name_is_guarded_too(extractor):
    folder = extractor.workspace.outcome("mine")
    assert sources.changes(extractor) == [], "an outcome of an older version has no record of it"
    sources.write(extractor, folder)
    assert sources.changes(extractor) == []
    file = extractor.workspace.root / "extractor.npz"
    file.write_bytes(b"weights and more")
    assert sources.changes(extractor) == ["extractor.npz modified"]
    assert sources.overwritten(extractor) == []
    file.write_bytes(b"other weights")
    assert sources.overwritten(extractor) == ["extractor.npz"]
    file.unlink()
    assert sources.overwritten(extractor) == ["extractor.npz"]
    assert sources.versions(extractor)["extractor.npz"] == "missing"
    with pytest.raises(guard.DataChanged, match=r"extractor\.npz modified"):
        guard.admit(extractor, State({}, {}), guard.NEVER)


@pytest.mark.parametrize(("owner", "found"), [("mine", []), ("other", ["outcomes/other/extractor.npz modified"])])
def test_an_extractor_of_an_outcome_is_not_data_of_users(extractor, owner, found):
    """Another use case's makes this one stale; its own is written by each run. Neither asks for --accept-data."""
    path = f"outcomes/{owner}/extractor.npz"
    options = {"labelled": False, "extractor": path}
    usecase = extractor.usecase.model_copy(update={"options": options})
    case = Case("mine", extractor.settings.with_usecases({"mine": usecase}, {}), extractor.workspace)
    file = case.workspace.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"weights")
    sources.write(case, case.workspace.outcome("mine"))
    file.write_bytes(b"other weights")
    assert sources.changes(case) == found
    assert not guard.admit(case, State({}, {}), guard.NEVER)


def test_what_stops_one_use_case_does_not_stop_another(case, monkeypatch):
    """A malformed entry, data that cannot be fetched, changed rows and unreadable rows: each stops its own use case."""
    good = case.settings.usecases["mine"]
    names = ("mine", "lost", "other", "broken")
    settings = case.settings.with_usecases(dict.fromkeys(names, good), {"bad": "usecases.bad: no"})
    monkeypatch.setattr(plan, "bring_data", lambda *_: plan.Brought([], {"lost": VersionError("no remote")}))
    monkeypatch.setattr(plan, "state_of", lambda *_: State({name: ["code"] for name in names}, {}))
    errors = {"other": guard.DataChanged("rows changed"), "broken": MemoryError("too large")}

    def admit(case, *_):
        if case.name in errors:
            raise errors[case.name]
        return False

    monkeypatch.setattr(plan, "admit", admit)
    made = plan.make(case.workspace, settings, [], force=False, accept=plan.APPENDED)
    assert made.stale == {"mine": ["code"]}
    assert set(made.stopped) == {"lost", "other", "broken", "bad"}
    assert made.needs_user
    alone = plan.make(case.workspace, settings, ["mine"], force=False, accept=plan.APPENDED)
    assert (list(alone.stale), alone.stopped) == (["mine"], {})
    assert plan.make(case.workspace, settings, ["bad"], force=False, accept=plan.APPENDED).reasons == {
        "bad": "usecases.bad: no"
    }


def test_a_record_that_was_not_written_to_its_end_is_no_acceptance(case):
    write(case, rows(range(70)))
    guard.admit(fresh(case), changed(case), guard.ALWAYS)
    path = case.workspace.home / "accepted" / "mine.json"
    assert json.loads(path.read_text())["versions"] == sources.versions(fresh(case))
    path.write_text("{")
    with pytest.raises(guard.DataChanged):
        guard.admit(fresh(case), changed(case), guard.NEVER)


def test_a_use_case_that_dvc_cannot_read_stops_itself_alone(case, monkeypatch):
    settings = case.settings.with_usecases(dict.fromkeys(("mine", "broken"), case.usecase), {})

    def state_of(space, settings, names):
        if "broken" in names:
            raise VersionError("a link that leads nowhere")
        return State({name: ["code"] for name in names}, {})

    monkeypatch.setattr(plan, "state_of", state_of)
    made = plan.make(case.workspace, settings, [], force=False, accept=plan.NEVER)
    assert (made.stale, made.reasons) == ({"mine": ["code"]}, {"broken": "a link that leads nowhere"})
    assert not made.needs_user
    with pytest.raises(VersionError):
        plan.make(case.workspace, settings, ["broken"], force=False, accept=plan.NEVER)
