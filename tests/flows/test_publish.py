"""Publishing, interrupted at every step: the next run finishes it, and what is served is what the registry says."""

import json
import shutil

import format_1
import numpy as np
import pytest

from flows import publish
from minnow.config import Settings
from minnow.insight.status import status_of
from minnow.records.decision import Decision, write_decisions
from minnow.records.files import file_sha256, sha256, write_json, write_npz
from minnow.records.provenance import Provenance, hashes_beside, read_provenance
from minnow.records.schema import Schema
from minnow.stores import champions, models, removal, tracking
from minnow.stores.database import client
from minnow.stores.publication import divergence
from minnow.stores.tracking import Record
from minnow.stores.versions import State
from minnow.workspace import workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, on import
STEPS = (
    "create_registered_model",
    "create_model_version",
    "set_registered_model_alias",
    "set_registered_model_tag",
    "set_model_version_tag",
)


class Interrupted(BaseException):
    """A run that ends in the middle, as by a signal."""


@pytest.fixture
def space(in_project):
    return workspace()


SETTINGS = Settings.model_validate(
    {"usecases": {"digits": {"modality": "images", "task": "classify", "data": "data/digits", "families": ["linear"]}}}
)


def decide(space, text, replaces=None, **more):
    """Keep a bundle in a run and write the decision that promotes it, as a use case does. Returns the bundle's sha."""
    folder = space.root / f"made-{text}" / "bundle"
    (folder).mkdir(parents=True)
    (folder / "model.onnx").write_text(text)
    Schema("digits", "classify", "images", text, "float32", None, {}, (), (), (), 1).write(folder)
    write_npz(folder / "golden.npz", {"input.x": np.zeros(1)})
    sha = sha256(folder)
    Provenance("digits", sha, text, "float32", files=hashes_beside(folder.parent)).write(folder.parent)
    tags = {"minnow.usecase": "digits", "minnow.sha": sha, tracking.decision_tag("cpu"): text}
    files = {"bundle": [folder], "": [folder.parent / "provenance.json"]}
    tracking.log(space, Record(text, tags=tags, files=files))
    names = {"sha": sha, "replaces": replaces, "id": text, "finalist": f"{text}/float32"}
    write_decisions(space.outcome("digits"), [Decision("digits", "cpu", "better", True, (), **names, **more)])
    return sha


def settled(space, sha):
    champion, served = champions.current(space, "digits", "cpu"), models.newest("digits")
    assert champion is not None
    assert served is not None
    assert champion.sha == served.sha == sha
    assert served.version == champion.version


def test_a_decision_is_promoted_and_published_once(space):
    said = []
    sha = decide(space, "one")
    publish.publish(space, SETTINGS, said.append)
    settled(space, sha)
    publish.publish(space, SETTINGS, said.append)
    assert len(models.history("digits")) == 1
    assert len(said) == 2


@pytest.mark.parametrize("step", [*STEPS, "publish"])
def test_what_was_interrupted_is_finished_by_the_next_run(space, monkeypatch, step):
    first = decide(space, "one")
    publish.publish(space, SETTINGS, print)
    second = decide(space, "two", first)
    owner = models if step == "publish" else type(client(space))
    original = getattr(owner, step)

    def broken(*arguments, **named):
        raise Interrupted

    monkeypatch.setattr(owner, step, broken)
    with pytest.raises(Interrupted):
        publish.publish(space, SETTINGS, print)
    monkeypatch.setattr(owner, step, original)
    served = models.newest("digits")
    assert served is not None
    assert served.open().sha == first, "until it is finished, the old one is served whole"
    publish.publish(space, SETTINGS, print)
    settled(space, second)
    assert removal.rollback(space, "digits", "cpu").sha == first


def test_a_rollback_stands_until_something_new_is_decided(space):
    first = decide(space, "one")
    publish.publish(space, SETTINGS, print)
    second = decide(space, "two", first)
    publish.publish(space, SETTINGS, print)
    removal.rollback(space, "digits", "cpu")
    publish.follow(space, "digits", "cpu", print)
    settled(space, first)
    publish.publish(space, SETTINGS, print)
    settled(space, first)
    assert second != first


def test_a_decision_against_another_champion_is_not_carried_out(space):
    first = decide(space, "one")
    publish.publish(space, SETTINGS, print)
    decide(space, "two", "0" * 64)
    said = []
    publish.publish(space, SETTINGS, said.append)
    settled(space, first)
    assert "made against another champion" in said[0]


def test_a_served_store_that_differs_is_told_and_mended(space):
    sha = decide(space, "one")
    publish.publish(space, SETTINGS, print)
    served = models.newest("digits")
    assert served is not None
    (served.folder / "provenance.json").write_text(json.dumps({"usecase": "digits", "sha": "0" * 64}))
    reason = divergence("digits", "cpu", champions.current(space, "digits", "cpu"))
    assert reason is not None
    assert "minnow-digits:v1-1 is broken" in reason
    publish.publish(space, SETTINGS, print)
    settled(space, sha)


