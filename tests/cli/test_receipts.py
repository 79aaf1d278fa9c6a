"""Receipts: signed by a key, and refused where a byte, the key or the format is another."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from minnow.cli import receipts
from minnow.records.files import RecordError
from minnow.records.provenance import Provenance, from_json

DOCUMENT = {"usecase": "mine", "version": 1, "format": 2}


def write_keys(folder, name):
    key, plain = Ed25519PrivateKey.generate(), serialization.NoEncryption()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    pem = serialization.Encoding.PEM
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


@pytest.fixture
def keys(tmp_path, monkeypatch):
    private, public = write_keys(tmp_path, "ours")
    monkeypatch.setenv(receipts.KEY, str(private))
    return private, public


def test_without_a_key_a_receipt_is_not_signed_and_cannot_be_checked(monkeypatch):
    monkeypatch.delenv(receipts.KEY, raising=False)
    assert receipts.signed(DOCUMENT) == DOCUMENT
    with pytest.raises(receipts.ReceiptError, match="no signature"):
        receipts.checked(json.dumps(DOCUMENT))


def test_a_signed_receipt_is_returned_and_a_changed_one_refused(keys):
    document = receipts.signed(DOCUMENT)
    assert receipts.checked(json.dumps(document), keys[1]).items() >= DOCUMENT.items()
    with pytest.raises(receipts.ReceiptError, match="was changed after it was signed"):
        receipts.checked(json.dumps({**document, "version": 2}))
    with pytest.raises(receipts.ReceiptError, match="cannot be read"):
        receipts.checked(json.dumps({**document, "public_key": "?"}))


def test_another_signer_and_an_unknown_format_are_refused(keys, tmp_path):
    _, other = write_keys(tmp_path, "other")
    with pytest.raises(receipts.ReceiptError, match="signed with another key"):
        receipts.checked(json.dumps(receipts.signed(DOCUMENT)), other)
    with pytest.raises(RecordError, match="format 9"):
        receipts.checked(json.dumps(receipts.signed({**DOCUMENT, "format": 9})))


def test_a_key_that_is_none_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv(receipts.KEY, str(tmp_path / "no.pem"))
    with pytest.raises(receipts.ReceiptError, match="MINNOW_SIGNING_KEY must name a PEM file"):
        receipts.signed(DOCUMENT)


@pytest.mark.parametrize(
    ("record", "notice"),
    [
        ({"code_version": "none"}, "made outside of git"),
        ({}, "made outside of git"),
        ({"code_version": "c1+d1", "untracked": ("src/mine.py",)}, "git did not track: src/mine.py"),
        ({"code_version": "c1+d1"}, "not committed"),
        ({"code_version": "c1"}, None),
    ],
)
def test_a_receipt_says_where_its_code_is_not_that_of_a_commit(record, notice):
    provenance = Provenance("mine", "0", **record)
    said = receipts.code_notice(provenance)
    assert said is None if notice is None else notice in (said or "")
    assert from_json(provenance.as_json()).untracked == provenance.untracked
