"""The split of a proposal, where the names of files fix the test rows."""

from __future__ import annotations

from collections.abc import Mapping

from minnow.config import SplitShares
from minnow.onboarding.proposal import Proposal
from minnow.tables.divisions import Division
from minnow.tables.files import listed

_HOW = {
    "time": "the latest of them by '{column}'",
    "group": "a hash share by '{column}', so that rows of train with the same value stay together",
}
"""Kind of a split -> which rows of train are val."""


def say_division(proposal: Proposal, division: Division) -> None:
    """Say which rows a run tests and validates on, and propose only the shares that it uses, where there are test files."""
    files = {
        split: [name for name, of in division.splits.items() if of == split] for split in ("train", "val", "test", "")
    }
    if not files["test"]:
        return
    if proposal.entry["modality"] == "interactions":
        proposal.found.append(
            f"{listed(files['test'])} is no test set: options.split divides all rows, whatever their file."
        )
        return
    proposal.found += [notice.text for notice in division.notices if notice.text not in proposal.found]
    others = f", and a share of {listed(files[''])}" if files[""] else ""
    test = f"the test rows are those of {listed(files['test'])}{others}"
    why = f"{test}; val is {_val(proposal, files)}"
    if "options.split" in proposal.reasons:
        proposal.choose("options.split", proposal.options["split"], why)
        return
    shares = SplitShares()
    used = {} if files["val"] and not files[""] else {"val": shares.val}
    used |= {"test": shares.test} if files[""] else {}
    if used:
        proposal.choose("split", used, why)
        return
    proposal.entry.pop("split", None)
    proposal.reasons.pop("split", None)
    proposal.found.append(f"{why[0].upper()}{why[1:]}.")


def _val(proposal: Proposal, files: Mapping[str, list[str]]) -> str:
    """Which rows are val, in words."""
    if files["val"]:
        return f"those of {listed(files['val'])}" + (f", and a share of {listed(files[''])}" if files[""] else "")
    split = proposal.options.get("split", {})
    if proposal.entry["modality"] == "timeseries":
        how = "the latest of them"
    else:
        how = _HOW.get(split.get("by", "hash"), "a hash share, so equal rows of train share a split").format(
            column=split.get("column", "")
        )
    return f"taken from {listed(files['train'] + files[''])}: {how}"
