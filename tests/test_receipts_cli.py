"""`flask receipts verify`: what a stranger learns who has a paper, the published certificate, and nothing else of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from portal.receipts_cli import receipts
from portal.tlog.notes import Head, NoteSigner
from tests.papers import RECEIPT, printed
from tests.seals import folder_of, issued, issued_from, seal_of

GENUINE, CHANGED, UNCHECKED, FOREIGN = 0, 1, 2, 3
LOG = NoteSigner.generate("desk.example/log")
OTHER_LOG = NoteSigner.generate("desk.example/log")
NOTE = LOG.sign(Head("desk.example/log", 1234, bytes(range(32))))


@pytest.fixture
def cert(tmp_path: Path) -> Path:
    path = tmp_path / "certificate.pem"
    path.write_bytes(seal_of().certificate.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def vkey(tmp_path: Path) -> Path:
    path = tmp_path / "log.vkey"
    path.write_text(str(LOG.verifier))
    return path


def verify(data: bytes | Path, *options: str | Path, **environ: str) -> Result:
    """Run the command over a file with these bytes."""
    path = data if isinstance(data, Path) else Path(str(options[1])).parent / "paper.pdf"
    if isinstance(data, bytes):
        path.write_bytes(data)
    words = ["verify", str(path), *map(str, options)]
    return CliRunner().invoke(receipts, words, env={"KAIJO_KEYS": "", **environ})


def test_a_genuine_paper_says_its_code_and_what_its_head_says(cert: Path, vkey: Path):
    paper = issued_from(RECEIPT | {"checkpoint": NOTE})
    said = verify(paper, "--cert", cert, "--vkey", vkey)

    assert said.exit_code == GENUINE, said.output
    for words in (
        "Genuine",
        "CN=Kaijo",
        RECEIPT["document_id"],
        "desk.example/log held 1,234 events",
        bytes(range(32)).hex(),
        "Signed with this key.",
    ):
        assert words in said.output


def test_without_the_logs_key_the_head_is_shown_and_said_to_be_unchecked(cert: Path):
    said = verify(issued(), "--cert", cert)

    assert (said.exit_code, "Not checked: name the log's key" in said.output) == (GENUINE, True)


def test_a_head_of_another_log_is_found(cert: Path, vkey: Path):
    vkey.write_text(str(OTHER_LOG.verifier))
    said = verify(issued_from(RECEIPT | {"checkpoint": NOTE}), "--cert", cert, "--vkey", vkey)

    assert (said.exit_code, "does not fit this key" in said.output) == (CHANGED, True)


def test_a_paper_without_a_head_is_genuine_and_says_so(cert: Path, vkey: Path):
    paper = issued_from({key: value for key, value in RECEIPT.items() if key != "checkpoint"})
    said = verify(paper, "--cert", cert, "--vkey", vkey)

    assert (said.exit_code, "no signed head" in said.output) == (GENUINE, True)


def test_a_changed_byte_is_found(cert: Path):
    paper = bytearray(issued())
    paper[len(paper) // 3] ^= 1
    said = verify(bytes(paper), "--cert", cert)

    assert (said.exit_code, "Changed: this is not what was signed" in said.output) == (CHANGED, True)


def test_an_appended_update_is_found(cert: Path):
    said = verify(issued() + b"\n9 0 obj\n<<>>\nendobj\n%%EOF\n", "--cert", cert)

    assert (said.exit_code, "added after it was signed" in said.output) == (CHANGED, True)


def test_a_paper_without_its_signature_is_changed(cert: Path):
    assert verify(printed("receipt"), "--cert", cert).exit_code == CHANGED


def test_a_paper_of_another_installation_is_foreign(cert: Path):
    said = verify(issued(name="Other desk"), "--cert", cert)

    assert (said.exit_code, "not signed under this certificate" in said.output) == (FOREIGN, True)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n", FOREIGN, "Foreign"),
        ("明日の会議".encode(), FOREIGN, "no PDF"),
        (b"", FOREIGN, "no PDF"),
        (issued()[:40_000], UNCHECKED, "cut off"),
        (b"%PDF-1.4" + b" " * 6_000_000 + b"%%EOF", UNCHECKED, "larger than 5 MB"),
    ],
    ids=["foreign", "text", "empty", "truncated", "large"],
)
def test_what_is_no_paper_of_ours_is_said(cert: Path, data: bytes, code: int, words: str):
    said = verify(data, "--cert", cert)

    assert (said.exit_code, words in said.output) == (code, True), said.output


def test_the_certificates_of_the_installation_count_where_none_is_named():
    folder = folder_of("Kaijo")
    paper = folder.parent / f"{folder.name}.pdf"
    paper.write_bytes(issued())
    said = verify(paper, KAIJO_KEYS=str(folder))
    paper.unlink()

    assert said.exit_code == GENUINE, said.output


def test_a_missing_file_cannot_be_checked(cert: Path, tmp_path: Path):
    for words in ((tmp_path / "none.pdf", "--cert", cert), (tmp_path, "--cert", cert)):
        said = verify(*words)
        assert (said.exit_code, "cannot be read" in said.output) == (UNCHECKED, True)


def test_without_any_certificate_nothing_can_be_checked(cert: Path):
    said = verify(cert)
    assert (said.exit_code, "Name the published certificate with --cert" in said.output) == (UNCHECKED, True)


def test_a_key_of_the_wrong_kind_is_said(cert: Path, vkey: Path):
    secret = seal_of().key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    swapped = vkey.with_name("swapped.pem")
    for data, words in (
        (secret, "holds a private key"),
        (str(LOG.verifier).encode(), "no certificate in PEM"),
        (b"\xff\xfe", "no certificate in PEM"),
    ):
        swapped.write_bytes(data)
        said = verify(issued(), "--cert", swapped)
        assert (said.exit_code, words in said.output) == (UNCHECKED, True)
    for text, words in ((str(LOG), "private key of a log"), (cert.read_text(), "no key of a log")):
        swapped.write_text(text)
        said = verify(issued(), "--cert", cert, "--vkey", swapped)
        assert (said.exit_code, words in said.output) == (UNCHECKED, True)


def test_the_check_loads_neither_the_application_nor_anything_that_reads_pages():
    script = "import portal.receipts_cli, sys; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)

    assert not {"portal.models", "wsgi", "weasyprint", "pikepdf", "pyhanko"} & set(done.stdout.split())
