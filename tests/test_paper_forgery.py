"""What a thief can do to a signed paper without its key: the parts of a signature that nobody signs have one form only."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from asn1crypto import cms, parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from portal import paper_check, paper_keys, paper_signing
from portal.paper_keys import Seal
from tests.papers import printed
from tests.seals import AT, ec_key, issued, seal_of

OURS = [seal_of().certificate]


def reworked(paper: bytes, change: Callable[[cms.SignedData], None]) -> bytes:
    """The paper with its signature changed and written anew into the place that is kept for it."""
    found = re.search(rb"/Contents <([0-9A-F]+)>", paper)
    assert found is not None
    place = bytes.fromhex(found[1].decode())
    content = cms.ContentInfo.load(place[: parser.peek(place)])
    change(content["content"])
    again = content.dump(force=True)
    assert len(again) <= len(place)
    return (
        paper[: found.start(1)]
        + again.ljust(len(place), b"\0").hex().upper().encode()
        + paper[found.end(1) :]
    )


def with_certificate(extra: x509.Certificate) -> Callable[[cms.SignedData], None]:
    der = extra.public_bytes(Encoding.DER)
    choice = cms.CertificateChoices({"certificate": asn1_x509.Certificate.load(der)})
    return lambda signed: signed["certificates"].append(choice)


def turned_over(signed: cms.SignedData) -> None:
    """On an elliptic curve (r, -s) fits wherever (r, s) does."""
    (signer,) = signed["signer_infos"]
    r, s = decode_dss_signature(signer["signature"].native)
    signer["signature"] = encode_dss_signature(r, ec.SECP256R1().group_order - s)


def named(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """A certificate as small as they come, for somebody by somebody."""
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(1 + len(name))
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=30))
        .sign(by, hashes.SHA256())
    )


def test_a_signature_that_was_written_anew_as_it_was_is_genuine():
    again = reworked(issued(), lambda _signed: None)

    assert (again, paper_check.read(again, OURS).outcome) == (issued(), "genuine")


def test_the_other_value_that_fits_the_same_key_is_a_changed_paper():
    twin = reworked(issued(), turned_over)

    assert twin != issued()
    assert paper_check.read(twin, OURS).outcome == "changed"


def test_a_certificate_that_was_put_into_the_signature_is_a_changed_paper():
    key = ec_key()
    for extra in (named("x", key, "x", key), named("x", key, "Kaijo", key)):
        fuller = reworked(issued(), with_certificate(extra))
        assert paper_check.read(fuller, OURS).outcome == "changed"


def test_ones_own_certificate_carries_those_that_vouch_for_it_and_no_other():
    middle_key, root_key, own_key = ec_key(), ec_key(), ec_key()
    root = named("Root", root_key, "Root", root_key)
    middle = named("Middle", middle_key, "Root", root_key)
    own = named("Desk", own_key, "Middle", middle_key)
    paper = paper_signing.signed(printed("receipt"), Seal(own_key, own, (root, middle)), AT, spoken="x")
    stranger = named("x", root_key, "x", root_key)

    assert paper_check.read(paper, [own]).outcome == "genuine"
    assert paper_check.read(reworked(paper, with_certificate(stranger)), [own]).outcome == "changed"


def test_whoever_issued_our_certificate_cannot_sign_our_papers():
    root_key, own_key = ec_key(), ec_key()
    root, own = named("Root", root_key, "Root", root_key), named("Desk", own_key, "Root", root_key)
    forged = paper_signing.signed(printed("receipt"), Seal(root_key, root), AT, spoken="x")
    twin = named("Desk", rogue := ec_key(), "Root", root_key)
    another = paper_signing.signed(printed("receipt"), Seal(rogue, twin, (root,)), AT, spoken="x")

    assert paper_check.read(forged, [own]).outcome == "foreign"
    assert paper_check.read(another, [own]).outcome == "foreign"


def test_a_paper_stays_genuine_after_the_certificate_was_replaced(tmp_path):
    paper_keys.make(tmp_path, "Kaijo", AT)
    first = paper_signing.signed(printed("receipt"), paper_keys.load(tmp_path, AT), AT, spoken="x")
    paper_keys.make(tmp_path, "Kaijo", AT)
    second = paper_signing.signed(printed("receipt"), paper_keys.load(tmp_path, AT), AT, spoken="x")
    published = paper_keys.published(tmp_path)

    assert [paper_check.read(one, published).outcome for one in (first, second)] == ["genuine"] * 2
    assert paper_check.read(second, published[1:]).outcome == "foreign"


def test_a_certificate_that_was_withdrawn_makes_papers_under_it_foreign(tmp_path):
    """A key that leaked: who has it could date a paper back, so none under it counts by its signature alone."""
    paper_keys.make(tmp_path, "Kaijo", AT)
    leaked = paper_signing.signed(printed("receipt"), paper_keys.load(tmp_path, AT), AT, spoken="x")
    paper_keys.make(tmp_path, "Kaijo", AT)
    (tmp_path / "paper-1.pem").unlink()

    assert paper_check.read(leaked, paper_keys.published(tmp_path)).outcome == "foreign"
