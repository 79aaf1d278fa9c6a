"""Options that several modalities share."""

import pytest

from minnow.tables.options import FileOptions, LabelledOptions, Split, TableOptions


def test_a_split_names_its_column():
    with pytest.raises(ValueError, match="needs a column"):
        Split(by="time")


def test_class_weights_are_the_weights_of_labels():
    assert LabelledOptions().label_weights is None
    assert LabelledOptions(class_weights="balanced").label_weights == "balanced"
    assert LabelledOptions(class_weights={"a": 2.0}).label_weights == {"a": 2.0}


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%Y%m%d", "%b %y", "%d.%m.%Y %H:%M:%S %z", "iso", "quarter", "s", "ns"])
def test_formats_of_dates_are_those_of_strptime_or_units(form):
    assert TableOptions(target="y", dates={"a": form}).dates == {"a": form}


@pytest.mark.parametrize("form", ["DD/MM/YYYY", "%Q", "seconds", ""])
def test_other_formats_of_dates_are_refused_with_an_example(form):
    with pytest.raises(ValueError, match=r"strptime, such as %d/%m/%Y, or iso, quarter, or a unit .* s, ms, us or ns"):
        TableOptions(target="y", dates={"a": form})


@pytest.mark.parametrize("separator", ["\t", "\\t", "tab"])
def test_a_tab_may_be_spelt(separator):
    assert FileOptions(separator=separator).separator == "\t"
