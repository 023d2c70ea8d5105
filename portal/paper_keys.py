"""The certificate that papers are signed under, made at set-up or one's own, and the key that belongs to it.

`paper-1.pem` (the certificate, behind it any that vouch for it) and `paper-1.key` lie in the folder of keys. The highest
number signs; the certificates of all numbers are published, because old papers stay true.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID, ObjectIdentifier, PublicKeyAlgorithmOID

from portal.environment import SettingsError

LIFE = timedelta(days=3652)
EARLIER = timedelta(days=1)  # the clock of whoever reads the first paper may be behind ours
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
RSA_BITS = 2048
NEEDED = "an EC key (P-256, P-384, P-521) or an RSA key of 2048 bits and more is needed"

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Seal:
    """What a paper is signed with."""

    key: Key = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()


class BadCertificate(ValueError):
    """This is no certificate in PEM. The text says what it is instead."""


def has_one(folder: Path) -> bool:
    return bool(_numbers(folder))


def make(folder: Path, service: str, at: datetime) -> x509.Certificate:
    """Make a key and a certificate that vouches for itself, ten years long, beside those that are there."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, service)])
    usage = dict.fromkeys(
        "key_encipherment data_encipherment key_agreement key_cert_sign crl_sign encipher_only decipher_only".split(),
        False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - EARLIER)
        .not_valid_after(at + LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    keep(folder, Seal(key, certificate))
    return certificate


def keep(folder: Path, seal: Seal) -> Path:
    """Write a certificate and its key under the next number, readable by their owner only. Never overwrites."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"paper-{max(_numbers(folder), default=0) + 1}.pem"
    secret = seal.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # the key first: a certificate without one would stop the start
    _write(path.with_suffix(".key"), secret)
    _write(path, b"".join(one.public_bytes(Encoding.PEM) for one in (seal.certificate, *seal.chain)))
    return path


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def own(data: bytes, password: str, at: datetime) -> Seal:
    """One's own certificate and key from a PKCS#12 file. Raises SettingsError."""
    try:
        key, certificate, chain = pkcs12.load_key_and_certificates(data, password.encode() or None)
    except ValueError:
        raise SettingsError(
            "This is no PKCS#12 file, or the password is wrong: nothing was taken from it."
        ) from None
    if key is None or certificate is None:
        raise SettingsError("This PKCS#12 file lacks the certificate or its key: export both together.")
    return _checked(key, (certificate, *chain), "the certificate in this file", "the key in this file", at)


def load(folder: Path, at: datetime) -> Seal:
    """The newest certificate and its key. Raises SettingsError with what to do."""
    numbers = _numbers(folder)
    if not numbers:
        raise SettingsError(
            f"No certificate for papers in {folder}: run `flask keys paper`, or restore the folder of keys."
        )
    path = folder / f"paper-{max(numbers)}.pem"
    return _checked(_key(path.with_suffix(".key")), _published(path), f"{path}", path.with_suffix(".key"), at)


def published(folder: Path) -> tuple[x509.Certificate, ...]:
    """The certificates of all numbers, the newest first; none where there is none yet. Raises SettingsError."""
    paths = (folder / f"paper-{number}.pem" for number in sorted(_numbers(folder), reverse=True))
    return tuple(_published(path)[0] for path in paths)


def read_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file. Raises BadCertificate."""
    if b"PRIVATE KEY" in pem:
        raise BadCertificate("it holds a private key: the published certificate is needed")
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError:
        raise BadCertificate("it holds no certificate in PEM") from None


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 over the certificate, as programs show it: two digits and a colon."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _numbers(folder: Path) -> list[int]:
    found = (path.stem.removeprefix("paper-") for path in folder.glob("paper-*.pem"))
    return [int(number) for number in found if number.isascii() and number.isdigit()]


def _published(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return read_certificates(path.read_bytes())
    except (BadCertificate, OSError) as problem:
        why = problem if isinstance(problem, BadCertificate) else "it cannot be read"
        raise SettingsError(f"{path} is not what it should be ({why}): restore it from its backup.") from None


def _key(path: Path) -> object:
    if not path.exists():
        raise SettingsError(
            f"{path} is missing: restore it from its backup, or run `flask keys paper --new`."
        )
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} can be read by others: run `chmod 400 {path}`.")
    try:
        return load_pem_private_key(path.read_bytes(), None)
    except TypeError:
        raise SettingsError(f"{path} is locked with a password: store the key without one.") from None
    except (ValueError, OSError):
        raise SettingsError(f"{path} holds no private key in PEM: restore it from its backup.") from None


def _checked(
    key: object, certificates: Sequence[x509.Certificate], what: str, key_name: object, at: datetime
) -> Seal:
    """The two as a seal. Raises SettingsError where they could not sign a paper now."""
    certificate, *chain = certificates
    if not isinstance(key, Key) or not _is_strong(key) or _is_pss(certificate):
        raise SettingsError(f"{key_name} is of a kind that papers cannot be signed with: {NEEDED}.")
    if key.public_key() != certificate.public_key():
        raise SettingsError(f"{key_name} does not belong to {what}: name the two that were made together.")
    if not _may_sign(certificate):
        raise SettingsError(f"{what} is not made for signing: its key usage forbids it.")
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        raise SettingsError(
            f"{what} counts from {first:%Y-%m-%d} to {last:%Y-%m-%d} only: run `flask keys paper --new`."
        )
    return Seal(key, certificate, tuple(chain))


def _is_strong(key: Key) -> bool:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.key_size >= RSA_BITS
    return isinstance(key.curve, CURVES)


def _is_pss(certificate: x509.Certificate) -> bool:
    return certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment
