"""Hints: planted leaks are found, and honest columns are left in peace; what a split lacks is said."""

from types import SimpleNamespace

import numpy as np
import pytest

from minnow import tasks
from minnow.config.settings import SplitShares
from minnow.insight import hints
from minnow.insight import leaks as leaking
from minnow.insight.labels import class_hints, plain, variant_hint
from minnow.insight.leaks import leaks
from minnow.modalities import text
from minnow.stages.prepare import Prepared
from minnow.types import SPLITS, Batch, Table, content_key

N = 400
RANDOM = np.random.default_rng(0)
ANSWER = RANDOM.choice(["yes", "no"], N, p=[0.3, 0.7])
NUMBER = RANDOM.normal(size=N)


def _find(column, answer=ANSWER, task="classify", split="hash", repeat=0):
    key = np.array([content_key(str(i).encode()) for i in range(N)], np.uint64)
    rows = Table({"x": column, "answer": answer}, np.array([f"rows.csv:{i}" for i in range(N)]), key)
    splits = {"train": rows.take(np.arange(200)), "val": rows.take(np.arange(200, 300))}
    splits["test"] = rows.take(np.concatenate([np.arange(repeat), np.arange(300, N)]))
    return hints.find(rows, splits, "answer", ["x"], task, split)


LEAKS = [
    (np.where(ANSWER == "yes", 3.0, -1.0) + RANDOM.normal(0, 0.01, N), ANSWER, "classify"),
    (np.where(ANSWER == "yes", "granted", "declined").astype(object), ANSWER, "classify"),
    (NUMBER * 7 + 1, NUMBER.astype(str), "regress"),
    (np.where(ANSWER == "yes", np.nan, NUMBER), ANSWER, "classify"),
]


@pytest.mark.parametrize(("column", "answer", "task"), LEAKS)
def test_a_column_that_knows_the_answer_is_named(column, answer, task):
    (hint,) = _find(column, answer, task)
    assert (hint.kind, hint.column) == ("leak", "x")
    assert "options.drop" in hint.text


HONEST = [
    (NUMBER, ANSWER, "classify"),
    (RANDOM.choice(["a", "b", "c"], N).astype(object), ANSWER, "classify"),
    (NUMBER + RANDOM.normal(0, 0.5, N), NUMBER.astype(str), "regress"),
    (np.where(RANDOM.random(N) < 0.1, NUMBER, np.where(ANSWER == "yes", 2.0, 0.0)), ANSWER, "classify"),
]


@pytest.mark.parametrize(("column", "answer", "task"), HONEST)
def test_an_honest_column_is_left_in_peace(column, answer, task):
    assert _find(column, answer, task) == []


def test_a_number_or_name_of_the_row_is_an_id():
    assert [hint.kind for hint in _find(np.arange(N, dtype=float), split="group")] == ["id"]
    assert [hint.kind for hint in _find(np.array([f"user {i}" for i in range(N)], dtype=object))] == ["id"]


def test_a_time_under_a_random_split_is_named_and_under_a_split_by_time_is_not():
    days = np.datetime64("2024-01-01", "s") + RANDOM.integers(0, 10**7, N).astype("timedelta64[s]")
    assert [hint.kind for hint in _find(days)] == ["time"]
    assert _find(days, split="time") == []


def test_rows_of_the_exam_among_the_training_rows_are_counted():
    (hint,) = _find(NUMBER, repeat=7)
    assert hint.kind == "duplicates"
    assert "7 of 107" in hint.text
    assert "rows.csv:0" in hint.text
    assert hint.facts == {"rows": 7, "of": 107}


# Columns that are filled only afterwards, where few rows say yes


def _bank(seed=0, n=4000):
    """Rows of which about 11 % say yes, with honest columns that tell a little."""
    random = np.random.default_rng(seed)
    honest = {
        "age": random.normal(40, 10, n),
        "balance": random.lognormal(7, 1, n),
        "calls": random.integers(1, 8, n) * 1.0,
    }
    lean = 0.03 * (honest["age"] - 40) + 0.3 * (np.log(honest["balance"]) - 7) - 0.2 * honest["calls"]
    yes = random.random(n) < 1 / (1 + np.exp(1.7 - lean))
    assert 0.08 < yes.mean() < 0.14
    return honest, yes, np.where(yes, "yes", "no"), random


def test_a_column_that_orders_the_rows_better_than_all_others_is_a_question():
    honest, yes, answer, random = _bank()
    duration = np.where(yes, random.lognormal(6.1, 0.55, len(yes)), random.lognormal(5.1, 0.85, len(yes)))
    (hint,) = leaks({**honest, "duration": duration, "minutes": duration / 60}, answer, "classify")
    assert hint.column in ("duration", "minutes")
    assert "orders the rows with an AUC of 0.8" in hint.text
    assert hint.text.count("?") == 1
    assert len(hint.facts["same"]) == 1


