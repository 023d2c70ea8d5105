"""Signs a painted paper (PAdES B-B) so that it stays what it was: PDF/A-2a and PDF/UA-1.

A library that signs such a file by itself breaks both: it writes the description of the file anew, and its signature
field stands outside the structure tree. So the field is put in first, with its place in that tree, and then signed.
Importing this takes half a second, so only what paints imports it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from io import BytesIO
from typing import Any

import pikepdf
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import load_der_x509_certificate
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko_certvalidator.registry import SimpleCertificateStore

from portal import paper_check
from portal.paper_keys import Seal

FIELD = "Signature"
PRINTED_AND_LOCKED = 132  # PDF/A asks for the first; a field of no size is still seen by nobody
SIGNED_ONCE = 3  # the file has a signature, and may only grow


class NotSigned(Exception):
    """A paper was signed and does not check: it must not be stored."""


class _Writer(IncrementalPdfFileWriter):
    def _update_meta(self) -> None:
        """Leave the description of the file as it is: written anew it would no longer be that of a PDF/A."""


class _SignerAt(PdfSigner):
    """Signs at the desk's time, which is not this machine's."""

    at: datetime

    def init_signing_session(self, *given: Any, **named: Any) -> PdfSigningSession:
        session = super().init_signing_session(*given, **named)
        session.system_time = self.at
        return session


def signed(paper: bytes, seal: Seal, at: datetime, *, spoken: str) -> bytes:
    """The paper, signed and checked. `spoken` is what a screen reader says for the signature. Raises NotSigned."""
    writer = _Writer(BytesIO(with_field(paper, spoken)))
    meta = PdfSignatureMetadata(field_name=FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    signer = _SignerAt(meta, _signer(seal))
    signer.at = at
    # in a thread of its own: the library makes an event loop, which a thread that has one already refuses
    with ThreadPoolExecutor(1) as apart:
        done: bytes = apart.submit(signer.sign_pdf, writer, existing_fields_only=True).result().getvalue()
    outcome = paper_check.read(done, [seal.certificate]).outcome
    if outcome != "genuine":
        raise NotSigned(outcome)
    return done


class _LowerSigner(SimpleSigner):
    """Writes a signature in the one form that `paper_check` lets pass."""

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        made = super().sign_raw(data, digest_algorithm)
        assert self.signing_cert is not None
        certificate = load_der_x509_certificate(self.signing_cert.dump())
        return paper_check.lower(made, certificate.public_key())


def _signer(seal: Seal) -> SimpleSigner:
    certificate, *chain = (
        asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in (seal.certificate, *seal.chain)
    )
    key = seal.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return _LowerSigner(
        signing_cert=certificate,
        signing_key=asn1_keys.PrivateKeyInfo.load(key),
        # its types say nothing of this one function
        cert_registry=SimpleCertificateStore.from_certs(chain),  # type: ignore[no-untyped-call]
    )


def with_field(paper: bytes, spoken: str) -> bytes:
    """The paper with an empty signature field on its first page, which the structure tree knows."""
    with pikepdf.open(BytesIO(paper)) as file:
        page, tree = file.pages[0].obj, file.Root.StructTreeRoot
        place = int(tree.get("/ParentTreeNextKey", _next_place(tree.ParentTree)))
        field = file.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Sig,
                T=String(FIELD),
                TU=String(spoken),
                F=PRINTED_AND_LOCKED,
                Rect=[0, 0, 0, 0],
                P=page,
                StructParent=place,
            )
        )
        page.Annots = Array([*page.get("/Annots", []), field])
        page.Tabs = Name.S
        file.Root.AcroForm = Dictionary(Fields=[field], SigFlags=SIGNED_ONCE)
        _put_in_tree(file, tree, page, field, place)
        made = BytesIO()
        file.save(made, deterministic_id=True, fix_metadata_version=False)
    return made.getvalue()


def _put_in_tree(file: pikepdf.Pdf, tree: Any, page: Any, field: Any, place: int) -> None:
    whole = tree.K[0] if isinstance(tree.K, Array) else tree.K
    element = file.make_indirect(
        Dictionary(
            Type=Name.StructElem,
            S=Name.Form,
            P=whole,
            Pg=page,
            K=Dictionary(Type=Name.OBJR, Obj=field, Pg=page),
        )
    )
    kids: Any = whole.get("/K", [])
    whole.K = Array([*(kids if isinstance(kids, Array) else [kids]), element])
    tree.ParentTree.Nums = Array([*tree.ParentTree.Nums, place, element])
    tree.ParentTreeNextKey = place + 1


def _next_place(parents: Any) -> int:
    return max((int(number) for number in list(parents.Nums)[::2]), default=-1) + 1
