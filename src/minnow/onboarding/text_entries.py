"""Proposals for texts and for interactions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from minnow.insight import labels as spellings
from minnow.modalities.text.documents import find_documents, is_documents
from minnow.modalities.text.options import Options
from minnow.modalities.text.scripts import SPLIT_SHARE, share_unspaced
from minnow.modalities.text.splitting import split
from minnow.onboarding import columns as facts
from minnow.onboarding.columns import Columns
from minnow.onboarding.divisions import say_division
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request
from minnow.onboarding.target import allow_rare_class, choose_measure, merge_variants, target_of
from minnow.tables.divisions import divide
from minnow.tables.errors import FileError
from minnow.tables.files import SUFFIXES, is_prose, plain_lines
from minnow.tables.plain import is_plain
from minnow.types import Array, FileFormat, Table

_SHOWN = 80
_LINES, _BLANKS = 20, 2
"""Lines of a file of texts that are looked at, and least mean number of blanks in them."""
_SAMPLE, _MOST_WORDS, _STEP = 2000, 1024, 64
"""Texts whose words are counted; most of them that are proposed to be read, in multiples of a step."""
_SHORT, _LENGTHS, _BUCKETS = 300, [3, 6], (8_192, 65_536)
"""Median number of characters up to which character n-grams are proposed; their lengths; fewest and most ids of them."""
_BUCKETS_PER_ROW, _CHARACTER_BYTES = 32, 200_000_000
"""Ids per row of train, and the most memory of the encoded rows."""
_VOCABULARY, _NGRAMS, _LONGEST, _WEIGHTS = 30_000, 50_000, 3, (300_000, 200_000)
"""Words to select from; n-grams; words of the longest; most weights of n-grams of words and of characters, one per label."""


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
    """Files of plain text, one document per line and one file per label, where a folder holds nothing else to read.

    They are .txt, or have endings of their own, such as reviews.pos and reviews.neg.
    """
    if not data.is_dir():
        return []
    paths = [path for path in sorted(data.glob("*")) if path.is_file() and path.name[0] != "." and not is_prose(path)]
    return paths if len(paths) > 1 and all(_holds_lines(path) for path in paths) else []


def _holds_lines(path: Path) -> bool:
    """Whether a file is no table, and its first lines are sentences."""
    is_text = path.suffix.lower() == ".txt"
    if not is_text and path.name.lower().endswith(SUFFIXES):
        return False
    try:
        if is_text and not is_plain(path, FileFormat(), "text"):
            return False
        lines = [line for _, line in islice(plain_lines(path), _LINES)]
    except FileError:
        return False
    return bool(lines) and bool(np.mean([line.count(" ") for line in lines]) >= _BLANKS)


def propose_lines(proposal: Proposal, paths: Sequence[Path], request: Request) -> None:
    """Propose an entry for files of plain text, each named after the label of its lines."""
    stems = {path.stem for path in paths}
    labels = {path.name: path.stem if len(stems) == len(paths) else path.suffix[1:] for path in paths}
    proposal.choose("modality", "text", f"{len(paths)} files of one text per line")
    proposal.choose("task", request.task or "classify", ASKED_FOR if request.task else "each file has its own label")
    proposal.choose("options.lines", labels, "a file's name is the label of its lines; choose other labels here")
    say_division(proposal, divide([path.name for path in paths]))


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


def propose_reading(proposal: Proposal, table: Table, options: Options) -> None:
    """Propose how many words are read, n-grams that are selected, and for short texts those of characters.

    table: rows as a run reads them.
    """
    texts = table.columns["text"]
    sample = texts[np.linspace(0, len(texts) - 1, min(len(texts), _SAMPLE)).astype(int)] if len(texts) else texts
    characters = bool(share_unspaced(sample.tolist()) >= SPLIT_SHARE)
    counts = [len(words) for words in split(sample.tolist(), characters)]
    words = int(np.quantile(counts, 0.95)) if counts else 0
    if words > options.max_tokens:
        read = min(_MOST_WORDS, -(-words // _STEP) * _STEP)
        why = f"19 texts in 20 have at most {words:,} words" if words <= read else "the first words of long texts"
        proposal.choose("options.max_tokens", read, why)
    labels = len(np.unique(table.columns["label"].astype(str)))
    weights = [most // (1 if labels <= 2 else labels) for most in _WEIGHTS]  # two labels share one
    selected = "most words and n-grams with an id of their own, those most related to the labels"
    proposal.choose("options.vocabulary", _VOCABULARY, "most words to select from")
    proposal.choose("options.ngrams", int(np.clip(weights[0], 1_000, _NGRAMS)), selected)
    proposal.choose("options.longest", _LONGEST, "words in the longest n-gram")
    if not characters:
        _propose_characters(proposal, np.array([len(text) for text in sample.tolist()] or [0]), len(texts), weights[1])


def _propose_characters(proposal: Proposal, lengths: Array, rows: int, most: int) -> None:
    """Propose character n-grams for short texts. lengths: characters of some texts, (n,) int; most: ids."""
    middle, widest = np.median(lengths), np.quantile(lengths, 0.99) * (_LENGTHS[1] - _LENGTHS[0] + 1)
    if 0 < middle <= _SHORT and rows * widest * np.dtype(np.int32).itemsize <= _CHARACTER_BYTES:
        why = f"short texts, of {middle:,.0f} characters in the median: parts of words are read too"
        proposal.choose("options.characters", _LENGTHS, why)
        wanted = min(np.clip(_BUCKETS_PER_ROW * (proposal.train_rows or rows), *_BUCKETS), most)
        buckets = 2 ** int(np.log2(max(1_024, wanted)))
        proposal.choose("options.character_buckets", buckets, "ids of them, by the numbers of texts and of labels")


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