@pytest.mark.parametrize("name", ["provenance.json", "report.json", "bundle/schema.json"])
def test_the_status_of_a_served_model_that_cannot_be_read_says_so(space, name):
    sha = decide(space, "one")
    publish.publish(space, SETTINGS, print)
    served = models.newest("digits")
    assert served is not None
    (served.folder / name).write_text("{")
    target = status_of(space, SETTINGS, "digits", State({}, {})).targets["cpu"]
    assert (target.version, target.sha, target.served, target.model, target.scores) == (1, sha, served.tag, None, {})
    assert target.divergence is not None


def test_a_served_model_whose_bytes_broke_is_published_again(space):
    sha = decide(space, "one")
    publish.publish(space, SETTINGS, print)
    served = models.newest("digits")
    assert served is not None
    (served.bundle / "model.onnx").write_text("onf")
    publish.publish(space, SETTINGS, print)
    settled(space, sha)


def test_a_broken_model_is_never_settled(space):
    """Not even where the same thing is wrong with it on every look, as where a use case has no champion to publish again."""
    decide(space, "one")
    publish.publish(space, SETTINGS, print)
    assert publish._state(space, SETTINGS) == publish._settled(space)
    served = models.newest("digits")
    assert served is not None
    (served.bundle / "model.onnx").write_text("onf")
    assert publish._state(space, SETTINGS) is None


def test_a_decision_waits_for_an_entry_that_has_a_fault(space):
    sha = decide(space, "one")
    publish.publish(space, SETTINGS.with_usecases({}, {"digits": "usecases.digits: a fault"}), print)
    assert models.newest("digits") is None
    publish.publish(space, SETTINGS, print)
    settled(space, sha)


def keep_format_1(space, text):
    """Keep a bundle in a run and decide for it, as versions before 0.2 did. Returns its sha and the tags of its version."""
    folder = space.root / f"made-{text}" / "new"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_text(text)
    Schema("digits", "classify", "images", text, "float32", None, {}, (), (), (), 1).write(folder)
    write_npz(folder / "golden.npz", {"input.x": np.zeros(1)})
    bundle = format_1.bundle(folder, space.root / f"made-{text}" / "old" / "bundle")
    sha = format_1.provenance(bundle, "digits")["sha"]
    record = bundle.parent / "provenance.json"
    tags = {"minnow.usecase": "digits", "minnow.sha": sha}
    tracking.log(space, Record(text, tags=tags, files={"bundle": [bundle], "": [record]}))
    write_json(space.outcome("digits") / "decision.json", {"cpu": format_1.decision("digits", sha, text)})
    return sha, {"minnow.sha": sha, "minnow.decision": text, "minnow.provenance": file_sha256(record)}


def register_format_1(space, text):
    """Register such a bundle as its version did: an alias for the champion, and one called anchor. Returns its sha."""
    sha, tags = keep_format_1(space, text)
    opened = client(space)
    run_id = opened.search_runs([tracking.experiment_id(space)], f"tags.`minnow.sha` = '{sha}'")[0].info.run_id
    opened.create_registered_model("minnow-digits")
    version = opened.create_model_version("minnow-digits", f"runs:/{run_id}/bundle", run_id, tags=tags).version
    for alias in ("champion", "anchor"):
        opened.set_registered_model_alias("minnow-digits", alias, version)
    opened.set_registered_model_tag("minnow-digits", "minnow.history.cpu", json.dumps([int(version)]))
    opened.set_model_version_tag("minnow-digits", version, "minnow.promoted", "true")
    return sha


def test_a_champion_of_format_1_is_served_checked_and_rolled_back_to(space):
    old = register_format_1(space, "one")
    best = champions.current(space, "digits", "cpu", champions.BEST)
    assert best is not None
    assert best.sha == old, "what was called anchor is the best so far"
    publish.publish(space, SETTINGS, print)
    settled(space, old)
    new = decide(space, "two", old)
    publish.publish(space, SETTINGS, print)
    settled(space, new)
    removal.rollback(space, "digits", "cpu")
    publish.publish(space, SETTINGS, print)
    settled(space, old)
    served, champion = models.newest("digits"), champions.current(space, "digits", "cpu")
    assert served is not None
    assert champion is not None
    assert served.open().schema.format == 1
    registered = read_provenance(champions.fetch(space, champion))
    expected = registered.published(target="cpu", version=champion.version, tag=served.tag)
    assert served.provenance.as_json() == expected.as_json(), "what was read of format 1 is written whole"
    folder = champions.fetch(space, champions.current(space, "digits", "cpu"))
    (folder / "bundle" / "report.json").write_text("{}")
    assert champions.wrong(folder, champions.current(space, "digits", "cpu")), "its name holds its report too"


def test_a_decision_of_format_1_that_was_not_carried_out_yet_is_carried_out(space):
    sha, _ = keep_format_1(space, "one")
    publish.publish(space, SETTINGS, print)
    settled(space, sha)


