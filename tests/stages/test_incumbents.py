"""Registered models stay comparable when settings change; where they cannot be compared, the decision says why."""

from dataclasses import replace

import numpy as np
import pytest
import standins
from standins import bundle_of, case_of, held_of, prepared_of

from minnow.records.decision import Decision, Unscored, from_json
from minnow.records.keys import TrainingRows
from minnow.records.origin import Origin
from minnow.records.timing import Timing
from minnow.stages import compress, evaluate, finalists, incumbents, intake, outcome, timing
from minnow.stages import exam_rows as exams
from minnow.stages.candidates import Candidate, Incumbents
from minnow.stages.finalists import Finalists
from minnow.stages.train import Trained
from minnow.types import KeyRule

TABLE = {"target": "kind", "min_rows": 10}
SERIES = {"target": "sales", "series": "shop", "horizon": 2, "window": 2, "min_rows": 10}
CHANGES = {
    "tabular: a column is dropped": (standins.tabular, "tabular", "classify", TABLE, {"drop": ["z"]}),
    "tabular: a column is read again": (
        standins.tabular,
        "tabular",
        "classify",
        {**TABLE, "drop": ["z", "colour"]},
        {"drop": []},
    ),
    "tabular: another kind, and derived columns": (
        standins.tabular,
        "tabular",
        "classify",
        TABLE,
        {"kinds": {"z": "categorical"}, "logs": ["x"]},
    ),
    "tabular: a value is missing": (standins.tabular, "tabular", "classify", TABLE, {"missing": ["red"]}),
    "images: another size": (
        standins.images,
        "images",
        "classify",
        {"scale": 16, "min_rows": 10},
        {"resize": [4, 4]},
    ),
    "pictures: another size, in grey": (
        standins.pictures,
        "images",
        "classify",
        {"min_rows": 10, "resize": [6, 6]},
        {"resize": [4, 4], "channels": 1},
    ),
    "text: fewer words": (
        standins.text,
        "text",
        "classify",
        {"min_rows": 10},
        {"max_tokens": 3, "vocabulary": 10, "characters": [2, 3]},
    ),
    "text: another column": (standins.text, "text", "classify", {"min_rows": 10}, {"text": "title"}),
    "audio: another rate": (
        standins.audio,
        "audio",
        "classify",
        {"rate": 4000, "seconds": 0.25, "bands": 8, "min_rows": 10},
        {"rate": 2000, "seconds": 0.2},
    ),
    "series: longer windows, fewer sensors": (
        standins.series,
        "timeseries",
        "forecast",
        {**SERIES},
        {"window": 10, "sensors": ["sales"]},
    ),
    "series: shorter windows": (standins.series, "timeseries", "forecast", {**SERIES, "window": 10}, {"window": 5}),
    "ratings: another half life": (
        standins.log,
        "interactions",
        "rate",
        {"target": "rating", "max_repeats": 0.9},
        {"half_life": 60},
    ),
    "ranking: another half life": (standins.log, "interactions", "rank", {"max_repeats": 0.9}, {"half_life": 60}),
}


def begun(root, make, modality, task, options, **more):
    """A first run: its case, and its prepared rows."""
    (root / "rows").mkdir(exist_ok=True)
    make(root / "rows")
    case = case_of(root, modality, task, options, **more)
    return case, prepared_of(case)


def finalist_of(case, prepared, folder, seed=5):
    return bundle_of(case, prepared, folder / "finalist", seed)


