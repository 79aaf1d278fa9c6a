"""A decision rule from the choice on val to the answer that is served, on a table with a rare class."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import standins
from sklearn import metrics
from standins import candidates_of, here
from typer.testing import CliRunner

from minnow import tasks
from minnow.cli import app
from minnow.records.bundle import open_bundle
from minnow.records.provenance import Provenance
from minnow.records.timing import Timing
from minnow.serving.predictor import Predictor
from minnow.stages import chance, compress, crossval, evaluate, finalists, intake, outcome, train
from minnow.stages.batches import read_batch
from minnow.stages.candidates import Incumbents
from minnow.stages.finalists import Finalists
from minnow.stages.refit import Refit
from minnow.stores import models
from minnow.types import DecisionRule

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's own
TIMING = Timing(1.0, 1.0, 1.0, 1)
F1 = {"name": "f1", "positive": "fraud"}
COST = {"name": "cost", "costs": {"fraud": {"fine": 20}, "fine": {"fraud": 1}}}


def case_of(root, measure, **more):
    """A table of 6,000 rows, of which one in twelve is fraud, hardly ever with more than half of the probability."""
    random = np.random.default_rng(0)
    (root / "rows").mkdir(exist_ok=True)
    x = random.normal(size=(6000, 3))
    fraud = random.random(6000) < 1 / (1 + np.exp(3.4 - 1.5 * x[:, 0] - 0.8 * x[:, 1]))
    lines = [
        f"{a:.4f},{b:.4f},{c:.4f},{'fraud' if is_fraud else 'fine'}"
        for (a, b, c), is_fraud in zip(x, fraud, strict=True)
    ]
    (root / "rows" / "rows.csv").write_text("\n".join(["a,b,c,kind", *lines]) + "\n")
    (root / "uv.lock").write_text("")
    entry = {
        "measure": measure,
        "families": {"linear": {}, "gboost": {"iterations": 20}},
        "compression": {"float16": {}},
    }
    return standins.case_of(root, "tabular", "classify", {"target": "kind"}, **(entry | more))


def _timed(folders):
    return dict.fromkeys(folders, TIMING)


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """The case of F1 with its rows and candidates."""
    root = tmp_path_factory.mktemp("rules")
    case = case_of(root, F1)
    table = intake.read(case)
    prepared = intake.prepare_case(case, table)
    return case, table, prepared, candidates_of(case, prepared, root / "scratch", _timed)


def fitted(case, family="linear"):
    prepared = intake.prepare_case(case, intake.read(case))
    handed = train.hand_over(case, prepared, here)
    return prepared, compress.variants(case, train.train(case, family, handed), handed, bare=True)


def best_on(candidate):
    """The highest F1 on val over all thresholds, of a variant's own probabilities."""
    truth, p = candidate.val.batch.target == 1, candidate.val.outputs["probabilities"][:, 1]
    taken = p >= np.unique(p)[:, None]
    return (2 * (taken & truth).sum(1) / (taken.sum(1) + truth.sum())).max()


def test_each_variant_has_the_threshold_that_val_gives_its_own_probabilities(walked):
    _, _, _, lined_up = walked
    assert {one.name for one in lined_up} == {"linear/float32", "linear/float16", "gboost/float32"}
    for one in lined_up:
        rule = one.val.bundle.schema.decision_rule
        assert rule.positive == "fraud"
        assert 0 < rule.threshold < 0.5
        truth, p = one.val.batch.target == 1, one.val.outputs["probabilities"][:, 1]
        assert rule == tasks.measure("classify", "f1@fraud").rule(one.val.outputs, one.val.batch, one.val.batch)
        assert one.val.primary.value == pytest.approx(metrics.f1_score(truth, p >= rule.threshold)), one.name
        assert one.val.loss.mean() == pytest.approx(1 - one.val.primary.value)
        assert best_on(one) - 0.05 < one.val.primary.value <= best_on(one)
        assert one.rules[one.variant] == rule
        assert str(rule) in (one.val.bundle.record_folder / "card.md").read_text()
    assert len({one.val.bundle.schema.decision_rule.threshold for one in lined_up}) > 1


def test_all_that_looks_at_labels_sees_the_one_that_is_taken(walked):
    _, _, _, lined_up = walked
    found = lined_up[0].val
    plain = metrics.accuracy_score(found.batch.target, found.outputs["probabilities"].argmax(1))
    taken = metrics.accuracy_score(found.batch.target, found.outputs["label"])
    assert found.scores["accuracy"].value == pytest.approx(taken)
    assert taken != plain
    assert found.scores["auc"].value == pytest.approx(
        metrics.roc_auc_score(found.batch.target, found.outputs["probabilities"][:, 1])
    )


