"""What every modality must hold to, whichever there are."""

import json
import symtable
from pathlib import Path

import numpy as np
import pytest
import registered

from minnow import modalities
from minnow.contracts import Encoder, Modality, RowOptions
from minnow.records import files
from minnow.records.bundle import ENCODER_FILES
from minnow.types import Expectation


def _bound(path):
    """Names that a package's face makes public: what it imports, defines or assigns at its top."""
    symbols = symtable.symtable(path.read_text(), str(path), "exec").get_symbols()
    names = {symbol.get_name() for symbol in symbols if symbol.is_imported() or symbol.is_assigned()}
    return {name for name in names if not name.startswith("_")} - {"annotations"}


@pytest.mark.parametrize("name", modalities.names())
def test_the_face_of_a_modality_has_the_names_of_its_contract_and_no_others(name):
    contract = {key for key in vars(Modality) if not key.startswith("_")}
    module = modalities.get(name)
    for names in (_bound(Path(module.__file__)), set(module.__all__)):
        strange, missing = sorted(names - contract), sorted(contract - names)
        assert not strange, (
            f"{module.__name__} has names that Modality does not know: {', '.join(strange)}. Leave them out."
        )
        assert not missing, f"{module.__name__} lacks names of Modality: {', '.join(missing)}. Import them there."


def test_no_public_name_of_encoders_or_options_nearly_has_a_name_of_the_contract(tiny):
    """A mistyped method would silently leave the inherited one in place."""
    for subject, contract in ((type(tiny.encoder), Encoder), (tiny.module.Options, RowOptions)):
        registered.check_near_names(subject, contract)


def test_every_modality_is_read_against_its_contract():
    registered.check_listed(modalities.registry)


def _agree(specs, encoded):
    """The arrays must be those that were declared: names, shapes and dtypes."""
    assert sorted(spec.name for spec in specs) == sorted(encoded)
    for spec in specs:
        assert encoded[spec.name].shape[1:] == spec.shape, spec.name
        assert encoded[spec.name].dtype == spec.dtype, spec.name


def _check_outputs(case, folder):
    encoder = case.encoder
    _agree(encoder.outputs, encoder.encode(case.module.parse(case.requests()[:3], encoder)))
    encoder.save(folder)
    assert case.module.load_encoder(folder).outputs == encoder.outputs


def test_an_encoder_declares_the_arrays_that_it_makes(tiny, tmp_path):
    _check_outputs(tiny, tmp_path / "encoder")


def test_an_encoder_declares_the_arrays_that_it_makes_with_other_options(variant, tmp_path):
    _check_outputs(variant, tmp_path / "encoder")


def test_rows_of_train_are_encoded_to_the_same_arrays(tiny):
    encoder, examples = tiny.encoder, tiny.examples
    encoded, weight = encoder.encode_train(examples.columns)
    _agree(encoder.outputs, encoded)
    assert {len(value) for value in encoded.values()} == {len(examples)}
    assert weight is None or (weight.shape == (len(examples),) and weight.dtype == np.float32)


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


def test_a_description_is_flat_and_holds_every_column_that_is_expected(tiny):
    described = tiny.module.describe(tiny.table, tiny.options)
    assert {column.shape for column in described.values()} == {(len(tiny.table),)}
    expectations = tiny.module.expectations(tiny.options, tiny.table, tiny.task)
    assert all(isinstance(expectation, Expectation) and expectation.why for expectation in expectations)
    columns = {e.kwargs["column"] for e in expectations if "column" in e.kwargs}
    assert columns <= described.keys()


def test_an_encoder_comes_back_from_disk_unchanged(tiny, tmp_path):
    encoder = tiny.encoder
    encoder.save(tmp_path / "encoder")
    again = tiny.module.load_encoder(tmp_path / "encoder")
    _same(encoder.encode(tiny.examples.columns), again.encode(tiny.examples.columns))
    assert again.cardinalities == encoder.cardinalities


def test_an_encoder_has_the_same_bytes_every_time_it_is_made(tiny, tmp_path):
    for name in ("a", "b"):
        tiny.encoder.save(tmp_path / name)
    tiny.module.load_encoder(tmp_path / "a").save(tmp_path / "c")
    assert files.sha256(tmp_path / "a") == files.sha256(tmp_path / "b") == files.sha256(tmp_path / "c")
    assert {path.name for path in (tmp_path / "a").iterdir()} <= set(ENCODER_FILES)


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


def test_ids_stay_below_their_cardinalities(tiny):
    encoder = tiny.encoder
    encoded = encoder.encode(tiny.examples.columns)
    for name, size in encoder.cardinalities.items():
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
    schema = tiny.module.request(tiny.encoder)
    kinds = schema["type"]
    assert set([kinds] if isinstance(kinds, str) else kinds) <= {"array", "string", "object"}
    assert schema["description"]


def test_an_example_of_a_request_is_answered(tiny):
    encoder = tiny.encoder
    example = tiny.module.example(encoder, encoder.encode(tiny.examples.columns))
    if example is None:
        assert tiny.module.__name__ == "minnow.modalities.audio"
    else:
        assert encoder.encode(tiny.module.parse([example], encoder))


def test_options_refuse_what_they_do_not_know(tiny):
    with pytest.raises(ValueError, match="extra_forbidden"):
        type(tiny.options)(no_such_option=1)


def test_decoding_leaves_an_answer_as_it_is(tiny):
    outputs = {"probabilities": np.ones((2, 3), np.float32)}
    assert tiny.encoder.decode(outputs) is outputs


def test_a_file_of_inputs_is_read_as_requests(tiny, tmp_path):
    path = tmp_path / "inputs.json"
    path.write_text(json.dumps(tiny.requests()))
    inputs = list(tiny.module.from_file(path, tiny.options, tiny.encoder))
    _same(tiny.encoder.encode(tiny.module.parse(inputs, tiny.encoder)), tiny.encoder.encode(tiny.examples.columns))
    table = next(tiny.folder.glob("tiny.*"))
    inputs = list(tiny.module.from_file(table, tiny.options, tiny.encoder))
    assert tiny.module.parse(inputs, tiny.encoder)