def test_a_column_that_is_filled_for_one_class_alone_is_a_question():
    honest, yes, answer, random = _bank(1)
    some = yes & (random.random(len(yes)) < 0.5)
    refund = np.where(some, random.lognormal(3, 1, len(yes)), 0.0)
    reason = np.where(some, random.choice(["price", "moved"], len(yes)), "").astype(object)
    for name, values, usually in (("refund_amount", refund, "'0'"), ("reason", reason, "empty")):
        (hint,) = leaks({**honest, name: values}, answer, "classify")
        assert hint.column == name
        assert f"is {usually} in most rows; in 100 % of the {int(some.sum())} others the answer is 'yes'" in hint.text


def test_a_number_that_one_column_explains_better_than_all_others_is_a_question():
    honest, _, _, random = _bank(2)
    price = 50 + 3 * honest["age"] + 10 * honest["calls"] + random.normal(0, 20, 4000)
    tax = 0.19 * price + random.normal(0, 2, 4000)
    (hint,) = leaks({**honest, "tax": tax}, price.astype(str), "regress")
    assert hint.column == "tax"
    assert "of the variance of the target, all other columns together" in hint.text


def test_of_two_or_three_columns_one_says_most_without_being_asked_about():
    honest, yes, answer, random = _bank()
    duration = np.where(yes, random.lognormal(6.1, 0.55, len(yes)), random.lognormal(5.1, 0.85, len(yes)))
    assert leaks({"age": honest["age"], "calls": honest["calls"], "size": duration}, answer, "classify") == []


def test_honest_columns_of_such_rows_are_left_in_peace():
    for seed in range(3):
        honest, _, answer, _ = _bank(seed)
        assert leaks(honest, answer, "classify") == []


@pytest.mark.parametrize("name", ["breast_cancer", "iris", "wine", "diabetes", "digits"])
def test_no_column_of_well_known_honest_data_is_called_a_leak(name):
    """In breast_cancer single columns have an AUC of 0.95 alone, in iris of 0.98, but the others together have as much."""
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    columns = {str(name): data.data[:, place] for place, name in enumerate(data.feature_names)}
    answer = data.target.astype(str)
    assert leaks(columns, answer, "regress" if name == "diabetes" else "classify") == []


def test_a_class_of_three_rows_shows_nothing_and_is_no_leak():
    rare = np.where(np.arange(N) < 3, "fraud", "fine")
    assert leaks({"x": NUMBER, "y": RANDOM.normal(size=N)}, rare, "classify") == []


# Classes that a split lacks


def _tables(**classes):
    """Tables of the three splits. classes: label -> rows in train, val and test."""
    tables = {}
    for place, name in enumerate(SPLITS):
        labels = np.array([label for label, rows in classes.items() for _ in range(rows[place])], dtype=str)
        row_id = np.array([f"{name}.csv:{i}" for i in range(len(labels))], dtype=str)
        tables[name] = Table({"team": labels}, row_id, np.arange(len(labels), dtype=np.uint64))
    return tables


def test_a_class_that_begins_late_is_named_with_its_rows():
    (hint,) = class_hints(_tables(a=(50, 20, 20), b=(50, 20, 20), robots=(0, 0, 30)), "team", "time")
    assert hint.text.startswith("class 'robots' has 30 rows in the exam and none in train: no model can know it")
    assert "test.csv:40 is its first row after those of train" in hint.text
    assert hint.facts == {"lacks": "train", "classes": {"robots": {"train": 0, "val": 0, "test": 30}}}


def test_a_class_that_the_exam_or_val_lacks_is_named_with_the_rows_that_it_has():
    exam, val = class_hints(_tables(a=(50, 20, 20), rare=(2, 1, 0), odd=(3, 0, 9)), "team", "hash")
    assert exam.text.startswith("class 'rare' has 2 rows in train, 1 in val and none in the exam: the exam cannot show")
    assert val.text.startswith("class 'odd' has 3 rows in train, 9 in the exam and none in val")


def test_a_class_with_few_rows_in_the_exam_is_named_with_what_they_show():
    (hint,) = class_hints(_tables(a=(50, 20, 20), rare=(2, 1, 3)), "team", "hash")
    assert hint.kind == "few"
    assert "1 of 2 classes has fewer than 6 rows in the exam: 'rare' 3" in hint.text
    assert "0.44" in hint.text


def test_many_classes_without_rows_are_counted_in_one_sentence():
    many = {f"c{i}": (3, 1, 0) for i in range(9)}
    (hint,) = class_hints(_tables(a=(50, 20, 20), b=(50, 20, 20), **many), "team", "hash")
    assert hint.text.startswith("9 of 11 classes have no row in the exam: 'c0' (4 rows)")
    assert "and 4 more" in hint.text
    assert len(hint.facts["classes"]) == 9


def test_classes_whose_shares_change_with_time_are_named():
    tables = _tables(no=(80, 20, 10), yes=(20, 10, 40))
    (hint,) = class_hints(tables, "team", "time")
    assert hint.kind == "drift"
    assert hint.text.startswith(
        "class 'no' has 80 % of the rows of train and 20 % of those of the exam, which are later"
    )
    assert class_hints(tables, "team", "hash") == []
    assert class_hints(_tables(no=(80, 20, 30), yes=(20, 10, 20)), "team", "time") == []


