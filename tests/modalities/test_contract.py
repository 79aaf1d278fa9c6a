"""What every modality must hold to, whichever there are."""

import numpy as np
import pytest

from minnow import bundle
from minnow.types import Expectation


def _same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == b[name].dtype, name
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def _arrays(columns):
    return {name: column for name, column in columns.items() if column.dtype != object}


def test_rows_are_read_alike_every_time(tiny):
    a, b = tiny.table, tiny.table
    _same(_arrays(a.columns), _arrays(b.columns))
    np.testing.assert_array_equal(a.key, b.key)
    assert a.key.dtype == np.uint64
    assert len(set(a.row_id.tolist())) == len(a)
    assert "tiny." in a.row_id[0]


def test_every_column_has_a_value_per_row(tiny):
    for table in (tiny.table, tiny.examples):
        assert {len(column) for column in table.columns.values()} == {len(table)}
        assert tiny.module.target(tiny.options) in table.columns
        assert len(table.key) == len(table)


def test_a_description_is_flat_and_names_what_the_contract_asks_for(tiny):
    described = tiny.module.describe(tiny.table, tiny.options)
    assert {column.shape for column in described.values()} == {(len(tiny.table),)}
    contract = tiny.module.contract(tiny.options, tiny.table, tiny.task)
    assert all(isinstance(one, Expectation) and one.why for one in contract)
    assert {one.kwargs["column"] for one in contract if "column" in one.kwargs} <= described.keys()


def test_an_encoder_comes_back_from_disk_unchanged(tiny, tmp_path):
    encoder = tiny.encoder
    encoder.save(tmp_path / "encoder")
    again = tiny.module.Encoder.load(tmp_path / "encoder")
    _same(encoder.encode(tiny.examples.columns), again.encode(tiny.examples.columns))
    assert again.sizes == encoder.sizes


def test_an_encoder_has_the_same_bytes_every_time_it_is_made(tiny, tmp_path):
    for name in ("a", "b"):
        tiny.encoder.save(tmp_path / name)
    tiny.module.Encoder.load(tmp_path / "a").save(tmp_path / "c")
    assert bundle.sha256(tmp_path / "a") == bundle.sha256(tmp_path / "b") == bundle.sha256(tmp_path / "c")
    assert {path.name for path in (tmp_path / "a").iterdir()} <= set(bundle.ENCODER_FILES)


def test_a_row_is_encoded_alone_as_among_others(tiny):
    encoder, examples = tiny.encoder, tiny.examples
    everything = encoder.encode(examples.columns)
    for i in range(len(examples)):
        alone = encoder.encode(examples.take(np.array([i])).columns)
        _same(alone, {name: value[i : i + 1] for name, value in everything.items()})


def test_a_request_is_encoded_as_the_row_that_was_read(tiny):
    encoder = tiny.encoder
    parsed = tiny.module.parse(tiny.requests(), encoder)
    _same(encoder.encode(parsed), encoder.encode(tiny.examples.columns))


def test_ids_stay_within_their_sizes(tiny):
    encoder = tiny.encoder
    encoded = encoder.encode(tiny.examples.columns)
    for name, size in encoder.sizes.items():
        assert encoded[name].min() >= 0
        assert encoded[name].max() < size
        assert encoded[name].dtype == np.int32


def test_every_bad_request_is_refused_by_its_place(tiny):
    encoder, good = tiny.encoder, tiny.requests()[:2]
    for bad in tiny.bad:
        with pytest.raises(ValueError, match=r"^inputs\[2\]: needed .+, received .+"):
            tiny.module.parse([*good, bad], encoder)


def test_a_request_of_nothing_is_refused(tiny):
    with pytest.raises(ValueError, match="inputs: needed at least one"):
        tiny.module.parse([], tiny.encoder)


def test_a_request_has_a_schema(tiny):
    kinds = tiny.module.REQUEST["type"]
    assert set([kinds] if isinstance(kinds, str) else kinds) <= {"array", "string", "object"}
    assert tiny.module.REQUEST["description"]


def test_options_refuse_what_they_do_not_know(tiny):
    with pytest.raises(ValueError, match="extra_forbidden"):
        type(tiny.options)(no_such_option=1)


def test_decoding_leaves_an_answer_as_it_is(tiny):
    outputs = {"probabilities": np.ones((2, 3), np.float32)}
    assert tiny.encoder.decode(outputs) is outputs


def test_a_file_of_inputs_is_read_as_requests(tiny, tmp_path):
    import json

    path = tmp_path / "inputs.json"
    path.write_text(json.dumps(tiny.requests()))
    _same(
        tiny.encoder.encode(tiny.module.parse(tiny.module.from_file(path, tiny.options), tiny.encoder)),
        tiny.encoder.encode(tiny.examples.columns),
    )
    table = next(tiny.folder.glob("tiny.*"))
    inputs = tiny.module.from_file(table, tiny.options)
    assert tiny.module.parse(inputs, tiny.encoder)
