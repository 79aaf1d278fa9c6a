"""What the tests of interactions share."""

import pytest

from minnow.modalities import interactions


@pytest.fixture
def read_rows(tmp_path):
    """Write lines to rows.csv and read them."""

    def read(lines, options=None, header="user,item,rating,time\n"):
        (tmp_path / "rows.csv").write_text(header + "\n".join(lines) + "\n")
        return interactions.read(tmp_path, options or interactions.Options(min_rows=1))

    return read