def test_what_is_shipped_has_the_rule_that_was_chosen_on_val(walked, tmp_path):
    case, table, prepared, lined_up = walked
    rules = finalists.field_of(case, "cpu", lined_up).rules
    for name in ("linear/float16", "gboost/float32"):
        chosen = next(one for one in lined_up if one.name == name)
        again = Refit(case, table, prepared, rules, tmp_path / name, _timed, here).ship([chosen])[name]
        assert again.bundle.sha != chosen.val.bundle.sha, again.refit
        assert again.bundle.schema.decision_rule == chosen.val.bundle.schema.decision_rule
        assert "the decision rule ('fraud' where its probability is at least 0." in again.refit


def test_what_is_served_is_what_was_scored_on_the_exam(walked, tmp_path, monkeypatch):
    case, table, prepared, lined_up = walked
    choices = finalists.choose_all(case, table, lined_up, here)
    rules = finalists.field_of(case, "cpu", lined_up).rules
    shipped = Refit(case, table, prepared, rules, tmp_path / "refit", _timed, here).ship(
        finalists.fitted_again(case, choices, lined_up)
    )
    judged = outcome.judge_case(case, lined_up, prepared, {"cpu": Incumbents()}, Finalists(choices, shipped))
    (decision,) = judged.decisions
    assert decision.measure == "f1@fraud"
    assert any("answers 'fraud' where its probability is at least 0." in reason for reason in decision.reasons)
    bundle = judged.finalist("cpu").bundle

    exam = prepared.tables["test"]
    inputs = [{name: float(exam.columns[name][i]) for name in "abc"} for i in range(len(exam))]
    answers = Predictor(bundle.folder).answer(inputs)
    served = np.array([answer["label"] for answer in answers])
    probable = np.array([max(answer["probabilities"], key=answer["probabilities"].get) for answer in answers])
    assert (served != probable).any()
    assert all(answer["probability"] == answer["probabilities"][answer["label"]] for answer in answers)
    score = metrics.f1_score(exam.columns["kind"], served, pos_label="fraud")
    assert decision.score.value == pytest.approx(score)
    assert score > 0.05 + metrics.f1_score(exam.columns["kind"], probable, pos_label="fraud")

    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    record = Provenance(case.name, bundle.sha, bundle.schema.family, bundle.schema.variant)
    models.publish(case.name, bundle.folder.parent, record, 1)
    (tmp_path / "rows.csv").write_text("a,b,c\n" + "\n".join(f"{r['a']},{r['b']},{r['c']}" for r in inputs) + "\n")
    result = CliRunner().invoke(app, ["predict", case.name, "rows.csv", "--output", "answers.csv"])
    assert result.exit_code == 0, result.output
    with (tmp_path / "answers.csv").open() as file:
        assert [row["label"] for row in csv.DictReader(file)] == served.tolist()


def test_folds_are_compared_by_a_threshold_that_was_chosen_without_their_rows(tmp_path, monkeypatch):
    case, seen = case_of(tmp_path, F1), []
    measure = tasks.measure("classify", "f1@fraud")

    def rule(outputs, val, train_rows):
        if val is not train_rows:  # as where a family reports its progress
            seen.append((set(val.key.tolist()), set(train_rows.key.tolist())))
        return measure.rule(outputs, val, train_rows)

    held = []
    monkeypatch.setattr(
        crossval, "read_batch", lambda folder: held.append((folder.name, read_batch(folder))) or held[-1][1]
    )
    monkeypatch.setattr(crossval.tasks, "measure", lambda *_: replace(measure, rule=rule))
    table = case.modality.read(case.data, case.options)
    found = crossval.run(case, table, ["linear"], here)
    assert not found.failed
    rows = [set(batch.key.tolist()) for name, batch in held if name == crossval.HELD]
    assert len(seen) == len(rows) == crossval.FOLDS * crossval.REPEATS
    for (val, inner), fold in zip(seen, rows, strict=True):
        assert not fold & (val | inner)
    assert 0.3 < 1 - found.loss["linear"].mean() < 0.9


def test_costs_decide_on_val_and_against_the_cheapest_answer_that_is_always_the_same(tmp_path):
    case = case_of(tmp_path, COST)
    prepared, compressed = fitted(case)
    bundle = open_bundle(compressed.bundles[compress.FLOAT])
    assert bundle.schema.decision_rule == DecisionRule(costs=COST["costs"])
    found = evaluate.evaluate(bundle, prepared.tables["test"])
    fraud = found.outputs["probabilities"][:, 1].astype(float)
    cheaper = np.where(20 * fraud > 1 - fraud, 1, 0)
    assert found.outputs["label"].tolist() == cheaper.tolist()
    truth = found.batch.target
    assert found.primary.value == pytest.approx(np.where(truth == cheaper, 0, np.where(truth == 1, 20, 1)).mean())
    always = min(20 * (truth == 1).mean(), (truth == 0).mean())
    assert evaluate.baselines(case.problem, prepared)["majority"][1].value == pytest.approx(always)
    (contest,) = [
        one for one in chance.chance_of(case.problem, prepared, found, 0.05).contests if one.measure == "cost"
    ]
    assert next(iter(contest.constants.values())).value == pytest.approx(always)
    assert found.primary.value < always


