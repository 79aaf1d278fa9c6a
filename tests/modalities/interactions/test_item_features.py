"""Item features: what is known of an item before anybody takes it."""

import numpy as np
import pytest

from minnow.modalities import interactions
from minnow.modalities.interactions.item_features import ItemOptions
from minnow.tables.files import FileError

ITEM_FILE = "item::title::kinds\n" + "".join(
    f"{item}::{title}::{kinds}\n"
    for item, title, kinds in [
        ("y", "Why (1999)", "comic|sad"),
        ("x", "Ex (1950)", "comic"),
        ("new", "New (1998)", "sad"),
    ]
)
ITEMS = {
    "file": "films.dat",
    "separator": "::",
    "several": {"kinds": "|"},
    "within": {"year": {"column": "title", "pattern": r"\(([0-9]{4})\)$"}},
    "min_items": 1,
}


def test_items_of_the_file_of_items_are_labels_with_their_attributes(tmp_path, read_rows):
    (tmp_path / "films.dat").write_text(ITEM_FILE)
    options = interactions.Options(items=ItemOptions.model_validate(ITEMS), min_rows=1, file="rows.csv")
    table = interactions.examples(read_rows(["a,x,5,1", "b,y,5,2", "b,z,5,3"], options), options)
    labels = interactions.CAPABILITIES.classes(np.array(["x", "y", "z"]), table, options)
    assert labels.tolist() == ["new", "x", "y", "z"]
    known = interactions.CAPABILITIES.label_features(table, labels, options)
    names = table.side_tables["attribute names"].tolist()
    assert known["attributes"][:, names.index("kinds: sad")].tolist() == [1, 0, 1, 0]
    assert known["attributes"][:, names.index("kinds: comic")].tolist() == [0, 1, 1, 0]
    years = known["attributes"][:, [name.startswith("year") for name in names]]
    assert years.sum(axis=1).tolist() == [1, 1, 1, 0]
    assert not (years[0] * years[2]).any()
    assert known["popularity"].argmin() == 0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("x,1\nx,2\n", "Each item must occur in items.csv once. x do not: items.csv:2, items.csv:3"),
        ("x,1\n,2\n", "items.csv:3: an item needs an id"),
        ("x,cheap\n", "items.csv:2: 'price' needs a number. Received: 'cheap'"),
    ],
)
def test_a_bad_row_of_the_file_of_items_is_named(rows, message, tmp_path, read_rows):
    (tmp_path / "items.csv").write_text("item,price\n" + rows)
    options = interactions.Options(items=ItemOptions(file="items.csv", numbers=["price"]), min_rows=1)
    with pytest.raises(FileError, match=message):
        read_rows(["a,x,1,1"], options)
