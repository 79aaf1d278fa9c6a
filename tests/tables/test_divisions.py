"""Splits that the names of files fix."""

import pytest

from minnow.tables.divisions import divide


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        ("train.csv test.csv", "train test"),
        ("training.csv testing.csv extra.csv", ["train", "test", ""]),
        ("train1.csv train2.csv t10k.csv", "train train test"),
        ("adult-train.csv.gz adult-test.csv.gz", "train test"),
        ("x.train.jsonl x.test.jsonl", "train test"),
        ("train_set.csv Test_Set.CSV", "train test"),
        ("Coffee_TRAIN.tsv Coffee_TEST.tsv", "train test"),
        ("data_train.csv data_valid.csv data_test.csv", "train val test"),
        ("train.parquet validation.parquet test.parquet", "train val test"),
        ("train1.csv dev.csv test.csv", "train val test"),
        ("data_train.csv data_val.csv", "train test"),
        ("latest_test_results.csv", [""]),
        ("test_results.csv", [""]),
        ("data_train.csv latest_test_results.csv rows.csv", ["", "", ""]),
        ("data_train.csv", [""]),
        ("contest.csv strain.csv", ["", ""]),
        ("my_train_test.csv my_test.csv", ["", ""]),
    ],
)
def test_names_fix_splits_where_each_holds_one_word(names, splits):
    names = names.split()
    assert [divide(names).splits[name] for name in names] == (splits.split() if isinstance(splits, str) else splits)


def test_val_as_the_test_set_is_said():
    notices = divide(["a_train.csv", "a_dev.csv"]).notices
    assert [notice.text for notice in notices] == ["a_dev.csv is the test set, since no file is named test."]
    assert not divide(["a_train.csv", "a_dev.csv", "a_test.csv"]).notices


def test_options_stand_beside_names():
    assert divide(["data_train.csv", "new.csv"], {"new.csv": "test"}).splits == {
        "data_train.csv": "train",
        "new.csv": "test",
    }


def test_all_rows_of_files_have_the_split_of_their_names(read):
    table = read({"a-train.csv": "x,y\n1,u\n2,v\n", "a-test.csv": "x,y\n3,u\n", "a-val.csv": "x,y\n4,u\n"})
    assert table.split.tolist() == ["test", "train", "train", "val"]