def test_the_plain_answer_by_f1_is_the_class_itself(tmp_path):
    case = case_of(tmp_path, F1)
    prepared = intake.prepare_case(case, intake.read(case))
    share = (prepared.batches["test"].target == 1).mean()
    _, score = evaluate.baselines(case.problem, prepared)["majority"]
    assert score.value == pytest.approx(2 * share / (1 + share))


def test_a_use_case_without_such_a_measure_has_no_rule_and_the_schema_that_it_had(tmp_path):
    _, compressed = fitted(case_of(tmp_path, None))
    bundle = open_bundle(compressed.bundles[compress.FLOAT])
    schema = json.loads((bundle.folder / "schema.json").read_text())
    assert bundle.schema.decision_rule is None
    assert set(schema) == {
        "usecase", "task", "modality", "family", "variant", "parent", "options", "labels", "inputs", "outputs",
        "parameters", "format",
    }  # fmt: skip
    assert set(Predictor(bundle.folder).predict(bundle.golden()[0])) == {"probabilities"}


def test_a_rule_is_part_of_the_name_and_of_what_answers(tmp_path):
    _, compressed = fitted(case_of(tmp_path, None))
    bundle = open_bundle(compressed.bundles[compress.FLOAT])
    names = {(bundle.sha, evaluate.answering_name(bundle))}
    for rule in (
        DecisionRule("fraud", 0.25),
        DecisionRule("fraud", 0.5),
        DecisionRule(costs={"fraud": 9.0, "fine": 1.0}),
    ):
        replace(bundle.schema, decision_rule=rule).write(bundle.folder)
        bundle = open_bundle(bundle.folder)
        assert bundle.schema.decision_rule == rule
        names.add((bundle.sha, evaluate.answering_name(bundle)))
    assert len({sha for sha, _ in names}) == len({name for _, name in names}) == 4


def graded(root):
    """A table of 900 rows whose target is a grade from 3 to 6."""
    random = np.random.default_rng(0)
    (root / "rows").mkdir()
    (root / "uv.lock").write_text("")
    x = random.normal(size=(900, 3))
    grade = np.clip(np.round(4.5 + x[:, 0] - 0.5 * x[:, 1] + 0.3 * random.normal(size=900)), 3, 6)
    lines = [f"{a:.4f},{b:.4f},{c:.4f},{one:g}" for (a, b, c), one in zip(x, grade, strict=True)]
    (root / "rows" / "rows.csv").write_text("\n".join(["a,b,c,grade", *lines]) + "\n")
    entry = {"families": {"linear": {}, "gboost": {"iterations": 20}}, "compression": {"float16": {}}}
    return standins.case_of(root, "tabular", "regress", {"target": "grade"}, **entry)


def test_grades_are_answered_from_the_choice_to_the_service(tmp_path):
    case = graded(tmp_path)
    table = intake.read(case)
    prepared = intake.prepare_case(case, table)
    lined_up = candidates_of(case, prepared, tmp_path / "scratch", _timed)
    values = (3.0, 4.0, 5.0, 6.0)
    for one in lined_up:
        assert one.val.bundle.schema.decision_rule == DecisionRule(values=values)
        assert set(one.val.outputs["value"].tolist()) <= set(values)
        assert one.val.primary.value == pytest.approx(np.abs(one.val.outputs["value"] - one.val.batch.target).mean())
    rules = finalists.field_of(case, "cpu", lined_up).rules
    chosen = next(one for one in lined_up if one.name == "gboost/float32")
    again = Refit(case, table, prepared, rules, tmp_path / "refit", _timed, here).ship([chosen])[chosen.name]
    assert again.bundle.schema.decision_rule == DecisionRule(values=values)
    exam = prepared.tables["test"]
    inputs = [{name: float(exam.columns[name][i]) for name in "abc"} for i in range(len(exam))]
    served = [answer["value"] for answer in Predictor(again.bundle.folder).answer(inputs)]
    assert served == evaluate.evaluate(again.bundle, exam).outputs["value"].tolist()
    assert set(served) <= set(values)
    folds = crossval.run(case, table, ["linear"], here)
    assert set(np.unique(folds.loss["linear"] * crossval.REPEATS).tolist()) <= {0.0, 1.0, 2.0, 3.0, 4.0}
    baseline = evaluate.baselines(case.problem, prepared)["mean"][1].value * len(exam)
    assert baseline == pytest.approx(round(baseline)), "baselines are rounded too"
