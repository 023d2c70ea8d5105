"""Whether a file is a paper of ours as it was handed out. Looks at bytes and at one signature; no page is ever decoded.

A signed paper is the bytes before the signature, the signature in hexadecimal, and the bytes behind it up to the end of
the file. So whoever changes a byte, or adds one, is found without reading the rest as a PDF: nothing in a hostile file
can grow, loop or run here.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from asn1crypto import algos, cms, core, parser
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

MOST_BYTES = 5 * 1024 * 1024
MOST_SIGNATURES = 8
LONGEST_SIGNATURE = 128 * 1024  # digits
OUTCOMES = ("genuine", "changed", "foreign", "not_pdf", "too_large", "cut")

RANGES = re.compile(
    rb"/ByteRange\s{0,8}\[\s{0,8}0\s{1,20}(\d{1,8})\s{1,20}(\d{1,8})\s{1,20}(\d{1,8})\s{0,80}\]"
)
DIGITS = re.compile(rb"<[0-9A-F]*>")
DOCUMENT = re.compile(rb"<paper:document>([0-9a-f]{32})</paper:document>")
HEAD = re.compile(rb"<paper:head>([^<]{1,8192})</paper:head>")
# What reading a damaged signature ends in.
UNREADABLE = (
    *(ValueError, TypeError, KeyError, AttributeError, RecursionError),
    *(x509.InvalidVersion, x509.DuplicateExtension, UnsupportedAlgorithm),
)
SEQUENCE, SET, FIRST_TAG, FIRST = b"\x30", b"\x31", b"\xa0", core.Integer(1).dump()
DIGESTS: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


@dataclass(frozen=True)
class Reading:
    """What was found in a file. Of a file that is not genuine, `document` and `head` are only what it claims."""

    outcome: str
    document: str | None = None
    head: str | None = None
    grown: bool = False  # our signature is intact, and something was added behind it
    certificate: x509.Certificate | None = None


@dataclass(frozen=True)
class _Signature:
    """A signature as the file holds it."""

    covered: tuple[memoryview, memoryview]
    to_the_end: bool
    raw: bytes
    signed: cms.SignedData


def read(data: bytes, certificates: Sequence[x509.Certificate]) -> Reading:
    """Tell a genuine, a changed and a foreign file apart, and what is no whole PDF. Never raises."""
    if len(data) > MOST_BYTES:
        return Reading("too_large")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:5] != b"%PDF-":
        return Reading("not_pdf")
    if b"%%EOF" not in data[-1024:]:
        return Reading("cut")
    claims = Reading("foreign", _claimed(DOCUMENT, data), _claimed(HEAD, data))
    return _judged(data, certificates, claims)


def _judged(data: bytes, certificates: Sequence[x509.Certificate], claims: Reading) -> Reading:
    ours, foreign = [], False
    for signature in _signatures(data):
        try:
            found = next((one for one in certificates if _is_by(signature.signed, one)), None)
        except UNREADABLE:
            continue
        if found is None:
            foreign = True
            continue
        intact = _fits(signature, found)
        if intact and signature.to_the_end:
            return replace(claims, outcome="genuine", certificate=found)
        ours.append((found, intact))
    if ours:
        certificate, intact = ours[-1]
        return replace(claims, outcome="changed", certificate=certificate, grown=intact)
    # a paper's code without any signature: what we sign was taken off, or another's was
    return replace(claims, outcome="changed" if claims.document and not foreign else "foreign")


def _claimed(pattern: re.Pattern[bytes], data: bytes) -> str | None:
    found = pattern.search(data)
    return html.unescape(found[1].decode("utf-8", "replace")) if found else None


def _signatures(data: bytes) -> list[_Signature]:
    """All signatures that begin at the start of the file, as far as they can be read."""
    found = []
    for ranges in islice(RANGES.finditer(data), MOST_SIGNATURES):
        end, start, length = (int(number) for number in ranges.groups())
        hole = data[end:start]
        if not 2 < start - end <= LONGEST_SIGNATURE or not DIGITS.fullmatch(hole):
            continue
        if start + length > len(data):
            continue
        covered = memoryview(data)[:end], memoryview(data)[start : start + length]
        raw, signed = _signed_data(hole[1:-1])
        if signed is not None:
            found.append(_Signature(covered, start + length == len(data), raw, signed))
    return found


def _signed_data(digits: bytes) -> tuple[bytes, cms.SignedData | None]:
    try:
        place = bytes.fromhex(digits.decode())
        raw, rest = place[: (size := parser.peek(place))], place[size:]
        content = cms.ContentInfo.load(raw, strict=True)
        if rest.strip(b"\0") or content["content_type"].native != "signed_data":
            return raw, None  # only zeros fill the place that was kept for it
        return raw, content["content"]
    except UNREADABLE:
        return b"", None


def _is_by(signed: cms.SignedData, certificate: x509.Certificate) -> bool:
    """Whether a signature is of this certificate: its key has made it, or it carries it, which alone proves nothing."""
    return _is_made_by(signed, certificate) or _carries(signed, certificate)


def _carries(signed: cms.SignedData, certificate: x509.Certificate) -> bool:
    der = certificate.public_bytes(Encoding.DER)
    return any(one.chosen.dump() == der for one in signed["certificates"])


def _is_made_by(signed: cms.SignedData, certificate: x509.Certificate) -> bool:
    """Whether the certificate's key has signed the attributes, whatever they say."""
    (signer,) = signed["signer_infos"]
    digest = DIGESTS[signer["digest_algorithm"]["algorithm"].native]()
    # as a SET, whatever tag it carries inside the signature (RFC 5652, section 5.4)
    attributes = SET + signer["signed_attrs"].dump()[1:]
    key, value = certificate.public_key(), signer["signature"].native
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, attributes, ec.ECDSA(digest))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(value, attributes, padding.PKCS1v15(), digest)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _fits(signature: _Signature, certificate: x509.Certificate) -> bool:
    """Whether the certificate's key has signed exactly the covered bytes."""
    try:
        (signer,) = signature.signed["signer_infos"]
        digest = signer["digest_algorithm"]["algorithm"].native
        said = {one["type"].native: one["values"] for one in signer["signed_attrs"]}
        (found,), (kind,) = said["message_digest"], said["content_type"]
        covered = hashlib.new(digest)
        for part in signature.covered:
            covered.update(part)
        return (
            kind.native == "data"
            and found.native == covered.digest()
            and _is_lower(signer["signature"].native, certificate)
            and _carries_alone(signature.signed, certificate)
            and signature.raw == _as_we_write(signature.signed, signer, digest, certificate)
            and _is_made_by(signature.signed, certificate)
        )
    except UNREADABLE:
        return False


