"""Compare the models of two checkouts byte for byte: `python -m benchmarks.same_bytes BEFORE AFTER`.

BEFORE, AFTER: roots of two projects after the same runs. Every variant in their caches is compared: model, golden rows and
arrays of the encoder by sha256, the JSON of the encoder by its values, so that a key may be renamed. Prints differences and
renamed keys. The exit code is 1 where a model, golden rows or a value of an encoder differ, or a variant is in one cache only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MODELS = ("model.onnx", "model.tflite", "golden.npz", "encoder.npz")


def variants(root: Path) -> dict[str, Path]:
    """Find the newest bundle of each variant in a project's cache: "digits cnn/int8" -> folder."""
    paths = (root / ".minnow" / "cache" / "variants").glob("**/schema.json")
    bundles: dict[str, Path] = {}
    for path in sorted(paths, key=lambda path: path.stat().st_mtime):
        schema = json.loads(path.read_text())
        bundles[f"{schema['usecase']} {schema['family']}/{schema['variant']}"] = path.parent
    return bundles


def differences(before: Path, after: Path, renamed: Counter[str]) -> Iterator[str]:
    """Name the files of two bundles that differ, and count the renamed keys of their encoders."""
    for name in MODELS:
        if _sha256(before / name) != _sha256(after / name):
            yield name
    old, new = (json.loads((folder / "encoder.json").read_text()) for folder in (before, after))
    if not _same(old, new, renamed):
        yield "encoder.json"


def _sha256(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def _same(before: Any, after: Any, renamed: Counter[str]) -> bool:
    """Whether two values are equal, apart from renamed keys."""
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(_same(*pair, renamed) for pair in zip(before, after, strict=True))
    if not isinstance(before, dict) or not isinstance(after, dict):
        return before == after
    if not all(_same(before[key], after[key], renamed) for key in before.keys() & after.keys()):
        return False
    left = [key for key in after if key not in before]
    for old in [key for key in before if key not in after]:
        new = next((key for key in left if _same(before[old], after[key], Counter())), None)
        if new is None:
            return False
        left.remove(new)
        renamed[f"{old} -> {new}"] += 1
    return not left


def main() -> int:
    """Compare two projects and print the result. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("usecases", nargs="*", help="use cases to compare; all where none is named")
    options = parser.parse_args()
    before, after = variants(options.before), variants(options.after)
    names = sorted(before.keys() | after.keys())
    names = [name for name in names if not options.usecases or name.split()[0] in options.usecases]
    renamed: Counter[str] = Counter()
    same: Counter[str] = Counter()
    wrong = []
    for name in names:
        if name not in before or name not in after:
            wrong.append(f"{name}: only in {options.before if name in before else options.after}")
        elif files := list(differences(before[name], after[name], renamed)):
            wrong.append(f"{name}: {', '.join(files)}")
        else:
            same[name.split()[0]] += 1
    for usecase, count in sorted(same.items()):
        print(f"{usecase}: {count} variants have the same model, golden rows and encoder")
    print("keys of encoders that were renamed:", ", ".join(f"{key} ({n})" for key, n in renamed.items()) or "none")
    if not before and not after:
        print(f"No variants in the caches of {options.before} and {options.after}. Run the use cases in both first.")
        return 1
    print("\n".join(f"DIFFERS {line}" for line in wrong) or f"all {sum(same.values())} variants are the same")
    return 1 if wrong or not same else 0


if __name__ == "__main__":
    sys.exit(main())
