"""The refit: what is fitted again on train and val, what is shipped, and what the first look at the exam decides."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from judging import RULES, model
from standins import candidates_of, here

from minnow.config import Settings
from minnow.records.bundle import open_bundle
from minnow.records.report import read_report
from minnow.records.timing import Timing
from minnow.stages import candidates, finalists, intake, judge, outcome, refit
from minnow.stages.candidates import Incumbents
from minnow.stages.case import Case
from minnow.stages.finalists import Finalists
from minnow.stages.refit import Refit
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's own
TIMING = Timing(1.0, 1.0, 1.0, 1)


def _timed(folders):
    return dict.fromkeys(folders, TIMING)


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """A table of 240 rows with two families, up to the candidates."""
    folder = tmp_path_factory.mktemp("refit")
    random = np.random.default_rng(0)
    rows = random.normal(size=(240, 3))
    answer = np.where(rows[:, 0] + rows[:, 1] ** 2 + random.normal(size=240) > 0.8, "yes", "no")
    lines = [",".join([*(f"{value:.4f}" for value in row), label]) for row, label in zip(rows, answer, strict=True)]
    (folder / "data").mkdir()
    (folder / "uv.lock").write_text("")
    (folder / "data" / "rows.csv").write_text("\n".join(["a,b,c,answer", *lines]) + "\n")
    entry = {"modality": "tabular", "task": "classify", "data": "data", "options": {"target": "answer", "min_rows": 50}}
    entry |= {"families": {"linear": {}, "gboost": {}}, "compression": {"float16": {}}}
    case = Case(
        "made", Settings.model_validate({"usecases": {"made": entry}}), Workspace(folder, folder / "params.yaml")
    )
    table = intake.read(case)
    prepared = intake.prepare_case(case, table)
    return case, table, prepared, candidates_of(case, prepared, folder / "scratch", _timed), folder


def _refit(walked, tmp_path, **changes):
    case, table, prepared, lined_up, _ = walked
    rules = finalists.field_of(case, "cpu", lined_up).rules
    return Refit(case, table, prepared, replace(rules, **changes), tmp_path, _timed, here)


def _named(walked, name):
    return next(one for one in walked[3] if one.name == name)


def test_the_model_that_is_shipped_learned_from_train_and_val_with_what_val_settled(walked, tmp_path):
    chosen = _named(walked, "linear/float16")
    (again,) = _refit(walked, tmp_path).ship([chosen]).values()
    origin, before = again.trained.origin, chosen.trained.origin
    assert origin.joined
    assert origin.params["C"] == chosen.trained.settled["C"]
    assert len(origin.params["C"]) == 1
    assert origin.rows != before.rows
    joined = intake.prepare_case(walked[0], walked[1], join=True)
    assert len(joined.tables["train"]) == len(walked[2].tables["train"]) + len(walked[2].tables["val"])
    assert again.bundle.sha != chosen.bundle.sha
    assert chosen.bundle.sha[:12] in again.refit


def test_report_and_card_name_both_bundles(walked, tmp_path):
    chosen = _named(walked, "linear/float16")
    (again,) = _refit(walked, tmp_path).ship([chosen]).values()
    report = read_report(again.bundle)
    assert report.before == chosen.val.bundle.sha
    assert report.exams["val"] == read_report(chosen.val.bundle).exams["val"]
    assert chosen.val.bundle.sha[:12] in (again.bundle.record_folder / "card.md").read_text()


def test_a_variant_that_now_exceeds_a_limit_stays_as_it_was_chosen(walked, tmp_path):
    chosen = _named(walked, "gboost/float32")
    (again,) = _refit(walked, tmp_path, floor=1.01).ship([chosen]).values()
    assert again.bundle.sha == chosen.bundle.sha
    assert "gate.floor" in again.refit


def test_a_variant_that_leaves_its_parent_on_the_exam_stays_as_it_was_chosen(walked, tmp_path, monkeypatch):
    chosen, predict = _named(walked, "linear/float16"), refit.evaluate.predict

    def flipped(bundle, batch):
        outputs = predict(bundle, batch)
        return {name: value[:, ::-1] for name, value in outputs.items()} if "float16" in str(bundle.folder) else outputs

    monkeypatch.setattr(refit.evaluate, "predict", flipped)
    (again,) = _refit(walked, tmp_path).ship([chosen]).values()
    assert again.bundle.sha == chosen.bundle.sha
    assert "unlike its parent; allowed are" in again.refit


def test_the_answers_of_the_exam_are_not_looked_at(walked, tmp_path):
    """Other answers of the exam change nothing of what is shipped."""
    case, table, prepared, _, _ = walked
    test = prepared.tables["test"]
    labels = {**test.columns, "answer": test.columns["answer"][::-1]}
    other = replace(prepared, tables={**prepared.tables, "test": replace(test, columns=labels)})
    rules = finalists.field_of(case, "cpu", walked[3]).rules
    shas = []
    for number, before in enumerate((prepared, other)):
        again = Refit(case, table, before, rules, tmp_path / str(number), _timed, here)
        shas += [one.bundle.sha for one in again.ship([_named(walked, "linear/float16")]).values()]
    assert shas[0] == shas[1]


def test_what_was_shipped_is_judged_and_the_decision_says_how_it_was_chosen(walked, tmp_path):
    case, table, prepared, lined_up, _ = walked
    choices = finalists.choose_all(case, table, lined_up, here)
    assert choices["cpu"].rule == "cross-validation", "48 rows of val cannot see a point"
    shipped = _refit(walked, tmp_path).ship(finalists.fitted_again(case, choices, lined_up))
    judged = outcome.judge_case(case, lined_up, prepared, {"cpu": Incumbents()}, Finalists(choices, shipped))
    (decision,) = judged.decisions
    assert decision.sha == judged.finalist("cpu").bundle.sha
    assert judged.finalist("cpu").trained.origin.joined
    assert set(decision.folds) == {"linear", "gboost"}
    assert decision.refit
    assert json.dumps(decision.as_json())
    assert open_bundle(judged.finalist("cpu").bundle.folder)


def test_a_finalist_that_cannot_answer_a_row_of_the_exam_is_refused_and_the_run_goes_on(walked, monkeypatch):
    case, _, prepared, lined_up, _ = walked
    finalist = _named(walked, "gboost/float32")
    choice = replace(finalists.choose(case, "cpu", lined_up), finalist=finalist.name)

    def broken(*_):
        raise ValueError("gboost/float32 must answer every row with finite numbers. Received: NaN or infinity.")

    monkeypatch.setattr("minnow.stages.exam.evaluate", broken)
    judged = outcome.judge_case(case, lined_up, prepared, {"cpu": Incumbents()}, Finalists({"cpu": choice}))
    (decision,) = judged.decisions
    assert (decision.verdict, decision.promote, decision.looked) == ("refused", False, False)
    assert "cannot be scored on the exam" in decision.reasons[0]


@pytest.mark.parametrize(
    ("wrong", "size", "could_stand", "stands", "said"),
    [
        (50, 9000, True, True, "better than the linear model"),
        (300, 100, True, False, "worse than the linear model"),
        (200, 9000, True, False, "not shown to be better than the linear model, .* and larger"),
        (200, 9000, False, True, "in the choice, linear was shown to be worse"),
        (200, 1000, True, True, "not larger"),
    ],
)
def test_linear_stands_until_another_is_better_or_as_good_and_not_larger(wrong, size, could_stand, stands, said):
    linear = model(200, "linear/float32", 1000)
    first = judge.against_linear(
        model(wrong, "gboost/float32", size),
        linear,
        could_stand=could_stand,
        group=np.arange(1000),
        rules=RULES,
        looks=0,
    )
    assert first.stands is stands
    assert re.search(said, first.reason)


@pytest.fixture(scope="module")
def ranked(tmp_path_factory):
    """A log in which other items are taken each week, with the families that rank by popularity, up to the candidates."""
    folder = tmp_path_factory.mktemp("ranked")
    random, day = np.random.default_rng(0), 86_400
    times = np.sort(random.integers(0, 70 * day, 3000))
    item = random.geometric(0.2, len(times)) + 6 * (times // (7 * day))
    lines = [f"u{u},i{i:03},{t}" for u, i, t in zip(random.integers(0, 200, len(times)), item, times, strict=True)]
    (folder / "data").mkdir()
    (folder / "uv.lock").write_text("")
    (folder / "data" / "rows.csv").write_text("\n".join(["user,item,time", *lines]) + "\n")
    entry = {"modality": "interactions", "task": "rank", "data": "data", "options": {"rating": None}}
    entry |= {"families": {"popularity": {}, "neighbours": {}}, "compression": {"float16": {}}}
    settings = Settings.model_validate({"usecases": {"made": entry}})
    case = Case("made", settings, Workspace(folder, folder / "params.yaml"))
    table = intake.read(case)
    prepared = intake.prepare_case(case, table)
    return case, table, prepared, candidates_of(case, prepared, folder / "scratch", _timed), folder


@pytest.mark.parametrize("name", ["popularity/float16", "neighbours/float16"])
def test_a_ranking_is_fitted_again_since_val_knows_later_items_than_train(ranked, tmp_path, name):
    chosen = _named(ranked, name)
    (again,) = _refit(ranked, tmp_path).ship([chosen]).values()
    assert again.trained.origin.joined, again.refit
    val_items = np.unique(ranked[2].tables["val"].columns["item"])
    assert set(val_items) - {""} <= set(again.bundle.schema.labels)
    assert "half_life" in again.refit
    test = ranked[2].tables["test"]
    before, after = (outcome.evaluate.evaluate(one.bundle, test).primary.value for one in (chosen, again))
    assert after > 2 * before


def test_baselines_learn_from_the_rows_that_the_finalist_learned_from(ranked, tmp_path):
    """Beside a finalist that knows val, recency of train alone would be no rival."""
    case, table, prepared, lined_up, _ = ranked
    choices = finalists.choose_all(case, table, lined_up, here)
    again = _refit(ranked, tmp_path)
    shipped = again.ship(finalists.fitted_again(case, choices, lined_up))
    chosen = {"joined": Finalists(choices, shipped, again.joined(shipped)), "before": Finalists(choices)}
    judged = {
        key: outcome.judge_case(case, lined_up, prepared, {"cpu": Incumbents()}, one).decisions[0]
        for key, one in chosen.items()
    }
    recency = {key: one.baselines["recency (3 days)"].value for key, one in judged.items()}
    assert recency["joined"] > 2 * recency["before"]
    assert judged["joined"].score.value > 0.95 * recency["joined"]


def test_what_was_not_fitted_again_has_baselines_of_train_and_a_table_never_needs_others(walked, ranked, tmp_path):
    assert _refit(ranked, tmp_path).joined({"neighbours/float32": _named(ranked, "neighbours/float32")}) is None
    shipped = _refit(walked, tmp_path).ship([_named(walked, "linear/float16")])
    assert _refit(walked, tmp_path).joined(shipped) is None


def test_a_variant_of_a_ranking_that_differs_when_fitted_again_makes_room_for_another(ranked, tmp_path, monkeypatch):
    """What it was before knows nothing of val; a table, whose val is like train, keeps it."""
    case, _, _, lined_up, _ = ranked
    predict = refit.evaluate.predict

    def reversed_lists(bundle, batch):
        outputs = predict(bundle, batch)
        return (
            {name: -value for name, value in outputs.items()} if "popularity-float16" in str(bundle.folder) else outputs
        )

    monkeypatch.setattr(refit.evaluate, "predict", reversed_lists)
    again, chosen = _refit(ranked, tmp_path), _named(ranked, "popularity/float16")
    refused = again.refused(again.ship([chosen]), lined_up)
    assert set(refused) == {"popularity/float16"}
    assert re.fullmatch(
        r"Fitted again on train and val: float16 lists \S+% other items than its parent; .*%\.", *refused.values()
    )
    left = candidates.LineUp(lined_up, {}).without(refused)
    assert left.refused == refused
    assert "popularity/float16" not in {one.name for one in left.candidates}
    assert finalists.choose(case, "cpu", left.candidates).finalist in {one.name for one in left.candidates}
    assert again.refused(again.ship([_named(ranked, "popularity/float32")]), left.candidates) == {}


def test_a_variant_of_a_table_that_differs_when_fitted_again_stays_as_it_was(walked, tmp_path, monkeypatch):
    again, chosen = _refit(walked, tmp_path, floor=1.01), _named(walked, "linear/float16")
    shipped = again.ship([chosen])
    assert shipped[chosen.name].shipped is None
    assert again.refused(shipped, walked[3]) == {}
