"""A signed paper is what it was, archival and tagged; and nobody can change a byte of it unseen."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import page
import pdfua
import pikepdf
import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from portal import paper_check, paper_signing, pdf
from portal.paper_keys import Seal
from portal.paper_signing import NotSigned
from tests.papers import FACTS, NOTE, RECEIPT, elements_of, painted, press, printed, read, text_of
from tests.seals import AT, certified, ec_key, flipped, folder_of, issued, issued_from, rsa_key, seal_of

SIGNED = [(kind, language) for kind in ("receipt", "completion", "reset") for language in ("ja", "en")]
each_signed = pytest.mark.parametrize(("kind", "language"), SIGNED)
OURS = [seal_of().certificate]


def outcome(data: bytes) -> str:
    return paper_check.read(data, OURS).outcome


def test_a_signed_paper_is_genuine_and_says_which_it_is():
    found = paper_check.read(issued(), OURS)

    assert (found.outcome, found.certificate) == ("genuine", seal_of().certificate)
    assert (found.document, found.head) == (RECEIPT["document_id"], NOTE)


@each_signed
def test_a_signed_paper_still_meets_the_archival_and_the_accessibility_standard(
    kind: str, language: str, tmp_path: Path
):
    file = tmp_path / "paper.pdf"
    file.write_bytes(issued(kind, language))
    failures = [
        failure.rule_id
        for profile in ("2a", "ua1")
        for failure in page.validate_pdf(file, profile=profile).failures
        if "STREAM-LENGTH" not in failure.rule_id
    ]

    assert failures == []
    assert [finding.message for finding in pdfua.validate(str(file)).findings] == []


def test_another_program_finds_the_signature_whole_and_valid():
    (signature,) = PdfFileReader(BytesIO(issued())).embedded_signatures
    root = asn1_x509.Certificate.load(seal_of().certificate.public_bytes(Encoding.DER))
    trust = ValidationContext(trust_roots=[root], moment=AT)
    # in a thread of its own: the tests with a browser leave this one a loop in which it would refuse to run
    with ThreadPoolExecutor(1) as apart:
        found = apart.submit(validate_pdf_signature, signature, signer_validation_context=trust).result()

    assert (found.intact, found.valid, found.trusted) == (True, True, True)
    assert found.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert found.signer_reported_dt == AT


def test_signing_leaves_what_is_read_as_it_was():
    assert text_of(issued()) == text_of(printed("receipt"))


def test_the_description_of_the_file_is_not_written_anew():
    described = read(issued()).trailer["/Root"]["/Metadata"].get_object()

    assert (
        described.get_data() == read(printed("receipt")).trailer["/Root"]["/Metadata"].get_object().get_data()
    )
    assert "/Filter" not in described


def test_the_signature_has_its_place_in_the_structure_and_words_for_those_who_listen():
    sheet = read(issued()).pages[0]
    (field,) = [each.get_object() for each in sheet["/Annots"]]
    (element,) = [each for each in elements_of(issued()) if each.get("/S") == "/Form"]

    assert (field["/TU"], sheet["/Tabs"]) == ("Kaijo の電子署名", "/S")
    assert element["/K"]["/Obj"].get_object()["/T"] == field["/T"]


def test_the_letter_is_neither_signed_nor_marked_for_checking():
    with press():
        letter = pdf.issue("letter", FACTS["letter"], "ja", keys=folder_of("Kaijo"), at=AT)

    assert letter == printed("letter")
    assert b"paper:document" not in letter


def test_a_paper_frozen_before_there_were_heads_is_painted_and_signed():
    facts = {key: value for key, value in RECEIPT.items() if key != "checkpoint"} | {"template_version": "1"}
    found = paper_check.read(issued_from(facts), OURS)

    assert (found.outcome, found.document, found.head) == ("genuine", RECEIPT["document_id"], None)


def test_an_rsa_key_of_ones_own_signs_as_well():
    seal = Seal(rsa_key(), certified(rsa_key()))
    done = paper_signing.signed(printed("receipt"), seal, AT, spoken="Signature")

    assert paper_check.read(done, [seal.certificate]).outcome == "genuine"


def test_what_does_not_check_after_signing_is_not_handed_out():
    with pytest.raises(NotSigned):
        paper_signing.signed(printed("receipt"), Seal(ec_key(), seal_of().certificate), AT, spoken="x")


# what is done to a file


def test_no_single_byte_can_be_changed_unseen():
    paper = issued()
    found = set()
    for at in range(0, len(paper), len(paper) // 150):
        changed = paper[:at] + bytes([paper[at] ^ 1]) + paper[at + 1 :]
        found.add(outcome(changed))

    assert "genuine" not in found
    assert "changed" in found


def test_no_digit_of_the_signature_itself_can_be_changed_unseen():
    paper = issued()
    start = paper.index(b"/Contents <") + len(b"/Contents <")
    end = paper.index(b">", start)
    for at in range(start, end, 3):
        other = b"1" if paper[at : at + 1] == b"0" else b"0"
        assert outcome(paper[:at] + other + paper[at + 1 :]) == "changed", at - start


def test_a_letter_of_its_text_that_was_changed_is_found():
    paper = issued()
    at = paper.rindex(b"stream", 0, paper.index(b"/ByteRange")) - 40
    assert outcome(flipped(paper, at)) == "changed"


def test_what_was_added_behind_the_signature_is_found_and_said():
    writer = IncrementalPdfFileWriter(BytesIO(issued()))
    writer.root["/Lang"] = writer.root["/Lang"]
    writer.update_root()
    grown = BytesIO()
    writer.write(grown)
    found = paper_check.read(grown.getvalue(), OURS)

    assert (found.outcome, found.grown) == ("changed", True)


@pytest.mark.parametrize("more", [b"\n", b"\n% nothing\n%%EOF\n"])
def test_even_a_remark_behind_the_end_is_found(more: bytes):
    found = paper_check.read(issued() + more, OURS)

    assert (found.outcome, found.grown) == ("changed", True)


def test_a_paper_whose_signature_was_taken_off_is_changed():
    assert outcome(printed("receipt")) == "changed"


def test_a_paper_that_another_program_has_saved_anew_is_changed():
    saved = BytesIO()
    with pikepdf.open(BytesIO(issued())) as file:
        file.save(saved)

    assert outcome(saved.getvalue()) == "changed"


def test_a_paper_of_ours_that_somebody_else_signed_over_is_changed():
    other = seal_of("Other desk")
    over = paper_signing.signed(printed("receipt"), other, AT, spoken="x")
    assert paper_check.read(over, OURS).outcome == "foreign"
    twice = over + issued()
    assert paper_check.read(twice, OURS).outcome != "genuine"


def test_a_paper_of_another_installation_is_foreign():
    assert outcome(issued(name="Other desk")) == "foreign"


def test_a_certificate_with_our_name_is_not_ours():
    lookalike = Seal(key := ec_key(), certified(key))
    done = paper_signing.signed(printed("receipt"), lookalike, AT, spoken="x")

    assert outcome(done) == "foreign"


def test_our_certificate_on_a_signature_by_another_key_proves_nothing():
    forged = issued(name="Other desk")
    theirs = seal_of("Other desk").certificate.public_bytes(Encoding.DER).hex().encode()
    ours = seal_of().certificate.public_bytes(Encoding.DER).hex().encode()
    # only where both are of one length does the CMS stay readable; either way it is not genuine
    assert outcome(forged.replace(theirs, ours)) != "genuine"


def test_any_other_pdf_is_foreign():
    other = BytesIO()
    with pikepdf.new() as file:
        file.add_blank_page()
        file.save(other)

    assert outcome(other.getvalue()) == "foreign"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "not_pdf"),
        ("ただのテキスト".encode(), "not_pdf"),
        (b"%PDF-1.7\n" + b"x" * 5000, "cut"),
        (b"%PDF-1.7\n%%EOF\n" + b" " * paper_check.MOST_BYTES, "too_large"),
    ],
)
def test_what_is_no_whole_pdf_is_said(data: bytes, found: str):
    assert outcome(data) == found


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_paper_that_was_cut_off_is_said_to_be(share: float):
    assert outcome(issued()[: int(len(issued()) * share)]) == "cut"


def test_a_file_made_to_be_hard_work_is_none():
    fake = b"/ByteRange [0 40 %d 9]" % (40 + 120_000)
    nested = b"3080" * 30_000
    hostile = [
        b"%PDF-1.7\n" + fake * 200_000 + b"%%EOF",
        b"%PDF-1.7\n" + fake + b" " * 8 + b"<" + nested[: 120_000 - 2] + b">" + b" " * 4_000_000 + b"%%EOF",
        b"%PDF-1.7\n" + b"/ByteRange" + b" " * 5_000_000 + b"%%EOF",
        b"%PDF-1.7\n" + b"<paper:head>" * 400_000 + b"%%EOF",
    ]
    started = time.perf_counter()

    assert {outcome(each) for each in hostile} == {"foreign"}
    assert time.perf_counter() - started < 5


def test_certificate_files_of_other_tools_are_read_alike(tmp_path: Path):
    file = tmp_path / "certificate.pem"
    file.write_bytes(seal_of().certificate.public_bytes(Encoding.PEM))

    assert load_cert_from_pemder(str(file)).sha256 == seal_of().certificate.fingerprint(
        seal_of().certificate.signature_hash_algorithm
    )


def test_same_paper_signed_twice_is_genuine_twice_and_never_the_same():
    first, second = (issued_from(RECEIPT) for _ in range(2))

    assert outcome(first) == outcome(second) == "genuine"
    assert first != second


def test_the_longest_facts_are_signed_as_well():
    long = painted("receipt", name="名" * 100)
    done = paper_signing.signed(long, seal_of(), AT, spoken="x")

    assert outcome(done) == "genuine"
