"""Proposes an entry of params.yaml for a folder or file, with the reason for each choice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from minnow.catalog import catalog
from minnow.folders import State, walk
from minnow.onboarding.image_entries import has_images, propose_images
from minnow.onboarding.limits import fit_limits, problem_of
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.onboarding.sound_entries import has_sounds, propose_audio
from minnow.onboarding.table_entries import propose_columns
from minnow.onboarding.text_entries import (
    files_of_lines,
    has_documents,
    propose_documents,
    propose_lines,
    propose_reading,
)
from minnow.registry import unknown

_FAMILIES = {
    ("images", "classify"): ["linear", "fcnn", "cnn"],
    ("images", "regress"): ["linear", "fcnn", "cnn"],
    ("images", "generate"): ["vae", "gan"],
    ("audio", "classify"): ["linear", "cnn", "cnn1d"],
    ("text", "classify"): ["linear", "embedbag"],
    ("interactions", "rank"): ["popularity", "neighbours", "recommender"],
    ("interactions", "rate"): ["linear", "gboost", "oblivious", "recommender"],
    ("timeseries", "classify"): ["linear", "gboost", "oblivious", "fcnn", "gru"],
    ("timeseries", "forecast"): ["linear", "gboost", "oblivious", "fcnn", "gru"],
    ("tabular", "classify"): ["linear", "gboost", "oblivious", "forest", "fcnn"],
    ("tabular", "regress"): ["linear", "gboost", "oblivious", "forest", "fcnn"],
}

_INT8_ROWS = 130
"""Expected rows of train from which on int8 has the 100 that it needs, whichever rows the hash puts there."""


def propose(data: Path, request: Request, step: Callable[[str], AbstractContextManager[Any]] = nullcontext) -> Proposal:
    """Propose an entry for a folder or file; without families where it has a question, which is to be answered first.

    step: shows by its name what is being done. Raises ValueError that says what was needed and what was received.
    """
    if not data.exists():
        raise ValueError(f"--data must name a folder or a file. Received: {data}, which does not exist.")
    if request.modality and request.modality not in catalog().known("modality"):
        raise ValueError(f"--modality: {unknown('modality', request.modality, catalog().known('modality'))}")
    if request.task and request.task not in catalog().known("task"):
        raise ValueError(f"--task: {unknown('task', request.task, catalog().known('task'))}")
    _refuse_lost_links(data)
    proposal = Proposal({"modality": "", "task": "", "data": str(data)}, given=request.options, step=step)
    with step("look at the rows"):
        _propose_rows(proposal, data, request)
    if proposal.questions:
        return proposal
    proposal.choose_given()
    if proposal.entry["modality"] not in ("images", "audio"):  # which fit their limits while they decode
        table = fit_limits(proposal, data)
        if proposal.entry["modality"] == "text" and table is not None:
            propose_reading(proposal, table, problem_of(proposal.entry).options)
    _choose_families(proposal, request)
    return proposal


def _propose_rows(proposal: Proposal, data: Path, request: Request) -> None:
    """Propose modality, task and options by what the files hold."""
    if request.modality == "images" or (request.modality is None and has_images(data)):
        propose_images(proposal, data, request)
    elif request.modality == "audio" or (request.modality is None and has_sounds(data)):
        propose_audio(proposal, data, request)
    elif request.modality in (None, "text") and has_documents(data):
        propose_documents(proposal, data, request)
    elif request.modality in (None, "text") and (paths := files_of_lines(data)):
        propose_lines(proposal, paths, request)
    else:
        propose_columns(proposal, data, request)


def _refuse_lost_links(data: Path) -> None:
    """Raise ValueError for links that lead nowhere, which would stop DVC and so every run."""
    entries = walk(data, lambda name: False) if data.is_dir() else ()
    if lost := [entry.name for entry in entries if entry.state is State.NOWHERE]:
        raise ValueError(
            f"--data must not hold links that lead nowhere, since DVC cannot record them. Received: {', '.join(lost)[:200]}. "
            "Remove them, or bring back what they lead to."
        )


def _choose_families(proposal: Proposal, request: Request) -> None:
    """Choose families and compressions. Raises ValueError for a task or family that does not fit."""
    modality, task = proposal.entry["modality"], proposal.task
    with_items = ["content"] if task == "rank" and proposal.options.get("items") else []  # it learns their attributes
    families = list(request.families or [*_FAMILIES.get((modality, task), []), *with_items])
    if not families:
        tasks = ", ".join(sorted(known_task for known, known_task in _FAMILIES if known == modality))
        raise ValueError(f"--task: the tasks of {modality} are {tasks}. Received: {task}.")
    for family in families:
        if family not in catalog().known("family"):
            raise ValueError(f"--family: {unknown('family', family, catalog().known('family'))}")
        if why := catalog().fits(family, modality, task):
            raise ValueError(f"--family: {why}")
    why = ASKED_FOR if request.families else f"families for {task} on {modality}, simple ones first"
    proposal.choose("families", families, why)
    if proposal.train_rows is None or proposal.train_rows >= _INT8_ROWS:
        proposal.choose("compression", ["float16", "int8"], "smaller variants of networks, judged like all others")
    else:
        why = f"a smaller variant of networks; int8 needs more rows than the {proposal.train_rows:,} or so of train"
        proposal.choose("compression", ["float16"], why)
