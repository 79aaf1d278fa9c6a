"""Proposals for rows that are images."""

from __future__ import annotations

from pathlib import Path

from minnow.modalities.images.decode import SUFFIXES
from minnow.onboarding.proposal import ASKED_FOR, Proposal, Request

_MOST_IMAGES = 2000
_SHOWN = 80


def has_images(data: Path) -> bool:
    """Whether a path holds images, or arrays of them."""
    if data.is_file():
        return data.suffix == ".npz"
    return any(_is_image(path) or path.suffix == ".npz" or "idx" in path.name for path in data.rglob("*"))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def propose_images(proposal: Proposal, data: Path, request: Request) -> None:
    """Propose an entry for images."""
    folders = sorted({path.parent.name for path in data.rglob("*") if _is_image(path)}) if data.is_dir() else []
    why = f"pictures in {len(folders)} folders: {', '.join(folders)[:_SHOWN]}"
    proposal.choose("modality", "images", why if folders else "arrays of pictures with labels")
    proposal.choose("task", request.task or "classify", ASKED_FOR if request.task else "each picture has a class")
    if request.task == "generate":
        proposal.choose("options.labelled", False, "new pictures are generated from all of these, whatever their class")
    if folders and len(sizes := _image_sizes(data)) > 1:
        height, width = sorted(sizes)[len(sizes) // 2]
        why = f"the pictures have {len(sizes)} sizes; this is the middle one"
        proposal.choose("options.resize", [height, width], why)


def _image_sizes(data: Path) -> set[tuple[int, int]]:
    """Collect the (height, width) of images, of the first 2,000 in the order of their paths."""
    from PIL import Image

    sizes = set()
    for path in [path for path in sorted(data.rglob("*")) if _is_image(path)][:_MOST_IMAGES]:
        with Image.open(path) as image:
            sizes.add((image.height, image.width))
    return sizes
