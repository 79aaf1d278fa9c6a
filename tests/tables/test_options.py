"""Options that several modalities share."""

import pytest

from minnow.tables.options import LabelledOptions, Split


def test_a_split_names_its_column():
    with pytest.raises(ValueError, match="needs a column"):
        Split(by="time")


def test_class_weights_are_the_weights_of_labels():
    assert LabelledOptions().label_weights is None
    assert LabelledOptions(class_weights="balanced").label_weights == "balanced"
    assert LabelledOptions(class_weights={"a": 2.0}).label_weights == {"a": 2.0}
