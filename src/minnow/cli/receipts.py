"""The command `receipt`: the provenance of a champion as one JSON document, signed where a key is configured."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minnow.cli.app import FAILED, Target, champion_of, exit_on, fail, load_settings
from minnow.workspace import Workspace

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from minnow.records.provenance import Provenance
    from minnow.records.receipt import Receipt
    from minnow.stores.champions import Champion

KEY = "MINNOW_SIGNING_KEY"


class ReceiptError(ValueError):
    """A receipt that cannot be made or is not valid; the message says why."""


def receipt(
    usecase: Annotated[str | None, typer.Argument(help="Use case with a champion.")] = None,
    target: Target = "cpu",
    check: Annotated[Path | None, typer.Option(help="Check this receipt instead of printing one.")] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="PEM file of the public key that must have signed the checked receipt.")
    ] = None,
) -> None:
    """Print the receipt of a champion, or check one.

    A receipt is a JSON document with the provenance of a champion: data, code, settings, seed, hashes, decision. It is signed
    where MINNOW_SIGNING_KEY names a PEM file with an Ed25519 key.
    """
    with exit_on(OSError, ValueError, code=FAILED):
        if check is not None:
            document = checked(check.read_text(), public_key)
            signer = "by that key" if public_key else "by the key that it carries"
            typer.echo(f"{check}: signed {signer}, unchanged: {document['usecase']} version {document['version']}.")
            return
        if usecase is None:
            raise fail("A use case is needed, or a receipt to check: --check FILE.")
        space, settings = load_settings()
        made = receipt_of(space, champion_of(space, settings, usecase, target))
        document = signed(made.as_json())
    if notice := code_notice(made.provenance):
        typer.echo(notice, err=True)
    typer.echo(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))


def receipt_of(space: Workspace, champion: Champion) -> Receipt:
    """Build the receipt of a champion from registry, provenance and published model. Raises ValueError."""
    from minnow.records.provenance import read_provenance
    from minnow.records.receipt import Receipt
    from minnow.stores import champions, models

    provenance = read_provenance(champions.fetch(space, champion))
    served = models.newest(champion.usecase, champion.target)
    return Receipt(
        provenance=provenance,
        target=champion.target,
        version=champion.version,
        sha=champion.sha,
        provenance_sha=champion.provenance,
        run_id=champion.run_id,
        served=served.tag if served else None,
        decision=next((d for d in provenance.decisions if d.target == champion.target), None),
    )


def code_notice(provenance: Provenance) -> str | None:
    """Say where the code of a champion is not that of a commit; None where it is."""
    version = provenance.code_version or "none"
    if version == "none":
        return "It was made outside of git, so no commit names its code: `made_from.code` has a hash of the sources."
    if provenance.untracked:
        return f"It was made with files that git did not track: {', '.join(provenance.untracked)}."
    return "It was made with changes that were not committed." if "+" in version else None


def canonical(document: Mapping[str, Any]) -> bytes:
    """Serialize a document to the bytes that are signed: JSON with sorted keys, without spaces, in UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def signed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Add public key and signature where MINNOW_SIGNING_KEY names a key. Raises ReceiptError for an unusable key."""
    path = os.environ.get(KEY)
    if not path:
        return dict(document)
    key = _private_key(Path(path))
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    payload = {**document, "public_key": public}
    return {**payload, "signature": base64.b64encode(key.sign(canonical(payload))).decode()}


def checked(text: str, public_key: Path | None = None) -> dict[str, Any]:
    """Check a signed receipt and return it without its signature.

    public_key: PEM file of the key that must have signed it; without one the receipt is checked against the key that it
    carries, which shows that nothing was changed but not who signed.

    Raises ReceiptError, and RecordError for an unknown format.
    """
    from cryptography.exceptions import InvalidSignature

    from minnow.records.receipt import require_known

    document, signature = _parsed(text)
    try:
        key = _carried_key(document)
        if public_key is not None and key.public_bytes_raw() != _public_key(public_key).public_bytes_raw():
            raise ReceiptError(f"The receipt was signed with another key than {public_key}.")
        key.verify(base64.b64decode(signature, validate=True), canonical(document))
    except ReceiptError:
        raise
    except InvalidSignature as error:
        raise ReceiptError("The signature does not match: the receipt was changed after it was signed.") from error
    except (KeyError, ValueError, TypeError) as error:
        raise ReceiptError(f"The receipt's key or signature cannot be read: {error}.") from error
    require_known(document)
    return document


def _parsed(text: str) -> tuple[dict[str, Any], str]:
    """Parse a receipt into its document and its signature. Raises ReceiptError."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ReceiptError(f"A receipt is JSON. Received: {error}.") from error
    if not isinstance(document, dict) or not isinstance(document.get("signature"), str):
        raise ReceiptError(
            f"A receipt that can be checked is signed. Received: no signature. Set {KEY} and make it again."
        )
    return document, document.pop("signature")


def _carried_key(document: Mapping[str, Any]) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(base64.b64decode(document["public_key"], validate=True))


def _private_key(path: Path) -> Ed25519PrivateKey:
    """Read the key that signs. Raises ReceiptError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    needed = f"{KEY} must name a PEM file with an Ed25519 private key: openssl genpkey -algorithm ed25519 -out key.pem."
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ReceiptError(f"{needed} Received: {path}: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ReceiptError(f"{needed} Received: {path}, a key of another kind.")
    return key


def _public_key(path: Path) -> Ed25519PublicKey:
    """Read the key that must have signed. Raises ReceiptError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ReceiptError(f"--public-key needs a PEM file. Received: {path}: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ReceiptError(f"--public-key needs an Ed25519 key. Received: {path}, a key of another kind.")
    return key