def lower(made: bytes, key: object) -> bytes:
    """The one form of a signature that counts here: on an elliptic curve s and its opposite fit alike, and s is known to all."""
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return made
    r, s = decode_dss_signature(made)
    return encode_dss_signature(r, min(s, key.curve.group_order - s))


def _is_lower(made: bytes, certificate: x509.Certificate) -> bool:
    return made == lower(made, certificate.public_key())


def _carries_alone(signed: cms.SignedData, certificate: x509.Certificate) -> bool:
    """Whether it carries the certificate and none but those that vouch for it, in their order: they are not signed."""
    carried = [one.chosen.dump() for one in signed["certificates"]]
    left, last = {der: x509.load_der_x509_certificate(der) for der in carried}, certificate
    left.pop(certificate.public_bytes(Encoding.DER))
    while (above := next((der for der, one in left.items() if _vouches(one, last)), None)) is not None:
        last = left.pop(above)
    return not left and carried == sorted(set(carried))


def _vouches(issuer: x509.Certificate, for_: x509.Certificate) -> bool:
    try:
        for_.verify_directly_issued_by(issuer)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def _as_we_write(
    signed: cms.SignedData, signer: cms.SignerInfo, digest: str, certificate: x509.Certificate
) -> bytes:
    """The signature put together anew: what in it is not signed has one form only, and hides nothing."""
    kind = "ecdsa" if isinstance(certificate.public_key(), ec.EllipticCurvePublicKey) else "rsa"
    named = algos.DigestAlgorithm({"algorithm": digest}).dump()
    anew = _der(
        SEQUENCE,
        FIRST,
        _der(SEQUENCE, certificate.issuer.public_bytes(), core.Integer(certificate.serial_number).dump()),
        named,
        signer["signed_attrs"].dump(),
        algos.SignedDigestAlgorithm({"algorithm": f"{digest}_{kind}"}).dump(),
        signer["signature"].dump(),
    )
    content = _der(
        SEQUENCE,
        FIRST,
        _der(SET, named),
        _der(SEQUENCE, cms.ContentType("data").dump()),
        signed["certificates"].dump(),
        _der(SET, anew),
    )
    return _der(SEQUENCE, cms.ContentType("signed_data").dump(), _der(FIRST_TAG, content))


def _der(tag: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return tag + bytes([size]) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes([0x80 | len(digits)]) + digits + content
