"""Champions that are taken away: what is out never comes back by itself."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest

from minnow.records.decision import Decision
from minnow.records.files import sha256
from minnow.records.provenance import Provenance, hashes_beside
from minnow.stores import champions, removal, tracking
from minnow.stores.database import client
from minnow.stores.tracking import Record
from minnow.workspace import workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, on import


@pytest.fixture
def space(in_project):
    return workspace()


class History:
    """A registry of one use case; every promotion is of a decision of its own."""

    def __init__(self, space):
        self.space, self.count = space, 0

    def promote(self, text, verdict="better", **more):
        """Keep the bytes of a text in a run and promote them as a new version. Returns the version."""
        self.count += 1
        folder = self.space.root / f"made-{self.count}" / "bundle"
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_text(text)
        sha, number = sha256(folder), str(self.count)
        Provenance("digits", sha, family=text, files=hashes_beside(folder.parent)).write(folder.parent)
        tags = {"minnow.usecase": "digits", "minnow.sha": sha, tracking.decision_tag("cpu"): number}
        tracking.log(
            self.space, Record(text, tags=tags, files={"bundle": [folder], "": [folder.parent / "provenance.json"]})
        )
        made = Decision("digits", "cpu", verdict, True, (), sha=sha, id=number, **more)
        return champions.promote(self.space, "digits", "cpu", made).version

    def rollback(self):
        return removal.rollback(self.space, "digits", "cpu").version

    def withdraw(self, version):
        return removal.withdraw(self.space, "digits", version)

    @property
    def champion(self):
        held = champions.current(self.space, "digits", "cpu")
        return held and held.version

    @property
    def best(self):
        held = champions.current(self.space, "digits", "cpu", champions.BEST)
        return held and held.version


@pytest.fixture
def past(space):
    return History(space)


def test_what_was_rolled_back_from_does_not_come_back_by_another_rollback(past):
    for text in ("one", "two", "three"):
        past.promote(text)
    assert past.rollback() == 2
    assert past.promote("four") == 4
    assert past.rollback() == 2, "before, the third version, which was just taken away"
    assert past.rollback() == 1
    with pytest.raises(LookupError, match=r"before version 1\. To serve nothing: `minnow retire digits"):
        past.rollback()


def test_a_version_of_the_same_bytes_does_not_come_back_either(past):
    for text in ("one", "two", "one", "three"):
        past.promote(text)
    past.withdraw(1)
    assert past.rollback() == 2, "the third version has the bytes of the first"
    with pytest.raises(LookupError, match="that may come back: 1 were withdrawn"):
        past.rollback()


def test_a_champion_with_the_bytes_of_a_withdrawn_version_goes_with_it(past):
    for text in ("one", "two", "one"):
        past.promote(text)
    (gone,) = past.withdraw(1)
    assert (gone.champion.version, gone.back and gone.back.version) == (3, 2)
    assert past.champion == 2


def test_a_version_that_is_withdrawn_while_another_is_champion_changes_nothing_that_is_served(past):
    past.promote("one")
    past.promote("two")
    assert past.withdraw(1) == []
    assert past.champion == 2
    with pytest.raises(LookupError, match=r"no version 7\. Its versions: 1, 2\."):
        past.withdraw(7)


def test_the_best_so_far_is_never_what_was_taken_away(past):
    past.promote("one", "first")
    past.promote("two", "better")
    past.promote("three", "smaller")
    assert (past.champion, past.best) == (3, 2)
    past.withdraw(2)
    assert (past.champion, past.best) == (3, 1)
    past.withdraw(1)
    assert (past.champion, past.best) == (3, 3), "without any other the champion is the best so far"


def test_the_best_so_far_goes_back_with_a_rollback(past):
    past.promote("one", "first")
    past.promote("two", "better")
    past.rollback()
    assert (past.champion, past.best) == (1, 1)


def test_versions_of_older_registries_are_told_by_their_verdict(past, space):
    past.promote("one", "first")
    past.promote("two", "smaller")
    past.promote("three", "better")
    for version in (1, 2, 3):
        client(space).delete_model_version_tag("minnow-digits", str(version), champions.IS_BEST)
    client(space).set_registered_model_alias("minnow-digits", "anchor", "3")
    client(space).delete_registered_model_alias("minnow-digits", "best")
    assert past.best == 3
    past.withdraw(3)
    assert (past.champion, past.best) == (2, 1)
    assert "anchor" not in client(space).get_registered_model("minnow-digits").aliases


def test_a_retirement_keeps_history_and_looks_and_the_next_is_judged_as_a_first_one(past, space):
    past.promote("one", "first")
    past.promote("two", "smaller")
    client(space).set_registered_model_tag("minnow-digits", "minnow.looks.cpu", json.dumps({"count": 4}))
    removal.retire(space, "digits", "cpu")
    assert (past.champion, past.best) == (None, None)
    assert removal.is_retired(space, "digits", "cpu")
    assert champions.history(space, "digits", "cpu") == [1, 2]
    assert json.loads(champions.tags_of(space, "digits")["minnow.looks.cpu"])["count"] == 4
    with pytest.raises(LookupError, match=r"no champion for cpu\. Use cases in the registry: digits\."):
        removal.retire(space, "digits", "cpu")
    assert past.promote("three", "first") == 3
    assert not removal.is_retired(space, "digits", "cpu")
    assert past.rollback() == 1, "the retired version is out, the one before it is not"


@pytest.mark.parametrize("seed", range(4))
def test_no_sequence_of_commands_brings_back_what_is_out(past, space, seed):
    """After any command, neither champion nor best so far was withdrawn, and none was rolled back from."""
    random = np.random.default_rng(seed)
    left, banned, texts = set(), set(), {}
    for step, (text, _) in zip(range(12), product("abcdef", range(9)), strict=False):
        command = random.choice(["promote", "promote", "rollback", "withdraw", "retire"])
        before = past.champion
        if command == "promote" or not texts:
            name = f"{text}{random.integers(0, 2)}" if step % 3 else f"new{step}"
            if name not in banned and (before is None or texts[before] != name):
                texts[past.promote(name, str(random.choice(["better", "smaller"])))] = name
        elif command == "withdraw":
            version = int(random.choice(list(texts)))
            past.withdraw(version)
            banned.add(texts[version])
        elif before is not None:
            try:
                past.rollback() if command == "rollback" else removal.retire(space, "digits", "cpu")
                left.add(before)
            except LookupError:
                assert past.champion == before
        for held in (past.champion, past.best):
            assert held is None or (texts[held] not in banned and held not in left)
