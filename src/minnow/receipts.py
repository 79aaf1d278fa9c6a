"""Receipts: where a champion comes from, as one JSON document, signed where a key is configured."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minnow.stores import champions, models
from minnow.stores.champions import PROVENANCE, Champion
from minnow.workspace import Workspace

KEY = "MINNOW_SIGNING_KEY"
FORMAT = 1


class ReceiptError(ValueError):
    """A receipt that cannot be made or does not hold; the message says why."""


def receipt(space: Workspace, champion: Champion) -> dict[str, Any]:
    """Put the chain of a champion together: bytes, data, code, settings, decision, run, publication."""
    record = json.loads((champions.fetch(space, champion) / PROVENANCE).read_text())
    served = models.newest(champion.usecase, champion.target)
    chain = {
        "format": FORMAT,
        "usecase": champion.usecase,
        "target": champion.target,
        "version": champion.version,
        "sha": champion.sha,
        "provenance_sha": champion.provenance,
        "run_id": champion.run_id,
        "served": served.tag if served else None,
    }
    return {
        **record,
        **chain,
        "decision": next((d for d in record["decisions"] if d["target"] == champion.target), None),
    }


def canonical(chain: Mapping[str, Any]) -> bytes:
    """Write a chain as the bytes that are signed: sorted keys, no blanks, UTF-8."""
    return json.dumps(chain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def signed(chain: Mapping[str, Any]) -> dict[str, Any]:
    """Add a signature where MINNOW_SIGNING_KEY names a key. Raises ReceiptError for a key that cannot sign."""
    path = os.environ.get(KEY)
    if not path:
        return dict(chain)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    needed = f"{KEY} must name a PEM file with an Ed25519 private key: openssl genpkey -algorithm ed25519 -out key.pem."
    try:
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ReceiptError(f"{needed} Received: {path}: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ReceiptError(f"{needed} Received: {path}, a key of another kind.")
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    payload = {**chain, "public_key": public}
    return {**payload, "signature": base64.b64encode(key.sign(canonical(payload))).decode()}


def check(text: str, public_key: Path | None = None) -> dict[str, Any]:
    """Check a signed receipt and return it.

    public_key: PEM file of whom it must be from; without one the receipt is held against the key that it carries, which
    shows that nothing was changed but not who signed. Raises ReceiptError.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        found = json.loads(text)
    except ValueError as error:
        raise ReceiptError(f"A receipt is JSON. Received: {error}.") from error
    if not isinstance(found, dict) or not isinstance(found.get("signature"), str):
        raise ReceiptError(
            f"A receipt that can be checked is signed. Received: no signature. Set {KEY} and make it again."
        )
    signature = found.pop("signature")
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(found["public_key"], validate=True))
        if public_key is not None and key.public_bytes_raw() != _public(public_key):
            raise ReceiptError(f"The receipt was signed with another key than {public_key}.")
        key.verify(base64.b64decode(signature, validate=True), canonical(found))
    except InvalidSignature as error:
        raise ReceiptError("The signature does not fit: the receipt was changed after it was signed.") from error
    except (KeyError, ValueError, TypeError) as error:
        if isinstance(error, ReceiptError):
            raise
        raise ReceiptError(f"The receipt's key or signature cannot be read: {error}.") from error
    return found


def _public(path: Path) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ReceiptError(f"--public-key needs a PEM file. Received: {path}: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ReceiptError(f"--public-key needs an Ed25519 key. Received: {path}, a key of another kind.")
    return key.public_bytes_raw()
