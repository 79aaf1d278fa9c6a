"""What is written to params.yaml reads back equal, by YAML 1.2, which Minnow and DVC read, and by YAML 1.1."""

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from minnow.config import document, loading, writing

TRAPS = (
    "on", "No", "y", "null", "~", "true", "1e3", "007", "0o7", "0x1", ".5", "1_000", "12:30", "2020-01-01", "<<", "=", "- a",
    "a: b", "a #b", "'", '"', "\\", "a\nb", "\ufeff", "\x85", "\u2028", "\x7f", "", " ", " a", "!a", "&a", "*a", "%a", "@a",
    "`a", "[a", "{a", "a,b", "pulse [/min]", "${HOME}", "$${HOME}", "\U0001f600",
)  # fmt: skip
NAMES = st.sampled_from(TRAPS) | st.text(max_size=20)
VALUES = st.recursive(
    NAMES | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
@example(list(TRAPS))
@example({name: name for name in TRAPS})
@example("a" * 500)
def test_a_value_is_written_on_one_line_and_reads_back_equal(value):
    text = f"key: {writing.inline(value)} # a reason"
    assert len(text.splitlines()) == 1 or "\n" not in text
    assert YAML(typ="safe").load(text) == {"key": value}
    assert yaml.safe_load(text) == {"key": value}


@given(NAMES)
@example("$${HOME}")
def test_a_column_with_the_name_of_a_variable_reads_back_equal(name):
    values = {"options": {"target": name, "kinds": {name: "numeric"}}}
    loaded = YAML(typ="safe").load(writing.document(values))
    assert loading._expand(loaded, ()) == values


@given(NAMES)
def test_an_argument_of_new_reads_back_equal(name):
    assert document.value_of(writing.inline(name)) == name


def test_a_name_that_is_no_unicode_is_refused_by_name():
    with pytest.raises(ValueError, match=r"cannot hold this name: 'a\\udc80'"):
        writing.inline("a\udc80")
