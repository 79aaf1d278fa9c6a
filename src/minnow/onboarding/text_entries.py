"""Proposals for texts and for interactions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from minnow.insight import labels as spellings
from minnow.modalities.text.documents import find_documents, is_documents
from minnow.onboarding import columns as facts
from minnow.onboarding.columns import Columns
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.onboarding.target import allow_rare_class, choose_measure, merge_variants, target_of
from minnow.tables.files import is_prose, plain_lines
from minnow.tables.plain import is_plain
from minnow.types import FileFormat

_SHOWN = 80
_LINES, _BLANKS = 20, 2
"""Lines of a file of texts that are looked at, and least mean number of blanks in them."""


def has_documents(data: Path) -> bool:
    """Whether a folder or zip holds class folders of documents."""
    try:
        return is_documents(data) and bool(find_documents(data).files)
    except ValueError:
        return False


def propose_documents(proposal: Proposal, data: Path, request: Request) -> None:
    """Propose an entry for class folders of documents."""
    found = find_documents(data).in_classes()
    names = np.array([found.label(file.name) for file in found.files], dtype=str)
    classes = sorted(set(names.tolist()) - {""})
    proposal.found += [notice.text for notice in found.notices]
    why = f"{len(names):,} documents in {len(classes)} folders: {', '.join(classes)[:_SHOWN]}"
    proposal.choose("modality", "text", why)
    proposal.choose("task", request.task or "classify", ASKED_FOR if request.task else "each document has a class")
    merge_variants(proposal, spellings.variants(names))
    allow_rare_class(proposal, names)
    choose_measure(proposal, names)


def files_of_lines(data: Path) -> list[Path]:
    """Files of plain text, one document per line and one file per label, where a folder holds nothing else to read."""
    if not data.is_dir():
        return []
    paths = [path for path in sorted(data.glob("*")) if path.is_file() and path.name[0] != "." and not is_prose(path)]
    plain = [path for path in paths if path.suffix.lower() == ".txt" and is_plain(path, FileFormat(), "text")]
    return plain if len(plain) == len(paths) > 1 and all(_holds_lines(path) for path in plain) else []


def _holds_lines(path: Path) -> bool:
    """Whether the first lines of a file are sentences."""
    lines = [line for _, line in islice(plain_lines(path), _LINES)]
    return bool(lines) and bool(np.mean([line.count(" ") for line in lines]) >= _BLANKS)


def propose_lines(proposal: Proposal, paths: Sequence[Path], request: Request) -> None:
    """Propose an entry for files of plain text, each named after the label of its lines."""
    labels = {path.name: path.stem for path in paths}
    proposal.choose("modality", "text", f"{len(paths)} files of one text per line")
    proposal.choose("task", request.task or "classify", ASKED_FOR if request.task else "each file has its own label")
    proposal.choose("options.lines", labels, "a file's name is the label of its lines; choose other labels here")


def propose_text(proposal: Proposal, columns: Columns, request: Request) -> None:
    """Propose an entry for a table with a column of sentences."""
    others = [name for name in columns.values if name != request.target]
    longest = max(others, key=lambda name: facts.mean_length(columns.values[name]), default=None)
    text = facts.sentences(columns, request.target) or longest
    target, why = target_of(columns, proposal, request, [text])
    proposal.choose("modality", "text", f"'{text}' holds sentences")
    task_why = ASKED_FOR if request.task else f"'{target}' names a class"
    proposal.choose("task", request.task or "classify", task_why)
    if text != "text":
        proposal.choose("options.text", text, "the column of sentences")
    if target != "label":
        proposal.choose("options.label", target, why)
    names = columns.labels(target)
    if unlabelled := int((names == "").sum()):
        proposal.choose("options.drop_unlabelled", True, f"{unlabelled:,} rows have no value of the target")
    merge_variants(proposal, spellings.variants(names))
    allow_rare_class(proposal, names)
    choose_measure(proposal, names)


def propose_interactions(proposal: Proposal, columns: Columns, request: Request) -> None:
    """Propose an entry for a log of interactions. Raises ValueError for a table without users and items."""
    roles = facts.rating_columns(columns.values)
    if roles is None:
        needed = "columns for user, item and time"
        raise ValueError(
            f"interactions need {needed}. Received: {', '.join(columns.values)}. Rename them, or take another modality."
        )
    names = ", ".join(name for name in roles.values() if name)
    proposal.choose("modality", "interactions", f"{names} are columns")
    why = ASKED_FOR if request.task else "the items that a user takes next are predicted as a ranking"
    proposal.choose("task", request.task or "rank", why)
    if proposal.task == "rate":
        proposal.choose("options.target", "rating", "the answer is a rating")
    for role, name in roles.items():
        if name != role:
            proposal.choose(f"options.{role}", name, "the column's name" if name else "there is no such column")
    if roles["time"] is None:
        proposal.choose("options.split", "last", "without times, the last item of each user is the test set")