@pytest.mark.parametrize("change", CHANGES)
def test_changed_options_leave_the_exam_and_the_champion_is_scored_on_it_as_it_was_made(change, tmp_path):
    *first, changed = CHANGES[change]
    case, before = begun(tmp_path, *first)
    held = held_of(case, before, tmp_path / "champion")
    was = evaluate.evaluate(held.bundle, before.tables["test"])
    now = case_of(tmp_path, first[1], first[2], {**first[3], **changed}, held.keys)
    after = prepared_of(now)
    assert after.keys == before.keys
    assert set(after.exam_rows) == set(before.exam_rows), "the exam was drawn anew"
    found = incumbents.compared(now, after, Incumbents({"champion": held}), finalist_of(now, after, tmp_path))
    assert not found.unscored
    assert not found.left_out
    ids = after.tables["test"].row_id[found.rows]
    assert len(ids) >= 0.9 * len(after.tables["test"])
    place = {row: index for index, row in enumerate(before.tables["test"].row_id.tolist())}
    both = [index for index, row in enumerate(ids.tolist()) if row in place]
    assert len(both) >= 0.9 * len(ids)
    own = was.loss[[place[ids[index]] for index in both]]
    np.testing.assert_allclose(found.rivals["champion"].loss[both], own, rtol=1e-6)


@pytest.mark.parametrize("change", ["tabular: a column is dropped", "images: another size", "text: another column"])
def test_without_a_recorded_rule_changed_options_draw_another_exam(change, tmp_path):
    """The planted fault: this is what the rule is for."""
    *first, changed = CHANGES[change]
    _, before = begun(tmp_path, *first)
    after = prepared_of(case_of(tmp_path, first[1], first[2], {**first[3], **changed}))
    assert set(after.exam_rows) != set(before.exam_rows)


def test_columns_in_another_order_and_a_new_one_leave_the_exam(tmp_path):
    _, before = begun(tmp_path, standins.tabular, "tabular", "classify", TABLE)
    path = tmp_path / "rows" / "rows.csv"
    header, *lines = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text(
        "\n".join(",".join([*row[::-1], more]) for row, more in [(header, "new"), *((r, "1") for r in lines)])
    )
    after = prepared_of(case_of(tmp_path, "tabular", "classify", TABLE, before.keys))
    assert set(after.exam_rows) == set(before.exam_rows)
    assert "new" in after.tables["test"].columns


def test_a_key_column_that_the_file_lost_draws_the_exam_anew_and_says_so(tmp_path):
    case, before = begun(tmp_path, standins.tabular, "tabular", "classify", TABLE)
    held = held_of(case, before, tmp_path / "champion")
    path = tmp_path / "rows" / "rows.csv"
    path.write_text("\n".join(",".join(line.split(",")[1:]) for line in path.read_text().splitlines()))
    now = case_of(tmp_path, "tabular", "classify", TABLE, held.keys)
    table = intake.read(now)
    assert any("the column 'x', which the files do not have any more" in notice.text for notice in table.notices)
    after = intake.prepare_case(now, table)
    assert after.keys != before.keys
    found = incumbents.compared(now, after, Incumbents({"champion": held}), finalist_of(now, after, tmp_path))
    (unscored,) = found.unscored
    assert (unscored.why, found.rivals) == ("keys", {})
    assert "'x'" in unscored.reason


def _written_in_another_way(root):
    path = root / "rows" / "rows.csv"
    header, *lines = path.read_text().splitlines()
    rows = [header.replace(",", ";"), *(line.replace(",", ";").replace(".", ",") for line in lines)]
    path.write_text("\n".join(rows) + "\n")


UNSCORED = {
    "keys": lambda root, held: replace(held, keys=None),
    "other keys": lambda root, held: replace(held, keys=KeyRule((("x", "numeric"),), held.keys.options)),
    "training rows": lambda root, held: replace(held, training=None),
    "bundle": lambda root, held: (held.bundle.folder / "encoder.json").write_text("{}"),
    "answers": lambda root, held: held.bundle.model_path.write_bytes(b"no model"),
    "notation": lambda root, held: _written_in_another_way(root),
}


@pytest.mark.parametrize("why", UNSCORED)
def test_a_champion_that_cannot_be_scored_is_named_with_the_reason(why, tmp_path):
    case, prepared = begun(tmp_path, standins.tabular, "tabular", "classify", TABLE)
    held = held_of(case, prepared, tmp_path / "champion")
    made = UNSCORED[why](tmp_path, held)
    held = made if isinstance(made, type(held)) else held
    now = case_of(tmp_path, "tabular", "classify", TABLE, prepared.keys)
    after = prepared_of(now)
    found = incumbents.compared(now, after, Incumbents({"champion": held}), finalist_of(now, after, tmp_path))
    (unscored,) = found.unscored
    assert unscored.why == why.removeprefix("other ")
    assert unscored.reason.startswith("The champion, version 1 (linear/float32), cannot be scored fairly: ")
    assert (found.rivals, len(found.rows)) == ({}, len(after.tables["test"]))


