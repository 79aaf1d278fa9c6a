"""Proposals for rows that are sounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from minnow.folders import Found
from minnow.modalities.audio.files import UNDECODED, find_sounds, none_found, notices_of, sound_of
from minnow.modalities.audio.options import Options
from minnow.onboarding.class_folders import choose_limits, train_rows
from minnow.onboarding.label_tables import choose_classes
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.types import Notice, content_key

_LENGTH_QUANTILE = 0.9
"""Quantile of the lengths of sounds that is proposed as the length that a model reads."""
_MOST_SOUNDS = 2000
_LOWEST_RATE, _HIGHEST_RATE = 1000, 16_000
_SHORTEST, _LONGEST = 0.1, 60.0
_SEPARATORS = ("_", "-")
_SHOWN = 80
_ROWS_PER_CLASS = 2
_MOST_SILENT = 0.01
_DEFAULTS = Options.read({})


def has_sounds(data: Path) -> bool:
    """Whether a folder or a zip holds sounds, or little else than sounds of kinds that are not read."""
    try:
        found = find_sounds(data)
    except ValueError:
        return False
    unread = sum(item.lost for item in found.skipped)
    return bool(found.files) or unread > len(found.skipped) / 2


def propose_audio(proposal: Proposal, data: Path, request: Request) -> None:
    """Propose an entry for sounds. Raises ValueError where there is none, or a class cannot be known or loses many."""
    found = find_sounds(data)
    if not found.files:
        raise none_found(data, found)
    proposal.choose("modality", "audio", "")
    proposal.choose("task", request.task or "classify", ASKED_FOR if request.task else "each sound has a class")
    in_classes = choose_classes(proposal, found, data, request)
    names_hold_classes = in_classes is None
    if in_classes is None:
        classes = _labels_in_names(proposal, [file.name for file in found.files])
    else:
        found = in_classes
        classes = {file.name: found.label(file.name) for file in found.files}
    survey = _survey(found)
    survey.found.check_losses(_DEFAULTS.max_lost)
    if not survey.seconds:
        raise none_found(data, survey.found)
    labels = [classes[file.name] for file in survey.found.files]
    names, where = sorted(set(labels)), "by their names" if names_hold_classes else "by their folders"
    where = where if found.labels is None else "by the table"
    why = f"{len(labels):,} sounds in {len(names)} classes {where}: {', '.join(names)[:_SHOWN]}"
    proposal.choose("modality", "audio", why)
    _choose_length(proposal, survey)
    choose_limits(proposal, survey.key, labels, "sounds")
    proposal.train_rows = train_rows([survey.found.split(file.name) for file in survey.found.files])
    _warn(proposal, survey, () if names_hold_classes else survey.found.class_notices)


def _labels_in_names(proposal: Proposal, names: Sequence[str]) -> Mapping[str, str]:
    """Choose the part of the files' names that is the class: name -> class. Raises ValueError where there is none."""
    parts = _repeated_parts([PurePosixPath(name).stem for name in names])
    if not parts:
        raise ValueError(
            f"Sounds need a class each: a folder per class, or a part of their names that repeats, as in knock_1.wav. "
            f"Received: {len(names):,} sounds in one folder, such as {PurePosixPath(names[0]).name}."
        )
    (separator, part), labels = next(iter(parts.items()))
    example = f"'{labels[0]}' in {PurePosixPath(names[0]).name}"
    proposal.choose(
        "options.label_part", part, f"there is one folder only, so this part of a name is its class: {example}"
    )
    if separator != _DEFAULTS.separator:
        proposal.choose("options.separator", separator, "it divides the parts of the names")
    others = [f"{number} ('{values[0]}')" for (sign, number), values in parts.items() if sign == separator][1:]
    if others:
        proposal.warnings.append(
            f"The class may stand in another part of the names: options.label_part {' or '.join(others)} of "
            f"{PurePosixPath(names[0]).name}."
        )
    return dict(zip(names, labels, strict=True))


def _repeated_parts(stems: Sequence[str]) -> dict[tuple[str, int], list[str]]:
    """Parts of names that may be classes, (separator, position) -> values, those of the first separator that has any."""
    for separator in _SEPARATORS:
        divided = [stem.split(separator) for stem in stems]
        columns = {(separator, i): list(values) for i, values in enumerate(zip(*divided, strict=False))}
        most = len(stems) / _ROWS_PER_CLASS
        if parts := {place: values for place, values in columns.items() if 1 < len(set(values)) <= most}:
            return parts
    return {}


@dataclass
class _Survey:
    """What decoding sounds showed. found: without those that cannot be decoded; remarks: as in Sound -> names of files."""

    found: Found
    seconds: list[float] = field(default_factory=list[float])
    rates: list[int] = field(default_factory=list[int])
    key: list[int] = field(default_factory=list[int])
    silent: list[str] = field(default_factory=list[str])
    remarks: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


def _survey(found: Found) -> _Survey:
    """Decode all sounds, or 2,000 of them, evenly spread over their names."""
    survey, broken = _Survey(found), dict[str, str]()
    step = -(-len(found.files) // _MOST_SOUNDS)
    for file in found.files[::step]:
        sound = sound_of(file, _HIGHEST_RATE)
        if isinstance(sound, str):
            broken[file.name] = sound
            continue
        survey.seconds.append(sound.seconds)
        survey.rates.append(sound.rate)
        survey.key.append(content_key(sound.samples.tobytes()))
        survey.silent += [file.name] * (not sound.samples.any())
        for remark in sound.remarks:
            survey.remarks.setdefault(remark, []).append(file.name)
    survey.found = found.without(broken, UNDECODED)
    return survey


def _choose_length(proposal: Proposal, survey: _Survey) -> None:
    """Choose the rate and the length that sounds are brought to, within the limits of the options."""
    highest = max(survey.rates)
    rate = max(_LOWEST_RATE, min(highest, _HIGHEST_RATE))
    proposal.choose("options.rate", rate, f"recorded at up to {highest:,} Hz")
    length = math.ceil(round(10 * float(np.quantile(survey.seconds, _LENGTH_QUANTILE)), 3)) / 10  # none of them is cut
    why = f"nine sounds in ten last no longer than {length:g} s"
    if length > _LONGEST:
        why += f"; only the first {_LONGEST:g} s are read"
    proposal.choose("options.seconds", min(max(_SHORTEST, length), _LONGEST), why)
    shortest = min(survey.seconds)
    if shortest < _DEFAULTS.least_seconds:
        least = int(shortest * 1000) / 1000
        proposal.choose("options.least_seconds", least, f"the shortest sound lasts {shortest:.3g} s")


def _warn(proposal: Proposal, survey: _Survey, class_notices: Sequence[Notice]) -> None:
    """Say what is not read, and what would stop a run."""
    notices = [*notices_of(survey.found, survey.remarks), *class_notices]
    proposal.found += [notice.text for notice in notices]
    if len(survey.silent) > _MOST_SILENT * len(survey.seconds):
        names = ", ".join(survey.silent[:3])
        proposal.warnings.append(f"{len(survey.silent):,} sounds are silent, which stops a run: {names}. Remove them.")
