"""The record of a certificate: it is read as it was written, and what is unknown or incomplete is refused."""

from __future__ import annotations

import json
from dataclasses import fields

import numpy as np
import pytest
from certifying import BOUNDS, candidate, evaluated, labelled, rows_of

from minnow.records.certificate import FILE, read_certificate
from minnow.records.files import RecordError, write_json
from minnow.records.provenance import hashes_beside
from minnow.stages.certificate import certify

TARGET = np.arange(300) % 3


@pytest.fixture
def bundle(tmp_path):
    return candidate(tmp_path, labelled(rows_of(TARGET, ("a", "b", "c")), TARGET)).bundle


def _of(bundle, **more):
    batch = rows_of(TARGET, ("a", "b", "c"))
    ours, theirs = (labelled(batch, np.where(np.arange(300) < spoilt, 0, TARGET)) for spoilt in (90, 0))
    made = certify(ours, theirs, {}, BOUNDS)
    return type(made)(**{**{one.name: getattr(made, one.name) for one in fields(made)}, "sha": bundle.sha, **more})


def test_a_certificate_is_read_as_it_was_written(bundle):
    for made in (_of(bundle), _of(bundle, shipped="c" * 64, shipped_parent="d" * 64)):
        assert made.worst is not None
        made.write(bundle.record_folder)
        assert read_certificate(bundle) == made
    text = (bundle.record_folder / FILE).read_text()
    assert list(json.loads(text)) == sorted(json.loads(text))


def test_one_of_numbers_is_read_as_it_was_written(bundle):
    batch = rows_of(np.linspace(0, 1, 50, dtype=np.float32), task="regress")
    ours, theirs = (evaluated(batch, {"value": np.linspace(0, end, 50)}) for end in (1.1, 1.0))
    made = certify(ours, theirs, {}, BOUNDS)
    made.write(bundle.record_folder)
    assert json.loads((bundle.record_folder / FILE).read_text())["change"]["quantiles"]["1"] == 0.1
    assert read_certificate(bundle) is None, "it is of another bundle"


def test_its_hash_is_among_those_of_the_provenance(bundle):
    assert FILE not in hashes_beside(bundle.record_folder)
    _of(bundle).write(bundle.record_folder)
    assert FILE in hashes_beside(bundle.record_folder)


def test_bounds_that_are_infinite_are_written_as_none(bundle):
    batch = rows_of(TARGET, ("a", "b", "c"), group=np.zeros(300, np.int64))
    one = labelled(batch, TARGET)
    made = certify(one, one, {}, BOUNDS)
    assert (made.measured.upper, made.measured.detectable, made.measured.needed) == (None, None, None)
    made.write(bundle.record_folder)


@pytest.mark.parametrize("number", [0, 2, "1", None, True])
def test_a_format_that_is_not_known_is_refused(bundle, number):
    write_json(bundle.record_folder / FILE, _of(bundle).as_json() | {"format": number})
    with pytest.raises(
        RecordError, match=rf"this version reads a certificate of format 1. Received: format {number!r}"
    ):
        read_certificate(bundle)


@pytest.mark.parametrize("lost", ["sha", "flips", "measured", "reasons", "verdict"])
def test_one_that_lacks_a_field_is_refused_by_its_path(bundle, lost):
    value = _of(bundle).as_json()
    del value[lost]
    write_json(bundle.record_folder / FILE, value)
    with pytest.raises(RecordError, match=r"certificate\.json must be a complete certificate"):
        read_certificate(bundle)


def test_one_of_another_bundle_is_not_read_as_this_ones(bundle):
    _of(bundle, sha="0" * 64).write(bundle.record_folder)
    assert read_certificate(bundle) is None