def two(space):
    """Publish two champions, one after the other. Returns their shas."""
    first = decide(space, "one")
    publish.publish(space, SETTINGS, print)
    second = decide(space, "two", first)
    publish.publish(space, SETTINGS, print)
    return first, second


def nothing_served(space):
    assert champions.current(space, "digits", "cpu") is None
    assert models.newest("digits") is None
    assert divergence("digits", "cpu", None) is None
    assert [model.usecase for model in models.all()] == []


def test_nothing_of_a_retired_use_case_is_served_until_something_new_is_decided(space):
    _, second = two(space)
    assert "version 2 is retired" in publish.retire(space, "digits", "cpu", print)
    nothing_served(space)
    publish.publish(space, SETTINGS, print)
    nothing_served(space)
    assert len(models.history("digits")) == 2, "what was published stays as history"
    third = decide(space, "three", None)
    publish.publish(space, SETTINGS, print)
    settled(space, third)
    assert third != second


RETIRING = ("set_registered_model_tag", "set_model_version_tag", "delete_registered_model_alias", "retire")


@pytest.mark.parametrize("step", RETIRING)
def test_a_retirement_that_was_interrupted_is_finished_when_it_is_repeated(space, monkeypatch, step):
    two(space)
    owner = models if step == "retire" else type(client(space))
    original = getattr(owner, step)

    def broken(*arguments, **named):
        raise Interrupted

    monkeypatch.setattr(owner, step, broken)
    with pytest.raises(Interrupted):
        publish.retire(space, "digits", "cpu", print)
    monkeypatch.setattr(owner, step, original)
    assert models.newest("digits") is not None
    if step == "retire":  # the registry is done: any run finishes the rest
        publish.publish(space, SETTINGS, print)
    else:
        publish.retire(space, "digits", "cpu", print)
    nothing_served(space)


def test_what_is_served_stays_where_the_registry_was_lost(space):
    _, second = two(space)
    client(space).delete_registered_model("minnow-digits")
    publish.publish(space, SETTINGS, print)
    served = models.newest("digits")
    assert served is not None
    assert served.sha == second, "only a retirement ends it"
    assert "is not served any more" in publish.retire(space, "digits", "cpu", print)
    nothing_served(space)
    with pytest.raises(LookupError, match="'digits' has no champion for cpu"):
        publish.retire(space, "digits", "cpu", print)


def test_a_withdrawn_champion_is_rolled_back_and_says_to_which(space):
    first, second = two(space)
    lines = publish.withdraw(space, "digits", 2, "labels of March", print)
    assert lines[1] == "digits: version 2 was champion for cpu; version 1 is champion again."
    settled(space, first)
    publish.publish(space, SETTINGS, print)
    settled(space, first)
    assert removal.withdrawn(space, "digits")[second].startswith("version 2, which was withdrawn on 20")
    lines = publish.withdraw(space, "digits", 1, "", print)
    assert lines[1] == "digits: version 1 was champion for cpu; there is no earlier one: it is retired."
    nothing_served(space)


def test_a_decision_for_withdrawn_bytes_is_not_carried_out(space):
    """As a run on another machine decides, which began before the withdrawal."""
    first, second = two(space)
    publish.withdraw(space, "digits", 2, "", print)
    names = {"sha": second, "replaces": first, "id": "three", "finalist": "two/float32"}
    write_decisions(space.outcome("digits"), [Decision("digits", "cpu", "better", True, (), **names)])
    said = []
    publish.publish(space, SETTINGS, said.append)
    settled(space, first)
    assert "it has the bytes of version 2, which was withdrawn" in said[0]


def test_a_decision_that_was_interrupted_is_not_carried_out_after_a_rollback(space, monkeypatch):
    first = decide(space, "one")
    publish.publish(space, SETTINGS, print)
    decide(space, "two", first)
    original = type(client(space)).set_model_version_tag

    def broken(*arguments, **named):
        raise Interrupted

    monkeypatch.setattr(type(client(space)), "set_model_version_tag", broken)
    with pytest.raises(Interrupted):
        publish.publish(space, SETTINGS, print)
    monkeypatch.setattr(type(client(space)), "set_model_version_tag", original)
    removal.rollback(space, "digits", "cpu")
    publish.publish(space, SETTINGS, print)
    settled(space, first)


def test_a_withdrawn_bundle_is_known_by_what_answers_in_it_too(space, monkeypatch):
    old = register_format_1(space, "one")
    monkeypatch.setattr("minnow.stages.evaluate.answering_name", lambda bundle: f"answering {bundle.sha}")
    publish.withdraw(space, "digits", 1, "", print)
    assert set(removal.withdrawn(space, "digits")) == {old, f"answering {old}"}


def test_a_version_whose_files_are_lost_is_withdrawn_by_the_name_that_it_has(space):
    old = register_format_1(space, "one")
    shutil.rmtree(space.root / "mlartifacts")
    publish.withdraw(space, "digits", 1, "", print)
    assert set(removal.withdrawn(space, "digits")) == {old}
