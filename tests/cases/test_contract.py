"""What holds of all inputs."""

from __future__ import annotations

import pytest
from cases import writers

from minnow import modalities


def test_every_modality_has_inputs_as_people_have_them():
    assert set(writers.BY_MODALITY) == set(modalities.names())


@pytest.mark.parametrize("modality", writers.BY_MODALITY)
def test_an_input_has_the_same_bytes_every_time_it_is_written(modality, tmp_path):
    for writer in writers.BY_MODALITY[modality]:
        written = []
        for name in ("a", "b"):
            folder = tmp_path / writer.__name__ / name
            folder.mkdir(parents=True)
            writer(folder)
            written.append(
                {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
            )
        assert written[0] == written[1], writer.__name__
