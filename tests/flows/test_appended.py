"""The guard of a scheduled run: rows are recognised by the keys that the last outcome recorded."""

import numpy as np
import pytest
import standins
from standins import NAME, case_of

from flows import guard
from minnow.records.keys import RULE, write_rule
from minnow.stages import intake
from minnow.stages.outcome import ROWS


def test_appended_rows_are_told_from_changed_ones_when_a_column_is_dropped(tmp_path):
    (tmp_path / "rows").mkdir()
    standins.tabular(tmp_path / "rows")
    options = {"target": "kind", "min_rows": 10}
    case = case_of(tmp_path, "tabular", "classify", options)
    table, folder = intake.read(case), case.workspace.outcome(NAME)
    folder.mkdir(parents=True)
    np.save(folder / ROWS, intake.row_versions(case, table))
    write_rule(folder / RULE, table.keys)
    with (tmp_path / "rows" / "rows.csv").open("a") as file:
        file.write("9.5,9.5,9.5,green,a\n")
    now = case_of(tmp_path, "tabular", "classify", {**options, "drop": ["z"]})
    guard._only_appended(now, "data.dvc: modified")
    (folder / RULE).unlink()
    with pytest.raises(guard.DataChanged, match="lost or changed 300 of its earlier rows"):
        guard._only_appended(now, "data.dvc: modified")