def test_classes_with_enough_rows_everywhere_give_no_hint():
    assert class_hints(_tables(a=(50, 20, 20), b=(9, 6, 6)), "team", "time") == []


# Spellings of one label


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Yes", "yes"),
        ("yes", " yes "),
        ("1", "1.0"),
        ("New  York", "new york"),
        ("1.50", "1.5"),
        ("e\u0301", "é"),
        ("-0", "0"),
        ("<=50K.", "<=50K"),
        ("2.", "2.0"),
    ],
)
def test_labels_that_differ_only_in_case_blanks_or_zeros_are_variants(one, other):
    assert plain(one) == plain(other)


@pytest.mark.parametrize(
    ("one", "other"), [("1", "10"), ("01", "1"), ("a b", "ab"), ("yes", "y"), ("1.5", "1,5"), (".", "-")]
)
def test_other_labels_are_not(one, other):
    assert plain(one) != plain(other)


def test_variants_are_counted_and_the_option_that_merges_them_is_written_out():
    labels = np.array(["yes"] * 5 + ["Yes"] * 3 + ["YES"] + ["no"] * 4 + ["No"] * 2 + ["maybe", ""])
    hint = variant_hint(labels, "renew", "options.label_as")
    assert "5 of the 6 labels differ from another only in case" in hint.text
    assert "'yes' (5 rows), 'Yes' (3 rows), 'YES' (1 row)" in hint.text
    assert 'options.label_as: {"No": "no", "Yes": "yes", "YES": "yes"}' in hint.text
    assert hint.facts["label_as"] == {"No": "no", "Yes": "yes", "YES": "yes"}
    assert variant_hint(np.array(["a", "b", "a"]), "renew", None) is None


# Which hints a use case gets


def _hints(task, target, labels, tokens):
    """Hints of a use case of texts with these targets, all splits alike. tokens: ids of the words of a text, 1 unknown."""
    n = len(target)
    key = np.linspace(0, 2**63, n).astype(np.uint64) * np.uint64(2)
    table = Table({"label": target}, np.array([f"r:{i}" for i in range(n)]), key)
    batch = Batch({"tokens": np.tile(tokens, (n, 1))}, tasks.get(task).encode(target, labels), labels, task, key)
    problem = SimpleNamespace(modality=text, options=text.Options(), target="label", task_name=task, time_column=None)
    case = SimpleNamespace(problem=problem, modality=text, usecase=SimpleNamespace(split=SplitShares()))
    encoder = SimpleNamespace(ngram_vocabulary=None, char_ngrams=None)
    prepared = Prepared(dict.fromkeys(SPLITS, table), dict.fromkeys(SPLITS, batch), encoder, labels)
    return hints.hints_of(case, table, prepared)


def test_lists_of_items_are_no_classes():
    assert _hints("rank", np.array([["a", "b"], ["B", ""]] * 64), np.array(["B", "a", "b"]), [2, 2]) == []


def test_texts_of_unknown_words_are_counted():
    target, labels = np.array(["a", "b"] * 64), np.array(["a", "b"])
    (hint,) = _hints("classify", target, labels, [1, 1, 2, 0])
    assert hint.kind == "unknown"
    assert "67 % of the words of a text of val are unknown" in hint.text
    assert "in 128 of 128 texts most of them" in hint.text
    assert _hints("classify", target, labels, [1, 2, 3, 0]) == []


@pytest.mark.parametrize("task", ["classify", "regress"])
def test_in_a_table_wider_than_long_a_leak_is_found_among_the_most_promising_columns(task, monkeypatch):
    random, compared = np.random.default_rng(3), []
    wide = {f"n{i}": random.normal(size=300) for i in range(900)}
    number = random.normal(size=300)
    answer = np.where(number > 0.8, "yes", "no") if task == "classify" else number.astype(str)
    wide["paid"] = np.where(random.random(300) < 0.1, np.nan, number + random.normal(scale=0.001, size=300))
    wide["kind"] = np.where(number > 0.8, "b", np.where(number > 0, "a", "c")).astype(object)
    honest = leaking.alone
    monkeypatch.setattr(leaking, "alone", lambda *args: compared.append(1) or honest(*args))
    hints = {hint.column: hint.kind for hint in leaks(wide, answer, task)}
    assert len(compared) == 200
    assert hints["kind" if task == "classify" else "paid"] == "leak"
    assert not set(hints) - {"paid", "kind"}


def test_the_most_promising_columns_of_a_wide_table_are_those_that_say_most_in_their_order():
    random = np.random.default_rng(4)
    columns = {f"n{i}": random.normal(size=400) for i in range(250)}
    answer = np.where(columns["n7"] + columns["n240"] > 1.5, "b", "a")
    kept = list(leaking.promising(columns, answer, "classify"))
    assert len(kept) == 200
    assert kept == [name for name in columns if name in kept]
    assert {"n7", "n240"} <= set(kept)
    assert list(leaking.promising(dict(list(columns.items())[:200]), answer, "classify")) == list(columns)[:200]