def test_a_changed_task_target_or_option_is_named(tmp_path):
    case, prepared = begun(tmp_path, standins.tabular, "tabular", "classify", TABLE)
    held = held_of(case, prepared, tmp_path / "champion")
    now = case_of(tmp_path, "tabular", "classify", {**TABLE, "label_as": {"a": "A"}}, held.keys)
    after = prepared_of(now)
    finalist = finalist_of(now, after, tmp_path)
    (unscored,) = incumbents.compared(now, after, Incumbents({"champion": held}), finalist).unscored
    assert unscored.why == "target"
    assert "'a' instead of 'A' in rows.csv:" in unscored.reason
    schema = held.bundle.schema
    for why, other in {"task": {"task": "regress"}, "options": {"options": {**schema.options, "gone": 1}}}.items():
        bundle = replace(held.bundle, schema=replace(schema, **other))
        (unscored,) = incumbents.compared(
            case, prepared, Incumbents({"champion": replace(held, bundle=bundle)}), finalist
        ).unscored
        assert unscored.why == why, unscored.reason


def test_rows_that_the_champion_was_trained_on_are_left_out_and_counted(tmp_path):
    case, prepared = begun(tmp_path, standins.tabular, "tabular", "classify", TABLE)
    key = prepared.tables["test"].key
    held = held_of(case, prepared, tmp_path / "champion")
    assert held.training is not None
    few = TrainingRows(np.union1d(held.training.key, key[:9]), held.training.group)
    finalist = finalist_of(case, prepared, tmp_path)
    models = {role: replace(held, training=few) for role in ("champion", "best")}
    found = incumbents.compared(case, prepared, Incumbents(models), finalist)
    assert (found.rows.tolist(), found.left_out) == (list(range(9, len(key))), {"champion": 9, "best": 9})
    assert len(found.rivals["champion"].loss) == len(key) - 9
    most = TrainingRows(np.union1d(held.training.key, key[: len(key) // 2 + 1]), held.training.group)
    found = incumbents.compared(case, prepared, Incumbents({"champion": replace(held, training=most)}), finalist)
    assert (found.unscored[0].why, found.rivals) == ("rows", {})


def test_rows_that_today_trains_on_too_count_where_time_splits_equal_rows(tmp_path):
    """Of a split by time, equal rows may be in train and in the exam: neither model has an advantage."""
    (tmp_path / "rows").mkdir()
    lines = [f"2024-01-{1 + i // 24:02d} {i % 24:02d}:00:00,{i % 3},{'ab'[i % 2]}" for i in range(300)]
    (tmp_path / "rows" / "rows.csv").write_text("\n".join(["at,x,kind", *lines]) + "\n")
    options = {**TABLE, "max_duplicates": 1, "split": {"by": "time", "column": "at"}}
    case = case_of(tmp_path, "tabular", "classify", options)
    prepared = prepared_of(case)
    held = held_of(case, prepared, tmp_path / "champion")
    finalist = finalist_of(case, prepared, tmp_path)
    found = incumbents.compared(case, prepared, Incumbents({"champion": held}), finalist)
    assert (found.unscored, found.left_out) == ((), {})


def test_the_users_of_a_ranking_are_left_out_where_an_interaction_of_theirs_was_trained_on(tmp_path):
    _, prepared = begun(tmp_path, standins.log, "interactions", "rank", {"max_repeats": 0.9})
    exam_rows = prepared.tables["test"]
    training = exams.training_rows(prepared)
    assert not exams.trained_on(exam_rows, training).any(), "users of train are in the exam with later items"
    assert exam_rows.parts is not None
    more = TrainingRows(np.union1d(training.key, exam_rows.parts[3, :1]), training.group)
    assert np.flatnonzero(exams.trained_on(exam_rows, more)).tolist() == [3]


def test_groups_that_were_trained_on_are_left_out_whole(tmp_path):
    options = {**TABLE, "split": {"by": "group", "column": "z"}}
    _, prepared = begun(tmp_path, standins.tabular, "tabular", "classify", options)
    training = exams.training_rows(prepared)
    exam_rows = prepared.tables["test"]
    assert exam_rows.group is not None
    more = TrainingRows(training.key, np.union1d(training.group, exam_rows.group[:1]))
    learned = exams.trained_on(exam_rows, more)
    assert (learned == (exam_rows.group == exam_rows.group[0])).all()


def test_a_user_is_the_same_row_of_the_exam_when_the_log_grows(tmp_path):
    _, before = begun(tmp_path, standins.log, "interactions", "rank", {"max_repeats": 0.9})
    standins.log(tmp_path / "rows", more=60)
    after = prepared_of(case_of(tmp_path, "interactions", "rank", {"max_repeats": 0.9}))
    old, new = before.tables["test"], after.tables["test"]
    assert np.isin(new.key, old.key).mean() < 0.5
    assert np.isin(exams.identity(new), exams.identity(old)).mean() > 0.5


def candidate_of(case, prepared, folder, seed=5):
    bundle = finalist_of(case, prepared, folder, seed)
    val = evaluate.evaluate(bundle, prepared.tables["val"])
    evaluate.record(val, "val")
    origin = Origin("", "linear", {}, 7, 1, "", "", "")
    return Candidate(Trained("linear", bundle.folder, origin, True), compress.FLOAT, val, Timing(9.0, 9.0, 1.0, 1), {})


def decided(case, prepared, held: Incumbents, folder) -> Decision:
    candidate = candidate_of(case, prepared, folder)
    chosen = Finalists({target: finalists.choose(case, target, [candidate]) for target in case.usecase.targets})
    (decision,) = outcome.judge_case(
        case, [candidate], prepared, dict.fromkeys(case.usecase.targets, held), chosen
    ).decisions
    assert from_json(decision.as_json()) == decision
    return decision


def test_a_decision_without_a_champion_that_can_be_scored_is_a_first_one_and_says_why(tmp_path):
    case, prepared = begun(tmp_path, standins.tabular, "tabular", "classify", TABLE)
    alone = decided(case, prepared, Incumbents(), tmp_path / "alone")
    lost = Unscored("champion", "files", "The champion, version 3, cannot be scored, since its files are lost.", 3)
    decision = decided(case, prepared, Incumbents(unread=(lost,), replaces="abc"), tmp_path / "lost")
    assert (decision.verdict, decision.promote, decision.looked) == (alone.verdict, alone.promote, alone.looked)
    assert (decision.unscored, decision.replaces) == ((lost,), "abc")
    assert lost.reason in decision.reasons
    unknown = replace(held_of(case, prepared, tmp_path / "champion"), keys=None)
    decision = decided(case, prepared, Incumbents({"champion": unknown, "best": unknown}), tmp_path / "unknown")
    assert decision.verdict == alone.verdict
    assert [(one.role, one.why) for one in decision.unscored] == [("champion", "keys"), ("best", "keys")]


def test_a_decision_on_a_part_of_the_exam_says_how_many_rows_are_left_out(tmp_path, monkeypatch):
    case, prepared = begun(tmp_path, standins.tabular, "tabular", "classify", TABLE)
    monkeypatch.setattr(timing, "measure_each", lambda folders, **more: {})
    held, key = held_of(case, prepared, tmp_path / "champion"), prepared.tables["test"].key
    assert held.training is not None
    held = replace(held, training=TrainingRows(np.union1d(held.training.key, key[:9]), held.training.group))
    decision = decided(case, prepared, Incumbents({"champion": held}), tmp_path)
    assert decision.left_out == {"champion": 9}
    assert decision.comparisons["champion"]["n"] == len(key) - 9
    assert decision.rows == len(key)
    assert any(f"9 of the {len(key)} rows of the exam are left out" in reason for reason in decision.reasons)


def test_the_same_answering_parts_are_the_same_model_whatever_the_options_and_the_record(tmp_path):
    case, prepared = begun(tmp_path, standins.tabular, "tabular", "classify", TABLE)
    held = replace(held_of(case, prepared, tmp_path / "champion", seed=5), keys=None, training=None)
    now = case_of(tmp_path, "tabular", "classify", {**TABLE, "min_rows": 11})
    decision = decided(now, prepared_of(now), Incumbents({"champion": held}, looks=4), tmp_path)
    assert (decision.verdict, decision.looks, decision.unscored) == ("same", 4, ())


def test_a_gpu_is_judged_by_its_own_clock_or_not_by_time(tmp_path, monkeypatch):
    entry = {"targets": ["gpu"], "budget": {"p95_us": 5}}
    case, prepared = begun(tmp_path, standins.tabular, "tabular", "classify", TABLE, **entry)
    candidate, asked = candidate_of(case, prepared, tmp_path), []

    def none_there(folders, device="cpu", **more):
        asked.append(device)
        return dict.fromkeys(folders, "no GPU")

    monkeypatch.setattr(timing, "measure_each", none_there)
    chosen = finalists.choose(case, "gpu", [candidate])
    assert chosen.finalist == "linear/float32", "9 us on a CPU say nothing of a GPU"
    assert any(
        reason.startswith("No session on a gpu can be timed on this machine, so budget.p95_us is not checked")
        for reason in chosen.reasons
    )
    assert finalists.choose(case, "cpu", [candidate]).finalist is None
    monkeypatch.setattr(
        timing, "measure_each", lambda folders, device="cpu", **more: dict.fromkeys(folders, Timing(6.0, 6.0, 1.0, 1))
    )
    assert finalists.choose(case, "gpu", [candidate]).infeasible
    assert asked == ["gpu"]


def test_a_champion_with_a_longer_window_is_compared_on_the_examples_that_it_can_answer(tmp_path):
    """What it reads by its own options are the rows of the exam alone, as when it was judged itself."""
    *first, changed = CHANGES["series: shorter windows"]
    case, before = begun(tmp_path, *first)
    held = held_of(case, before, tmp_path / "champion")
    now = case_of(tmp_path, first[1], first[2], {**first[3], **changed}, held.keys)
    after = prepared_of(now)
    found = incumbents.compared(now, after, Incumbents({"champion": held}), finalist_of(now, after, tmp_path))
    assert len(found.rows) < len(after.tables["test"]), "a longer window has fewer examples in the exam"
    assert set(after.tables["test"].row_id[found.rows]) == set(before.tables["test"].row_id)


@pytest.mark.parametrize(
    "change", ["tabular: a column is dropped", "images: another size", "text: another column", "audio: another rate"]
)
def test_a_rule_of_another_kind_of_data_or_version_draws_the_exam_anew(change, tmp_path):
    """As where a use case has another modality now."""
    case, before = begun(tmp_path, *CHANGES[change][:4])
    for rule in (KeyRule(options={"way": 1}), replace(before.keys, version=9)):
        table = intake.read(replace(case, keys=rule))
        assert (table.keys, table.key.tolist()) == (before.keys, intake.read(case).key.tolist())
        assert table.notices[-1].text.startswith("Train, val and test are drawn anew")


@pytest.mark.parametrize(
    ("change", "options"),
    [
        ("tabular: a column is dropped", {"split": {"by": "group", "column": "colour"}}),
        ("audio: another rate", {"group_part": 0}),
        ("ranking: another half life", {"split": "last"}),
    ],
)
def test_another_kind_of_split_draws_the_exam_anew(change, options, tmp_path):
    make, modality, task, first, _ = CHANGES[change]
    _, before = begun(tmp_path, make, modality, task, first)
    table = intake.read(case_of(tmp_path, modality, task, {**first, **options}, before.keys))
    assert table.keys != before.keys
    assert "no earlier model can be compared on" in table.notices[-1].text
