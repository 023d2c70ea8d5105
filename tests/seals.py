"""Certificates for papers, and papers signed under them, made once a process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from portal import paper_keys, pdf
from portal.paper_keys import Key, Seal
from tests.papers import FACTS, press

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def flipped(data: bytes, at: int) -> bytes:
    """The same with one bit changed. What a fixed byte is put in the place of may be that byte already."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@cache
def folder_of(name: str) -> Path:
    """The folder of keys of an installation that has this name."""
    folder = Path(tempfile.mkdtemp(prefix="kaijo-seal-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    paper_keys.make(folder, name, AT)
    return folder


@cache
def seal_of(name: str = "Kaijo") -> Seal:
    return paper_keys.load(folder_of(name), AT)


@cache
def issued(kind: str = "receipt", language: str = "ja", name: str = "Kaijo") -> bytes:
    """A paper as it is handed out."""
    return issued_from(FACTS[kind], kind, language, name)


def issued_from(
    facts: dict[str, Any], kind: str = "receipt", language: str = "ja", name: str = "Kaijo"
) -> bytes:
    with press():
        return pdf.issue(kind, facts, language, keys=folder_of(name), at=AT)


def certified(
    key: Any, *, first: datetime = AT, days: int = 30, usage: x509.KeyUsage | None = None
) -> x509.Certificate:
    """A certificate of one's own, as an operator may bring it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Corp")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(first)
        .not_valid_after(first + timedelta(days=days))
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(key, hashes.SHA256())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def ec_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())
